//! `rampart audit`: what persons did, and why.

use clap::Subcommand;
use rampart_app::operate;
use rampart_core::id::AuditId;

use super::office::Office;
use crate::failure::Failure;
use crate::output;

/// How much is listed at once.
const PAGE: u32 = 200;

/// `rampart audit …`
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List what persons did, newest first
    List {
        /// Only what was done to this: an order, customer, partner, item or account
        #[arg(long)]
        subject: Option<String>,
        /// Go on behind this line
        #[arg(long, value_name = "LINE")]
        after: Option<AuditId>,
        /// How many lines
        #[arg(long, value_name = "NUMBER", default_value_t = PAGE, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
}

/// Runs the command.
///
/// # Errors
/// When the log cannot be read.
pub(crate) async fn run(office: &Office, command: AuditCommand) -> Result<(), Failure> {
    let AuditCommand::List { subject, after, limit } = command;
    let lines = operate::audit_log(&office.installation.app, subject.as_deref(), after, limit).await?;
    let last = lines.last().map(|line| line.id.as_str());
    office
        .printer
        .show(&lines, |lines| output::page_of(lines, &["id", "at", "actor", "action", "subject", "reason", "detail"], limit, last))
}
