//! Mining blocks: on request, and automatically in business time.

use std::collections::{BTreeMap, BTreeSet};

use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Chain;
use rampart_core::ports::BlockHead;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::broadcast::CoinBalance;
use super::{MINED_STATE, REVERTED_STATE, read_head};
use crate::database::Batch;
use crate::error::WorldError;
use crate::payouts::amount;
use crate::trigger::{self, TriggerOutcome};
use crate::world::World;

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
    pub(super) fn read(row: &SqliteRow) -> Result<Self, WorldError> {
        Ok(Self {
            id: row.try_get(0)?,
            txid: row.try_get(1)?,
            sender: row.try_get(2)?,
            recipient: row.try_get(3)?,
            symbol: row.try_get(4)?,
            amount: amount(row.try_get(5)?)?,
            fee: amount(row.try_get(6)?)?,
            nonce: row.try_get(7)?,
            state: row.try_get(8)?,
        })
    }
}

/// Balances and nonces of the addresses in the transactions of a block.
pub(super) struct TouchedAddresses {
    chain: Chain,
    nonces: BTreeMap<String, i64>,
    balances: BTreeMap<(String, String), CoinBalance>,
}

impl TouchedAddresses {
    pub(super) async fn load(batch: &mut Batch, chain: Chain, addresses: &BTreeSet<&str>) -> Result<Self, WorldError> {
        let mut touched = Self { chain, nonces: BTreeMap::new(), balances: BTreeMap::new() };
        let addresses = serde_json::to_string(addresses)?;
        let rows = sqlx::query("SELECT n.address, n.next FROM json_each(?2) w CROSS JOIN nonces n ON n.chain = ?1 AND n.address = w.value")
            .bind(chain.as_str())
            .bind(&addresses)
            .fetch_all(&mut batch.connection)
            .await?;
        for row in rows {
            touched.nonces.insert(row.try_get(0)?, row.try_get(1)?);
        }
        let rows = sqlx::query(
            "SELECT b.address, b.symbol, b.amount, b.waiting FROM json_each(?2) w CROSS JOIN balances b ON b.chain = ?1 AND b.address = w.value",
        )
        .bind(chain.as_str())
        .bind(&addresses)
        .fetch_all(&mut batch.connection)
        .await?;
        for row in rows {
            let balance = CoinBalance { amount: amount(row.try_get(2)?)?, waiting: amount(row.try_get(3)?)? };
            touched.balances.insert((row.try_get(0)?, row.try_get(1)?), balance);
        }
        Ok(touched)
    }

    /// Adds to the balance of an address, and to the part reserved by waiting transactions.
    pub(super) fn add(&mut self, address: &str, symbol: &str, amount: Amount, waiting: Amount) {
        let balance = self.balances.entry((address.to_owned(), symbol.to_owned())).or_default();
        balance.amount = balance.amount.plus(amount).unwrap_or(balance.amount);
        balance.waiting = balance.waiting.plus(waiting).unwrap_or(balance.waiting);
    }

    fn amount_of(&self, address: &str, symbol: &str) -> Amount {
        self.balances.get(&(address.to_owned(), symbol.to_owned())).map_or(Amount::ZERO, |balance| balance.amount)
    }

    /// Resets the next nonce of an address to one that was undone.
    pub(super) fn undo_nonce(&mut self, address: &str, nonce: i64) {
        let next = self.nonces.entry(address.to_owned()).or_insert(nonce);
        *next = nonce.min(*next);
    }

    pub(super) async fn store(&self, batch: &mut Batch) -> Result<(), WorldError> {
        let chain = self.chain.as_str();
        let balances = self.balances.iter().map(|((address, symbol), balance)| (address, symbol, balance.amount, balance.waiting));
        sqlx::query(
            "INSERT OR REPLACE INTO balances (chain, address, symbol, amount, waiting) \
             SELECT ?1, value->>0, value->>1, value->>2, value->>3 FROM json_each(?2)",
        )
        .bind(chain)
        .bind(serde_json::to_string(&balances.collect::<Vec<_>>())?)
        .execute(&mut batch.connection)
        .await?;
        sqlx::query("INSERT OR REPLACE INTO nonces (chain, address, next) SELECT ?1, key, value FROM json_each(?2)")
            .bind(chain)
            .bind(serde_json::to_string(&self.nonces)?)
            .execute(&mut batch.connection)
            .await?;
        Ok(())
    }
}

async fn candidates(batch: &mut Batch, chain: Chain) -> Result<Vec<StoredTransaction>, WorldError> {
    // Lower nonces come first, so that nonces that are ahead cannot fill a block.
    let rows = sqlx::query(
        "SELECT id, txid, sender, recipient, symbol, amount, fee, nonce, state FROM transactions \
         WHERE chain = ?1 AND state = 0 ORDER BY nonce, id LIMIT ?2",
    )
    .bind(chain.as_str())
    .bind(MAX_BLOCK_TRANSACTIONS)
    .fetch_all(&mut batch.connection)
    .await?;
    rows.iter().map(StoredTransaction::read).collect()
}

/// Puts waiting transactions into the block at a height. Returns how many.
async fn fill_block(batch: &mut Batch, chain: Chain, native: &str, height: i64) -> Result<usize, WorldError> {
    let candidates = candidates(batch, chain).await?;
    if candidates.is_empty() {
        return Ok(0);
    }
    let addresses = candidates.iter().flat_map(|candidate| [candidate.sender.as_str(), candidate.recipient.as_str()]).collect();
    let mut touched = TouchedAddresses::load(batch, chain, &addresses).await?;
    let mut taken: Vec<(i64, usize, i64)> = Vec::new();
    for candidate in &candidates {
        let reverts = trigger::by_wallet(&candidate.recipient) == Some(TriggerOutcome::TransactionReverted);
        let moved = if reverts { Amount::ZERO } else { candidate.amount };
        let (sender, symbol) = (candidate.sender.as_str(), candidate.symbol.as_str());
        if let Some(nonce) = candidate.nonce {
            let next = touched.nonces.get(sender).copied().unwrap_or(0);
            // After a reorganisation the sender may lack the coins; the transaction then goes on waiting.
            let enough = touched.amount_of(sender, symbol) >= moved && touched.amount_of(sender, native) >= candidate.fee;
            if nonce != next || !enough {
                continue;
            }
            touched.nonces.insert(sender.to_owned(), next + 1);
            touched.add(sender, symbol, moved.negated(), candidate.amount.negated());
            touched.add(sender, native, candidate.fee.negated(), candidate.fee.negated());
        }
        touched.add(&candidate.recipient, symbol, moved, Amount::ZERO);
        taken.push((candidate.id, taken.len(), if reverts { REVERTED_STATE } else { MINED_STATE }));
    }
    if !taken.is_empty() {
        sqlx::query(
            "UPDATE transactions SET height = ?1, position = w.value->>1, state = w.value->>2 FROM json_each(?2) w WHERE transactions.id = w.value->>0",
        )
        .bind(height)
        .bind(serde_json::to_string(&taken)?)
        .execute(&mut batch.connection)
        .await?;
        sqlx::query("INSERT OR REPLACE INTO block_times (chain, height, made_at) VALUES (?1, ?2, ?3)")
            .bind(chain.as_str())
            .bind(height)
            .bind(batch.now.micros())
            .execute(&mut batch.connection)
            .await?;
        touched.store(batch).await?;
    }
    Ok(taken.len())
}

/// Mines blocks on a chain. Waiting transactions go into the first of them.
pub(super) async fn mine(batch: &mut Batch, chain: Chain, count: i64, mined_at: i64) -> Result<BlockHead, WorldError> {
    let native = batch.config.chain(chain).map(|chain| chain.native.to_string()).unwrap_or_default();
    let height: i64 =
        sqlx::query_scalar("SELECT height FROM chains WHERE name = ?1").bind(chain.as_str()).fetch_one(&mut batch.connection).await?;
    for offset in 1..=count {
        if fill_block(batch, chain, &native, height + offset).await? == 0 {
            // No waiting transaction can be mined: the remaining blocks are empty and need no row.
            break;
        }
    }
    sqlx::query("UPDATE chains SET height = height + ?2, mined_at = max(mined_at, ?3) WHERE name = ?1")
        .bind(chain.as_str())
        .bind(count)
        .bind(mined_at)
        .execute(&mut batch.connection)
        .await?;
    let (fork, head) = read_head(&mut batch.connection, chain).await?;
    batch.tip(chain, fork, head.clone());
    Ok(head)
}

/// Mines the blocks that are due on every chain.
pub(crate) async fn mine_due(batch: &mut Batch) -> Result<(), WorldError> {
    let now = batch.now.micros();
    let rows = sqlx::query("SELECT name, every_micros, mined_at FROM chains WHERE every_micros > 0 AND mined_at + every_micros <= ?1")
        .bind(now)
        .fetch_all(&mut batch.connection)
        .await?;
    for row in rows {
        let (name, every, mined_at): (String, i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let Some(chain) = batch.config.chains.iter().find(|chain| chain.name.as_str() == name).map(|chain| chain.name) else {
            continue;
        };
        let due = (now - mined_at) / every;
        let (count, mined_at) = if due > MAX_CATCH_UP_BLOCKS { (MAX_CATCH_UP_BLOCKS, now) } else { (due, mined_at + due * every) };
        mine(batch, chain, count, mined_at).await?;
    }
    Ok(())
}

impl World {
    /// Mines blocks now.
    /// [`WorldError::NotFound`] for an unknown chain, [`WorldError::Impossible`] for no blocks or more than 1,000.
    pub async fn mine(&self, chain: Chain, count: u32) -> Result<BlockHead, WorldError> {
        self.simulated_chain(chain)?;
        if count == 0 || count > MAX_MINED_BLOCKS {
            return Err(WorldError::impossible(format!("1 to {MAX_MINED_BLOCKS} blocks can be made at once")));
        }
        self.database
            .write(move |batch| {
                Box::pin(async move {
                    let now = batch.now.micros();
                    mine(batch, chain, i64::from(count), now).await
                })
            })
            .await
    }

    /// Sets the interval between automatic blocks in seconds of business time; 0 stops them.
    /// [`WorldError::NotFound`] for an unknown chain, [`WorldError::Impossible`] for more than a day.
    pub async fn automine(&self, chain: Chain, every_seconds: u32) -> Result<(), WorldError> {
        self.simulated_chain(chain)?;
        if every_seconds > MAX_BLOCK_INTERVAL_SECONDS {
            return Err(WorldError::impossible(format!("blocks can be at most {MAX_BLOCK_INTERVAL_SECONDS} seconds apart")));
        }
        self.database
            .write(move |batch| {
                Box::pin(async move {
                    sqlx::query("UPDATE chains SET every_micros = ?2, mined_at = ?3 WHERE name = ?1")
                        .bind(chain.as_str())
                        .bind(i64::from(every_seconds) * 1_000_000)
                        .bind(batch.now.micros())
                        .execute(&mut batch.connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}
