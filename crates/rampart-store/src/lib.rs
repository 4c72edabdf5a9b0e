//! Storage: all SQL for both engines, the migrations, the reads, and the only commit path.
//!
//! - [`Store::commit`] writes all business records. Steps that are queued together become durable together. A few writes bypass it:
//!   reserved numbers, pruning, the installation's own rows, and copying.
//! - Reads are methods of [`Store`]. They see what was committed before they began and hold no lock.
//! - [`Store::verify`] recomputes the ledger from its entries; [`Store::copy_to`] moves an installation between engines.
//!
//! Lock order, the same for every batch on every node: the batch's own row, records (tables in the order of
//! [`rampart_core::step::record::RecordKey`], then by key), balances, counters, claims, event counters, number series. New rows are
//! inserted after that in the same order. Balances and counters that did not exist are made once the claims are taken; a deadlock
//! makes the writer run the batch again.

mod commit;
mod copy;
mod counters;
mod error;
mod lock;
mod options;
mod read;
mod sql;
mod tables;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

pub use commit::{Committed, Failing, Histogram, NumberedEvent, Pruned, Stats};
pub use copy::CopyReport;
pub use error::{CommitError, StoreError, StoredClaim};
pub use options::{CommitFault, OnRead, Schema, StoreOptions};
pub use read::{
    AccountBalance, CustomerFilter, DueReceivers, EntryLine, InstallationRecord, LedgerPosting, OrderCounts, OrderFilter, PostedEntry,
    UnfannedPartner,
};
pub use sql::DatabaseEngine;
pub use verify::{Inconsistency, VerifyReport};

use commit::{BATCH_SERIES, BatchNumberFile, Writer, read_batch_number};
use lock::{Lock, LockMode};
use read::CustomerBatcher;
use sql::{DatabaseTarget, DbSession, ReaderPool, SchemaState, migrate, schema_state};

/// The database of an installation. Clones are cheap and share one store.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<StoreInner>,
}

pub(crate) struct StoreInner {
    pub(crate) target: DatabaseTarget,
    pub(crate) readers: Arc<ReaderPool>,
    pub(crate) customers: CustomerBatcher,
    pub(crate) writer: Writer,
    pub(crate) options: StoreOptions,
    lock: Mutex<Option<Lock>>,
}

impl Store {
    /// Opens the database of a URL, `sqlite:./data/rampart.db` or `postgres://…`, and migrates its schema if the options say so. A
    /// missing SQLite file and its folder are created.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] for an unusable URL, a database of a later version, or one of an earlier version that must not
    /// be migrated or is in use; [`StoreError::Unavailable`] when the database cannot be reached.
    pub async fn open(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let target = DatabaseTarget::parse(url)?;
        if let DatabaseTarget::Sqlite(path) = &target
            && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder)
                .map_err(|error| StoreError::Configuration(format!("{} cannot be made: {error}", folder.display())))?;
        }
        let mut session = target.session(true).await?;
        prepare_schema(&target, &mut session, &options).await?;
        session.close().await;
        let writer = Writer::start(target.clone(), &options)
            .map_err(|error| StoreError::Configuration(format!("the writer's thread cannot be started: {error}")))?;
        let readers = Arc::new(ReaderPool::open(target.clone(), &options).await?);
        let customers = CustomerBatcher::start(Arc::clone(&readers));
        Ok(Self { inner: Arc::new(StoreInner { target, readers, customers, writer, options, lock: Mutex::new(None) }) })
    }

    /// The engine of the database.
    #[must_use]
    pub fn engine(&self) -> DatabaseEngine {
        self.inner.target.engine()
    }

    /// The file of a SQLite database; `None` on PostgreSQL.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.inner.target {
            DatabaseTarget::Sqlite(path) => Some(path),
            DatabaseTarget::Postgres(_) => None,
        }
    }

    /// Takes the serving lock until the store is closed, which keeps others from copying the database. One process may serve from a
    /// SQLite file, any number from PostgreSQL. Operator commands do not take it and may use the database at the same time.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] when another process serves from the file or copies the database; [`StoreError::Unavailable`]
    /// when PostgreSQL cannot be reached.
    pub async fn lock_to_serve(&self) -> Result<(), StoreError> {
        self.lock(LockMode::Shared).await
    }

    /// Takes the exclusive lock until the store is closed. No process can serve meanwhile, so a copy is consistent.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] when a process serves from the database; [`StoreError::Unavailable`] when PostgreSQL cannot be
    /// reached.
    pub async fn lock_to_copy(&self) -> Result<(), StoreError> {
        self.lock(LockMode::Exclusive).await
    }

    async fn lock(&self, mode: LockMode) -> Result<(), StoreError> {
        let lock = Lock::take(&self.inner.target, mode, Arc::clone(&self.inner.options.on_fatal)).await?;
        *self.inner.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
        Ok(())
    }

    /// The batch number: an increasing count of committed batches, up to a second behind.
    pub async fn batch_number(&self) -> Result<i64, StoreError> {
        let row = self.inner.readers.fetch_optional("SELECT next FROM numbers WHERE series = $1", vec![BATCH_SERIES.into()]).await?;
        row.map_or(Ok(0), |row| Ok(row.int(0)?))
    }

    /// The installation and batch number in a node's file; `None` when the file is missing or malformed.
    #[must_use]
    pub fn read_batch_number_file(file: &Path) -> Option<(String, i64)> {
        read_batch_number(file)
    }

    /// Writes the batch number to a file from now on, for the next start to compare. Compare the existing file first.
    pub fn write_batch_number_to(&self, file: PathBuf, installation: &str) {
        // A file is set already; one suffices.
        let _ = self.inner.writer.batch_number().file.set(BatchNumberFile { path: file, installation: installation.to_owned() });
    }

    /// Raises the batch number to one seen elsewhere, so that the database is no longer behind it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be written.
    pub async fn raise_batch_number_to(&self, number: i64) -> Result<(), StoreError> {
        let lag = number - self.batch_number().await?;
        if lag > 0 {
            self.reserve_numbers(BATCH_SERIES, lag).await?;
        }
        Ok(())
    }

    /// The batch number before the database was restored from a backup while this process used it. `None` when it was not, or after
    /// [`Store::acknowledge_restore`].
    #[must_use]
    pub fn number_before_restore(&self) -> Option<i64> {
        Some(self.inner.writer.batch_number().number_before_restore.load(Ordering::Relaxed)).filter(|number| *number > 0)
    }

    /// Acknowledges that the batch number fell.
    pub fn acknowledge_restore(&self) {
        self.inner.writer.batch_number().number_before_restore.store(0, Ordering::Relaxed);
    }

    /// Checks that the database responds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.inner.readers.fetch_optional("SELECT 1", Vec::new()).await?;
        Ok(())
    }

    /// Commits the queued steps, then closes every connection. Later commits fail with [`CommitError::Unavailable`].
    pub async fn close(&self) {
        self.inner.writer.close().await;
        self.inner.readers.close().await;
        let lock = self.inner.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(lock) = lock {
            lock.release().await;
        }
    }

    /// A separate connection for a long read of one snapshot.
    pub(crate) async fn snapshot(&self) -> Result<DbSession, StoreError> {
        let mut session = self.inner.target.session(false).await?;
        session.begin_snapshot().await?;
        Ok(session)
    }
}

async fn prepare_schema(target: &DatabaseTarget, session: &mut DbSession, options: &StoreOptions) -> Result<(), StoreError> {
    match (schema_state(session).await?, options.schema) {
        (SchemaState::Current, _) => Ok(()),
        (SchemaState::New, _) => migrate(session).await,
        (SchemaState::Older(missing), Schema::AsItIs) => Err(StoreError::Configuration(format!(
            "the database was made by an earlier version, which may be using it: it lacks the migration {}. Once no earlier version \
             uses it, `rampart db migrate` (or `rampart serve`) brings it up to date",
            missing.join(", ")
        ))),
        (SchemaState::Older(_), Schema::UpToDate) => {
            // An earlier version that serves meanwhile would use tables that it does not know.
            let lock = Lock::take(target, LockMode::Exclusive, Arc::clone(&options.on_fatal)).await.map_err(|error| match error {
                StoreError::Configuration(reason) => StoreError::Configuration(format!(
                    "the schema is an earlier version's and cannot be brought up to date: {reason}. Stop every process of the earlier \
                     version first"
                )),
                error => error,
            })?;
            let migrated = migrate(session).await;
            lock.release().await;
            migrated
        }
    }
}
