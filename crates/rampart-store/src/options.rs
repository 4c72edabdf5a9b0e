//! The options of a store.

use std::sync::Arc;
use std::time::Duration;

use rampart_core::id::Randomness;
use rampart_core::time::Clock;

/// Called when the writer cannot continue; it should end the process.
pub(crate) type OnFatal = Arc<dyn Fn(&str) + Send + Sync>;

/// Called with the SQL of every read.
pub type OnRead = Arc<dyn Fn(&str) + Send + Sync>;

/// How to treat the schema of a database that an earlier version made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Migrate it. No process may serve from the database or copy it meanwhile.
    UpToDate,
    /// Leave it, and refuse to open the database: an earlier version may be serving from it.
    AsItIs,
}

/// A fault that a test injects into a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFault {
    LostBefore,
    /// The database commits and the response is lost.
    LostAfter,
}

/// The options of a store.
#[derive(Clone)]
pub struct StoreOptions {
    /// Business time; decides whether claims have expired, and dates alarms.
    pub clock: Arc<dyn Clock>,
    /// The source of identifiers of batches and alarms.
    pub randomness: Arc<dyn Randomness>,
    /// Steps that may wait. Further ones fail with [`crate::CommitError::Unavailable`]. Default 4,096.
    pub queue: usize,
    /// Steps per transaction. Default 256.
    pub batch: usize,
    /// Read connections. Default 6.
    pub readers: u32,
    /// How long the writer tries to reach the database. After that a step with a known outcome fails with
    /// [`crate::CommitError::Unavailable`], and a step with an unknown outcome ends the process. Default 20 seconds.
    pub patience: Duration,
    /// Called with the reason when the writer cannot continue. The default ends the process with code 70.
    pub on_fatal: Arc<dyn Fn(&str) + Send + Sync>,
    /// How to treat an earlier version's schema. Default [`Schema::UpToDate`]. A new database always gets this version's.
    pub schema: Schema,
    /// For tests: called with the SQL of every read, to check its plan.
    pub on_read: Option<OnRead>,
    /// For tests: returns the fault to inject into the next commit.
    pub commit_faults: Option<Arc<dyn Fn() -> Option<CommitFault> + Send + Sync>>,
}

impl StoreOptions {
    /// The default options with this clock and randomness.
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
