//! `rampart job`: shows and retries failing background jobs.

use clap::Subcommand;
use rampart_app::operate::jobs;
use rampart_core::id::JobId;

use super::context::CommandContext;
use crate::error::CommandError;

const PAGE_ROWS: u32 = 200;

#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// List jobs that keep failing, oldest first: since when, why, and the time of the next attempt
    List {
        /// Continue after this job
        #[arg(long, value_name = "JOB")]
        after: Option<JobId>,
    },
    /// Retry a job now instead of at its next attempt
    Retry {
        /// Identifier of the job
        id: JobId,
    },
}

const FIELDS: &[&str] = &["id", "kind", "subject", "order", "attempts", "failing_since", "next_attempt_at", "last_error"];

pub(crate) async fn run(context: &CommandContext, command: JobCommand) -> Result<(), CommandError> {
    let app = &context.installation.app;
    match command {
        JobCommand::List { after } => {
            let found = jobs::failing(app, after, PAGE_ROWS).await?;
            context.show_page(&found, FIELDS, PAGE_ROWS, |job| &job.id)
        }
        JobCommand::Retry { id } => context.show(&jobs::retry(app, &context.operator()?, id).await?),
    }
}
