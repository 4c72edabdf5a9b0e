//! Coins that strangers send, and the chain's books as anybody can read them.

use rampart_core::amount::Amount;
use rampart_core::asset::{Chain, Symbol};
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::{DROPPED, MINED, REVERTED, WAITING, address_of, prefix};
use crate::database::unique_token;
use crate::error::WorldError;
use crate::payouts::amount;
use crate::world::World;

/// Coins that somebody sends to an address.
#[derive(Debug, Clone)]
pub struct Deposit {
    /// The chain.
    pub chain: Chain,
    /// To which address.
    pub to: String,
    /// The coin's symbol; one that the catalogue does not know is a token nobody knows.
    pub symbol: Symbol,
    /// How much, in minor units.
    pub amount: Amount,
    /// From which address; a stranger's when absent.
    pub from: Option<String>,
}

/// A transaction, as the chain's books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainTransaction {
    /// Its number in the chain's books; later ones are larger.
    pub id: i64,
    /// Its identifier.
    pub txid: String,
    /// From which address.
    pub from: String,
    /// To which address.
    pub to: String,
    /// The coin's symbol.
    pub symbol: String,
    /// How much, in minor units.
    pub amount: Amount,
    /// The decimals of the coin, where it is one of the catalogue.
    pub decimals: Option<u8>,
    /// What the chain took, in minor units of its own coin.
    pub fee: Amount,
    /// The sender's nonce, for wallets of ours.
    pub nonce: Option<u64>,
    /// `waiting`, `in_block`, `reverted` or `dropped`.
    pub state: &'static str,
    /// The block's height.
    pub height: Option<u64>,
}

impl World {
    /// Somebody sends coins to an address; they are in the next block. Gives the transaction's identifier.
    ///
    /// # Errors
    /// [`WorldError::NotFound`] for a chain that does not exist, [`WorldError::Impossible`] for addresses that are none.
    pub async fn deposit(&self, deposit: Deposit) -> Result<String, WorldError> {
        let chain = self.simulated_chain(deposit.chain)?;
        let addresses = chain.config.addresses;
        let to = addresses.normalize(&deposit.to).map_err(|fault| WorldError::impossible(format!("to {fault}")))?;
        let random = unique_token();
        let from = match &deposit.from {
            Some(from) => addresses.normalize(from).map_err(|fault| WorldError::impossible(format!("from {fault}")))?,
            None => address_of(self.database.config.seed, &chain.config, &format!("stranger/{random}")),
        };
        let txid = format!("{}{}", prefix(deposit.chain), hex::encode(Sha256::digest(format!("{}/{from}/{to}/{random}", deposit.chain))));
        let stored = txid.clone();
        self.database
            .write(move |batch| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT INTO transactions (chain, txid, sender, recipient, symbol, amount, fee, nonce, state) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, '0', NULL, 0)",
                    )
                    .bind(deposit.chain.as_str())
                    .bind(stored)
                    .bind(from)
                    .bind(to)
                    .bind(deposit.symbol.as_str())
                    .bind(deposit.amount.to_string())
                    .execute(&mut batch.connection)
                    .await?;
                    Ok(())
                })
            })
            .await?;
        Ok(txid)
    }

    /// The transactions from or to an address (all of them when absent), newest first, at most `limit`; those before
    /// a number when one is given.
    ///
    /// # Errors
    /// [`WorldError::NotFound`] for a chain that does not exist, [`WorldError::Impossible`] for an address that is none.
    pub async fn transactions(
        &self,
        chain: Chain,
        address: Option<&str>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<ChainTransaction>, WorldError> {
        let simulated_chain = self.simulated_chain(chain)?;
        let config = &simulated_chain.config;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let before = before.unwrap_or(i64::MAX);
        let normalize = |address| config.addresses.normalize(address).map_err(|fault| WorldError::impossible(format!("address {fault}")));
        let rows = match address.map(normalize).transpose()? {
            // Nearly every transaction is from the hot wallet: walking backwards finds a page sooner than sorting.
            Some(address) if address == simulated_chain.hot => {
                sqlx::query(
                    "SELECT txid, sender, recipient, symbol, amount, fee, nonce, state, height, id FROM transactions NOT INDEXED \
                     WHERE chain = ?1 AND (sender = ?2 OR recipient = ?2) AND id < ?3 ORDER BY id DESC LIMIT ?4",
                )
                .bind(chain.as_str())
                .bind(address)
                .bind(before)
                .bind(limit)
                .fetch_all(&self.database.readers)
                .await?
            }
            Some(address) => {
                sqlx::query(
                    "SELECT txid, sender, recipient, symbol, amount, fee, nonce, state, height, id FROM transactions \
                     WHERE sender = ?2 AND chain = ?1 AND id < ?3 \
                     UNION SELECT txid, sender, recipient, symbol, amount, fee, nonce, state, height, id FROM transactions \
                     WHERE recipient = ?2 AND chain = ?1 AND id < ?3 ORDER BY id DESC LIMIT ?4",
                )
                .bind(chain.as_str())
                .bind(address)
                .bind(before)
                .bind(limit)
                .fetch_all(&self.database.readers)
                .await?
            }
            None => {
                sqlx::query(
                    "SELECT txid, sender, recipient, symbol, amount, fee, nonce, state, height, id FROM transactions NOT INDEXED \
                     WHERE chain = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
                )
                .bind(chain.as_str())
                .bind(before)
                .bind(limit)
                .fetch_all(&self.database.readers)
                .await?
            }
        };
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
                    WAITING => "waiting",
                    MINED => "in_block",
                    REVERTED => "reverted",
                    DROPPED => "dropped",
                    other => return Err(WorldError::Unreadable(format!("state {other}"))),
                },
                height: row.try_get::<Option<i64>, _>(8)?.map(i64::unsigned_abs),
            })
        };
        rows.iter().map(read).collect()
    }
}
