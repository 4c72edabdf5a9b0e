//! The ground floor: the world's file, and what all parts of the world share.
//!
//! An operation on the world is one closure over a [`Transaction`]. It runs where it is called, under one lock on one connection, and is
//! committed at its end; what waits for it is woken after the commit. An operation that fails changes nothing. With
//! write-ahead logging a commit survives the death of the process. Several processes may share the file; SQLite's lock serialises their
//! writers.

mod calls;
mod chain_settings;
mod clock;
mod faults;
mod payouts;
mod processor_time;
mod schedule;
mod schema;
mod settings;
mod signals;
mod transaction;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rampart_core::time::{Clock, Timestamp};
use rusqlite::{Connection, TransactionBehavior};

use crate::config::WorldConfig;
use crate::error::WorldError;

pub use chain_settings::{FeeSettings, Misreading, SignerOutcome, SignerRule};
pub use clock::SandboxClock;
pub use faults::{FaultCalls, FaultOutcome, FaultPort, FaultRule};
pub use schedule::CardPayment;

pub(crate) use chain_settings::{ChainSettings, FinalitySettings, MisreadBlocks};
pub(crate) use clock::MachineClock;
pub(crate) use payouts::{PayoutTransition, StoredPayout, accept_payout, change_payout, find_payout, payout_state};
pub(crate) use schedule::{Action, next_action, schedule, take_due};
pub(crate) use settings::WorldSettings;
pub(crate) use transaction::{Transaction, amount_at};

use processor_time::ProcessorTime;
use schema::{ADDED_COLUMNS, SCHEMA};
use signals::Signals;

/// How long an operation waits for another process's write lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Statements kept prepared: all that the world has.
const CACHED_STATEMENTS: usize = 128;

/// Creates the tables that are missing, and the columns that a file of an earlier version lacks.
fn create_tables(sqlite: &Connection) -> Result<(), WorldError> {
    sqlite.execute_batch(&format!("BEGIN IMMEDIATE; {SCHEMA}"))?;
    for (table, column, kind) in ADDED_COLUMNS {
        let sql = "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2";
        if sqlite.query_row(sql, (table, column), |row| row.get::<_, i64>(0))? == 0 {
            sqlite.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column} {kind}"))?;
        }
    }
    Ok(sqlite.execute_batch("COMMIT")?)
}

/// The world's file.
pub(crate) struct SandboxFile {
    pub(crate) config: WorldConfig,
    pub(crate) clock: Arc<SandboxClock>,
    pub(crate) signals: Arc<Signals>,
    pub(crate) processor_time: ProcessorTime,
    connection: Mutex<FileConnection>,
}

struct FileConnection {
    sqlite: Connection,
    /// SQLite's count of what other connections have committed, at the last look.
    others_version: i64,
}

impl SandboxFile {
    /// Opens the file and creates it if it is missing.
    pub(crate) fn open(path: &Path, config: WorldConfig, real: Arc<dyn Clock>) -> Result<Arc<Self>, WorldError> {
        let sqlite = Connection::open(path)?;
        sqlite.busy_timeout(BUSY_TIMEOUT)?;
        sqlite.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        // Fewer and larger checkpoints: each one syncs to disk and delays the caller.
        for (name, value) in [("journal_mode", "WAL"), ("synchronous", "NORMAL"), ("wal_autocheckpoint", "8000"), ("cache_size", "-16384")]
        {
            sqlite.pragma_update(None, name, value)?;
        }
        let signals = Arc::new(Signals::new(&config));
        let clock = Arc::new(SandboxClock::new(real, signals.clone()));
        create_tables(&sqlite)?;
        let connection = Mutex::new(FileConnection { sqlite, others_version: -1 });
        Ok(Arc::new(Self { config, clock, signals, processor_time: ProcessorTime::default(), connection }))
    }

    /// Runs an operation that writes.
    pub(crate) fn write<T>(&self, operation: impl FnOnce(&mut Transaction<'_>) -> Result<T, WorldError>) -> Result<T, WorldError> {
        self.processor_time.measure(|| self.run(TransactionBehavior::Immediate, operation))
    }

    /// Runs an operation that only reads.
    pub(crate) fn read<T>(&self, operation: impl FnOnce(&mut Transaction<'_>) -> Result<T, WorldError>) -> Result<T, WorldError> {
        self.processor_time.measure(|| self.run(TransactionBehavior::Deferred, operation))
    }

    /// Wakes what waits for something that other processes have written.
    pub(crate) fn follow(&self) -> Result<(), WorldError> {
        self.read(|_| Ok(()))
    }

    fn run<T>(
        &self,
        behavior: TransactionBehavior,
        operation: impl FnOnce(&mut Transaction<'_>) -> Result<T, WorldError>,
    ) -> Result<T, WorldError> {
        let mut connection = self.connection.lock();
        let FileConnection { sqlite, others_version } = &mut *connection;
        let mut transaction = Transaction::begin(sqlite.transaction_with_behavior(behavior)?, &self.config, &self.signals, &self.clock);
        let version = transaction.value("PRAGMA data_version", [])?.unwrap_or_default();
        if version != *others_version {
            transaction.refresh(&self.signals)?;
            *others_version = version;
        }
        let value = operation(&mut transaction)?;
        for signal in transaction.commit()? {
            self.signals.send(signal);
        }
        Ok(value)
    }

    /// The current business time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The settings as this process knows them. Its own changes are seen at once, others within 100 milliseconds.
    pub(crate) fn settings(&self) -> Arc<WorldSettings> {
        self.signals.settings.borrow().clone()
    }

    /// Changes the settings. If the closure returns an error, nothing is written.
    pub(crate) fn change_settings<T>(&self, change: impl FnOnce(&mut WorldSettings) -> Result<T, WorldError>) -> Result<T, WorldError> {
        self.write(|tx| tx.change_settings(change))
    }
}
