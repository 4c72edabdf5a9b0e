//! Deposits of third parties, and the transactions of a chain.

use rampart_core::money::amount::Amount;
use rampart_core::money::asset::{Chain, Symbol};
use sha2::{Digest, Sha256};

use super::{DROPPED_STATE, MINED_STATE, REVERTED_STATE, SimulatedChain, WAITING_STATE, address_of, prefix};
use crate::error::WorldError;
use crate::file::{Transaction, amount_at};

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

/// A transaction of a chain, or one transfer of several in it.
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

/// The row number of the next transaction.
pub(super) fn next_id(tx: &Transaction<'_>) -> Result<i64, WorldError> {
    Ok(tx.value("SELECT coalesce(max(id), 0) + 1 FROM transactions", [])?.unwrap_or(1))
}

/// Nearly every transaction is from the hot wallet: scanning backwards finds a page sooner than sorting.
const OF_THE_HOT_WALLET: &str = "SELECT txid, sender, recipient, symbol, amount, fee, nonce, state, height, id FROM transactions NOT INDEXED \
    WHERE chain = ?1 AND id < ?2 AND (sender = ?4 OR recipient = ?4) ORDER BY id DESC LIMIT ?3";
const OF_AN_ADDRESS: &str = "SELECT txid, sender, recipient, symbol, amount, fee, nonce, state, height, id FROM transactions \
    WHERE sender = ?4 AND chain = ?1 AND id < ?2 \
    UNION SELECT txid, sender, recipient, symbol, amount, fee, nonce, state, height, id FROM transactions \
    WHERE recipient = ?4 AND chain = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
const OF_ALL: &str = "SELECT txid, sender, recipient, symbol, amount, fee, nonce, state, height, id FROM transactions NOT INDEXED \
    WHERE chain = ?1 AND id < ?2 AND ?4 IS NULL ORDER BY id DESC LIMIT ?3";

/// A transaction of a third party with several transfers: an exchange pays many at once.
#[derive(Debug, Clone)]
pub struct SharedDeposit {
    pub chain: Chain,
    /// `None`: the address of a stranger.
    pub from: Option<String>,
    /// Receivers, which may be the same, with symbols and amounts in minor units. A symbol that is not in the catalogue stands for an
    /// unknown token.
    pub transfers: Vec<(String, Symbol, Amount)>,
}

/// The transfers of one transaction.
pub(super) const MAX_SHARED_TRANSFERS: i64 = 1_000;

impl SimulatedChain {
    /// A third party sends coins to an address; they are in the next block. Returns the transaction's identifier.
    pub(crate) fn deposit(&self, deposit: &ChainDeposit) -> Result<String, WorldError> {
        let ChainDeposit { to, symbol, amount, from, .. } = deposit;
        self.deposit_all(from.as_deref(), &[(to.clone(), *symbol, *amount)])
    }

    /// A third party sends coins to several addresses in one transaction. Returns its identifier.
    pub(crate) fn deposit_all(&self, from: Option<&str>, transfers: &[(String, Symbol, Amount)]) -> Result<String, WorldError> {
        const INSERT: &str = "INSERT INTO transactions (id, chain, txid, sender, recipient, symbol, amount, fee, nonce, state) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '0', NULL, 0)";
        let normalize = |name, address: &str| {
            self.config.addresses.normalize(address).map_err(|fault| WorldError::impossible(format!("{name} {fault}")))
        };
        let receivers = transfers.iter().map(|(to, ..)| normalize("to", to)).collect::<Result<Vec<_>, _>>()?;
        let from = from.map(|from| normalize("from", from)).transpose()?;
        let Some(to) = receivers.first().filter(|_| i64::try_from(receivers.len()).is_ok_and(|count| count <= MAX_SHARED_TRANSFERS)) else {
            return Err(WorldError::impossible(format!("a transaction has 1 to {MAX_SHARED_TRANSFERS} transfers")));
        };
        self.file.write(|tx| {
            let id = next_id(tx)?;
            let (unique, stranger) = self.unique(tx, id);
            let from = from.unwrap_or(stranger);
            let txid = self.txid_of(tx, &format!("{from}/{to}"), &unique);
            for (id, (to, (_, symbol, amount))) in (id..).zip(receivers.iter().zip(transfers)) {
                tx.execute(INSERT, (id, self.config.name.as_str(), &txid, &from, to, symbol.as_str(), amount.to_string()))?;
            }
            Ok(txid)
        })
    }

    /// What makes a transaction unlike any other, and the address of a stranger that goes with it. The number makes it unlike any other of
    /// this world, the time unlike those of a world that was deleted beside its ramp; a run that is repeated repeats both.
    pub(super) fn unique(&self, tx: &Transaction<'_>, id: i64) -> (String, String) {
        let unique = format!("{}/{id}", tx.now.micros());
        let stranger = address_of(tx.config.seed, &self.config, &format!("stranger/{unique}"));
        (unique, stranger)
    }

    /// Identifier of a transaction that no wallet of ours has signed.
    pub(super) fn txid_of(&self, tx: &Transaction<'_>, what: &str, unique: &str) -> String {
        let (chain, seed) = (self.config.name, tx.config.seed);
        format!("{}{}", prefix(chain), hex::encode(Sha256::digest(format!("{chain}/{what}/{seed}/{unique}"))))
    }

    /// The transactions from or to an address (`None`: all), newest first, at most `limit`, with ids below `before`.
    pub(crate) fn transactions(
        &self,
        address: Option<&str>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<ChainTransaction>, WorldError> {
        let config = &self.config;
        let normalize = |address| config.addresses.normalize(address).map_err(|fault| WorldError::impossible(format!("address {fault}")));
        let address = address.map(normalize).transpose()?;
        let query = match &address {
            Some(address) if *address == self.hot => OF_THE_HOT_WALLET,
            Some(_) => OF_AN_ADDRESS,
            None => OF_ALL,
        };
        let parameters = (config.name.as_str(), before.unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX), address);
        let read = |row: &rusqlite::Row<'_>| -> Result<ChainTransaction, WorldError> {
            let symbol: String = row.get(3)?;
            let decimals = symbol.parse().ok().and_then(|symbol| config.coin(symbol)).map(|coin| coin.decimals);
            Ok(ChainTransaction {
                id: row.get(9)?,
                txid: row.get(0)?,
                from: row.get(1)?,
                to: row.get(2)?,
                symbol,
                amount: amount_at(row, 4)?,
                decimals,
                fee: amount_at(row, 5)?,
                nonce: row.get::<_, Option<i64>>(6)?.map(i64::unsigned_abs),
                state: match row.get(7)? {
                    WAITING_STATE => "waiting",
                    MINED_STATE => "in_block",
                    REVERTED_STATE => "reverted",
                    DROPPED_STATE => "dropped",
                    other => return Err(WorldError::Unreadable(format!("state {other}"))),
                },
                height: row.get::<_, Option<i64>>(8)?.map(i64::unsigned_abs),
            })
        };
        self.file.read(|tx| tx.rows(query, parameters, read))
    }
}
