//! The writer: one thread with a connection of its own, that makes durable whatever has queued meanwhile. It is a thread
//! and not a task, because every statement of a batch would otherwise wait behind the requests that wait for the batch.

mod alone;
mod lost;
mod number;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rampart_core::id::BatchId;
use rampart_core::time::Timestamp;
use tokio::sync::{mpsc, oneshot};

use number::Numbering;
pub(crate) use number::{Kept, SERIES as BATCHES, Shared, read as read_kept};

use super::batch::{Answers, BatchError, Scene};
use super::checkpoint::checkpoint;
use super::memory::Memory;
use super::prepare::Prepared;
use super::prune::Pruned;
use super::stats::{Counted, Stats};
use super::{CommitFault, Committed};
use crate::error::{CommitError, StoreError};
use crate::sql::{Session, Target, Trouble, trouble};
use crate::store::{OnFatal, StoreOptions};

/// How often a batch is run again after a deadlock, a busy database, a lost connection or a record that turned out not to be new.
const MOST_ATTEMPTS: u32 = 12;

type Answer<T> = oneshot::Sender<T>;

enum Request {
    Commit(Box<Prepared>, Answer<Result<Committed, CommitError>>),
    Reserve(Arc<str>, i64, Answer<Result<Range<i64>, StoreError>>),
    Prune(Timestamp, i64, Answer<Result<Pruned, StoreError>>),
    Close(Answer<()>),
}

/// The way to the writer.
pub(crate) struct Writer {
    queue: mpsc::Sender<Request>,
    counted: Arc<Counted>,
    running: Arc<AtomicBool>,
    numbered: Arc<Shared>,
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the writer has stopped or its queue is full".into())
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(target: Target, options: &StoreOptions) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (queue, requests) = mpsc::channel(options.queue.max(1));
        let counted = Arc::new(Counted::new());
        let running = Arc::new(AtomicBool::new(true));
        let numbered = Arc::new(Shared::default());
        if matches!(target, Target::Sqlite(_)) {
            tokio::spawn(checkpoint(target.clone(), Arc::clone(&counted), Arc::clone(&running)));
        }
        let task = Task {
            target,
            session: None,
            options: options.clone(),
            counted: Arc::clone(&counted),
            booked_at: 0,
            trouble: String::new(),
            numbering: Numbering::new(Arc::clone(&numbered)),
            memory: Memory::default(),
        };
        let on_fatal: OnFatal = Arc::clone(&options.on_fatal);
        let watched = Arc::clone(&running);
        std::thread::Builder::new().name("rampart-writer".into()).spawn(move || {
            // Spawned, so that a panic is an answer and not the end of this thread.
            let end = runtime.block_on(async { tokio::spawn(task.run(requests)).await });
            watched.store(false, Ordering::Relaxed);
            match end {
                Ok(Ok(())) => {}
                Ok(Err(reason)) => on_fatal(&reason),
                Err(_) => on_fatal("the writer panicked"),
            }
        })?;
        Ok(Self { queue, counted, running, numbered })
    }

    pub(crate) async fn commit(&self, step: Prepared) -> Result<Committed, CommitError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Request::Commit(Box::new(step), answer)).map_err(|_| CommitError::Unavailable)?;
        answered.await.unwrap_or(Err(CommitError::Unavailable))
    }

    pub(crate) async fn reserve(&self, series: &str, count: i64) -> Result<Range<i64>, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Request::Reserve(series.into(), count, answer)).map_err(|_| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    pub(crate) async fn prune(&self, now: Timestamp, limit: i64) -> Result<Pruned, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Request::Prune(now, limit, answer)).map_err(|_| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }

    pub(crate) async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        if self.queue.send(Request::Close(answer)).await.is_ok() {
            // A writer that has stopped already is closed too.
            let _ = answered.await;
        }
        // Its thread may still be putting things away; nothing is committed any more.
        self.running.store(false, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self) -> Stats {
        self.counted.read(self.queue.max_capacity() - self.queue.capacity(), self.running.load(Ordering::Relaxed))
    }

    /// What is known of the number of batches.
    pub(crate) fn numbered(&self) -> &Shared {
        &self.numbered
    }
}

/// Real time.
#[expect(clippy::disallowed_methods, reason = "batches and bookings are stamped with real time, which no decision looks at")]
fn real_now() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// Why the writer cannot continue.
type Fatal = String;

/// What to do after an attempt that did not work.
enum Next {
    /// The same again.
    Again,
    /// The same again, looking for records that are taken to be new.
    Carefully,
    /// The same again; the connection is gone, and nothing was committed.
    Reconnect,
    /// What became of the commit has to be found out: its answer was lost with the connection.
    FindOut(Answers),
    /// Something in it cannot be stored.
    Data(String),
    /// The database lacks something.
    Unavailable,
}

struct Task {
    target: Target,
    session: Option<Session>,
    options: StoreOptions,
    counted: Arc<Counted>,
    booked_at: i64,
    /// What the database last said was wrong.
    trouble: String,
    numbering: Numbering,
    /// Of the session's batches before.
    memory: Memory,
}

impl Task {
    async fn run(mut self, mut requests: mpsc::Receiver<Request>) -> Result<(), Fatal> {
        let cap = self.options.batch.max(1);
        // At once, so that the first commit does not wait for it. Should it not work, the first commit tries again.
        if let Err(error) = self.connected().await {
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
            self.counted.busy();
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
            self.counted.idle();
            if !closers.is_empty() {
                self.count_batches().await;
                self.disconnect().await;
            }
            for closer in closers {
                // Who asked may have gone.
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

    /// Serves what was taken off the queue: numbers first (they are few and others wait for them), then the steps together.
    async fn serve(&mut self, taken: &mut Vec<Request>, closers: &mut Vec<Answer<()>>) -> Result<(), Fatal> {
        let (mut steps, mut answers, mut prunes) = (Vec::with_capacity(taken.len()), Vec::with_capacity(taken.len()), Vec::new());
        for request in taken.drain(..) {
            match request {
                Request::Commit(step, answer) => {
                    steps.push(*step);
                    answers.push(answer);
                }
                Request::Reserve(series, count, answer) => {
                    // Who asked may have gone; the numbers are lost then, as they may be.
                    let _ = answer.send(self.reserve(&series, count).await);
                }
                Request::Prune(now, limit, answer) => prunes.push((now, limit, answer)),
                Request::Close(answer) => closers.push(answer),
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

    /// The connection, made anew if it was lost. Gives up after the store's patience.
    async fn connected(&mut self) -> Result<(), StoreError> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(20);
        while self.session.is_none() {
            let left = self.options.patience.saturating_sub(begun.elapsed());
            match tokio::time::timeout(left.max(Duration::from_millis(100)), self.target.session(false)).await {
                Ok(Ok(session)) => {
                    self.session = Some(session);
                    self.memory = Memory::default();
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

    /// Makes steps durable and answers them. A batch in which something cannot be stored is cut in two, so that what cannot
    /// be stored is found and its neighbours are not held up.
    async fn commit(&mut self, steps: &[Prepared], answers: &mut Vec<Answer<Result<Committed, CommitError>>>) -> Result<(), Fatal> {
        let mut parts = VecDeque::new();
        parts.push_back(0..steps.len());
        let mut waiting = answers.drain(..);
        while let Some(part) = parts.pop_front() {
            match self.part(&steps[part.clone()]).await? {
                Ok(results) => {
                    for result in results {
                        self.count(&result);
                        if let Some(answer) = waiting.next() {
                            // Who asked may have gone; what was committed stays.
                            let _ = answer.send(result);
                        }
                    }
                }
                Err(reason) if part.len() == 1 => {
                    tracing::error!(reason, "a step cannot be stored");
                    self.counted.failed.fetch_add(1, Ordering::Relaxed);
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
            Ok(_) => &self.counted.committed,
            Err(CommitError::Unavailable | CommitError::Defect(_)) => &self.counted.failed,
            Err(_) => &self.counted.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// One transaction, run as often as it takes. `Err` inside says that something in it cannot be stored.
    async fn part(&mut self, steps: &[Prepared]) -> Result<Result<Answers, String>, Fatal> {
        let batch: Arc<str> = BatchId::mint(real_now(), &*self.options.randomness).to_string().into();
        let begun = Instant::now();
        let mut careful = false;
        for attempt in 1..=MOST_ATTEMPTS {
            if let Err(error) = self.connected().await {
                tracing::error!(%error, steps = steps.len(), "the database cannot be reached");
                self.trouble = error.to_string();
                break;
            }
            let done = match self.attempt(&batch, steps, careful).await {
                Ok(answers) => Some(answers),
                Err(Next::Again) => None,
                Err(Next::Carefully) => {
                    careful = true;
                    None
                }
                Err(Next::Reconnect) => {
                    self.session = None;
                    None
                }
                Err(Next::FindOut(answers)) => {
                    self.session = None;
                    self.has_happened(&batch).await?.then_some(answers)
                }
                Err(Next::Data(reason)) => return Ok(Err(reason)),
                Err(Next::Unavailable) => break,
            };
            if let Some(answers) = done {
                let stored = answers.iter().filter(|answer| answer.is_ok()).count();
                if stored > 0 {
                    self.counted.wrote();
                    self.numbering.committed();
                }
                self.counted.batch(stored, begun.elapsed());
                return Ok(Ok(answers));
            }
            self.counted.retries.fetch_add(1, Ordering::Relaxed);
            pause(attempt, begun).await;
        }
        self.counted.failing(self.trouble.clone());
        Ok(Ok(refuse_all(steps)))
    }

    async fn attempt(&mut self, batch: &Arc<str>, steps: &[Prepared], careful: bool) -> Result<Answers, Next> {
        let Some(session) = &mut self.session else { return Err(Next::Reconnect) };
        let booked = real_now();
        self.booked_at = self.booked_at.max(booked.micros());
        let mut scene = Scene {
            session,
            randomness: &*self.options.randomness,
            batch: Arc::clone(batch),
            now: self.options.clock.now(),
            booked_at: &mut self.booked_at,
            memory: std::mem::take(&mut self.memory),
        };
        let work = async {
            scene.session.begin().await?;
            let mut world = scene.load(steps, careful).await?;
            let answers = scene.run(&mut world, steps).await?;
            Ok((answers, world))
        };
        let done = match tokio::time::timeout(self.options.patience, work).await {
            Ok(done) => done,
            // Whatever the database is doing, it is not answering: it undoes what was begun when the connection ends.
            Err(_) => {
                self.trouble = "the database does not answer".to_owned();
                return Err(Next::Reconnect);
            }
        };
        let memory = scene.memory;
        let (answers, world) = match done {
            Ok(done) => done,
            Err(fault) => {
                let next = self.judge(fault, careful);
                if !matches!(next, Next::Reconnect) {
                    self.roll_back().await;
                }
                return Err(next);
            }
        };
        let answers = if answers.iter().all(Result::is_err) {
            self.roll_back().await;
            answers
        } else {
            self.end(answers).await?
        };
        self.memory = memory.keep(world);
        Ok(answers)
    }

    /// The commit itself. Every error of it but a serialisation failure leaves its outcome unknown.
    async fn end(&mut self, answers: Answers) -> Result<Answers, Next> {
        let fault = self.options.commit_faults.as_ref().and_then(|faults| faults());
        let Some(session) = &mut self.session else { return Err(Next::Reconnect) };
        if fault == Some(CommitFault::LostBefore) {
            return Err(Next::FindOut(answers));
        }
        let committed = match tokio::time::timeout(self.options.patience, session.commit()).await {
            Ok(committed) => committed,
            Err(_) => return Err(Next::FindOut(answers)),
        };
        match committed {
            Ok(()) if fault == Some(CommitFault::LostAfter) => Err(Next::FindOut(answers)),
            Ok(()) => Ok(answers),
            Err(error) if trouble(&error) == Trouble::Again => {
                self.trouble = error.to_string();
                self.roll_back().await;
                Err(Next::Again)
            }
            Err(error) => {
                tracing::warn!(%error, "the outcome of a commit is unknown");
                self.trouble = error.to_string();
                Err(Next::FindOut(answers))
            }
        }
    }

    fn judge(&mut self, fault: BatchError, careful: bool) -> Next {
        let error = match fault {
            BatchError::Defect(reason) => return Next::Data(reason),
            BatchError::Sql(error) => error,
        };
        self.trouble = error.to_string();
        match trouble(&error) {
            Trouble::Lost => Next::Reconnect,
            Trouble::Again => Next::Again,
            Trouble::Unavailable => {
                tracing::error!(%error, "the database cannot store a batch");
                Next::Unavailable
            }
            Trouble::Exists if !careful => Next::Carefully,
            Trouble::Exists | Trouble::Data => Next::Data(error.to_string()),
        }
    }

    async fn roll_back(&mut self) {
        if let Some(session) = &mut self.session
            && session.rollback().await.is_err()
        {
            // A connection in an unknown state is of no use; the database undoes what it had begun.
            self.session = None;
        }
    }
}

/// Before the next attempt: longer each time, and by chance, because two nodes that collided should not collide again in step.
async fn pause(attempt: u32, begun: Instant) {
    let jitter = u64::from(begun.elapsed().subsec_nanos() % 5);
    tokio::time::sleep(Duration::from_millis(u64::from(attempt.min(MOST_ATTEMPTS)) * 2 + jitter)).await;
}

fn refuse_all(steps: &[Prepared]) -> Answers {
    steps.iter().map(|_| Err(CommitError::Unavailable)).collect()
}
