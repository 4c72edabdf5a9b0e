//! The batch number: an increasing count of batches in the database, copied to a file in the node's data folder. A database whose
//! number is lower than the file's was restored from a backup.
//!
//! The first batch is counted at once, later ones once a second, and the file is written after the database. A killed process leaves
//! both numbers behind, and the file never ahead. No batch waits for this.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::WriterTask;

pub(crate) const BATCH_SERIES: &str = "batches";
/// How often batches are counted.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);

/// The file that holds the batch number, and the installation it belongs to.
#[derive(Debug)]
pub(crate) struct BatchNumberFile {
    pub(crate) path: PathBuf,
    pub(crate) installation: String,
}

/// The part of the batch number that store and writer share.
#[derive(Debug, Default)]
pub(crate) struct SharedBatchNumber {
    /// Unset until the caller has compared the file with the database.
    pub(crate) file: OnceLock<BatchNumberFile>,
    /// The number before it fell while this process was connected to the database; 0 when it has not fallen or the fall was
    /// acknowledged.
    pub(crate) number_before_restore: AtomicI64,
}

pub(super) struct BatchNumbering {
    pub(super) shared: Arc<SharedBatchNumber>,
    /// Batches not yet counted in the database.
    uncounted: i64,
    counted_at: Option<Instant>,
    /// The last number that the database returned.
    last: i64,
}

impl BatchNumbering {
    pub(super) fn new(shared: Arc<SharedBatchNumber>) -> Self {
        Self { shared, uncounted: 0, counted_at: None, last: 0 }
    }

    pub(super) fn committed(&mut self) {
        self.uncounted += 1;
    }

    /// Time until batches must be counted; `None` when all are.
    pub(super) fn due_in(&self) -> Option<Duration> {
        let rest = self.counted_at.map_or(Duration::ZERO, |counted_at| COUNT_INTERVAL.saturating_sub(counted_at.elapsed()));
        (self.uncounted > 0).then_some(rest)
    }
}

impl WriterTask {
    /// Counts the committed batches in the database, then writes the file.
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
            self.numbering.shared.number_before_restore.store(self.numbering.last, Ordering::Relaxed);
            // The file keeps the higher number for the next start.
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

/// Replaces the file atomically. It is not flushed: after a power failure it may lag further behind.
fn write(target: &BatchNumberFile, number: i64) -> std::io::Result<()> {
    let beside = target.path.with_extension(format!("{}.new", std::process::id()));
    let mut file = std::fs::File::create(&beside)?;
    writeln!(file, "{} {number}", target.installation)?;
    drop(file);
    std::fs::rename(&beside, &target.path)
}

/// The installation and the number in a file; `None` when the file is missing or malformed.
pub(crate) fn read(file: &Path) -> Option<(String, i64)> {
    let text = std::fs::read_to_string(file).ok()?;
    let (installation, number) = text.trim().split_once(' ')?;
    Some((installation.to_owned(), number.parse().ok()?))
}
