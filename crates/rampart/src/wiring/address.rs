//! The address of the last `rampart serve`, kept in the data folder: without a public URL, operator commands build links from it.

use std::path::PathBuf;

use crate::bounded;
use crate::settings::ProcessSettings;

pub(super) const FILE: &str = "address";

fn path(settings: &ProcessSettings) -> PathBuf {
    settings.data.join(FILE)
}

/// Stores the address. A failure is only logged: its effect is wrong links until the next start.
pub(crate) fn keep(settings: &ProcessSettings, address: &str) {
    if let Err(error) = std::fs::write(path(settings), address) {
        tracing::warn!(%error, "cannot store the address in the data folder");
    }
}

/// The stored address, or the configured one before the first start.
pub(crate) fn last(settings: &ProcessSettings) -> String {
    let stored =
        bounded::read(&path(settings), bounded::MAX_VALUE_BYTES).ok().filter(|address| address.parse::<std::net::SocketAddr>().is_ok());
    stored.unwrap_or_else(|| settings.server.listen.clone())
}
