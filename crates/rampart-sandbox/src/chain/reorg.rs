//! Reorganisations: blocks are undone and replaced by empty ones of a longer fork.

use std::collections::BTreeSet;

use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Chain;
use rampart_core::ports::BlockHead;
use sqlx::Row;

use super::mine::{StoredTransaction, TouchedAddresses};
use super::{DROPPED_STATE, MINED_STATE, WAITING_STATE, read_head};
use crate::database::Batch;
use crate::error::WorldError;
use crate::world::World;

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

/// The transactions that are undone, or dropped while they were waiting.
async fn undone(batch: &mut Batch, chain: Chain, above: i64, drop: &BTreeSet<String>) -> Result<Vec<StoredTransaction>, WorldError> {
    let rows = sqlx::query(
        "SELECT id, txid, sender, recipient, symbol, amount, fee, nonce, state FROM transactions WHERE chain = ?1 AND height > ?2 \
         UNION SELECT id, txid, sender, recipient, symbol, amount, fee, nonce, state FROM transactions \
         WHERE txid IN (SELECT value FROM json_each(?3)) AND chain = ?1 AND state = 0 ORDER BY id",
    )
    .bind(chain.as_str())
    .bind(above)
    .bind(serde_json::to_string(drop)?)
    .fetch_all(&mut batch.connection)
    .await?;
    rows.iter().map(StoredTransaction::read).collect()
}

async fn reorganise(batch: &mut Batch, chain: Chain, depth: i64, drop: &BTreeSet<String>) -> Result<Reorganisation, WorldError> {
    let native = batch.config.chain(chain).map(|chain| chain.native.to_string()).unwrap_or_default();
    let row = sqlx::query("SELECT height, fork FROM chains WHERE name = ?1").bind(chain.as_str()).fetch_one(&mut batch.connection).await?;
    let (height, fork): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    if depth > height {
        return Err(WorldError::impossible(format!("the chain has only {height} blocks to undo")));
    }
    let undone = undone(batch, chain, height - depth, drop).await?;
    if let Some(unknown) = drop.iter().find(|txid| !undone.iter().any(|transaction| transaction.txid == **txid)) {
        return Err(WorldError::impossible(format!("{unknown} is neither in the last {depth} blocks nor waiting")));
    }
    let addresses = undone.iter().flat_map(|transaction| [transaction.sender.as_str(), transaction.recipient.as_str()]).collect();
    let mut touched = TouchedAddresses::load(batch, chain, &addresses).await?;
    let (mut waiting, mut dropped, mut states) = (Vec::new(), Vec::new(), Vec::new());
    for transaction in &undone {
        let drops = drop.contains(&transaction.txid);
        let moved = if transaction.state == MINED_STATE { transaction.amount } else { Amount::ZERO };
        let was_waiting = transaction.state == WAITING_STATE;
        let (sender, symbol) = (transaction.sender.as_str(), transaction.symbol.as_str());
        touched.add(&transaction.recipient, symbol, moved.negated(), Amount::ZERO);
        if let Some(nonce) = transaction.nonce {
            let reserve = |sum: Amount| match (was_waiting, drops) {
                (true, true) => sum.negated(),
                (false, false) => sum,
                _ => Amount::ZERO,
            };
            let fee_paid = if was_waiting { Amount::ZERO } else { transaction.fee };
            touched.add(sender, symbol, moved, reserve(transaction.amount));
            touched.add(sender, &native, fee_paid, reserve(transaction.fee));
            if !was_waiting {
                touched.undo_nonce(sender, nonce);
            }
        }
        states.push((transaction.id, if drops { DROPPED_STATE } else { WAITING_STATE }));
        if drops { &mut dropped } else { &mut waiting }.push(transaction.txid.clone());
    }
    touched.store(batch).await?;
    sqlx::query("UPDATE transactions SET height = NULL, position = NULL, state = w.value->>1 FROM json_each(?1) w WHERE transactions.id = w.value->>0")
        .bind(serde_json::to_string(&states)?)
        .execute(&mut batch.connection)
        .await?;
    if depth > 0 {
        sqlx::query("INSERT INTO forks (chain, from_height, fork) VALUES (?1, ?2, ?3)")
            .bind(chain.as_str())
            .bind(height - depth + 1)
            .bind(fork + 1)
            .execute(&mut batch.connection)
            .await?;
        // Nodes change over to a fork only if it is longer.
        sqlx::query("UPDATE chains SET height = height + 1, fork = fork + 1, mined_at = ?2 WHERE name = ?1")
            .bind(chain.as_str())
            .bind(batch.now.micros())
            .execute(&mut batch.connection)
            .await?;
    }
    let (fork, head) = read_head(&mut batch.connection, chain).await?;
    batch.tip(chain, fork, head.clone());
    Ok(Reorganisation { head, waiting, dropped })
}

impl World {
    /// Undoes the newest blocks of a chain. Their transactions wait again, except those in `drop`, which the chain forgets.
    /// `drop` may also name waiting transactions.
    /// [`WorldError::NotFound`] for an unknown chain. [`WorldError::Impossible`] for more blocks than the chain has, for more
    /// than 200, and for a transaction to drop that is neither undone nor waiting.
    pub async fn reorganise(&self, chain: Chain, depth: u32, drop: Vec<String>) -> Result<Reorganisation, WorldError> {
        self.simulated_chain(chain)?;
        if depth > MAX_REORGANISED_BLOCKS || drop.len() > MAX_DROPPED_TRANSACTIONS {
            return Err(WorldError::impossible(format!(
                "at most {MAX_REORGANISED_BLOCKS} blocks are undone and {MAX_DROPPED_TRANSACTIONS} transactions dropped at once"
            )));
        }
        let drop: BTreeSet<String> = drop.into_iter().collect();
        self.database.write(move |batch| Box::pin(async move { reorganise(batch, chain, i64::from(depth), &drop).await })).await
    }
}
