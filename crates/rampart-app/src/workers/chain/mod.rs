//! Watches a chain: follows its blocks behind a cursor, turns deposits to our addresses into facts, reverses what the chain undid, and
//! checks our own transactions.

mod confirming;
mod deposits;
mod following;
mod own_transactions;
mod second_reading;

pub(crate) use second_reading::rescan;

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use rampart_core::catalogue::finality::ChainProgress;
use rampart_core::id::TransmissionId;
use rampart_core::money::asset::Chain;
use rampart_core::ports::{BlockHead, ChainPorts, Unavailable};
use rampart_core::step::Step;
use rampart_core::step::followed::FollowedBlocks;
use rampart_core::step::watch::Cursor;
use rampart_core::time::Timestamp;
use rampart_store::CommitError;

use super::sending::earlier;
use super::supervisor::{TurnOutcome, Worker, WorkerFuture};
use super::timeouts::answer_in_time;
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::workers::source_progress::chain_cursor;

const PAGE_ROWS: u32 = 256;

pub(crate) struct ChainWatcher {
    app: App,
    ports: ChainPorts,
    known: Mutex<Option<BlockHead>>,
    /// Hash of the chain's newest block, and when it was first seen (business time).
    newest: Mutex<Option<(String, Timestamp)>>,
    /// At what progress deposits and our own transactions were last checked.
    checked_at: Mutex<Option<CheckedAt>>,
    /// Height from which a transmission of ours that is in a block can be final; before that it is not checked.
    pub(super) settling: Mutex<HashMap<TransmissionId, u64>>,
}

/// What a check depends on: without a change of it nothing more can be final.
#[derive(PartialEq, Eq)]
struct CheckedAt {
    newest: (u64, String),
    last_final: Option<u64>,
    is_finality_stalled: bool,
}

impl ChainWatcher {
    pub(crate) fn new(app: App, ports: ChainPorts) -> Self {
        let (known, newest, checked_at, settling) = (Mutex::default(), Mutex::default(), Mutex::default(), Mutex::default());
        Self { app, ports, known, newest, checked_at, settling }
    }

    fn chain(&self) -> Chain {
        self.ports.reader.chain()
    }

    async fn answer<T>(&self, call: impl Future<Output = Result<T, Unavailable>>) -> AppResult<T> {
        answer_in_time(&self.app, call).await
    }

    async fn watch(&self) -> AppResult<TurnOutcome> {
        let begun_at = self.app.business.now();
        let tip = self.answer(self.ports.reader.tip()).await?;
        let followed = self.follow(&tip, begun_at).await?;
        let outcome = match followed {
            Some(followed) => self.check(&followed).await?,
            None => TurnOutcome::More,
        };
        *self.known.lock() = Some(tip.newest);
        Ok(outcome)
    }

    /// What is checked whenever the newest block was reached.
    async fn check(&self, followed: &FollowedBlocks) -> AppResult<TurnOutcome> {
        let progress = progress(&self.app, followed);
        let outcome = match self.read_again(followed, &progress).await {
            // Following goes on without it; the next turn tries again.
            Err(AppError::Unavailable(reason)) => {
                tracing::warn!(chain = %self.chain(), reason, "final blocks could not be read a second time");
                TurnOutcome::Idle
            }
            other => other?,
        };
        let (height, hash) = followed.newest();
        let coins = self.app.catalogue.coins.iter().filter(|coin| coin.id.chain == self.chain());
        let checked_at = CheckedAt {
            newest: (height, hash.to_owned()),
            last_final: progress.last_final,
            is_finality_stalled: coins.filter_map(|coin| coin.finality.stalled).any(|rule| progress.finality_age >= rule.after),
        };
        if self.checked_at.lock().is_none() {
            earlier::convert(&self.app, self.chain()).await?;
        }
        if self.checked_at.lock().as_ref() != Some(&checked_at) {
            self.confirm_deposits(&progress).await?;
            self.check_own_transactions(&progress).await?;
            *self.checked_at.lock() = Some(checked_at);
        }
        Ok(outcome)
    }

    /// Writes the cursor with the step. Whether this process has done it: another one may have found the same faster.
    async fn save(&self, cursor: Cursor, mut followed: FollowedBlocks, mut step: Step) -> AppResult<bool> {
        followed.thin();
        let position = serde_json::to_string(&followed).map_err(|fault| AppError::Defect(Box::new(fault)))?;
        step.write(Cursor { position, ..cursor });
        match self.app.commit(step).await {
            Ok(_) => Ok(true),
            Err(CommitError::Conflict(_)) => Ok(false),
            // Another process is storing a deposit of these blocks. Not tried again at once.
            Err(CommitError::AlreadyClaimed(_)) => Err(AppError::Unavailable("a deposit is being stored elsewhere".to_owned())),
            Err(error) => Err(error.into()),
        }
    }
}

/// How far a chain has come, as far as it was followed.
pub(crate) fn progress(app: &App, followed: &FollowedBlocks) -> ChainProgress {
    let finality_age = followed.final_since().map_or(Duration::ZERO, |since| since.until(app.business.now()));
    ChainProgress { newest: followed.newest().0, last_final: followed.last_final(), finality_age }
}

/// The cursor of a chain with the blocks it stores; `None` before the chain was first followed.
pub(crate) async fn stored_position(app: &App, chain: Chain) -> AppResult<Option<(Cursor, FollowedBlocks)>> {
    let Some(cursor) = app.store.cursor(chain_cursor(chain)).await? else { return Ok(None) };
    let followed = serde_json::from_str(&cursor.position);
    let followed = followed.map_err(|fault| AppError::defect(format!("the cursor of {chain} cannot be read: {fault}")))?;
    Ok(Some((cursor, followed)))
}

impl Worker for ChainWatcher {
    fn name(&self) -> String {
        format!("chain-{}", self.chain())
    }

    fn turn(&self) -> WorkerFuture<'_, AppResult<TurnOutcome>> {
        Box::pin(self.watch())
    }

    fn woken(&self) -> WorkerFuture<'_, ()> {
        let known = self.known.lock().clone();
        Box::pin(async move {
            match known {
                Some(head) => self.ports.reader.news(&head).await,
                None => std::future::pending().await,
            }
        })
    }
}
