//! Reads blocks again: every block once it is final, because a node can show a block before it has all of it, and any past block when an
//! operator asks for it.

use std::collections::HashSet;

use rampart_core::catalogue::finality::ChainProgress;
use rampart_core::ports::{Block, ChainReader};
use rampart_core::step::Step;
use rampart_core::step::fact::DepositChange;
use rampart_core::step::followed::FollowedBlocks;
use rampart_core::step::watch::{Deposit, DepositState};

use super::deposits::{Sighted, sighted, write_changes};
use super::{ChainWatcher, PAGE_ROWS, stored_position};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::workers::answer_in_time;
use crate::workers::supervisor::TurnOutcome;

/// Blocks read again at a time.
const BATCH_BLOCKS: u64 = 100;

impl ChainWatcher {
    /// Reads the next final blocks a second time. What the first reading lacked is a deposit like any other; what only the first had is
    /// dropped like an undone one.
    pub(super) async fn read_again(&self, followed: &FollowedBlocks, progress: &ChainProgress) -> AppResult<TurnOutcome> {
        if followed.read_again_to() >= self.final_height(progress) {
            return Ok(TurnOutcome::Idle);
        }
        // As stored now: following has just written it, here or in another process.
        let Some((cursor, mut followed)) = stored_position(&self.app, self.chain()).await? else { return Ok(TurnOutcome::Idle) };
        let (first, until) = (followed.read_again_to() + 1, self.final_height(progress).min(followed.newest().0));
        if first > until {
            return Ok(TurnOutcome::Idle);
        }
        let last = until.min(first + BATCH_BLOCKS - 1);
        let (found, missing) = compare(&self.app, &*self.ports.reader, first, last).await?;
        if !found.is_empty() || !missing.is_empty() {
            let (chain, added, dropped) = (self.chain(), found.seen.len(), missing.len());
            tracing::warn!(%chain, first, last, added, dropped, "the second reading of final blocks differs from the first");
            // They may be final already.
            *self.checked_at.lock() = None;
        }
        let mut step = found.into_step(&self.app);
        let dropped = missing.into_iter().map(|deposit| Deposit { state: DepositState::Dropped, ..deposit }).collect();
        write_changes(&self.app, &mut step, dropped, DepositChange::Dropped);
        followed.note_read_again(last);
        self.save(cursor, followed, step).await?;
        Ok(if last < until { TurnOutcome::More } else { TurnOutcome::Idle })
    }

    /// Up to which height blocks are final: by the chain's own word, or else by the most blocks that any of its coins waits for.
    fn final_height(&self, progress: &ChainProgress) -> u64 {
        progress.last_final.unwrap_or_else(|| {
            let coins = self.app.catalogue.coins.iter().filter(|coin| coin.id.chain == self.chain());
            let most_blocks = coins.map(|coin| coin.finality.most_blocks()).max().unwrap_or(1);
            (progress.newest + 1).saturating_sub(u64::from(most_blocks))
        })
    }
}

/// What an operator's reading of past blocks found.
pub(crate) struct RescanFindings {
    /// Deposits that were not known, or had been dropped.
    pub(crate) added: Vec<Deposit>,
    /// Deposits that are not in these blocks. They are left as they are.
    pub(crate) missing: Vec<Deposit>,
}

/// Reads past blocks again, first and last height included, and adds the deposits that are missing.
pub(crate) async fn rescan(app: &App, reader: &dyn ChainReader, first: u64, last: u64) -> AppResult<(Step, RescanFindings)> {
    let (mut step, mut findings) = (Step::new(), RescanFindings { added: Vec::new(), missing: Vec::new() });
    let mut from = first;
    while from <= last {
        let to = last.min(from + BATCH_BLOCKS - 1);
        let (found, missing) = compare(app, reader, from, to).await?;
        findings.added.extend(found.seen.iter().cloned());
        findings.missing.extend(missing);
        step.extend(found.into_step(app));
        from = to + 1;
    }
    Ok((step, findings))
}

/// Reads blocks again: what is found in them, and the known deposits that are not.
async fn compare(app: &App, reader: &dyn ChainReader, first: u64, last: u64) -> AppResult<(Sighted, Vec<Deposit>)> {
    let blocks = answer_in_time(app, reader.read_again(first, last)).await?;
    let heights: HashSet<u64> = blocks.iter().map(|block: &Block| block.head.height).collect();
    if let Some(height) = (first..=last).find(|height| !heights.contains(height)) {
        return Err(AppError::Unavailable(format!("block {height} was not returned")));
    }
    // The reading that did not show them was not complete: they count at the time of their block.
    let found = sighted(app, reader, &blocks, None).await?;
    let mut missing = standing(app, reader, first, last).await?;
    missing.retain(|deposit| !found.present.contains(&deposit.id));
    Ok((found, missing))
}

/// The deposits in blocks of these heights that are not dropped.
async fn standing(app: &App, reader: &dyn ChainReader, first: u64, last: u64) -> AppResult<Vec<Deposit>> {
    let (mut after, mut standing) = (None, Vec::new());
    loop {
        let page = app.store.deposits_from_height(reader.chain(), first, after, PAGE_ROWS).await?;
        let is_last =
            page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX) || page.last().is_some_and(|last_row| last_row.height > last);
        after = page.last().map(|deposit| (deposit.height, deposit.id));
        standing.extend(page.into_iter().filter(|deposit| deposit.height <= last && deposit.state != DepositState::Dropped));
        if is_last {
            return Ok(standing);
        }
    }
}
