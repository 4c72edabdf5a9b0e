//! The writer: one thread with its own connection that commits the queued steps in batches. It is a thread and not a task: otherwise
//! each statement of a batch would wait behind the requests that wait for the batch.

mod batch_number;
mod outcome;
mod standalone;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rampart_core::id::BatchId;
use rampart_core::time::Timestamp;
use tokio::sync::{mpsc, oneshot};

use batch_number::BatchNumbering;
pub(crate) use batch_number::{BATCH_SERIES, BatchNumberFile, SharedBatchNumber, read as read_batch_number};

use super::Committed;
use super::batch::{Answers, BatchAttempt, BatchError};
use super::checkpoint::checkpoint;
use super::prepare::Prepared;
use super::prune::Pruned;
use super::stats::{CommitCounters, Stats};
use super::writer_cache::WriterCache;
use crate::error::{CommitError, StoreError};
use crate::options::{CommitFault, OnFatal, StoreOptions};
use crate::sql::{BulkStatement, DatabaseTarget, DbSession, ErrorClass, TransactionError, classify};

/// Attempts per batch. A deadlock, a busy database, a lost connection or a record that turned out not to be new causes another one.
const MAX_ATTEMPTS: u32 = 12;

type ReplySender<T> = oneshot::Sender<T>;

enum WriterRequest {
    Commit(Box<Prepared>, ReplySender<Result<Committed, CommitError>>),
    Reserve(Arc<str>, i64, ReplySender<Result<Range<i64>, StoreError>>),
    Prune(Timestamp, i64, ReplySender<Result<Pruned, StoreError>>),
    Close(ReplySender<()>),
}

/// The handle of the writer thread.
pub(crate) struct Writer {
    queue: mpsc::Sender<WriterRequest>,
    counters: Arc<CommitCounters>,
    running: Arc<AtomicBool>,
    batch_number: Arc<SharedBatchNumber>,
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the writer has stopped or its queue is full".into())
}

impl Writer {
    pub(crate) fn start(target: DatabaseTarget, options: &StoreOptions) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (queue, requests) = mpsc::channel(options.queue.max(1));
        let counters = Arc::new(CommitCounters::new());
        let running = Arc::new(AtomicBool::new(true));
        let batch_number = Arc::new(SharedBatchNumber::default());
        if matches!(target, DatabaseTarget::Sqlite(_)) {
            tokio::spawn(checkpoint(target.clone(), Arc::clone(&counters), Arc::clone(&running)));
        }
        let task = WriterTask {
            target,
            session: None,
            options: options.clone(),
            counters: Arc::clone(&counters),
            booked_at: 0,
            last_error: String::new(),
            numbering: BatchNumbering::new(Arc::clone(&batch_number)),
            cache: WriterCache::default(),
        };
        let on_fatal: OnFatal = Arc::clone(&options.on_fatal);
        let watched = Arc::clone(&running);
        std::thread::Builder::new().name("rampart-writer".into()).spawn(move || {
            // Spawned, so that a panic becomes an error instead of ending this thread.
            let end = runtime.block_on(async { tokio::spawn(task.run(requests)).await });
            watched.store(false, Ordering::Relaxed);
            match end {
                Ok(Ok(())) => {}
                Ok(Err(reason)) => on_fatal(&reason),
                Err(_) => on_fatal("the writer panicked"),
            }
        })?;
        Ok(Self { queue, counters, running, batch_number })
    }

    pub(crate) async fn commit(&self, step: Prepared) -> Result<Committed, CommitError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(WriterRequest::Commit(Box::new(step), answer)).map_err(|_| CommitError::Unavailable)?;
        answered.await.unwrap_or(Err(CommitError::Unavailable))
    }

    pub(crate) async fn reserve(&self, series: &str, count: i64) -> Result<Range<i64>, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(WriterRequest::Reserve(series.into(), count, answer)).map_err(|_| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    pub(crate) async fn prune(&self, now: Timestamp, limit: i64) -> Result<Pruned, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(WriterRequest::Prune(now, limit, answer)).map_err(|_| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    pub(crate) async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        if self.queue.send(WriterRequest::Close(answer)).await.is_ok() {
            // A stopped writer counts as closed.
            let _ = answered.await;
        }
        // The thread may still be cleaning up; it commits nothing more.
        self.running.store(false, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self) -> Stats {
        self.counters.read(self.queue.max_capacity() - self.queue.capacity(), self.running.load(Ordering::Relaxed))
    }

    /// The batch number, shared with the store.
    pub(crate) fn batch_number(&self) -> &SharedBatchNumber {
        &self.batch_number
    }
}

#[expect(clippy::disallowed_methods, reason = "batches and bookings are stamped with real time, which no decision looks at")]
fn real_now() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// The reason why the writer cannot continue.
type Fatal = String;

/// Why an attempt failed, which decides how to go on.
enum AttemptError {
    Retry,
    /// Run the batch again and look up records that were assumed to be new.
    RetryVerifyingNew,
    /// Connect and run the batch again: the connection is gone and nothing was committed.
    Reconnect,
    /// Find out whether the commit happened: its response was lost with the connection.
    OutcomeUnknown(Answers),
    /// A step of the batch cannot be stored.
    InvalidData(String),
    Unavailable,
}

struct WriterTask {
    target: DatabaseTarget,
    session: Option<DbSession>,
    options: StoreOptions,
    counters: Arc<CommitCounters>,
    booked_at: i64,
    /// The last error of the database.
    last_error: String,
    numbering: BatchNumbering,
    /// Rows written by earlier batches of this session.
    cache: WriterCache,
}

impl WriterTask {
    async fn run(mut self, mut requests: mpsc::Receiver<WriterRequest>) -> Result<(), Fatal> {
        let cap = self.options.batch.max(1);
        // Connects early, so that the first commit need not wait. If this fails, the first commit tries again.
        if let Err(error) = self.ensure_connected().await {
            tracing::warn!(%error, "the writer cannot reach the database yet");
        }
        let mut taken = Vec::with_capacity(cap);
        loop {
            let received = requests.recv_many(&mut taken, cap);
            let received = match self.numbering.due_in() {
                None => received.await,
                Some(due) => match tokio::time::timeout(due, received).await {
                    Ok(received) => received,
                    Err(_) => {
                        self.count_batches().await;
                        continue;
                    }
                },
            };
            if received == 0 {
                break;
            }
            self.counters.mark_busy();
            let mut closers = Vec::new();
            self.serve(&mut taken, &mut closers).await?;
            if self.numbering.due_in().is_some_and(|due| due.is_zero()) {
                self.count_batches().await;
            }
            if !closers.is_empty() {
                requests.close();
                while requests.recv_many(&mut taken, cap).await > 0 {
                    self.serve(&mut taken, &mut closers).await?;
                }
            }
            self.counters.mark_idle();
            if !closers.is_empty() {
                self.count_batches().await;
                self.disconnect().await;
            }
            for closer in closers {
                // The caller may be gone.
                let _ = closer.send(());
            }
        }
        self.disconnect().await;
        Ok(())
    }

    async fn disconnect(&mut self) {
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }

    /// Serves the requests taken off the queue: reservations first (they are few and others wait for them), then all steps together.
    async fn serve(&mut self, taken: &mut Vec<WriterRequest>, closers: &mut Vec<ReplySender<()>>) -> Result<(), Fatal> {
        let (mut steps, mut answers, mut prunes) = (Vec::with_capacity(taken.len()), Vec::with_capacity(taken.len()), Vec::new());
        for request in taken.drain(..) {
            match request {
                WriterRequest::Commit(step, answer) => {
                    steps.push(*step);
                    answers.push(answer);
                }
                WriterRequest::Reserve(series, count, answer) => {
                    // The caller may be gone; its numbers are lost then, which is allowed.
                    let _ = answer.send(self.reserve(&series, count).await);
                }
                WriterRequest::Prune(now, limit, answer) => prunes.push((now, limit, answer)),
                WriterRequest::Close(answer) => closers.push(answer),
            }
        }
        if !steps.is_empty() {
            self.commit(&steps, &mut answers).await?;
        }
        for (now, limit, answer) in prunes {
            let pruned = self.prune(now, limit).await;
            let _ = answer.send(pruned);
        }
        Ok(())
    }

    /// Connects if there is no connection. Gives up after `StoreOptions::patience`.
    async fn ensure_connected(&mut self) -> Result<(), StoreError> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(20);
        while self.session.is_none() {
            let left = self.options.patience.saturating_sub(begun.elapsed());
            match tokio::time::timeout(left.max(Duration::from_millis(100)), self.target.session(false)).await {
                Ok(Ok(session)) => {
                    self.session = Some(session);
                    self.cache = WriterCache::default();
                }
                Ok(Err(error)) if begun.elapsed() >= self.options.patience => return Err(error.into()),
                Err(_) => return Err(StoreError::Unavailable("the database does not answer".into())),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the writer cannot reach the database");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
            }
        }
        Ok(())
    }

    /// Commits steps and answers them. A batch that cannot be stored is split in two until the faulty step is alone, so that the
    /// other steps are committed.
    async fn commit(&mut self, steps: &[Prepared], answers: &mut Vec<ReplySender<Result<Committed, CommitError>>>) -> Result<(), Fatal> {
        let mut parts = VecDeque::new();
        parts.push_back(0..steps.len());
        let mut waiting = answers.drain(..);
        while let Some(part) = parts.pop_front() {
            match self.commit_part(&steps[part.clone()]).await? {
                Ok(results) => {
                    for result in results {
                        self.count(&result);
                        if let Some(answer) = waiting.next() {
                            // The caller may be gone; the commit stands.
                            let _ = answer.send(result);
                        }
                    }
                }
                Err(reason) if part.len() == 1 => {
                    tracing::error!(reason, "a step cannot be stored");
                    self.counters.failed.fetch_add(1, Ordering::Relaxed);
                    if let Some(answer) = waiting.next() {
                        let _ = answer.send(Err(CommitError::Defect(reason)));
                    }
                }
                Err(_) => {
                    let middle = part.start + part.len() / 2;
                    parts.push_front(middle..part.end);
                    parts.push_front(part.start..middle);
                }
            }
        }
        Ok(())
    }

    fn count(&self, result: &Result<Committed, CommitError>) {
        let counter = match result {
            Ok(_) => &self.counters.committed,
            Err(CommitError::Unavailable | CommitError::Defect(_)) => &self.counters.failed,
            Err(_) => &self.counters.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs one transaction, with retries. The inner `Err` says that a step cannot be stored.
    async fn commit_part(&mut self, steps: &[Prepared]) -> Result<Result<Answers, String>, Fatal> {
        let batch: Arc<str> = BatchId::mint(real_now(), &*self.options.randomness).to_string().into();
        let begun = Instant::now();
        let mut verify_new = false;
        for attempt in 1..=MAX_ATTEMPTS {
            if let Err(error) = self.ensure_connected().await {
                tracing::error!(%error, steps = steps.len(), "the database cannot be reached");
                self.last_error = error.to_string();
                break;
            }
            let done = match self.attempt(&batch, steps, verify_new).await {
                Ok(answers) => Some(answers),
                Err(AttemptError::Retry) => None,
                Err(AttemptError::RetryVerifyingNew) => {
                    verify_new = true;
                    None
                }
                Err(AttemptError::Reconnect) => {
                    self.session = None;
                    None
                }
                Err(AttemptError::OutcomeUnknown(answers)) => {
                    self.session = None;
                    self.was_committed(&batch).await?.then_some(answers)
                }
                Err(AttemptError::InvalidData(reason)) => return Ok(Err(reason)),
                Err(AttemptError::Unavailable) => break,
            };
            if let Some(answers) = done {
                let stored = answers.iter().filter(|answer| answer.is_ok()).count();
                if stored > 0 {
                    self.counters.record_write();
                    self.numbering.committed();
                }
                self.counters.record_batch(stored, begun.elapsed());
                return Ok(Ok(answers));
            }
            self.counters.retries.fetch_add(1, Ordering::Relaxed);
            back_off(attempt, begun).await;
        }
        self.counters.record_failure(self.last_error.clone());
        Ok(Ok(all_unavailable(steps)))
    }

    async fn attempt(&mut self, batch: &Arc<str>, steps: &[Prepared], verify_new: bool) -> Result<Answers, AttemptError> {
        let Some(session) = &mut self.session else { return Err(AttemptError::Reconnect) };
        let booked = real_now();
        self.booked_at = self.booked_at.max(booked.micros());
        let mut attempt = BatchAttempt {
            session,
            randomness: &*self.options.randomness,
            batch: Arc::clone(batch),
            now: self.options.clock.now(),
            booked_at: &mut self.booked_at,
            cache: std::mem::take(&mut self.cache),
        };
        let work = async {
            attempt.session.begin().await?;
            let mut state = attempt.load(steps, verify_new).await?;
            let (answers, last) = attempt.run(&mut state, steps).await?;
            Ok((answers, last, state))
        };
        let done = match tokio::time::timeout(self.options.patience, work).await {
            Ok(done) => done,
            // The database does not respond. It rolls back when the connection ends.
            Err(_) => {
                self.last_error = "the database does not answer".to_owned();
                return Err(AttemptError::Reconnect);
            }
        };
        let cache = attempt.cache;
        let (answers, last, state) = match done {
            Ok(done) => done,
            Err(fault) => return Err(self.abandon(fault, verify_new).await),
        };
        let answers = if answers.iter().all(Result::is_err) {
            self.roll_back().await;
            answers
        } else {
            self.finish_commit(answers, &last, verify_new).await?
        };
        self.cache = cache.update(state);
        Ok(answers)
    }

    /// Rolls back an attempt in which a statement failed, and decides how to go on.
    async fn abandon(&mut self, fault: BatchError, verify_new: bool) -> AttemptError {
        let next = self.classify_attempt(fault, verify_new);
        if !matches!(next, AttemptError::Reconnect) {
            self.roll_back().await;
        }
        next
    }

    /// Runs the last statements and commits. Every error of the commit except a serialisation failure leaves the outcome unknown.
    async fn finish_commit(&mut self, answers: Answers, last: &[BulkStatement], verify_new: bool) -> Result<Answers, AttemptError> {
        let fault = self.options.commit_faults.as_ref().and_then(|faults| faults());
        let Some(session) = &mut self.session else { return Err(AttemptError::Reconnect) };
        if fault == Some(CommitFault::LostBefore) {
            return Err(AttemptError::OutcomeUnknown(answers));
        }
        let committed = match tokio::time::timeout(self.options.patience, session.run_and_commit(last)).await {
            Ok(committed) => committed,
            Err(_) => return Err(AttemptError::OutcomeUnknown(answers)),
        };
        match committed {
            Ok(()) if fault == Some(CommitFault::LostAfter) => Err(AttemptError::OutcomeUnknown(answers)),
            Ok(()) => Ok(answers),
            Err(TransactionError::Statement(error)) => Err(self.abandon(error.into(), verify_new).await),
            Err(TransactionError::Commit(error)) if classify(&error) == ErrorClass::Retry => {
                self.last_error = error.to_string();
                self.roll_back().await;
                Err(AttemptError::Retry)
            }
            Err(TransactionError::Commit(error)) => {
                tracing::warn!(%error, "the outcome of a commit is unknown");
                self.last_error = error.to_string();
                Err(AttemptError::OutcomeUnknown(answers))
            }
        }
    }

    fn classify_attempt(&mut self, fault: BatchError, verify_new: bool) -> AttemptError {
        let error = match fault {
            BatchError::Defect(reason) => return AttemptError::InvalidData(reason),
            BatchError::Sql(error) => error,
        };
        self.last_error = error.to_string();
        match classify(&error) {
            ErrorClass::ConnectionLost => AttemptError::Reconnect,
            ErrorClass::Retry => AttemptError::Retry,
            ErrorClass::Unavailable => {
                tracing::error!(%error, "the database cannot store a batch");
                AttemptError::Unavailable
            }
            ErrorClass::AlreadyExists if !verify_new => AttemptError::RetryVerifyingNew,
            ErrorClass::AlreadyExists | ErrorClass::InvalidData => AttemptError::InvalidData(error.to_string()),
        }
    }

    async fn roll_back(&mut self) {
        if let Some(session) = &mut self.session
            && session.rollback().await.is_err()
        {
            // A connection in an unknown state is dropped; the database rolls back.
            self.session = None;
        }
    }
}

/// Waits before the next attempt: longer each time, with jitter, so that two nodes that collided do not collide again.
async fn back_off(attempt: u32, begun: Instant) {
    let jitter = u64::from(begun.elapsed().subsec_nanos() % 5);
    tokio::time::sleep(Duration::from_millis(u64::from(attempt.min(MAX_ATTEMPTS)) * 2 + jitter)).await;
}

fn all_unavailable(steps: &[Prepared]) -> Answers {
    steps.iter().map(|_| Err(CommitError::Unavailable)).collect()
}
