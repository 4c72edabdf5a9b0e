//! The store: where it is, what it is made with, and how it is opened and closed.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rampart_core::id::Randomness;
use rampart_core::time::Clock;

use crate::commit::{BATCH_SERIES, BatchNumberFile, CommitFault, Writer, read_batch_number};
use crate::error::StoreError;
use crate::lock::{Lock, LockMode};
use crate::read::CustomerBatcher;
use crate::sql::{DatabaseEngine, DatabaseTarget, DbSession, ReaderPool, SchemaState, migrate, schema_state};

/// What a writer that cannot continue calls; it should end the process.
pub(crate) type OnFatal = Arc<dyn Fn(&str) + Send + Sync>;

/// Told of every statement that reads.
pub type OnRead = Arc<dyn Fn(&str) + Send + Sync>;

/// What becomes of the schema of a database that an earlier version made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// It is brought up to date. Nobody may serve from the database or copy it meanwhile.
    UpToDate,
    /// It is left alone, and the database is not opened: an earlier version may be serving from it.
    AsItIs,
}

/// What a store is made with.
#[derive(Clone)]
pub struct StoreOptions {
    /// Business time: whether a claim has expired, and when an alarm was raised.
    pub clock: Arc<dyn Clock>,
    /// What identifiers of batches and alarms are drawn from.
    pub randomness: Arc<dyn Randomness>,
    /// How many steps may wait; one more is answered [`crate::CommitError::Unavailable`]. Default 4,096.
    pub queue: usize,
    /// How many steps one transaction may carry. Default 256.
    pub batch: usize,
    /// How many reading connections there may be. Default 6.
    pub readers: u32,
    /// How long the writer tries to reach the database again: a step whose outcome is known is then answered
    /// [`crate::CommitError::Unavailable`], one whose outcome is not ends the process. Default 20 seconds.
    pub patience: Duration,
    /// Called, with the reason, by a writer that cannot continue. The default ends the process with code 70.
    pub on_fatal: Arc<dyn Fn(&str) + Send + Sync>,
    /// What becomes of an earlier version's schema. Default [`Schema::UpToDate`]; a new database is given this version's in any case.
    pub schema: Schema,
    /// For tests: told of every statement that reads, so that its plan can be looked at.
    pub on_read: Option<OnRead>,
    /// For tests: asked before every commit what should go wrong with it.
    pub commit_faults: Option<Arc<dyn Fn() -> Option<CommitFault> + Send + Sync>>,
}

impl StoreOptions {
    /// The defaults, with a clock and randomness.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, randomness: Arc<dyn Randomness>) -> Self {
        Self {
            clock,
            randomness,
            queue: 4_096,
            batch: 256,
            readers: 6,
            patience: Duration::from_secs(20),
            on_fatal: Arc::new(|reason| {
                tracing::error!(reason, "the writer cannot continue; ending the process");
                std::process::exit(70);
            }),
            schema: Schema::UpToDate,
            on_read: None,
            commit_faults: None,
        }
    }
}

/// The database of an installation. Cheap to clone; every clone is the same store.
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
    /// Opens the database behind a URL, `sqlite:./data/rampart.readers` or `postgres://…`, and brings its schema up to date where the
    /// options say so. A SQLite file and its folder are made when they do not exist.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] for a URL that cannot be used, a database of a later version, or one of an earlier version
    /// that is not to be changed or is in use,
    /// [`StoreError::Unavailable`] when it cannot be reached.
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
        // The writer connects on a thread of its own.
        session.close().await;
        let writer = Writer::start(target.clone(), &options)
            .map_err(|error| StoreError::Configuration(format!("the writer's thread cannot be started: {error}")))?;
        let readers = Arc::new(ReaderPool::open(target.clone(), &options).await?);
        let customers = CustomerBatcher::start(Arc::clone(&readers));
        Ok(Self { inner: Arc::new(StoreInner { target, readers, customers, writer, options, lock: Mutex::new(None) }) })
    }

    /// Which engine it is on.
    #[must_use]
    pub fn engine(&self) -> DatabaseEngine {
        self.inner.target.engine()
    }

    /// The file of a SQLite database.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.inner.target {
            DatabaseTarget::Sqlite(path) => Some(path),
            DatabaseTarget::Postgres(_) => None,
        }
    }

    /// Serves from the database from now on, until the store is closed: nobody can copy it meanwhile. From a SQLite file one
    /// process serves, from PostgreSQL as many as want to. Operators' commands do not call it and may use the database at the
    /// same time.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] when another process serves from the file, or copies the database;
    /// [`StoreError::Unavailable`] when PostgreSQL cannot be reached.
    pub async fn lock_to_serve(&self) -> Result<(), StoreError> {
        self.lock(LockMode::Shared).await
    }

    /// Keeps everybody from serving from the database until the store is closed, so that a copy of it is of one moment.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] when a process serves from it; [`StoreError::Unavailable`] when PostgreSQL cannot be reached.
    pub async fn lock_to_copy(&self) -> Result<(), StoreError> {
        self.lock(LockMode::Exclusive).await
    }

    async fn lock(&self, mode: LockMode) -> Result<(), StoreError> {
        let lock = Lock::take(&self.inner.target, mode, Arc::clone(&self.inner.options.on_fatal)).await?;
        *self.inner.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
        Ok(())
    }

    /// How many batches the database counts: a number that only grows, and lags behind by what the last second brought.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be read.
    pub async fn number_of_batches(&self) -> Result<i64, StoreError> {
        let row = self.inner.readers.fetch_optional("SELECT next FROM numbers WHERE series = $1", vec![BATCH_SERIES.into()]).await?;
        row.map_or(Ok(0), |row| Ok(row.int(0)?))
    }

    /// The number of batches that a node's file keeps of an installation's database, with the installation.
    #[must_use]
    pub fn number_kept_in(file: &Path) -> Option<(String, i64)> {
        read_batch_number(file)
    }

    /// Keeps the number of batches in a file from now on, for the next start to compare. Compare before.
    pub fn keep_number_in(&self, file: PathBuf, installation: &str) {
        // Somebody has begun with it already; one file is enough.
        let _ = self.inner.writer.batch_number().file.set(BatchNumberFile { path: file, installation: installation.to_owned() });
    }

    /// Counts on to a number that was seen elsewhere, so that the database lies behind it no more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be written.
    pub async fn count_batches_to(&self, number: i64) -> Result<(), StoreError> {
        let lag = number - self.number_of_batches().await?;
        if lag > 0 {
            self.reserve_numbers(BATCH_SERIES, lag).await?;
        }
        Ok(())
    }

    /// Where the number of batches stood before the database was put back from a copy while this process used it; nothing
    /// when it was not, or [`Store::fall_is_known`] was said since.
    #[must_use]
    pub fn fell_from(&self) -> Option<i64> {
        Some(self.inner.writer.batch_number().fell_from.load(Ordering::Relaxed)).filter(|number| *number > 0)
    }

    /// Somebody has noted that the number fell.
    pub fn fall_is_known(&self) {
        self.inner.writer.batch_number().fell_from.store(0, Ordering::Relaxed);
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.inner.readers.fetch_optional("SELECT 1", Vec::new()).await?;
        Ok(())
    }

    /// Commits what waits, then closes every connection. Later commits are answered [`crate::CommitError::Unavailable`].
    pub async fn close(&self) {
        self.inner.writer.close().await;
        self.inner.readers.close().await;
        let lock = self.inner.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(lock) = lock {
            lock.release().await;
        }
    }

    /// A connection of its own for a long read of one snapshot.
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
             uses it, `rampart readers migrate` (or `rampart serve`) brings it up to date",
            missing.join(", ")
        ))),
        (SchemaState::Older(_), Schema::UpToDate) => {
            // An earlier version that serves meanwhile would work on with tables that it does not know.
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
