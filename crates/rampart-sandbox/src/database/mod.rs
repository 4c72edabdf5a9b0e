//! The sandbox's SQLite database: one writer that commits all waiting commands in one transaction, and a pool of readers.
//!
//! An operation is acknowledged after its commit. With write-ahead logging a commit survives the death of the process.
//! Several processes may share the database; SQLite's lock serialises their writers.

mod batch;
mod writer;

use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use rampart_core::time::{Clock, Timestamp};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Row};
use tokio::sync::{mpsc, oneshot};

use crate::chain;
use crate::clock::{SandboxClock, real_micros};
use crate::config::WorldConfig;
use crate::error::WorldError;
use crate::schema::SCHEMA;
use crate::settings::WorldSettings;
use crate::signals::Signals;

pub(crate) use batch::{Batch, StreamLine};
pub(crate) use writer::WriterCommand;

pub(crate) type OperationFuture<'b, T> = Pin<Box<dyn Future<Output = Result<T, WorldError>> + Send + 'b>>;

/// Commands that may wait for the writer. Further callers wait in `send`.
const QUEUE_COMMANDS: usize = 8_192;
/// How often changes of other processes are looked for, in real time.
const FILE_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The connections to the database, and what all parts of the world share.
pub(crate) struct SandboxDatabase {
    pub(crate) config: WorldConfig,
    pub(crate) clock: Arc<SandboxClock>,
    pub(crate) signals: Arc<Signals>,
    pub(crate) readers: SqlitePool,
    /// Identifies this process as owner of the lease.
    pub(crate) owner: String,
    commands: mpsc::Sender<WriterCommand>,
}

impl SandboxDatabase {
    /// Opens the database, creates it if it is missing, and starts its writer.
    pub(crate) async fn open(path: &Path, config: WorldConfig, real: Arc<dyn Clock>) -> Result<Arc<Self>, WorldError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(10))
            .statement_cache_capacity(128);
        // Fewer and larger checkpoints: each one syncs to disk and delays the writer.
        let writer = options.clone().pragma("wal_autocheckpoint", "8000").pragma("cache_size", "-16384");
        let mut connection = SqliteConnection::connect_with(&writer).await?;
        let streams = config.rails.iter().map(|rail| format!("bank-{}", rail.name));
        let streams = streams.chain(config.processors.iter().map(|processor| format!("card-{processor}"))).chain(["kyc".to_owned()]);
        let signals = Arc::new(Signals::new(streams.collect::<Vec<_>>(), config.chains.iter().map(|chain| chain.name)));
        let clock = Arc::new(SandboxClock::new(signals.clone(), real));

        sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await?;
        sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
        crate::world::create_missing_rows(&mut connection, &config, clock.now()).await?;
        sqlx::query("COMMIT").execute(&mut connection).await?;
        refresh(&mut connection, &signals, &config).await?;

        let readers =
            SqlitePoolOptions::new().min_connections(0).max_connections(4).test_before_acquire(false).connect_lazy_with(options.clone());
        let poll = SqliteConnection::connect_with(&options).await?;
        let (commands, queue) = mpsc::channel(QUEUE_COMMANDS);
        let database = Arc::new(Self { config, clock: clock.clone(), signals: signals.clone(), readers, owner: unique_token(), commands });
        let batch = Batch::new(connection, signals, clock, database.config.clone());
        tokio::spawn(writer::run(batch, queue));
        tokio::spawn(watch_file(poll, Arc::downgrade(&database)));
        Ok(database)
    }

    /// Runs an operation in the writer's next transaction and returns after its commit. An operation that returns a
    /// refusal must not have written anything, because the transaction is committed nevertheless.
    pub(crate) async fn write<T, F>(&self, operation: F) -> Result<T, WorldError>
    where
        T: Send + 'static,
        F: for<'b> FnOnce(&'b mut Batch) -> OperationFuture<'b, T> + Send + 'static,
    {
        self.submit(|caller| {
            WriterCommand::Single(Box::new(move |batch| {
                Box::pin(async move {
                    let result = operation(batch).await;
                    // The caller gets a fatal error from the completion, as all callers of this transaction do.
                    let outcome = result.as_ref().err().filter(|error| error.is_fatal()).cloned();
                    (outcome.map_or(Ok(()), Err), writer::complete(caller, result))
                })
            }))
        })
        .await
    }

    /// Sends a command to the writer and returns its result after the commit. Waits while the queue is full.
    pub(crate) async fn submit<T>(&self, command: impl FnOnce(writer::CompletionSender<T>) -> WriterCommand) -> Result<T, WorldError> {
        let (caller, result) = oneshot::channel();
        self.commands.send(command(caller)).await.map_err(|_| WorldError::Closed)?;
        result.await.map_err(|_| WorldError::Closed)?
    }

    /// Completes when a stream has a line after the cursor `after`; at once for a text that is no cursor.
    pub(crate) async fn news(&self, stream: &str, after: &str) {
        let Ok(after) = cursor(after) else { return };
        self.signals.wait_for_line(stream, after).await;
    }

    /// The current business time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A page of a stream: the lines after `after` with their sequence numbers, and whether there are more.
    pub(crate) async fn page(&self, stream: &str, after: i64, limit: usize) -> Result<(Vec<(i64, String)>, bool), WorldError> {
        let limit = limit.clamp(1, 1_000);
        let rows = sqlx::query("SELECT seq, body FROM journal WHERE stream = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3")
            .bind(stream)
            .bind(after)
            .bind(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await?;
        let has_more = rows.len() > limit;
        let lines = rows.into_iter().take(limit).map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok((lines.collect::<Result<_, sqlx::Error>>()?, has_more))
    }
}

/// A random text that identifies a process or transaction.
pub(crate) fn unique_token() -> String {
    let mut bytes = [0; 16];
    // Without randomness the time has to make it unique.
    if getrandom::fill(&mut bytes).is_err() {
        bytes[..8].copy_from_slice(&real_micros().to_be_bytes());
    }
    hex::encode(bytes)
}

/// Publishes the current state to the waiters, read in one snapshot. Settings come first: who is woken by a block or a
/// line knows every setting made before it.
async fn refresh(connection: &mut SqliteConnection, signals: &Signals, config: &WorldConfig) -> Result<(), WorldError> {
    let mut snapshot = connection.begin().await?;
    let body: Option<String> = sqlx::query_scalar("SELECT body FROM settings WHERE id = 1").fetch_optional(&mut *snapshot).await?;
    if let Some(body) = body {
        let settings: WorldSettings = serde_json::from_str(&body)?;
        signals.install(settings);
    }
    let rows = sqlx::query("SELECT name, last FROM streams WHERE name NOT LIKE 'inbox-%'").fetch_all(&mut *snapshot).await?;
    for row in rows {
        signals.advance(row.try_get(0)?, row.try_get(1)?);
    }
    for chain in &config.chains {
        let (fork, head) = chain::read_head(&mut snapshot, chain.name).await?;
        signals.tip(chain.name, fork, head);
    }
    snapshot.commit().await?;
    Ok(())
}

/// Watches for changes made by other processes until the database is dropped.
async fn watch_file(mut connection: SqliteConnection, database: Weak<SandboxDatabase>) {
    let mut seen: i64 = -1;
    loop {
        tokio::time::sleep(FILE_POLL_INTERVAL).await;
        let Some(database) = database.upgrade() else { return };
        let version = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut connection).await;
        let outcome = match version {
            Ok(version) if version == seen => continue,
            Ok(version) => {
                seen = version;
                refresh(&mut connection, &database.signals, &database.config).await
            }
            Err(error) => Err(error.into()),
        };
        if let Err(error) = outcome {
            tracing::warn!(%error, "changes of the sandbox database could not be read");
        }
    }
}

/// Parses the cursor of a stream. An empty cursor is the beginning.
pub(crate) fn cursor(text: &str) -> Result<i64, rampart_core::ports::Unavailable> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| rampart_core::ports::Unavailable(format!("'{text}' is not a cursor of this source")))
}
