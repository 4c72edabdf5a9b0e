//! Where the installation was last served from, kept in the data folder: operators' commands make the links of an
//! installation without a public URL from it.

use std::path::PathBuf;

use crate::bounded;
use crate::settings::Settings;

/// The file's name in the data folder.
pub(super) const FILE: &str = "address";

fn path(settings: &Settings) -> PathBuf {
    settings.data.join(FILE)
}

/// Keeps where a process serves. Links that are wrong until the next start are no reason not to start.
pub(crate) fn keep(settings: &Settings, address: &str) {
    if let Err(error) = std::fs::write(path(settings), address) {
        tracing::warn!(%error, "the address could not be kept in the data folder");
    }
}

/// Where the installation was last served from; where it is configured to be, before that.
pub(crate) fn last(settings: &Settings) -> String {
    let kept = bounded::read(&path(settings), bounded::VALUE).ok().filter(|address| address.parse::<std::net::SocketAddr>().is_ok());
    kept.unwrap_or_else(|| settings.server.listen.clone())
}
