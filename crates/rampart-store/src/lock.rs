//! The lock that keeps serving apart from copying and migrating.
//!
//! For SQLite it is a lock file beside the database, held by the one process that serves. For PostgreSQL it is an advisory lock held
//! by a dedicated session: shared by all nodes that serve, exclusive for copying and migrating.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::error::StoreError;
use crate::options::OnFatal;
use crate::sql::{DatabaseTarget, DbSession};

/// How often the session that holds the PostgreSQL lock is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// PostgreSQL advisory lock: the key is `rampart` in base 36, plus one.
const LOCK_SHARED: &str = "SELECT CASE WHEN pg_try_advisory_lock_shared(59823490602) THEN 1 ELSE 0 END::bigint";
const LOCK_EXCLUSIVE: &str = "SELECT CASE WHEN pg_try_advisory_lock(59823490602) THEN 1 ELSE 0 END::bigint";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockMode {
    Shared,
    /// For copying the database or changing its schema.
    Exclusive,
}

/// A lock, held until it is released or dropped.
pub(crate) enum Lock {
    Sqlite { _file: File },
    Postgres(AdvisoryLock),
}

/// The task that holds the PostgreSQL session and with it the lock.
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

    /// Releases the lock. Others can take it when this returns.
    pub(crate) async fn release(self) {
        if let Self::Postgres(mut guard) = self {
            guard.stop.notify_one();
            // A task that has ended holds no lock.
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

/// Holds the session, and takes the lock again when the session is lost. If a serving node cannot take it again, the process ends:
/// its writes would be missing from a copy, and it may not know a changed schema.
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
            // The database is unreachable, for the writer as well.
            Err(_) => None,
        };
    }
    if let Some(mut session) = held {
        // Unlocks now instead of when the server notices that the session ended.
        let _ = session.fetch_all("SELECT pg_advisory_unlock_all()::text", Vec::new()).await;
        session.close().await;
    }
}
