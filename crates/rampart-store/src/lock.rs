//! Who serves from a database, and who copies it or changes its schema: never both.
//!
//! A SQLite file has a file beside it that is locked by the one process that uses it. On PostgreSQL a session of its own holds
//! an advisory lock, shared by all that serve; copying and migrating take it alone.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::error::StoreError;
use crate::sql::{DatabaseTarget, DbSession};
use crate::store::OnFatal;

/// How often is looked whether the session that holds a lock of PostgreSQL still lives.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// Keys of PostgreSQL's advisory locks: the letters `rampart` in base 36, and one more.
const LOCK_SHARED: &str = "SELECT CASE WHEN pg_try_advisory_lock_shared(59823490602) THEN 1 ELSE 0 END::bigint";
const LOCK_EXCLUSIVE: &str = "SELECT CASE WHEN pg_try_advisory_lock(59823490602) THEN 1 ELSE 0 END::bigint";

/// What a database is locked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockMode {
    Shared,
    /// Copying it, or changing its schema.
    Exclusive,
}

/// A lock that is held until it is released or dropped.
pub(crate) enum Lock {
    Sqlite {
        /// Closed by being dropped, which unlocks it.
        _file: File,
    },
    Postgres(AdvisoryLock),
}

/// Holds the session of PostgreSQL, and with it the lock.
pub(crate) struct AdvisoryLock {
    stop: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for AdvisoryLock {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Lock {
    pub(crate) async fn take(target: &DatabaseTarget, mode: LockMode, on_fatal: OnFatal) -> Result<Self, StoreError> {
        match target {
            DatabaseTarget::Sqlite(path) => lock_file(path),
            DatabaseTarget::Postgres(_) => {
                let session = lock_session(target, mode).await?;
                let stop = Arc::new(Notify::new());
                let holding = hold(target.clone(), session, mode, on_fatal, Arc::clone(&stop));
                Ok(Self::Postgres(AdvisoryLock { stop, task: tokio::spawn(holding) }))
            }
        }
    }

    /// Gives the lock back; when this returns, somebody else can have it.
    pub(crate) async fn release(self) {
        if let Self::Postgres(mut guard) = self {
            guard.stop.notify_one();
            // A task that has ended holds nothing.
            let _ = (&mut guard.task).await;
        }
    }
}

fn lock_file(path: &Path) -> Result<Lock, StoreError> {
    let mut name = path.to_owned().into_os_string();
    name.push(".lock");
    let name = PathBuf::from(name);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|error| StoreError::Configuration(format!("{} cannot be opened: {error}", name.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock::Sqlite { _file: file }),
        Err(std::fs::TryLockError::WouldBlock) => {
            Err(StoreError::Configuration(format!("another process serves from {} already", path.display())))
        }
        Err(std::fs::TryLockError::Error(error)) => Err(StoreError::Configuration(format!("{} cannot be locked: {error}", name.display()))),
    }
}

async fn lock_session(target: &DatabaseTarget, mode: LockMode) -> Result<DbSession, StoreError> {
    let mut session = target.session(false).await?;
    let sql = if mode == LockMode::Shared { LOCK_SHARED } else { LOCK_EXCLUSIVE };
    let is_held = session.fetch_optional(sql, Vec::new()).await?.is_some_and(|row| row.int(0).is_ok_and(|held| held == 1));
    match (is_held, mode) {
        (true, _) => Ok(session),
        (false, LockMode::Shared) => Err(StoreError::Configuration("the database is being copied or brought up to date".into())),
        (false, LockMode::Exclusive) => Err(StoreError::Configuration("another process serves from the database".into())),
    }
}

/// Holds a session, and takes the lock anew when the session was lost. Whoever serves and cannot have it any more ends: what it
/// wrote would be missing from a copy, and it may not know a schema that was changed.
async fn hold(target: DatabaseTarget, session: DbSession, mode: LockMode, on_fatal: OnFatal, stop: Arc<Notify>) {
    let mut held = Some(session);
    loop {
        if tokio::time::timeout(CHECK_INTERVAL, stop.notified()).await.is_ok() {
            break;
        }
        if let Some(session) = &mut held
            && session.fetch_optional("SELECT 1::bigint", Vec::new()).await.is_ok()
        {
            continue;
        }
        held = match lock_session(&target, mode).await {
            Ok(session) => Some(session),
            Err(StoreError::Configuration(reason)) => return on_fatal(&reason),
            // The database is away, for the writer too.
            Err(_) => None,
        };
    }
    if let Some(mut session) = held {
        // At once, and not when the server notices that the session has ended.
        let _ = session.fetch_all("SELECT pg_advisory_unlock_all()::text", Vec::new()).await;
        session.close().await;
    }
}
