//! Follows the blocks of a chain. A block that is missing, or a newest block below the followed one, says that the node is behind: nothing
//! is undone, and the reading is not confirmed. Only another hash at the same height is a reorganisation.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rampart_core::ports::{Block, BlockHead, ChainReader, ChainTip, Followed};
use rampart_core::step::Step;
use rampart_core::step::fact::DepositChange;
use rampart_core::step::followed::FollowedBlocks;
use rampart_core::step::watch::{Cursor, Deposit, DepositState};
use rampart_core::time::Timestamp;

use super::deposits::{sighted, write_changes};
use super::{ChainWatcher, PAGE_ROWS, stored_position};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::workers::answer_in_time;
use crate::workers::source_progress::chain_cursor;

/// Blocks read in one turn.
const TURN_BLOCKS: usize = 100;
/// How far below the oldest remembered block reading goes on when none of them stands.
const UNREMEMBERED_BLOCKS: u64 = 1_000;
/// A chain without a new block for this many block intervals counts as stalled. Blocks arrive at random: on a working chain a gap this long
/// occurs once in some hundred thousand blocks.
const SILENT_INTERVALS: u32 = 12;

impl ChainWatcher {
    /// Moves the cursor towards the newest block. A reading that reaches it is complete, and returns what was followed.
    pub(super) async fn follow(&self, tip: &ChainTip, begun_at: Timestamp) -> AppResult<Option<FollowedBlocks>> {
        let Some((cursor, mut followed)) = stored_position(&self.app, self.chain()).await? else {
            return self.begin(tip, begun_at).await.map(|()| None);
        };
        let has_moved = followed.note_final(tip.last_final.as_ref().map(|last| last.height), begun_at);
        let (height, hash) = followed.newest();
        if tip.newest.height < height {
            return Err(AppError::Unavailable(format!(
                "the node is behind: it is at block {}, and {height} was followed",
                tip.newest.height
            )));
        }
        if tip.newest.height == height && tip.newest.hash == hash {
            self.confirm_reading(cursor, &followed, &tip.newest, begun_at, has_moved).await?;
            return Ok(Some(followed));
        }
        match self.answer(self.ports.reader.blocks(height, hash, TURN_BLOCKS)).await? {
            Followed::Blocks(blocks) => self.advance(cursor, followed, blocks, &tip.newest, begun_at).await,
            Followed::Undone => self.roll_back(cursor, followed).await.map(|()| None),
        }
    }

    /// A chain that is new here begins at its last final block, or at its newest where it does not say what is final: earlier blocks hold
    /// nothing of ours, because no address was handed out for this chain yet.
    async fn begin(&self, tip: &ChainTip, begun_at: Timestamp) -> AppResult<()> {
        let first = tip.last_final.as_ref().unwrap_or(&tip.newest);
        let mut followed = FollowedBlocks::begin((first.height, first.hash.clone()));
        followed.note_final(tip.last_final.as_ref().map(|last| last.height), begun_at);
        let id = chain_cursor(self.chain());
        let cursor = Cursor { id, version: 0, position: String::new(), moved_at: self.app.real.now(), read_at: None };
        self.save(cursor, followed, Step::new()).await.map(|_| ())
    }

    /// Confirms from time to time that the newest block is still the followed one.
    async fn confirm_reading(
        &self,
        cursor: Cursor,
        followed: &FollowedBlocks,
        newest: &BlockHead,
        begun_at: Timestamp,
        has_finality_moved: bool,
    ) -> AppResult<()> {
        let interval = self.app.config.workers.confirm_interval();
        let now = self.app.real.now();
        let is_confirmed = cursor.moved_at.until(now) < interval && cursor.read_at.is_some_and(|read| read.until(begun_at) < interval);
        if !is_confirmed && !self.is_stalled(newest).await? {
            let cursor = Cursor { moved_at: now, read_at: Some(begun_at), ..cursor };
            self.save(cursor, followed.clone(), Step::new()).await?;
        } else if has_finality_moved {
            self.save(cursor, followed.clone(), Step::new()).await?;
        }
        Ok(())
    }

    /// Whether the newest block is so old that there must be newer ones that the node does not return. Then the cursor's reading time is
    /// not confirmed.
    async fn is_stalled(&self, head: &BlockHead) -> AppResult<bool> {
        let interval = self.answer(self.ports.reader.block_interval()).await?;
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

    /// Takes in the blocks after the newest followed one.
    async fn advance(
        &self,
        cursor: Cursor,
        mut followed: FollowedBlocks,
        mut blocks: Vec<Block>,
        newest: &BlockHead,
        begun_at: Timestamp,
    ) -> AppResult<Option<FollowedBlocks>> {
        let known = followed.newest().0;
        let linked = blocks.iter().take_while(|block| {
            let (height, hash) = followed.newest();
            let is_next = block.head.height > height && block.head.parent == hash;
            if is_next {
                followed.push((block.head.height, block.head.hash.clone()));
            }
            is_next
        });
        let count = linked.count();
        if count == 0 {
            return Err(AppError::Unavailable(format!(
                "the node announces block {} and does not return what follows block {known}",
                newest.height
            )));
        }
        blocks.truncate(count);
        let found = sighted(&self.app, &*self.ports.reader, &blocks, cursor.read_at).await?;
        let is_complete = followed.newest().0 >= newest.height;
        let read_at = if is_complete { Some(begun_at) } else { cursor.read_at };
        let cursor = Cursor { read_at, moved_at: self.app.real.now(), ..cursor };
        let is_saved = self.save(cursor, followed.clone(), found.into_step(&self.app)).await?;
        Ok(Some(followed).filter(|_| is_complete && is_saved))
    }

    /// Goes back to the newest remembered block that the chain still has, and drops the deposits whose own block it no longer has.
    async fn roll_back(&self, cursor: Cursor, mut followed: FollowedBlocks) -> AppResult<()> {
        let chain = self.chain();
        let newest = followed.newest().0;
        let from = match self.common_ancestor(&followed).await? {
            Some(height) if height == newest => {
                return Err(AppError::Unavailable(format!("the node contradicts itself about block {newest}")));
            }
            Some(height) => {
                tracing::warn!(%chain, newest, back_to = height, "the chain was reorganised");
                followed.go_back_to(height);
                height + 1
            }
            None => {
                // What still stands by its hash stays; the rest is read again.
                let base = self.header(followed.oldest().0.saturating_sub(UNREMEMBERED_BLOCKS)).await?;
                let from = base.height + 1;
                tracing::error!(%chain, from, "the reorganisation is deeper than the remembered blocks; please rescan those before it");
                followed.go_back_beyond((base.height, base.hash));
                from
            }
        };
        self.settling.lock().clear();
        *self.checked_at.lock() = None;
        let undone = self.undone_from(from).await?;
        // Before the cursor moves: afterwards nothing would show that there is something to recheck.
        self.recheck_settled(from).await?;
        let mut step = Step::new();
        write_changes(&self.app, &mut step, undone, DepositChange::Dropped);
        self.save(Cursor { moved_at: self.app.real.now(), ..cursor }, followed, step).await.map(|_| ())
    }

    /// Height of the newest remembered block that is still in the chain; `None` if none is.
    async fn common_ancestor(&self, followed: &FollowedBlocks) -> AppResult<Option<u64>> {
        for (height, hash) in followed.newest_first() {
            if self.header(height).await?.hash == hash {
                return Ok(Some(height));
            }
        }
        Ok(None)
    }

    async fn header(&self, height: u64) -> AppResult<BlockHead> {
        header(&self.app, &*self.ports.reader, height).await
    }

    /// The deposits in blocks of this height and above whose own block the chain no longer has, as dropped ones. A deposit whose block
    /// stands is left alone, even if its block is read again.
    async fn undone_from(&self, from: u64) -> AppResult<Vec<Deposit>> {
        let (mut after, mut undone, mut hashes) = (None, Vec::new(), BlockHashes::default());
        loop {
            let page = self.app.store.deposits_from_height(self.chain(), from, after, PAGE_ROWS).await?;
            let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
            after = page.last().map(|deposit| (deposit.height, deposit.id));
            for deposit in page.into_iter().filter(|deposit| deposit.state != DepositState::Dropped) {
                if !hashes.has(&self.app, &*self.ports.reader, &deposit).await? {
                    undone.push(Deposit { state: DepositState::Dropped, ..deposit });
                }
            }
            if is_last {
                return Ok(undone);
            }
        }
    }
}

/// The head of the block at a height that was followed.
///
/// # Errors
/// [`AppError::Unavailable`] also when the node does not have it: it is behind.
async fn header(app: &App, reader: &dyn ChainReader, height: u64) -> AppResult<BlockHead> {
    let behind = || AppError::Unavailable(format!("the node is behind: it does not have block {height}"));
    answer_in_time(app, reader.header(height)).await?.ok_or_else(behind)
}

/// The hashes of the chain's blocks, each asked for once.
#[derive(Default)]
pub(super) struct BlockHashes(HashMap<u64, String>);

impl BlockHashes {
    /// Whether the chain has the deposit's block.
    pub(super) async fn has(&mut self, app: &App, reader: &dyn ChainReader, deposit: &Deposit) -> AppResult<bool> {
        let height = deposit.height;
        let hash = match self.0.entry(height) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(header(app, reader, height).await?.hash),
        };
        Ok(*hash == deposit.block)
    }
}
