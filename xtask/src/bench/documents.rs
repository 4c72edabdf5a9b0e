//! The benchmark of documents and accounts, which is part of the core.

use std::process::Command;

use crate::TaskResult;

/// Fails if a validation is too slow.
pub(super) fn run() -> TaskResult {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(["bench", "--locked", "--package", "rampart-core", "--bench", "documents"]).status();
    match status.map_err(|error| format!("cargo bench: {error}"))? {
        status if status.success() => Ok(()),
        status => Err(format!("cargo bench: {status}")),
    }
}
