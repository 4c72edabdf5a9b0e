//! Broadcasts, with the checks of a node: a known transaction is taken again; a spent nonce, a tip that is too low and a transfer
//! without sufficient funds are not taken. A transaction whose nonce is ahead waits for the ones before it. Another one for the same
//! nonce replaces the one that waits if it pays a tenth more.

use rampart_core::money::amount::Amount;
use rampart_core::outgoing::{Lane, SignedAttempt};
use rampart_core::ports::{Broadcast, CallOutcome};

use super::fees::{NodeFees, Offer, node_fees, units};
use super::holdings::{balance_of, next_nonce, set_next_nonce};
use super::signing::{Payload, SentCoins};
use super::stored::{StoredTransaction, stored_columns};
use super::{DROPPED_STATE, SimulatedChain, WAITING_STATE};
use crate::error::WorldError;
use crate::file::Transaction;

/// How far a nonce may be ahead of the next one to be mined.
const MAX_PENDING_NONCES: i64 = 20_000;

/// What waits for a nonce of a wallet.
pub(super) fn waiting_at(tx: &Transaction<'_>, chain: &str, sender: &str, nonce: i64) -> Result<Option<StoredTransaction>, WorldError> {
    const WAITING: &str =
        concat!("SELECT ", stored_columns!(), " FROM transactions WHERE sender = ?1 AND chain = ?2 AND nonce = ?3 AND state = 0");
    tx.row(WAITING, (sender, chain, nonce), StoredTransaction::read)
}

fn underpriced(reason: String) -> Broadcast {
    Broadcast::Underpriced { reason }
}

fn later(reason: &str) -> Broadcast {
    Broadcast::Later { reason: reason.to_owned() }
}

impl SimulatedChain {
    /// What a node does with signed bytes. A known transaction is taken again, and a dropped one waits again.
    pub(super) fn take_broadcast(&self, tx: &Transaction<'_>, attempt: &SignedAttempt) -> Result<CallOutcome<Broadcast>, WorldError> {
        let answer = |broadcast| Ok(CallOutcome::Accepted(broadcast));
        let Some(payload) = self.read_signed(attempt) else {
            return answer(Broadcast::Impossible { reason: "invalid transaction".to_owned() });
        };
        let chain = self.config.name.as_str();
        let known: Option<i64> = tx.value("SELECT state FROM transactions WHERE txid = ?1 AND chain = ?2", (&attempt.txid, chain))?;
        if known.is_some_and(|state| state != DROPPED_STATE) {
            return answer(Broadcast::Taken);
        }
        if matches!(payload.lane(), Lane::Deposit(_)) {
            self.align_nonces(tx, payload.lane(), &payload.from)?;
        }
        let fees = node_fees(&self.config, tx.settings.chains.get(&self.config.name));
        let transaction = self.transaction(payload, &attempt.txid, &fees);
        let nonce = transaction.nonce.unwrap_or_default();
        let rival = waiting_at(tx, chain, &transaction.sender, nonce)?;
        if let Some(refusal) = self.refusal(tx, &transaction, rival.as_ref(), &fees)? {
            return answer(refusal);
        }
        if let Some(rival) = rival {
            rival.drop_waiting(tx, &self.config)?;
        }
        transaction.reserve(tx, &self.config)?;
        if known.is_some() {
            let sql = "UPDATE transactions SET state = 0, fee = ?3 WHERE txid = ?1 AND chain = ?2";
            tx.execute(sql, (&attempt.txid, chain, transaction.fee.to_string()))?;
        } else {
            self.insert(tx, &transaction)?;
        }
        answer(Broadcast::Taken)
    }

    /// The addresses of a deposit wallet, of which an earlier version had several, share one sequence of nonces.
    fn align_nonces(&self, tx: &Transaction<'_>, lane: Lane, from: &str) -> Result<(), WorldError> {
        let next = self.lane_nonce(tx, lane)?;
        if next > next_nonce(tx, self.config.name, from)? { set_next_nonce(tx, self.config.name, from, next) } else { Ok(()) }
    }

    /// How many nonces of a wallet are spent.
    pub(super) fn lane_nonce(&self, tx: &Transaction<'_>, lane: Lane) -> Result<i64, WorldError> {
        let spent = self.addresses_of(lane).into_iter().map(|address| next_nonce(tx, self.config.name, &address));
        Ok(spent.collect::<Result<Vec<_>, _>>()?.into_iter().max().unwrap_or_default())
    }

    /// A transaction that is to wait. What an earlier version signed says nothing of its price.
    fn transaction(&self, payload: Payload, txid: &str, fees: &NodeFees) -> StoredTransaction {
        let lane = payload.lane();
        let Payload { from, nonce, fee, sends, .. } = payload;
        let to_itself = || SentCoins { to: from.clone(), symbol: self.config.native, amount: Amount::ZERO };
        let SentCoins { to, symbol, amount } = sends.unwrap_or_else(to_itself);
        let units = units(&self.config, lane, symbol);
        let offer = fee.map(|terms| Offer { terms, units });
        StoredTransaction {
            id: 0,
            txid: txid.to_owned(),
            sender: from,
            recipient: to,
            symbol: symbol.to_string(),
            amount,
            fee: offer.map_or_else(|| fees.usual(units), |offer| offer.fee(fees)),
            nonce: Some(i64::try_from(nonce).unwrap_or(i64::MAX)),
            state: WAITING_STATE,
            offer,
            misreading: None,
        }
    }

    pub(super) fn insert(&self, tx: &Transaction<'_>, transaction: &StoredTransaction) -> Result<(), WorldError> {
        const INSERT: &str = "INSERT INTO transactions \
            (chain, txid, sender, recipient, symbol, amount, fee, nonce, state, most_units, units, price, tip) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, ?11, ?12)";
        let StoredTransaction { txid, sender, recipient, symbol, amount, fee, nonce, offer, .. } = transaction;
        let stored = |units: u64| i64::try_from(units).unwrap_or(i64::MAX);
        let parameters = (
            self.config.name.as_str(),
            txid,
            sender,
            recipient,
            symbol,
            amount.to_string(),
            fee.to_string(),
            nonce,
            offer.map(|offer| stored(offer.terms.units)),
            offer.map(|offer| stored(offer.units)),
            offer.map(|offer| offer.terms.price.to_string()),
            offer.map(|offer| offer.terms.tip.to_string()),
        );
        tx.execute(INSERT, parameters).map(|_| ())
    }

    /// Why a node would not take a transaction; `None` when it would.
    fn refusal(
        &self,
        tx: &Transaction<'_>,
        transaction: &StoredTransaction,
        rival: Option<&StoredTransaction>,
        fees: &NodeFees,
    ) -> Result<Option<Broadcast>, WorldError> {
        let (chain, sender) = (self.config.name, transaction.sender.as_str());
        let (nonce, next) = (transaction.nonce.unwrap_or_default(), next_nonce(tx, chain, sender)?);
        if nonce < next {
            return Ok(Some(later("nonce too low")));
        }
        if nonce > next.saturating_add(MAX_PENDING_NONCES) {
            return Ok(Some(later("nonce too high")));
        }
        if transaction.offer.is_some_and(|offer| !offer.is_tip_taken(fees)) {
            let needed = fees.least_tip;
            return Ok(Some(underpriced(format!("transaction underpriced: minimum needed {needed}"))));
        }
        let is_outbid = |rival: &StoredTransaction| match (&transaction.offer, &rival.offer) {
            (Some(new), Some(old)) => new.replaces(old),
            _ => false,
        };
        if rival.is_some_and(|rival| !is_outbid(rival)) {
            return Ok(Some(underpriced("replacement transaction underpriced".to_owned())));
        }
        let reserved_by_rival = |symbol: &str| rival.map_or(Amount::ZERO, |rival| rival.most_of(symbol, &self.config));
        for symbol in [transaction.symbol.as_str(), self.config.native.as_str()] {
            let held = balance_of(tx, chain, sender, symbol)?;
            let free = held.amount.minus(held.waiting).and_then(|free| free.plus(reserved_by_rival(symbol))).unwrap_or_default();
            if free < transaction.most_of(symbol, &self.config) {
                return Ok(Some(Broadcast::Unfunded { reason: "insufficient funds".to_owned() }));
            }
        }
        Ok(None)
    }
}
