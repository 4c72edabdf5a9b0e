//! Mining blocks: on request, and automatically in business time.

use std::collections::BTreeSet;

use rampart_core::money::asset::Chain;
use rampart_core::ports::BlockHead;
use rampart_core::time::Timestamp;

use super::deposit::MAX_SHARED_TRANSFERS;
use super::fees::node_fees;
use super::stored::{StoredTransaction, stored_columns};
use super::{SimulatedChain, newest_height, read_head};
use crate::config::ChainConfig;
use crate::error::WorldError;
use crate::file::Transaction;

const MAX_BLOCK_TRANSACTIONS: i64 = 10_000;
/// Blocks mined at once, on request.
const MAX_MINED_BLOCKS: u32 = 1_000;
/// Blocks mined at once to catch up after a jump of the clock.
const MAX_CATCH_UP_BLOCKS: i64 = 50;
const MAX_BLOCK_INTERVAL_SECONDS: u32 = 86_400;

/// Puts waiting transactions into the block at a height, or only those of them that are named. Returns how many transfers.
pub(super) fn fill_block(
    tx: &Transaction<'_>,
    config: &ChainConfig,
    height: i64,
    named: Option<&BTreeSet<String>>,
) -> Result<i64, WorldError> {
    // Lower nonces come first, so that nonces that are ahead cannot fill a block.
    const WAITING: &str =
        concat!("SELECT ", stored_columns!(), " FROM transactions WHERE chain = ?1 AND state = 0 ORDER BY nonce, id LIMIT ?2");
    let chain = config.name.as_str();
    let settings = tx.settings.chains.get(&config.name);
    let fees = node_fees(config, settings);
    let misread = settings.and_then(|settings| settings.misreading).filter(|misread| height <= misread.until);
    let misreading = misread.map(|misread| misread.misreading);
    let (mut taken, mut last) = (0, String::new());
    for candidate in tx.rows(WAITING, (chain, MAX_BLOCK_TRANSACTIONS + MAX_SHARED_TRANSFERS), StoredTransaction::read)? {
        if named.is_some_and(|named| !named.contains(&candidate.txid)) {
            continue;
        }
        // The transfers of a transaction are all in one block.
        if taken >= MAX_BLOCK_TRANSACTIONS && candidate.txid != last {
            break;
        }
        if candidate.mine(tx, config, &fees, (height, taken, misreading))? {
            taken += 1;
            last = candidate.txid;
        }
    }
    if taken > 0 {
        let sql = "INSERT OR REPLACE INTO block_times (chain, height, made_at) VALUES (?1, ?2, ?3)";
        tx.execute(sql, (chain, height, tx.now.micros()))?;
    }
    Ok(taken)
}

/// Mines blocks on a chain. Waiting transactions go into the first of them.
fn mine(tx: &mut Transaction<'_>, chain: Chain, count: i64, mined_at: i64) -> Result<BlockHead, WorldError> {
    const GROW: &str = "UPDATE chains SET height = height + ?2, mined_at = max(mined_at, ?3) WHERE name = ?1 RETURNING fork, height";
    let config = tx.config.chain(chain).ok_or_else(|| WorldError::NotFound(format!("there is no chain {chain}")))?;
    let height = newest_height(tx, chain)?;
    for offset in 1..=count {
        if fill_block(tx, config, height + offset, None)? == 0 {
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
