//! Watches a chain: follows its blocks behind a cursor, turns deposits to our addresses into facts, reverses what the chain undid, and
//! checks our own transactions.

mod blocks;
mod own_transactions;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rampart_core::id::TransferId;
use rampart_core::order::arrival::counts_at;
use rampart_core::ports::{BlockHead, ChainPort, Unavailable};
use rampart_core::step::Step;
use rampart_core::step::fact::{DepositChange, Fact, FactBody};
use rampart_core::step::record::Record;
use rampart_core::step::watch::{Cursor, Deposit, DepositState};
use rampart_core::time::Timestamp;
use rampart_store::CommitError;

use super::ingest;
use super::supervisor::{TurnOutcome, Worker, WorkerFuture};
use super::timeouts::answer_in_time;
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::workers::source_progress::{chain_cursor, fact_key_prefix};

/// Followed blocks kept in the cursor: the start of a deeper reorganisation cannot be found.
const REMEMBERED_BLOCKS: usize = 200;
/// Blocks read in one turn.
const TURN_BLOCKS: usize = 100;
const PAGE_ROWS: u32 = 256;
/// A chain without a new block for this many block intervals counts as stalled. Blocks arrive at random: on a working chain a gap this long
/// occurs once in some hundred thousand blocks.
const SILENT_INTERVALS: u32 = 12;

/// Height and hash of the newest followed blocks, oldest first, as stored in the cursor.
pub(crate) type FollowedBlocks = Vec<(u64, String)>;

pub(crate) struct ChainWatcher {
    app: App,
    port: Arc<dyn ChainPort>,
    known: Mutex<Option<BlockHead>>,
    /// Hash of the chain's newest block, and when it was first seen (business time).
    newest: Mutex<Option<(String, Timestamp)>>,
    /// The head at which our own transactions were last checked.
    asked_at: Mutex<u64>,
    /// Height from which a transaction of ours that is in a block can be final; before that it is not checked.
    final_at: Mutex<HashMap<TransferId, u64>>,
}

impl ChainWatcher {
    pub(crate) fn new(app: App, port: Arc<dyn ChainPort>) -> Self {
        Self { app, port, known: Mutex::default(), newest: Mutex::default(), asked_at: Mutex::default(), final_at: Mutex::default() }
    }

    async fn answer<T>(&self, call: impl Future<Output = Result<T, Unavailable>>) -> AppResult<T> {
        answer_in_time(&self.app, call).await
    }

    async fn watch(&self) -> AppResult<TurnOutcome> {
        let begun_at = self.app.business.now();
        let head = self.answer(self.port.head()).await?;
        let turn = self.follow(&head, begun_at).await?;
        if turn == TurnOutcome::Idle {
            let is_new = *self.asked_at.lock() != head.height;
            if is_new {
                self.confirm_deposits(&head).await?;
                self.check_own_transactions(&head).await?;
                self.check_recalled().await?;
                *self.asked_at.lock() = head.height;
            }
        }
        *self.known.lock() = Some(head);
        Ok(turn)
    }

    /// Moves the cursor towards the newest block. A reading that reaches it is complete.
    async fn follow(&self, head: &BlockHead, begun_at: Timestamp) -> AppResult<TurnOutcome> {
        let chain = self.port.chain();
        let Some(cursor) = self.app.store.cursor(chain_cursor(chain)).await? else {
            // Earlier blocks hold nothing of ours: no address was handed out for this chain yet.
            return self.save(self.new_cursor(), vec![(head.height, head.hash.clone())], Step::new()).await.map(|()| TurnOutcome::Idle);
        };
        let followed: FollowedBlocks = serde_json::from_str(&cursor.position).map_err(|fault| AppError::Defect(Box::new(fault)))?;
        let Some((height, hash)) = followed.last().cloned() else {
            return Err(AppError::defect(format!("the cursor of {chain} contains no block")));
        };
        if head.height == height && head.hash == hash {
            let confirm_interval = self.app.config.workers.confirm_interval();
            let is_confirmed = cursor.moved_at.until(self.app.real.now()) < confirm_interval
                && cursor.read_at.is_some_and(|read| read.until(begun_at) < confirm_interval);
            if !is_confirmed && !self.is_stalled(head).await? {
                self.save(Cursor { read_at: Some(begun_at), ..cursor }, followed, Step::new()).await?;
            }
            return Ok(TurnOutcome::Idle);
        }
        match blocks::common_ancestor(self, &followed).await? {
            blocks::CommonAncestor::Newest => self.advance(cursor, followed, head, begun_at).await,
            blocks::CommonAncestor::At(kept) => {
                let undone = followed.len() - kept;
                tracing::warn!(%chain, undone, "the chain was reorganised");
                let from = followed.get(kept).map_or(0, |(height, _)| *height);
                self.roll_back(cursor, followed[..kept].to_vec(), from, undone).await
            }
            blocks::CommonAncestor::BeyondHistory => {
                // Everything remembered is rolled back and read again from there.
                let from = followed.first().map_or(height, |(height, _)| *height);
                tracing::error!(%chain, from, "the reorganisation is deeper than the remembered blocks; please check older deposits");
                let base = self.answer(self.port.block(from.saturating_sub(1))).await?;
                let base = base.ok_or_else(|| AppError::Unavailable("the chain is shorter than what was followed".to_owned()))?;
                self.roll_back(cursor, vec![(base.head.height, base.head.hash)], from, followed.len()).await
            }
        }
    }

    /// Whether the newest block is so old that there must be newer ones that the node does not return. Then the cursor's reading time is
    /// not confirmed.
    async fn is_stalled(&self, head: &BlockHead) -> AppResult<bool> {
        let interval = self.answer(self.port.block_interval()).await?;
        let now = self.app.business.now();
        let mut newest = self.newest.lock();
        match (&*newest, interval) {
            (Some((hash, since)), Some(interval)) if *hash == head.hash => Ok(since.until(now) > interval * SILENT_INTERVALS),
            _ => {
                *newest = Some((head.hash.clone(), now));
                Ok(false)
            }
        }
    }

    async fn roll_back(&self, cursor: Cursor, kept: FollowedBlocks, from: u64, undone: usize) -> AppResult<TurnOutcome> {
        self.final_at.lock().clear();
        // Before the cursor moves: afterwards nothing would show that there is something to recheck.
        self.recheck_confirmed(undone).await?;
        self.undo(cursor, kept, from).await?;
        Ok(TurnOutcome::More)
    }

    fn new_cursor(&self) -> Cursor {
        Cursor { id: chain_cursor(self.port.chain()), version: 0, position: String::new(), moved_at: Timestamp::default(), read_at: None }
    }

    /// Writes the cursor with the step. A faster process has found the same.
    async fn save(&self, cursor: Cursor, mut followed: FollowedBlocks, mut step: Step) -> AppResult<()> {
        if followed.len() > REMEMBERED_BLOCKS {
            followed.drain(..followed.len() - REMEMBERED_BLOCKS);
        }
        let position = serde_json::to_string(&followed).map_err(|fault| AppError::Defect(Box::new(fault)))?;
        step.write(Cursor { position, moved_at: self.app.real.now(), ..cursor });
        match self.app.commit(step).await {
            Ok(_) | Err(CommitError::Conflict(_) | CommitError::AlreadyClaimed(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the blocks after the newest followed one.
    async fn advance(&self, cursor: Cursor, mut followed: FollowedBlocks, head: &BlockHead, begun_at: Timestamp) -> AppResult<TurnOutcome> {
        let mut transfers = Vec::new();
        let mut parent = followed.last().map(|(height, hash)| (*height, hash.clone())).unwrap_or_default();
        let known = parent.0;
        for _ in 0..TURN_BLOCKS {
            if parent.0 >= head.height {
                break;
            }
            let Some(block) = self.answer(self.port.block(parent.0 + 1)).await? else {
                if parent.0 == known {
                    // The node announces blocks and does not return them: the cursor must not be confirmed.
                    return Err(AppError::Unavailable(format!("block {} is below the newest block but was not returned", parent.0 + 1)));
                }
                break;
            };
            if block.head.parent != parent.1 {
                // A reorganisation during the read: what was read so far is kept, and the next turn walks back.
                break;
            }
            parent = (block.head.height, block.head.hash.clone());
            followed.push(parent.clone());
            transfers.extend(block.transfers.into_iter().map(|transfer| (block.head.clone(), transfer)));
        }
        let step = blocks::deposits(&self.app, &*self.port, transfers, cursor.read_at).await?;
        let read_at = if parent.0 < head.height { cursor.read_at } else { Some(begun_at) };
        self.save(Cursor { read_at, ..cursor }, followed, step).await?;
        Ok(if parent.0 < head.height { TurnOutcome::More } else { TurnOutcome::Idle })
    }

    /// Drops the deposits in blocks of this height and above.
    async fn undo(&self, cursor: Cursor, followed: FollowedBlocks, from: u64) -> AppResult<()> {
        let mut step = Step::new();
        let (mut after, mut changed) = (None, Vec::new());
        loop {
            let page = self.app.store.deposits_from_height(self.port.chain(), from, after, PAGE_ROWS).await?;
            let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
            after = page.last().map(|deposit| (deposit.height, deposit.id));
            let lost = page.into_iter().filter(|deposit| deposit.state != DepositState::Dropped);
            changed.extend(lost.map(|deposit| Deposit { state: DepositState::Dropped, ..deposit }));
            if is_last {
                break;
            }
        }
        write_changes(&self.app, &mut step, changed, DepositChange::Dropped);
        self.save(cursor, followed, step).await
    }

    /// Confirms deposits that have enough blocks above them.
    async fn confirm_deposits(&self, head: &BlockHead) -> AppResult<()> {
        let mut after = None;
        loop {
            let page = self.app.store.deposits_in_state(self.port.chain(), DepositState::Pending, after, PAGE_ROWS).await?;
            let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
            after = page.last().map(|deposit| deposit.id);
            let is_final = |deposit: &Deposit| {
                let needed = self.app.catalogue.coin(deposit.coin).map_or(u32::MAX, |coin| coin.confirmations);
                confirmations(head, deposit.height) >= needed
            };
            let confirmed: Vec<Deposit> =
                page.into_iter().filter(is_final).map(|deposit| Deposit { state: DepositState::Confirmed, ..deposit }).collect();
            if !confirmed.is_empty() {
                let mut step = Step::new();
                write_changes(&self.app, &mut step, confirmed, DepositChange::Confirmed);
                match self.app.commit(step).await {
                    // Another process was faster, or there was a reorganisation: the next turn looks again.
                    Ok(_) | Err(CommitError::Conflict(_) | CommitError::AlreadyClaimed(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

/// The confirmations of a block of this height, itself included.
pub(crate) fn confirmations(head: &BlockHead, height: u64) -> u32 {
    u32::try_from((head.height + 1).saturating_sub(height)).unwrap_or(u32::MAX)
}

/// Writes deposits with the facts of their change. The natural key contains the version the deposit gets, so that a block that comes, goes
/// and comes again is three facts.
pub(crate) fn write_changes(app: &App, step: &mut Step, deposits: Vec<Deposit>, change: DepositChange) {
    let reported = deposits.iter().map(|deposit| {
        let key = format!("{}{}:{}:v{}", fact_key_prefix(deposit.coin.chain), deposit.txid, deposit.index, deposit.version + 1);
        let backdating = app.catalogue.chain_backdating(deposit.coin.chain);
        let at = Some(counts_at(deposit.block_time, deposit.seen_at, deposit.read_before, backdating));
        (key, FactBody::Deposit { deposit: deposit.id, change, order: deposit.order, at })
    });
    let facts = ingest::facts(app, reported.collect(), None).into_iter().zip(&deposits);
    let facts: Vec<Fact> = facts.map(|(fact, deposit)| Fact { read_before: deposit.read_before, ..fact }).collect();
    ingest::store(step, &facts);
    step.writes.extend(deposits.into_iter().map(Record::from));
}

impl Worker for ChainWatcher {
    fn name(&self) -> String {
        format!("chain-{}", self.port.chain())
    }

    fn turn(&self) -> WorkerFuture<'_, AppResult<TurnOutcome>> {
        Box::pin(self.watch())
    }

    fn woken(&self) -> WorkerFuture<'_, ()> {
        let known = self.known.lock().clone();
        Box::pin(async move {
            match known {
                Some(head) => self.port.news(&head).await,
                None => std::future::pending().await,
            }
        })
    }
}
