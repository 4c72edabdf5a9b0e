//! `rampart audit`: shows the audit log.

use clap::Subcommand;
use rampart_app::operate;
use rampart_core::id::AuditId;

use super::context::CommandContext;
use crate::error::CommandError;

const PAGE_ROWS: u32 = 200;

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List the entries of the audit log, newest first
    List {
        /// List only entries about this order, customer, partner, review item or account
        #[arg(long)]
        subject: Option<String>,
        /// Continue after this entry
        #[arg(long, value_name = "ENTRY")]
        after: Option<AuditId>,
        /// Number of entries
        #[arg(long, value_name = "NUMBER", default_value_t = PAGE_ROWS, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
}

pub(crate) async fn run(context: &CommandContext, command: AuditCommand) -> Result<(), CommandError> {
    let AuditCommand::List { subject, after, limit } = command;
    let lines = operate::audit_log(&context.installation.app, subject.as_deref(), after, limit).await?;
    context.show_page(&lines, &["id", "at", "actor", "action", "subject", "reason", "detail"], limit, |line| &line.id)
}
