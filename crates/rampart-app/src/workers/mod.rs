//! The workers: whoever touches the outside world.

mod config;

pub use config::WorkersConfig;

/// The cursors of the sources that are read.
pub(crate) fn cursors(_app: &crate::App) -> Vec<rampart_core::watch::CursorName> {
    Vec::new()
}
