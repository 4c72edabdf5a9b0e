//! Watching a chain: its blocks are followed behind a cursor, deposits to our addresses become facts, blocks that the
//! chain undid are taken back, and what became of our own transactions is asked for.

mod blocks;
mod ours;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rampart_core::arrival::counts_at;
use rampart_core::asset::Chain;
use rampart_core::fact::{DepositChange, Fact, FactBody};
use rampart_core::id::TransferId;
use rampart_core::ports::{BlockHead, ChainPort, Unavailable};
use rampart_core::record::Record;
use rampart_core::step::Step;
use rampart_core::time::Timestamp;
use rampart_core::watch::{Cursor, CursorName, Deposit, DepositState};
use rampart_store::CommitError;

use super::ingest;
use super::jobs::answer_in_time;
use super::supervisor::{Task, Turn, Worker};
use crate::app::App;
use crate::error::{AppError, AppResult};

/// How many blocks are remembered: a reorganisation that is deeper cannot be followed to its beginning.
const REMEMBERED: usize = 200;
/// How many blocks are read in one turn.
const BLOCKS: usize = 100;
const PAGE: u32 = 256;
/// After how many times its usual interval without a block a chain stands still. Blocks come by chance: on a chain that
/// works, a gap as long as this comes once in some hundred thousand blocks.
const SILENT_INTERVALS: u32 = 12;

/// The newest blocks that were followed, oldest first, as the cursor holds them.
pub(crate) type Followed = Vec<(u64, String)>;

/// The cursor of a chain.
pub(crate) fn cursor_of(chain: Chain) -> CursorName {
    format!("chain-{chain}").parse().expect("a prefix of 6 and a name of at most 16 characters make a code of at most 40")
}

/// Watches one chain.
pub(crate) struct Watcher {
    app: App,
    port: Arc<dyn ChainPort>,
    known: Mutex<Option<BlockHead>>,
    /// The newest block of the chain, and since when it is that (business time).
    newest: Mutex<Option<(String, Timestamp)>>,
    /// The height at which our own transactions were last asked for.
    asked_at: Mutex<u64>,
    /// From which height on it is worth asking for a transaction of ours that is in a block already.
    final_at: Mutex<HashMap<TransferId, u64>>,
}

impl Watcher {
    pub(crate) fn new(app: App, port: Arc<dyn ChainPort>) -> Self {
        Self { app, port, known: Mutex::default(), newest: Mutex::default(), asked_at: Mutex::default(), final_at: Mutex::default() }
    }

    async fn answer<T>(&self, call: impl Future<Output = Result<T, Unavailable>>) -> AppResult<T> {
        answer_in_time(&self.app, call).await
    }

    async fn watch(&self) -> AppResult<Turn> {
        let begun_at = self.app.business().now();
        let head = self.answer(self.port.head()).await?;
        let turn = self.follow(&head, begun_at).await?;
        if turn == Turn::Idle {
            let is_new = *self.asked_at.lock() != head.height;
            if is_new {
                self.confirm_deposits(&head).await?;
                self.ask_for_ours(&head).await?;
                self.ask_for_recalled().await?;
                *self.asked_at.lock() = head.height;
            }
        }
        *self.known.lock() = Some(head);
        Ok(turn)
    }

    /// Brings the cursor closer to the newest block. At it, the reading is a good one.
    async fn follow(&self, head: &BlockHead, begun_at: Timestamp) -> AppResult<Turn> {
        let chain = self.port.chain();
        let Some(cursor) = self.app.store().cursor(cursor_of(chain)).await? else {
            // What lies before the first look is not for us: no address was given out for this chain yet.
            return self.keep(self.fresh_cursor(), vec![(head.height, head.hash.clone())], Step::new()).await.map(|()| Turn::Idle);
        };
        let followed: Followed = serde_json::from_str(&cursor.position).map_err(|fault| AppError::Defect(Box::new(fault)))?;
        let Some((height, hash)) = followed.last().cloned() else {
            return Err(AppError::defect(format!("the cursor of {chain} holds no block")));
        };
        if head.height == height && head.hash == hash {
            let confirm_every = self.app.config().workers.confirm_every();
            let is_confirmed = cursor.moved_at.until(self.app.real().now()) < confirm_every
                && cursor.read_at.is_some_and(|read| read.until(begun_at) < confirm_every);
            if !is_confirmed && !self.is_silent(head).await? {
                self.keep(Cursor { read_at: Some(begun_at), ..cursor }, followed, Step::new()).await?;
            }
            return Ok(Turn::Idle);
        }
        match blocks::common_ancestor(self, &followed).await? {
            blocks::Ancestor::Newest => self.advance(cursor, followed, head, begun_at).await,
            blocks::Ancestor::At(kept) => {
                let undone = followed.len() - kept;
                tracing::warn!(%chain, undone, "the chain was reorganised");
                let from = followed.get(kept).map_or(0, |(height, _)| *height);
                self.take_back(cursor, followed[..kept].to_vec(), from, undone).await
            }
            blocks::Ancestor::Forgotten => {
                // Deeper than what is remembered: everything remembered is taken back and read again from there.
                let from = followed.first().map_or(height, |(height, _)| *height);
                tracing::error!(%chain, from, "the chain was reorganised deeper than what is remembered; please check older deposits");
                let base = self.answer(self.port.block(from.saturating_sub(1))).await?;
                let base = base.ok_or_else(|| AppError::Unavailable("the chain is shorter than what was followed".to_owned()))?;
                self.take_back(cursor, vec![(base.head.height, base.head.hash)], from, followed.len()).await
            }
        }
    }

    /// Whether the newest block has been the newest for so long that others must have been made, which are not shown to
    /// us. Then the cursor is up to date with nothing, and is not confirmed.
    async fn is_silent(&self, head: &BlockHead) -> AppResult<bool> {
        let interval = self.answer(self.port.block_interval()).await?;
        let now = self.app.business().now();
        let mut newest = self.newest.lock();
        match (&*newest, interval) {
            (Some((hash, since)), Some(interval)) if *hash == head.hash => Ok(since.until(now) > interval * SILENT_INTERVALS),
            _ => {
                *newest = Some((head.hash.clone(), now));
                Ok(false)
            }
        }
    }

    async fn take_back(&self, cursor: Cursor, kept: Followed, from: u64, undone: usize) -> AppResult<Turn> {
        self.final_at.lock().clear();
        // Before the cursor moves: after it has, nobody would remember that there was something to doubt.
        self.doubt_confirmed(undone).await?;
        self.undo(cursor, kept, from).await?;
        Ok(Turn::More)
    }

    fn fresh_cursor(&self) -> Cursor {
        Cursor { id: cursor_of(self.port.chain()), version: 0, position: String::new(), moved_at: Timestamp::default(), read_at: None }
    }

    /// Writes the cursor beside what was found. Somebody who was faster has found the same.
    async fn keep(&self, cursor: Cursor, mut followed: Followed, mut step: Step) -> AppResult<()> {
        if followed.len() > REMEMBERED {
            followed.drain(..followed.len() - REMEMBERED);
        }
        let position = serde_json::to_string(&followed).map_err(|fault| AppError::Defect(Box::new(fault)))?;
        step.write(Cursor { position, moved_at: self.app.real().now(), ..cursor });
        match self.app.commit(step).await {
            Ok(_) | Err(CommitError::Conflict(_) | CommitError::AlreadyClaimed(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads on behind the newest followed block.
    async fn advance(&self, cursor: Cursor, mut followed: Followed, head: &BlockHead, begun_at: Timestamp) -> AppResult<Turn> {
        let mut transfers = Vec::new();
        let mut parent = followed.last().map(|(height, hash)| (*height, hash.clone())).unwrap_or_default();
        let known = parent.0;
        for _ in 0..BLOCKS {
            if parent.0 >= head.height {
                break;
            }
            let Some(block) = self.answer(self.port.block(parent.0 + 1)).await? else {
                if parent.0 == known {
                    // It tells of blocks and shows none: not a moment to confirm the cursor at.
                    return Err(AppError::Unavailable(format!("block {} is below the newest and is not shown", parent.0 + 1)));
                }
                break;
            };
            if block.head.parent != parent.1 {
                // It was reorganised while it was read; what was read so far is kept and the next turn walks back.
                break;
            }
            parent = (block.head.height, block.head.hash.clone());
            followed.push(parent.clone());
            transfers.extend(block.transfers.into_iter().map(|transfer| (block.head.clone(), transfer)));
        }
        let step = blocks::deposits(&self.app, &*self.port, transfers, cursor.read_at).await?;
        let read_at = if parent.0 < head.height { cursor.read_at } else { Some(begun_at) };
        self.keep(Cursor { read_at, ..cursor }, followed, step).await?;
        Ok(if parent.0 < head.height { Turn::More } else { Turn::Idle })
    }

    /// Takes back what was found in blocks of this height and above.
    async fn undo(&self, cursor: Cursor, followed: Followed, from: u64) -> AppResult<()> {
        let mut step = Step::new();
        let (mut behind, mut changed) = (None, Vec::new());
        loop {
            let page = self.app.store().deposits_from_height(self.port.chain(), from, behind, PAGE).await?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            behind = page.last().map(|deposit| (deposit.height, deposit.id));
            let lost = page.into_iter().filter(|deposit| deposit.state != DepositState::Dropped);
            changed.extend(lost.map(|deposit| Deposit { state: DepositState::Dropped, ..deposit }));
            if is_last {
                break;
            }
        }
        write_changes(&self.app, &mut step, changed, DepositChange::Dropped);
        self.keep(cursor, followed, step).await
    }

    /// Deposits that have enough blocks above them become final.
    async fn confirm_deposits(&self, head: &BlockHead) -> AppResult<()> {
        let mut behind = None;
        loop {
            let page = self.app.store().deposits_in_state(self.port.chain(), DepositState::Pending, behind, PAGE).await?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            behind = page.last().map(|deposit| deposit.id);
            let is_final = |deposit: &Deposit| {
                let needed = self.app.catalogue().coin(deposit.coin).map_or(u32::MAX, |coin| coin.confirmations);
                confirmations(head, deposit.height) >= needed
            };
            let confirmed: Vec<Deposit> =
                page.into_iter().filter(is_final).map(|deposit| Deposit { state: DepositState::Confirmed, ..deposit }).collect();
            if !confirmed.is_empty() {
                let mut step = Step::new();
                write_changes(&self.app, &mut step, confirmed, DepositChange::Confirmed);
                match self.app.commit(step).await {
                    // Somebody else has seen the same, or a reorganisation: the next turn looks again.
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

/// How many blocks a block of this height has, itself included.
pub(crate) fn confirmations(head: &BlockHead, height: u64) -> u32 {
    u32::try_from((head.height + 1).saturating_sub(height)).unwrap_or(u32::MAX)
}

/// How the natural keys of the changes of a chain's deposits begin.
pub(crate) fn changes_of(chain: Chain) -> String {
    format!("deposit:{chain}:")
}

/// Writes deposits with the facts that tell of their change. A change is named by the version of the deposit it leads to,
/// so that a block that comes, goes and comes again is three facts and not one.
pub(crate) fn write_changes(app: &App, step: &mut Step, deposits: Vec<Deposit>, change: DepositChange) {
    let told = deposits.iter().map(|deposit| {
        let key = format!("{}{}:{}:v{}", changes_of(deposit.coin.chain), deposit.txid, deposit.index, deposit.version + 1);
        let backdating = app.catalogue().chain_backdating(deposit.coin.chain);
        let at = Some(counts_at(deposit.block_time, deposit.seen_at, deposit.read_before, backdating));
        (key, FactBody::Deposit { deposit: deposit.id, change, order: deposit.order, at })
    });
    let facts = ingest::facts(app, told.collect(), None).into_iter().zip(&deposits);
    let facts: Vec<Fact> = facts.map(|(fact, deposit)| Fact { read_before: deposit.read_before, ..fact }).collect();
    ingest::store(step, &facts);
    step.writes.extend(deposits.into_iter().map(Record::from));
}

impl Worker for Watcher {
    fn name(&self) -> String {
        format!("chain-{}", self.port.chain())
    }

    fn turn(&self) -> Task<'_, AppResult<Turn>> {
        Box::pin(self.watch())
    }

    fn woken(&self) -> Task<'_, ()> {
        let known = self.known.lock().clone();
        Box::pin(async move {
            match known {
                Some(head) => self.port.news(&head).await,
                None => std::future::pending().await,
            }
        })
    }
}
