//! How many batches there were: a number that only grows, in the database, and behind it in a file of the node's data folder.
//! A database whose number lies below the file's was put back from a copy.
//!
//! The first batch is counted at once, those of the next second together after it, and then the file is written. A process that
//! is killed in between leaves both behind, the file never ahead: no batch waits for any of this.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::WriterTask;

/// The series of numbers that batches are counted in.
pub(crate) const BATCH_SERIES: &str = "batches";
/// How far apart batches are counted.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);

/// The file of a node that keeps the number, and whose database it is about.
#[derive(Debug)]
pub(crate) struct BatchNumberFile {
    pub(crate) path: PathBuf,
    pub(crate) installation: String,
}

/// What the store and its writer share about the number.
#[derive(Debug, Default)]
pub(crate) struct SharedBatchNumber {
    /// Where the number is kept; nowhere until somebody has compared it.
    pub(crate) file: OnceLock<BatchNumberFile>,
    /// Where the number stood before it fell while this process was connected to the database; 0 when it has not, or somebody
    /// knows.
    pub(crate) fell_from: AtomicI64,
}

/// What the writer knows of the number.
pub(super) struct BatchNumbering {
    pub(super) shared: Arc<SharedBatchNumber>,
    /// Batches that the database's number lacks.
    uncounted: i64,
    /// When batches were counted last.
    counted_at: Option<Instant>,
    /// The number as it was last seen.
    last: i64,
}

impl BatchNumbering {
    pub(super) fn new(shared: Arc<SharedBatchNumber>) -> Self {
        Self { shared, uncounted: 0, counted_at: None, last: 0 }
    }

    /// A batch was committed.
    pub(super) fn committed(&mut self) {
        self.uncounted += 1;
    }

    /// How long until batches have to be counted; nothing when all are.
    pub(super) fn due_in(&self) -> Option<Duration> {
        let rest = self.counted_at.map_or(Duration::ZERO, |counted_at| COUNT_INTERVAL.saturating_sub(counted_at.elapsed()));
        (self.uncounted > 0).then_some(rest)
    }
}

impl WriterTask {
    /// Counts what was committed, and keeps the number in the node's folder.
    pub(super) async fn count_batches(&mut self) {
        let batches = self.numbering.uncounted;
        if batches == 0 {
            return;
        }
        self.numbering.counted_at = Some(Instant::now());
        let numbers = match self.reserve(BATCH_SERIES, batches).await {
            Ok(numbers) => numbers,
            Err(error) => {
                tracing::warn!(%error, "batches cannot be counted yet");
                return;
            }
        };
        self.numbering.uncounted = 0;
        if numbers.start < self.numbering.last {
            tracing::error!(number = numbers.start, was = self.numbering.last, "the database was put back while it was in use");
            self.numbering.shared.fell_from.store(self.numbering.last, Ordering::Relaxed);
            // The file goes on saying how far it was, for the next start.
            return;
        }
        self.numbering.last = numbers.end;
        if let Some(file) = self.numbering.shared.file.get()
            && let Err(error) = write(file, numbers.end)
        {
            tracing::warn!(%error, file = %file.path.display(), "the number of batches cannot be written to the data folder");
        }
    }
}

/// Replaces the file, so that nobody ever reads half of it. It is not flushed: after a power cut it may lag further behind.
fn write(target: &BatchNumberFile, number: i64) -> std::io::Result<()> {
    let beside = target.path.with_extension(format!("{}.new", std::process::id()));
    let mut file = std::fs::File::create(&beside)?;
    writeln!(file, "{} {number}", target.installation)?;
    drop(file);
    std::fs::rename(&beside, &target.path)
}

/// The installation and the number that a file keeps; nothing when it keeps none that can be read.
pub(crate) fn read(file: &Path) -> Option<(String, i64)> {
    let text = std::fs::read_to_string(file).ok()?;
    let (installation, number) = text.trim().split_once(' ')?;
    Some((installation.to_owned(), number.parse().ok()?))
}
