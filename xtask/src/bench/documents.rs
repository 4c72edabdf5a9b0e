//! The benchmark of documents and accounts, which is one of the core's own: it needs no server.

use std::process::Command;

use crate::Outcome;

/// Runs it in the release profile; it fails when a validation is too slow.
pub(super) fn run() -> Outcome {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(["bench", "--locked", "--package", "rampart-core", "--bench", "documents"]).status();
    match status.map_err(|error| format!("cargo bench: {error}"))? {
        status if status.success() => Ok(()),
        status => Err(format!("cargo bench: {status}")),
    }
}
