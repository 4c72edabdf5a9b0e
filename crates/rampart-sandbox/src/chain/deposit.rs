//! Deposits of third parties, and the transactions of a chain.

use rampart_core::money::amount::Amount;
use rampart_core::money::asset::{Chain, Symbol};
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::{DROPPED_STATE, MINED_STATE, REVERTED_STATE, WAITING_STATE, address_of, prefix};
use crate::error::WorldError;
use crate::payouts::amount;
use crate::world::World;

/// Coins that a third party sends to an address.
#[derive(Debug, Clone)]
pub struct ChainDeposit {
    pub chain: Chain,
    pub to: String,
    /// A symbol that is not in the catalogue stands for an unknown token.
    pub symbol: Symbol,
    /// In minor units.
    pub amount: Amount,
    /// `None`: the address of a stranger.
    pub from: Option<String>,
}

/// A transaction of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainTransaction {
    /// Row number; later transactions have larger ones.
    pub id: i64,
    pub txid: String,
    pub from: String,
    pub to: String,
    pub symbol: String,
    /// In minor units.
    pub amount: Amount,
    /// Decimals of the coin; `None` for an unknown token.
    pub decimals: Option<u8>,
    /// Network fee, in minor units of the native coin.
    pub fee: Amount,
    /// `None` if the sender is not a wallet of ours.
    pub nonce: Option<u64>,
    /// `waiting`, `in_block`, `reverted` or `dropped`.
    pub state: &'static str,
    /// Height of the block; `None` while waiting.
    pub height: Option<u64>,
}

impl World {
    /// A third party sends coins to an address; they are in the next block. Returns the transaction's identifier.
    /// [`WorldError::NotFound`] for an unknown chain, [`WorldError::Impossible`] for an invalid address.
    pub async fn deposit(&self, deposit: ChainDeposit) -> Result<String, WorldError> {
        let chain = self.simulated_chain(deposit.chain)?;
        let addresses = chain.config.addresses;
        let to = addresses.normalize(&deposit.to).map_err(|fault| WorldError::impossible(format!("to {fault}")))?;
        let from = match &deposit.from {
            Some(from) => Some(addresses.normalize(from).map_err(|fault| WorldError::impossible(format!("from {fault}")))?),
            None => None,
        };
        let (seed, config) = (self.database.config.seed, chain.config.clone());
        self.database
            .write(move |batch| {
                Box::pin(async move {
                    let number: i64 =
                        sqlx::query_scalar("SELECT coalesce(max(id), 0) + 1 FROM transactions").fetch_one(&mut batch.connection).await?;
                    // Unique also when the file is made anew beside a ramp that knows the transactions of the old one.
                    let unique = format!("{}/{number}", batch.now.micros());
                    let from = from.unwrap_or_else(|| address_of(seed, &config, &format!("stranger/{unique}")));
                    let digest = Sha256::digest(format!("{}/{from}/{to}/{unique}", deposit.chain));
                    let txid = format!("{}{}", prefix(deposit.chain), hex::encode(digest));
                    sqlx::query(
                        "INSERT INTO transactions (chain, txid, sender, recipient, symbol, amount, fee, nonce, state) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, '0', NULL, 0)",
                    )
                    .bind(deposit.chain.as_str())
                    .bind(&txid)
                    .bind(from)
                    .bind(to)
                    .bind(deposit.symbol.as_str())
                    .bind(deposit.amount.to_string())
                    .execute(&mut batch.connection)
                    .await?;
                    Ok(txid)
                })
            })
            .await
    }

    /// The transactions from or to an address (`None`: all), newest first, at most `limit`, with ids below `before`.
    /// [`WorldError::NotFound`] for an unknown chain, [`WorldError::Impossible`] for an invalid address.
    pub async fn transactions(
        &self,
        chain: Chain,
        address: Option<&str>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<ChainTransaction>, WorldError> {
        let simulated_chain = self.simulated_chain(chain)?;
        let config = &simulated_chain.config;
        let normalize = |address| config.addresses.normalize(address).map_err(|fault| WorldError::impossible(format!("address {fault}")));
        let address = address.map(normalize).transpose()?;
        let query = match &address {
            // Nearly every transaction is from the hot wallet: scanning backwards finds a page sooner than sorting.
            Some(address) if *address == simulated_chain.hot => {
                "SELECT txid, sender, recipient, symbol, amount, fee, nonce, state, height, id FROM transactions NOT INDEXED \
                 WHERE chain = ?1 AND id < ?2 AND (sender = ?4 OR recipient = ?4) ORDER BY id DESC LIMIT ?3"
            }
            Some(_) => {
                "SELECT txid, sender, recipient, symbol, amount, fee, nonce, state, height, id FROM transactions \
                 WHERE sender = ?4 AND chain = ?1 AND id < ?2 \
                 UNION SELECT txid, sender, recipient, symbol, amount, fee, nonce, state, height, id FROM transactions \
                 WHERE recipient = ?4 AND chain = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
            }
            None => {
                "SELECT txid, sender, recipient, symbol, amount, fee, nonce, state, height, id FROM transactions NOT INDEXED \
                 WHERE chain = ?1 AND id < ?2 AND ?4 IS NULL ORDER BY id DESC LIMIT ?3"
            }
        };
        let rows = sqlx::query(query)
            .bind(chain.as_str())
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(address)
            .fetch_all(&self.database.readers)
            .await?;
        let read = |row: &sqlx::sqlite::SqliteRow| -> Result<ChainTransaction, WorldError> {
            let symbol: String = row.try_get(3)?;
            let decimals = symbol.parse().ok().and_then(|symbol| config.coin(symbol)).map(|coin| coin.decimals);
            Ok(ChainTransaction {
                id: row.try_get(9)?,
                txid: row.try_get(0)?,
                from: row.try_get(1)?,
                to: row.try_get(2)?,
                symbol,
                amount: amount(row.try_get(4)?)?,
                decimals,
                fee: amount(row.try_get(5)?)?,
                nonce: row.try_get::<Option<i64>, _>(6)?.map(i64::unsigned_abs),
                state: match row.try_get(7)? {
                    WAITING_STATE => "waiting",
                    MINED_STATE => "in_block",
                    REVERTED_STATE => "reverted",
                    DROPPED_STATE => "dropped",
                    other => return Err(WorldError::Unreadable(format!("state {other}"))),
                },
                height: row.try_get::<Option<i64>, _>(8)?.map(i64::unsigned_abs),
            })
        };
        rows.iter().map(read).collect()
    }
}
