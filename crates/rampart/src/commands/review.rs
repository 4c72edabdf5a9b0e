//! `rampart review`: what waits for a person.

use clap::Subcommand;
use rampart_app::operate::reviews;
use rampart_core::id::ReviewId;

use super::office::Office;
use crate::failure::Failure;

/// `rampart review …`
#[derive(Debug, Subcommand)]
pub(crate) enum ReviewCommand {
    /// List what waits: suspense, quarantined facts, alarms, and orders on hold
    List,
    /// Settle an item
    Resolve {
        /// The item
        id: ReviewId,
        #[command(subcommand)]
        decision: DecisionArgument,
    },
}

/// How an item is settled.
#[derive(Debug, Subcommand)]
pub(crate) enum DecisionArgument {}

/// Runs the command.
///
/// # Errors
/// When it is refused.
pub(crate) async fn run(office: &Office, command: ReviewCommand) -> Result<(), Failure> {
    let _ = (office, command);
    Ok(())
}
