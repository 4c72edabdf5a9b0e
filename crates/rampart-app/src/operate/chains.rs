//! The chains: how far they were followed, and past blocks that are read again.

use std::time::Duration;

use rampart_core::money::asset::Chain;
use rampart_core::ports::{ChainPorts, ChainTip};
use rampart_core::step::followed::FollowedBlocks;
use rampart_core::step::watch::{Cursor, Deposit, DepositState};
use rampart_core::time::Timestamp;
use serde::Serialize;

use super::{Operator, audit_about, major, operators_retry, refuse};
use crate::app::App;
use crate::error::AppResult;
use crate::workers::answer_in_time;
use crate::workers::chain::{self, stored_position};

const PAGE_ROWS: u32 = 256;
/// Blocks read again by one call of [`rescan`].
const MAX_RESCAN_BLOCKS: u64 = 500;

/// How far a chain was followed. Ages are in seconds of business time.
#[derive(Debug, Clone, Serialize)]
pub struct ChainLine {
    pub chain: String,
    /// The newest block of the node; absent if the node does not answer.
    pub newest: Option<u64>,
    /// The newest followed block; absent before the chain was first followed.
    pub followed: Option<u64>,
    /// Blocks that are not followed yet.
    pub behind: Option<u64>,
    /// How old the newest followed block is, by its own timestamp.
    pub followed_age: Option<u64>,
    /// The newest block that the chain calls final; absent if it does not say.
    pub last_final: Option<u64>,
    /// How long that has been the last final block.
    pub final_age: Option<u64>,
    /// Up to which block all were read a second time.
    pub read_again_to: Option<u64>,
    /// Deposits that wait to be final.
    pub pending_deposits: usize,
    /// Why the chain counts as stalled; absent if it does not.
    pub stalled: Option<String>,
}

/// What was found in past blocks.
#[derive(Debug, Clone, Serialize)]
pub struct RescanReport {
    pub chain: String,
    /// The blocks read by this call, first and last included.
    pub from: u64,
    pub to: u64,
    /// Where the next call continues; absent when all were read.
    pub next: Option<u64>,
    /// Deposits that were missing and are added.
    pub added: Vec<RescannedDeposit>,
    /// Known deposits that these blocks do not have. They are left as they are.
    pub not_found: Vec<RescannedDeposit>,
}

/// A deposit of a [`RescanReport`].
#[derive(Debug, Clone, Serialize)]
pub struct RescannedDeposit {
    pub deposit: String,
    pub order: Option<String>,
    pub txid: String,
    pub height: u64,
    /// In major units, with the coin.
    pub amount: String,
    pub state: DepositState,
}

/// How far the chains were followed, or one of them.
///
/// # Errors
/// A refusal when the chain is not traded here.
pub async fn status(app: &App, chain: Option<Chain>) -> AppResult<Vec<ChainLine>> {
    let mut lines = Vec::new();
    match chain {
        Some(chain) => lines.push(status_of(app, ports(app, chain)?).await?),
        None => {
            for ports in &app.ports.chains {
                lines.push(status_of(app, ports).await?);
            }
        }
    }
    Ok(lines)
}

fn ports(app: &App, chain: Chain) -> AppResult<&ChainPorts> {
    app.ports.chain(chain).ok_or_else(|| refuse(format!("{chain} is not traded here")))
}

async fn status_of(app: &App, ports: &ChainPorts) -> AppResult<ChainLine> {
    let (reader, chain, now) = (&ports.reader, ports.reader.chain(), app.business.now());
    let tip = answer_in_time(app, reader.tip()).await;
    let position = stored_position(app, chain).await?;
    let stalled = stalled(app, tip.as_ref().map_err(ToString::to_string), position.as_ref());
    let (tip, followed) = (tip.ok(), position.map(|(_, followed)| followed));
    let height = followed.as_ref().map(|followed| followed.newest().0);
    let newest = tip.as_ref().map(|tip| tip.newest.height);
    let head = match height {
        Some(height) => answer_in_time(app, reader.header(height)).await.ok().flatten(),
        None => None,
    };
    let age = |since: Timestamp| since.until(now).as_secs();
    let last_final = followed.as_ref().and_then(FollowedBlocks::last_final);
    Ok(ChainLine {
        chain: chain.to_string(),
        newest,
        followed: height,
        behind: newest.zip(height).map(|(newest, height)| newest.saturating_sub(height)),
        followed_age: head.and_then(|head| head.time).map(age),
        last_final,
        final_age: last_final.and(followed.as_ref()).and_then(FollowedBlocks::final_since).map(age),
        read_again_to: followed.as_ref().map(FollowedBlocks::read_again_to),
        pending_deposits: pending_deposits(app, chain).await?,
        stalled,
    })
}

/// Why a chain counts as stalled.
fn stalled(app: &App, tip: Result<&ChainTip, String>, position: Option<&(Cursor, FollowedBlocks)>) -> Option<String> {
    let tip = match tip {
        Ok(tip) => tip,
        Err(error) => return Some(format!("the node does not answer: {error}")),
    };
    let Some((cursor, followed)) = position else { return Some("it was never followed".to_owned()) };
    let height = followed.newest().0;
    if tip.newest.height < height {
        return Some(format!("the node is behind: it is at block {}, and {height} was followed", tip.newest.height));
    }
    let silence = cursor.moved_at.until(app.real.now());
    let is_stuck = silence > app.config.workers.stuck_after().max(Duration::from_secs(1));
    is_stuck.then(|| format!("its cursor has not moved for {} s", silence.as_secs()))
}

async fn pending_deposits(app: &App, chain: Chain) -> AppResult<usize> {
    let (mut count, mut after) = (0, None);
    loop {
        let page = app.store.deposits_in_state(chain, DepositState::Pending, after, PAGE_ROWS).await?;
        count += page.len();
        after = page.last().map(|deposit| deposit.id);
        if page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX) {
            return Ok(count);
        }
    }
}

/// Reads past blocks again, from `from` to `to` or to the newest followed block, and adds the deposits that are missing. One call reads a
/// bounded number of blocks and says where the next continues.
///
/// # Errors
/// A refusal when the chain is not traded here, or a block was not followed yet.
pub async fn rescan(app: &App, operator: &Operator, chain: Chain, from: u64, to: Option<u64>) -> AppResult<RescanReport> {
    let reader = &*ports(app, chain)?.reader;
    let position = stored_position(app, chain).await?;
    let followed = position.map(|(_, followed)| followed.newest().0).ok_or_else(|| refuse(format!("{chain} was never followed")))?;
    let until = to.unwrap_or(followed);
    if from.max(until) > followed {
        let height = from.max(until);
        return Err(refuse(format!(
            "block {height} of {chain} is not a past one: the newest followed block is {followed}, and later blocks are read by themselves"
        )));
    }
    if from > until {
        return Err(refuse(format!("block {from} comes after block {until}")));
    }
    let last = until.min(from.saturating_add(MAX_RESCAN_BLOCKS - 1));
    let next = (last < until).then_some(last + 1);
    operators_retry(app, "chain is", || async {
        let (mut step, findings) = chain::rescan(app, reader, from, last).await?;
        let lines = |deposits: &[Deposit]| deposits.iter().map(|deposit| line(app, deposit)).collect::<Vec<_>>();
        let (added, not_found) = (lines(&findings.added), lines(&findings.missing));
        let detail = format!("blocks {from} to {last}: {} deposits added, {} not found", added.len(), not_found.len());
        audit_about(app, operator, ("chain.rescan", detail), chain, &mut step);
        Ok((step, RescanReport { chain: chain.to_string(), from, to: last, next, added, not_found }))
    })
    .await
}

fn line(app: &App, deposit: &Deposit) -> RescannedDeposit {
    RescannedDeposit {
        deposit: deposit.id.to_string(),
        order: deposit.order.map(|order| order.to_string()),
        txid: deposit.txid.clone(),
        height: deposit.height,
        amount: format!("{} {}", major(app, deposit.amount, deposit.coin.into()), deposit.coin),
        state: deposit.state,
    }
}
