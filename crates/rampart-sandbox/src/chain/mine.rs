//! Mining blocks: on request, and automatically in business time.

use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Chain;
use rampart_core::ports::BlockHead;
use rampart_core::time::Timestamp;
use rusqlite::Row;

use super::holdings::{add_to_balance, balance_of, next_nonce, set_next_nonce};
use super::{MINED_STATE, REVERTED_STATE, SimulatedChain, read_head};
use crate::error::WorldError;
use crate::file::{Transaction, amount_at};
use crate::trigger::{self, TriggerOutcome};

const MAX_BLOCK_TRANSACTIONS: i64 = 10_000;
/// Blocks mined at once, on request.
const MAX_MINED_BLOCKS: u32 = 1_000;
/// Blocks mined at once to catch up after a jump of the clock.
const MAX_CATCH_UP_BLOCKS: i64 = 50;
const MAX_BLOCK_INTERVAL_SECONDS: u32 = 86_400;

/// A transaction to put into a block, to undo or to drop.
pub(super) struct StoredTransaction {
    pub(super) id: i64,
    pub(super) txid: String,
    pub(super) sender: String,
    pub(super) recipient: String,
    pub(super) symbol: String,
    pub(super) amount: Amount,
    pub(super) fee: Amount,
    pub(super) nonce: Option<i64>,
    pub(super) state: i64,
}

impl StoredTransaction {
    /// From the columns of a query, in the order of the fields.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, WorldError> {
        Ok(Self {
            id: row.get(0)?,
            txid: row.get(1)?,
            sender: row.get(2)?,
            recipient: row.get(3)?,
            symbol: row.get(4)?,
            amount: amount_at(row, 5)?,
            fee: amount_at(row, 6)?,
            nonce: row.get(7)?,
            state: row.get(8)?,
        })
    }
}

/// Puts waiting transactions into the block at a height. Returns how many.
fn fill_block(tx: &Transaction<'_>, chain: Chain, native: &str, height: i64) -> Result<i64, WorldError> {
    // Lower nonces come first, so that nonces that are ahead cannot fill a block.
    const WAITING: &str = "SELECT id, txid, sender, recipient, symbol, amount, fee, nonce, state FROM transactions \
        WHERE chain = ?1 AND state = 0 ORDER BY nonce, id LIMIT ?2";
    let mut taken = 0;
    for candidate in tx.rows(WAITING, (chain.as_str(), MAX_BLOCK_TRANSACTIONS), StoredTransaction::read)? {
        let reverts = trigger::by_wallet(&candidate.recipient) == Some(TriggerOutcome::TransactionReverted);
        let moved = if reverts { Amount::ZERO } else { candidate.amount };
        let (sender, symbol, fee) = (candidate.sender.as_str(), candidate.symbol.as_str(), candidate.fee);
        if let Some(nonce) = candidate.nonce {
            // After a reorganisation the sender may lack the coins; the transaction then goes on waiting.
            if nonce != next_nonce(tx, chain, sender)?
                || balance_of(tx, chain, sender, symbol)?.amount < moved
                || balance_of(tx, chain, sender, native)?.amount < fee
            {
                continue;
            }
            set_next_nonce(tx, chain, sender, nonce + 1)?;
            add_to_balance(tx, chain, sender, symbol, (moved.negated(), candidate.amount.negated()))?;
            add_to_balance(tx, chain, sender, native, (fee.negated(), fee.negated()))?;
        }
        add_to_balance(tx, chain, &candidate.recipient, symbol, (moved, Amount::ZERO))?;
        let state = if reverts { REVERTED_STATE } else { MINED_STATE };
        let sql = "UPDATE transactions SET height = ?2, position = ?3, state = ?4 WHERE id = ?1";
        tx.execute(sql, (candidate.id, height, taken, state))?;
        taken += 1;
    }
    if taken > 0 {
        let sql = "INSERT OR REPLACE INTO block_times (chain, height, made_at) VALUES (?1, ?2, ?3)";
        tx.execute(sql, (chain.as_str(), height, tx.now.micros()))?;
    }
    Ok(taken)
}

/// Mines blocks on a chain. Waiting transactions go into the first of them.
fn mine(tx: &mut Transaction<'_>, chain: Chain, count: i64, mined_at: i64) -> Result<BlockHead, WorldError> {
    const GROW: &str = "UPDATE chains SET height = height + ?2, mined_at = max(mined_at, ?3) WHERE name = ?1 RETURNING fork, height";
    let native = tx.config.chain(chain).map(|chain| chain.native.to_string()).unwrap_or_default();
    let height: i64 = tx.value("SELECT height FROM chains WHERE name = ?1", [chain.as_str()])?.unwrap_or_default();
    for offset in 1..=count {
        if fill_block(tx, chain, &native, height + offset)? == 0 {
            // No waiting transaction can be mined: the remaining blocks are empty and need no row.
            break;
        }
    }
    if let Some((fork, height)) = tx.row(GROW, (chain.as_str(), count, mined_at), |row| Ok((row.get(0)?, row.get(1)?)))? {
        tx.tip(chain, fork, height);
    }
    read_head(tx, chain)
}

/// The chains that mine by themselves, in the order of their names: interval and time of the last block, in microseconds.
fn miners(tx: &Transaction<'_>) -> Result<Vec<(Chain, i64, i64)>, WorldError> {
    const MINERS: &str = "SELECT name, every_micros, mined_at FROM chains WHERE every_micros > 0 ORDER BY name";
    let rows = tx.rows(MINERS, [], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))?;
    // A chain that was taken out of the configuration stands still.
    let configured = |name: &str| tx.config.chains.iter().find(|chain| chain.name.as_str() == name).map(|chain| chain.name);
    Ok(rows.into_iter().filter_map(|(name, every, mined_at)| Some((configured(&name)?, every, mined_at))).collect())
}

/// When the next block is due.
pub(crate) fn next_block(tx: &Transaction<'_>) -> Result<Option<Timestamp>, WorldError> {
    Ok(miners(tx)?.into_iter().map(|(_, every, mined_at)| Timestamp::from_micros(mined_at + every)).min())
}

/// Mines the blocks that are due on every chain. Returns how many.
pub(crate) fn mine_due(tx: &mut Transaction<'_>) -> Result<usize, WorldError> {
    let (now, mut mined) = (tx.now.micros(), 0);
    for (chain, every, mined_at) in miners(tx)? {
        let due = (now - mined_at) / every;
        let (count, mined_at) = if due > MAX_CATCH_UP_BLOCKS { (MAX_CATCH_UP_BLOCKS, now) } else { (due, mined_at + due * every) };
        if count > 0 {
            mine(tx, chain, count, mined_at)?;
            mined += usize::try_from(count).unwrap_or_default();
        }
    }
    Ok(mined)
}

impl SimulatedChain {
    /// Mines blocks now.
    pub(crate) fn mine(&self, count: u32) -> Result<BlockHead, WorldError> {
        if count == 0 || count > MAX_MINED_BLOCKS {
            return Err(WorldError::impossible(format!("1 to {MAX_MINED_BLOCKS} blocks can be made at once")));
        }
        self.file.write(|tx| mine(tx, self.config.name, i64::from(count), tx.now.micros()))
    }

    /// Sets the interval between automatic blocks in seconds of business time; 0 stops them.
    pub(crate) fn automine(&self, every_seconds: u32) -> Result<(), WorldError> {
        if every_seconds > MAX_BLOCK_INTERVAL_SECONDS {
            return Err(WorldError::impossible(format!("blocks can be at most {MAX_BLOCK_INTERVAL_SECONDS} seconds apart")));
        }
        self.file.write(|tx| {
            let parameters = (self.config.name.as_str(), i64::from(every_seconds) * 1_000_000, tx.now.micros());
            tx.execute("UPDATE chains SET every_micros = ?2, mined_at = ?3 WHERE name = ?1", parameters).map(|_| ())
        })
    }
}
