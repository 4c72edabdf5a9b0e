//! `rampart db`: migrates, copies and describes the database.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use rampart_app::SystemClock;
use rampart_core::step::installation_key::newest;
use rampart_store::{DatabaseEngine, Schema, Store};
use serde::Serialize;

use crate::error::CommandError;
use crate::options::GlobalOptions;
use crate::output::{self, Printer};
use crate::settings::{Configuration, url_in, without_password};
use crate::wiring;

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Bring the schema up to date, as `rampart serve` does. All other commands refuse an outdated schema
    Migrate,
    /// Copy an installation into an empty database, SQLite or PostgreSQL, and verify the copy
    Copy {
        /// Database to read; refused while a process serves from it
        #[arg(long, value_name = "URL", required_unless_present = "from_file", conflicts_with = "from_file")]
        from: Option<String>,
        /// File that contains this URL, so that its password is in no process list
        #[arg(long, value_name = "FILE")]
        from_file: Option<PathBuf>,
        /// Empty database to write to
        #[arg(long, value_name = "URL", required_unless_present = "to_file", conflicts_with = "to_file")]
        to: Option<String>,
        /// File that contains this URL
        #[arg(long, value_name = "FILE")]
        to_file: Option<PathBuf>,
    },
    /// Print the identity of the installation and the numbers of open orders, jobs, facts and deliveries
    Status,
}

#[derive(Serialize)]
struct CopyOutput {
    tables: Vec<(&'static str, u64)>,
    verified: bool,
}

#[derive(Serialize)]
struct DatabaseStatus {
    url: String,
    engine: &'static str,
    installation: Option<String>,
    mode: Option<String>,
    key_fingerprint: Option<String>,
    created_at: Option<String>,
    payments_open: Vec<(String, i64)>,
    rampoffs_open: Vec<(String, i64)>,
    jobs: Vec<(String, i64)>,
    facts_waiting: i64,
    reviews_waiting: i64,
    deliveries_pending: i64,
    deliveries_parked: i64,
}

pub(crate) async fn run(global: &GlobalOptions, configuration: &Configuration, command: DbCommand) -> Result<(), CommandError> {
    let printer = Printer::new(global.json);
    match command {
        DbCommand::Migrate => {
            let store = open(&configuration.database_url()?, configuration, Schema::UpToDate).await?;
            store.close().await;
            printer.show(&serde_json::json!({ "up_to_date": true }), |_| "The schema is up to date.".to_owned())
        }
        DbCommand::Copy { from, from_file, to, to_file } => {
            let (from, to) = (url(from, from_file)?, url(to, to_file)?);
            let source = open(&from, configuration, Schema::AsItIs).await?;
            // No process may write while the database is copied.
            source.lock_to_copy().await?;
            let target = open(&to, configuration, Schema::AsItIs).await?;
            let copied = source.copy_to(&target).await;
            source.close().await;
            target.close().await;
            let copied = copied?;
            let shown = CopyOutput { verified: copied.report.holds(), tables: copied.tables };
            printer.show(&shown, |shown| {
                let rows: Vec<_> = shown.tables.iter().map(|(table, rows)| vec![(*table).to_owned(), rows.to_string()]).collect();
                let verdict = if shown.verified {
                    "The copy is complete and its ledger is consistent."
                } else {
                    "THE LEDGER OF THE COPY IS INCONSISTENT."
                };
                format!("{}\n{verdict}", output::table(&["table", "rows"], &rows))
            })?;
            if shown.verified { Ok(()) } else { Err(CommandError::ProblemFound) }
        }
        DbCommand::Status => {
            let url = configuration.database_url()?;
            let store = open(&url, configuration, Schema::AsItIs).await?;
            let status = status(&store, &url).await;
            store.close().await;
            printer.show(&status?, status_text)
        }
    }
}

/// The given URL, or the one in the file.
fn url(given: Option<String>, file: Option<PathBuf>) -> Result<String, CommandError> {
    match file {
        Some(file) => Ok(url_in(&file)?),
        None => given.ok_or_else(|| CommandError::Usage("a database is missing: give its URL, or a file that contains it".to_owned())),
    }
}

async fn open(url: &str, configuration: &Configuration, schema: Schema) -> Result<Store, CommandError> {
    // No command here depends on business time, which a sandbox can move.
    wiring::open_store_at(url, configuration, Arc::new(SystemClock), schema).await
}

async fn status(store: &Store, url: &str) -> Result<DatabaseStatus, CommandError> {
    let installation = store.installation().await?;
    let keys = store.installation_keys().await?;
    let counts = store.order_counts().await?;
    Ok(DatabaseStatus {
        url: without_password(url),
        engine: match store.engine() {
            DatabaseEngine::Sqlite => "SQLite",
            DatabaseEngine::Postgres => "PostgreSQL",
        },
        installation: installation.as_ref().map(|installation| installation.id.clone()),
        mode: store.mode().await?,
        key_fingerprint: newest(&keys).map(|key| key.id.to_string()),
        created_at: installation.as_ref().map(|installation| installation.created_at.to_string()),
        payments_open: counts.payments,
        rampoffs_open: counts.rampoffs,
        jobs: counts.jobs.into_iter().map(|(kind, count, _)| (kind, count)).collect(),
        facts_waiting: counts.facts_waiting,
        reviews_waiting: counts.reviews_waiting,
        deliveries_pending: counts.deliveries_pending,
        deliveries_parked: counts.deliveries_parked,
    })
}

fn status_text(status: &DatabaseStatus) -> String {
    let list = |counts: &[(String, i64)]| {
        let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
    };
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none yet".to_owned());
    output::pairs(&[
        ("database", status.url.clone()),
        ("engine", status.engine.to_owned()),
        ("installation", or_none(&status.installation)),
        ("mode", or_none(&status.mode)),
        ("key fingerprint", or_none(&status.key_fingerprint)),
        ("created at", or_none(&status.created_at)),
        ("open payments", list(&status.payments_open)),
        ("open ramp-offs", list(&status.rampoffs_open)),
        ("jobs", list(&status.jobs)),
        ("pending facts", status.facts_waiting.to_string()),
        ("open reviews", status.reviews_waiting.to_string()),
        ("pending deliveries", status.deliveries_pending.to_string()),
        ("parked deliveries", status.deliveries_parked.to_string()),
    ])
}
