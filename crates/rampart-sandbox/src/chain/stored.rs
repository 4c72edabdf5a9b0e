//! Transactions as they are stored, and what they do to balances and nonces when they are mined, undone and dropped.

use rampart_core::money::amount::Amount;
use rampart_core::outgoing::FeeTerms;
use rusqlite::Row;

use super::fees::{NodeFees, Offer};
use super::holdings::{add_to_balance, balance_of, next_nonce, set_next_nonce};
use super::{DROPPED_STATE, MINED_STATE, REVERTED_STATE, WAITING_STATE};
use crate::config::ChainConfig;
use crate::error::WorldError;
use crate::file::{Misreading, Transaction, amount_at};
use crate::trigger::{self, TriggerOutcome};

/// The columns of a [`StoredTransaction`].
macro_rules! stored_columns {
    () => {
        "id, txid, sender, recipient, symbol, amount, fee, nonce, state, most_units, units, price, tip, misreading"
    };
}
pub(super) use stored_columns;

/// The stored form of a misreading.
pub(super) const fn stored_misreading(misreading: Misreading) -> i64 {
    match misreading {
        Misreading::Missing => 1,
        Misreading::NotThere => 2,
    }
}

/// A transaction, or one transfer of several in it.
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
    /// `None`: it is mined whatever the market asks, and never replaced. So are the transactions of an earlier version.
    pub(super) offer: Option<Offer>,
    /// How the first reading of its block gets it wrong.
    pub(super) misreading: Option<Misreading>,
}

impl StoredTransaction {
    /// From the columns of a query.
    pub(super) fn read(row: &Row<'_>) -> Result<Self, WorldError> {
        let offer = match row.get::<_, Option<i64>>(9)? {
            Some(most) => {
                let terms = FeeTerms { units: most.unsigned_abs(), price: amount_at(row, 11)?, tip: amount_at(row, 12)? };
                Some(Offer { terms, units: row.get::<_, i64>(10)?.unsigned_abs() })
            }
            None => None,
        };
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
            offer,
            misreading: match row.get::<_, Option<i64>>(13)? {
                None => None,
                Some(1) => Some(Misreading::Missing),
                Some(_) => Some(Misreading::NotThere),
            },
        })
    }

    /// The most that its fee can be.
    fn most_fee(&self) -> Amount {
        self.offer.map_or(self.fee, |offer| offer.most())
    }

    /// The most that it can take of its sender's balance in a coin. What overflows is more than anybody has.
    pub(super) fn most_of(&self, symbol: &str, config: &ChainConfig) -> Amount {
        let amount = if self.symbol == symbol { self.amount } else { Amount::ZERO };
        let fee = if config.native.as_str() == symbol { self.most_fee() } else { Amount::ZERO };
        amount.plus(fee).unwrap_or(Amount::from_minor(i128::MAX))
    }

    /// Adds to what its sender has and what is reserved of it: the amount and the fee, which may be the same coin.
    fn add_to_sender(
        &self,
        tx: &Transaction<'_>,
        config: &ChainConfig,
        moved: (Amount, Amount),
        fee: (Amount, Amount),
    ) -> Result<(), WorldError> {
        add_to_balance(tx, config.name, &self.sender, &self.symbol, moved)?;
        add_to_balance(tx, config.name, &self.sender, config.native.as_str(), fee)
    }

    /// Reserves what it may take of its sender's balance.
    pub(super) fn reserve(&self, tx: &Transaction<'_>, config: &ChainConfig) -> Result<(), WorldError> {
        self.add_to_sender(tx, config, (Amount::ZERO, self.amount), (Amount::ZERO, self.most_fee()))
    }

    /// Forgets it while it waits.
    pub(super) fn drop_waiting(&self, tx: &Transaction<'_>, config: &ChainConfig) -> Result<(), WorldError> {
        let (amount, fee) = (self.amount.negated(), self.most_fee().negated());
        self.add_to_sender(tx, config, (Amount::ZERO, amount), (Amount::ZERO, fee))?;
        tx.execute("UPDATE transactions SET state = ?2 WHERE id = ?1", (self.id, DROPPED_STATE)).map(|_| ())
    }

    /// Puts it into a block, if its turn has come, its sender has the coins and the market allows it. Returns whether it is there.
    pub(super) fn mine(
        &self,
        tx: &Transaction<'_>,
        config: &ChainConfig,
        fees: &NodeFees,
        (height, position, misreading): (i64, i64, Option<Misreading>),
    ) -> Result<bool, WorldError> {
        const MINE: &str = "UPDATE transactions SET height = ?2, position = ?3, state = ?4, fee = ?5, misreading = ?6 WHERE id = ?1";
        let (chain, native) = (config.name, config.native.as_str());
        let misreading = self.misreading.or(misreading);
        let reverts = match trigger::by_wallet(&self.recipient) {
            Some(TriggerOutcome::TransactionReverted) => true,
            // An estimate says so, but the bytes may come all the same.
            Some(TriggerOutcome::BroadcastRefused) => self.nonce.is_some(),
            _ => self.offer.is_some_and(|offer| offer.runs_out()),
        };
        let is_not_there = self.nonce.is_none() && misreading == Some(Misreading::NotThere);
        let moved = if reverts || is_not_there { Amount::ZERO } else { self.amount };
        let fee = self.offer.map_or(self.fee, |offer| offer.fee(fees));
        if let Some(nonce) = self.nonce {
            // After a reorganisation the sender may lack the coins; the transaction then goes on waiting.
            let needed = if self.symbol == native { moved.plus(fee).unwrap_or(moved) } else { moved };
            if nonce != next_nonce(tx, chain, &self.sender)?
                || self.offer.is_some_and(|offer| !offer.is_included(fees))
                || balance_of(tx, chain, &self.sender, &self.symbol)?.amount < needed
                || balance_of(tx, chain, &self.sender, native)?.amount < fee
            {
                return Ok(false);
            }
            set_next_nonce(tx, chain, &self.sender, nonce + 1)?;
            let moved = (moved.negated(), self.amount.negated());
            self.add_to_sender(tx, config, moved, (fee.negated(), self.most_fee().negated()))?;
        }
        add_to_balance(tx, chain, &self.recipient, &self.symbol, (moved, Amount::ZERO))?;
        let state = if reverts { REVERTED_STATE } else { MINED_STATE };
        tx.execute(MINE, (self.id, height, position, state, fee.to_string(), misreading.map(stored_misreading))).map(|_| true)
    }

    /// What it has moved: nothing if it was reverted, or only seemed to be in its block.
    pub(super) fn moved(&self) -> Amount {
        let is_not_there = self.nonce.is_none() && self.misreading == Some(Misreading::NotThere);
        if self.state == MINED_STATE && !is_not_there { self.amount } else { Amount::ZERO }
    }

    /// Takes it out of its block: it waits again, or the chain forgets it.
    pub(super) fn undo(&self, tx: &Transaction<'_>, config: &ChainConfig, drops: bool) -> Result<(), WorldError> {
        const UNDO: &str = "UPDATE transactions SET height = NULL, position = NULL, state = ?2 WHERE id = ?1";
        let moved = self.moved();
        add_to_balance(tx, config.name, &self.recipient, &self.symbol, (moved.negated(), Amount::ZERO))?;
        if let Some(nonce) = self.nonce {
            let reserved = |sum: Amount| if drops { Amount::ZERO } else { sum };
            self.add_to_sender(tx, config, (moved, reserved(self.amount)), (self.fee, reserved(self.most_fee())))?;
            set_next_nonce(tx, config.name, &self.sender, nonce.min(next_nonce(tx, config.name, &self.sender)?))?;
        }
        tx.execute(UNDO, (self.id, if drops { DROPPED_STATE } else { WAITING_STATE })).map(|_| ())
    }

    /// What an address has more of a coin since it is in its block; less than zero if it has less.
    pub(super) fn gain_of(&self, address: &str, symbol: &str, config: &ChainConfig) -> Amount {
        let in_coin = |coin: &str, amount: Amount| if coin == symbol { amount.minor() } else { 0 };
        let (moved, fee) = (in_coin(&self.symbol, self.moved()), in_coin(config.native.as_str(), self.fee));
        let gained = if self.recipient == address { moved } else { 0 };
        let lost = if self.nonce.is_some() && self.sender == address { moved.saturating_add(fee) } else { 0 };
        Amount::from_minor(gained.saturating_sub(lost))
    }
}
