//! Reorganisations: blocks are undone and replaced by empty ones of a longer fork.

use std::collections::{BTreeMap, BTreeSet};

use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Chain;
use rampart_core::ports::BlockHead;

use super::holdings::{add_to_balance, next_nonce, set_next_nonce};
use super::mine::StoredTransaction;
use super::{DROPPED_STATE, MINED_STATE, SimulatedChain, WAITING_STATE, read_head};
use crate::error::WorldError;
use crate::file::Transaction;

const MAX_REORGANISED_BLOCKS: u32 = 200;
const MAX_DROPPED_TRANSACTIONS: usize = 1_000;

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
    const ABOVE: &str = "SELECT id, txid, sender, recipient, symbol, amount, fee, nonce, state FROM transactions \
        WHERE chain = ?1 AND height > ?2";
    const WAITING: &str = "SELECT id, txid, sender, recipient, symbol, amount, fee, nonce, state FROM transactions \
        WHERE txid = ?2 AND chain = ?1 AND state = 0";
    let mut found = tx.rows(ABOVE, (chain.as_str(), above), StoredTransaction::read)?;
    for txid in drop {
        found.extend(tx.row(WAITING, (chain.as_str(), txid), StoredTransaction::read)?);
    }
    Ok(found.into_iter().map(|transaction| (transaction.id, transaction)).collect())
}

fn reorganise(tx: &mut Transaction<'_>, chain: Chain, depth: i64, drop: &BTreeSet<String>) -> Result<Reorganisation, WorldError> {
    let native = tx.config.chain(chain).map(|chain| chain.native.to_string()).unwrap_or_default();
    let height: i64 = tx.value("SELECT height FROM chains WHERE name = ?1", [chain.as_str()])?.unwrap_or_default();
    if depth > height {
        return Err(WorldError::impossible(format!("the chain has only {height} blocks to undo")));
    }
    let undone = undone(tx, chain, height - depth, drop)?;
    if let Some(unknown) = drop.iter().find(|txid| !undone.values().any(|transaction| transaction.txid == **txid)) {
        return Err(WorldError::impossible(format!("{unknown} is neither in the last {depth} blocks nor waiting")));
    }
    let (mut waiting, mut dropped) = (Vec::new(), Vec::new());
    for (id, transaction) in undone {
        let drops = drop.contains(&transaction.txid);
        undo(tx, chain, &native, &transaction, drops)?;
        let state = if drops { DROPPED_STATE } else { WAITING_STATE };
        tx.execute("UPDATE transactions SET height = NULL, position = NULL, state = ?2 WHERE id = ?1", (id, state))?;
        if drops { &mut dropped } else { &mut waiting }.push(transaction.txid);
    }
    if depth > 0 {
        // Nodes change over to a fork only if it is longer.
        const GROW: &str = "UPDATE chains SET height = height + 1, fork = fork + 1, mined_at = ?2 WHERE name = ?1 RETURNING fork";
        let fork: i64 = tx.value(GROW, (chain.as_str(), tx.now.micros()))?.unwrap_or_default();
        let sql = "INSERT INTO forks (chain, from_height, fork) VALUES (?1, ?2, ?3)";
        tx.execute(sql, (chain.as_str(), height - depth + 1, fork))?;
        tx.tip(chain, fork, height + 1);
    }
    Ok(Reorganisation { head: read_head(tx, chain)?, waiting, dropped })
}

/// Gives back what a transaction moved, and adapts what it reserves of its sender's balance.
fn undo(tx: &Transaction<'_>, chain: Chain, native: &str, transaction: &StoredTransaction, drops: bool) -> Result<(), WorldError> {
    let moved = if transaction.state == MINED_STATE { transaction.amount } else { Amount::ZERO };
    let was_waiting = transaction.state == WAITING_STATE;
    let (sender, symbol, fee) = (transaction.sender.as_str(), transaction.symbol.as_str(), transaction.fee);
    add_to_balance(tx, chain, &transaction.recipient, symbol, (moved.negated(), Amount::ZERO))?;
    let Some(nonce) = transaction.nonce else { return Ok(()) };
    let reserve = |sum: Amount| match (was_waiting, drops) {
        (true, true) => sum.negated(),
        (false, false) => sum,
        _ => Amount::ZERO,
    };
    add_to_balance(tx, chain, sender, symbol, (moved, reserve(transaction.amount)))?;
    add_to_balance(tx, chain, sender, native, (if was_waiting { Amount::ZERO } else { fee }, reserve(fee)))?;
    if !was_waiting {
        set_next_nonce(tx, chain, sender, nonce.min(next_nonce(tx, chain, sender)?))?;
    }
    Ok(())
}

impl SimulatedChain {
    /// Undoes the newest blocks of a chain. Their transactions wait again, except those in `drop`, which the chain forgets.
    /// `drop` may also name waiting transactions.
    pub(crate) fn reorganise(&self, depth: u32, drop: Vec<String>) -> Result<Reorganisation, WorldError> {
        if depth > MAX_REORGANISED_BLOCKS || drop.len() > MAX_DROPPED_TRANSACTIONS {
            return Err(WorldError::impossible(format!(
                "at most {MAX_REORGANISED_BLOCKS} blocks are undone and {MAX_DROPPED_TRANSACTIONS} transactions dropped at once"
            )));
        }
        let drop: BTreeSet<String> = drop.into_iter().collect();
        self.file.write(|tx| reorganise(tx, self.config.name, i64::from(depth), &drop))
    }
}
