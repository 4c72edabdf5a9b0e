//! Reorganisations: blocks are undone and replaced by those of a longer fork, which are empty but for what is mined again.

use std::collections::{BTreeMap, BTreeSet};

use rampart_core::money::asset::Chain;
use rampart_core::ports::BlockHead;

use super::mine::fill_block;
use super::stored::{StoredTransaction, stored_columns};
use super::{SimulatedChain, WAITING_STATE, newest_height, read_head};
use crate::config::ChainConfig;
use crate::error::WorldError;
use crate::file::Transaction;

const MAX_REORGANISED_BLOCKS: u32 = 200;
const MAX_NAMED_TRANSACTIONS: usize = 1_000;

/// What a reorganisation does.
#[derive(Debug, Clone, Default)]
pub struct ReorganisationPlan {
    /// The number of blocks to undo, from the newest.
    pub depth: u32,
    /// Identifiers of transactions, undone or waiting, that the chain forgets. All others that are undone wait for a block again.
    pub drop: Vec<String>,
    /// Identifiers of transactions, undone or waiting, that the newest block of the new fork has.
    pub again: Vec<String>,
}

/// The result of a reorganisation.
#[derive(Debug, Clone)]
pub struct Reorganisation {
    /// The newest block of the new fork. Its height is one more than before.
    pub head: BlockHead,
    /// Identifiers of transactions that wait for a block again.
    pub waiting: Vec<String>,
    /// Identifiers of transactions that the chain has dropped.
    pub dropped: Vec<String>,
}

/// The transactions that are undone, or dropped while they were waiting, by their ids.
fn undone(tx: &Transaction<'_>, chain: Chain, above: i64, drop: &BTreeSet<String>) -> Result<BTreeMap<i64, StoredTransaction>, WorldError> {
    const ABOVE: &str = concat!("SELECT ", stored_columns!(), " FROM transactions WHERE chain = ?1 AND height > ?2");
    const WAITING: &str = concat!("SELECT ", stored_columns!(), " FROM transactions WHERE txid = ?2 AND chain = ?1 AND state = 0");
    let mut found = tx.rows(ABOVE, (chain.as_str(), above), StoredTransaction::read)?;
    for txid in drop {
        found.extend(tx.rows(WAITING, (chain.as_str(), txid), StoredTransaction::read)?);
    }
    Ok(found.into_iter().map(|transaction| (transaction.id, transaction)).collect())
}

/// Begins a fork above a height: nodes change over to it only if it is longer.
fn begin_fork(tx: &mut Transaction<'_>, config: &ChainConfig, above: i64, again: &BTreeSet<String>) -> Result<(), WorldError> {
    const GROW: &str = "UPDATE chains SET height = height + 1, fork = fork + 1, mined_at = ?2 WHERE name = ?1 RETURNING fork, height";
    let chain = config.name.as_str();
    let grown = tx.row(GROW, (chain, tx.now.micros()), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (fork, height): (i64, i64) = grown.unwrap_or_default();
    tx.execute("INSERT INTO forks (chain, from_height, fork) VALUES (?1, ?2, ?3)", (chain, above + 1, fork))?;
    if !again.is_empty() {
        fill_block(tx, config, height, Some(again))?;
    }
    tx.tip(config.name, fork, height);
    Ok(())
}

/// Transactions in the order of their first transfer, each once.
fn each_once(txids: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    txids.filter(|txid| seen.insert(txid.clone())).collect()
}

fn reorganise(tx: &mut Transaction<'_>, config: &ChainConfig, plan: &ReorganisationPlan) -> Result<Reorganisation, WorldError> {
    let (chain, depth) = (config.name, i64::from(plan.depth));
    let [drop, again] = [&plan.drop, &plan.again].map(|named| named.iter().cloned().collect::<BTreeSet<_>>());
    let height = newest_height(tx, chain)?;
    if depth > height {
        return Err(WorldError::impossible(format!("the chain has only {height} blocks to undo")));
    }
    if depth == 0 && !again.is_empty() {
        return Err(WorldError::impossible("without a new fork no transaction is mined again"));
    }
    let undone = undone(tx, chain, height - depth, &drop)?;
    if let Some(unknown) = drop.iter().find(|txid| !undone.values().any(|transaction| transaction.txid == **txid)) {
        return Err(WorldError::impossible(format!("{unknown} is neither in the last {depth} blocks nor waiting")));
    }
    for transaction in undone.values() {
        let drops = drop.contains(&transaction.txid);
        match transaction.state {
            WAITING_STATE => transaction.drop_waiting(tx, config)?,
            _ => transaction.undo(tx, config, drops)?,
        }
    }
    if depth > 0 {
        begin_fork(tx, config, height - depth, &again)?;
    }
    let (dropped, waiting): (Vec<_>, Vec<_>) =
        undone.into_values().map(|transaction| transaction.txid).partition(|txid| drop.contains(txid));
    for txid in &again {
        const MINED: &str = "SELECT 1 FROM transactions WHERE txid = ?1 AND chain = ?2 AND height IS NOT NULL";
        if tx.value::<i64>(MINED, (txid, chain.as_str()))?.is_none() {
            return Err(WorldError::impossible(format!("{txid} cannot be mined again")));
        }
    }
    let waiting = each_once(waiting.into_iter().filter(|txid| !again.contains(txid)));
    Ok(Reorganisation { head: read_head(tx, chain)?, waiting, dropped: each_once(dropped.into_iter()) })
}

impl SimulatedChain {
    /// Undoes the newest blocks of a chain.
    pub(crate) fn reorganise(&self, plan: &ReorganisationPlan) -> Result<Reorganisation, WorldError> {
        if plan.depth > MAX_REORGANISED_BLOCKS || plan.drop.len().max(plan.again.len()) > MAX_NAMED_TRANSACTIONS {
            return Err(WorldError::impossible(format!(
                "at most {MAX_REORGANISED_BLOCKS} blocks are undone and {MAX_NAMED_TRANSACTIONS} transactions named at once"
            )));
        }
        self.file.write(|tx| reorganise(tx, &self.config, plan))
    }
}
