//! `rampart job`: work that is tried again and again.

use clap::Subcommand;
use rampart_app::operate::jobs;
use rampart_core::id::JobId;

use super::office::Office;
use crate::failure::Failure;
use crate::output;

/// How many jobs are listed at once.
const PAGE: u32 = 200;

/// `rampart job …`
#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// List the work that fails again and again, oldest first: since when, why, and when it is tried next
    List {
        /// Go on behind this job
        #[arg(long, value_name = "JOB")]
        after: Option<JobId>,
    },
    /// Have it tried now, and not when it would be tried next
    Retry {
        /// The job
        id: JobId,
    },
}

const FIELDS: &[&str] = &["id", "kind", "subject", "order", "attempts", "failing_since", "next_attempt_at", "last_error"];

/// Runs the command.
///
/// # Errors
/// When it is refused.
pub(crate) async fn run(office: &Office, command: JobCommand) -> Result<(), Failure> {
    let app = &office.installation.app;
    match command {
        JobCommand::List { after } => {
            let found = jobs::failing(app, after, PAGE).await?;
            let last = found.last().map(|job| job.id.as_str());
            office.printer.show(&found, |found| output::page_of(found, FIELDS, PAGE, last))
        }
        JobCommand::Retry { id } => office.show(&jobs::retry(app, &office.operator()?, id).await?),
    }
}
