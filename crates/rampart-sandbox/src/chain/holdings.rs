//! What addresses hold: balances at the newest block, what waiting transactions reserve of them, and nonces.

use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Chain;

use crate::error::WorldError;
use crate::file::{Transaction, amount_at};

/// The balance of an address in one coin at the newest block, and the part reserved by waiting transactions.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CoinBalance {
    pub(super) amount: Amount,
    pub(super) waiting: Amount,
}

/// What an address holds of a coin.
pub(super) fn balance_of(tx: &Transaction<'_>, chain: Chain, address: &str, symbol: &str) -> Result<CoinBalance, WorldError> {
    const BALANCE: &str = "SELECT amount, waiting FROM balances WHERE chain = ?1 AND address = ?2 AND symbol = ?3";
    let found = tx.row(BALANCE, (chain.as_str(), address, symbol), |row| {
        Ok(CoinBalance { amount: amount_at(row, 0)?, waiting: amount_at(row, 1)? })
    })?;
    Ok(found.unwrap_or_default())
}

/// Adds to the balance of an address, and to the part reserved by waiting transactions.
pub(super) fn add_to_balance(
    tx: &Transaction<'_>,
    chain: Chain,
    address: &str,
    symbol: &str,
    (amount, waiting): (Amount, Amount),
) -> Result<(), WorldError> {
    if amount.is_zero() && waiting.is_zero() {
        return Ok(());
    }
    let held = balance_of(tx, chain, address, symbol)?;
    let amount = held.amount.plus(amount).unwrap_or(held.amount).to_string();
    let waiting = held.waiting.plus(waiting).unwrap_or(held.waiting).to_string();
    tx.execute(
        "INSERT OR REPLACE INTO balances (chain, address, symbol, amount, waiting) VALUES (?1, ?2, ?3, ?4, ?5)",
        (chain.as_str(), address, symbol, amount, waiting),
    )
    .map(|_| ())
}

/// The next nonce of an address that can be mined.
pub(super) fn next_nonce(tx: &Transaction<'_>, chain: Chain, address: &str) -> Result<i64, WorldError> {
    let next = tx.value("SELECT next FROM nonces WHERE chain = ?1 AND address = ?2", (chain.as_str(), address))?;
    Ok(next.unwrap_or(0))
}

pub(super) fn set_next_nonce(tx: &Transaction<'_>, chain: Chain, address: &str, next: i64) -> Result<(), WorldError> {
    let sql = "INSERT OR REPLACE INTO nonces (chain, address, next) VALUES (?1, ?2, ?3)";
    tx.execute(sql, (chain.as_str(), address, next)).map(|_| ())
}
