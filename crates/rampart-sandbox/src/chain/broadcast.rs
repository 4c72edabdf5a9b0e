//! Broadcasts, with the checks of a node: a known transaction is accepted again; a used nonce and a transfer without
//! sufficient funds are refused. A transaction whose nonce is ahead waits for the ones before it.

use rampart_core::money::amount::Amount;
use rampart_core::outgoing::SignedTransaction;
use rampart_core::ports::CallOutcome;

use super::holdings::{add_to_balance, balance_of, next_nonce};
use super::signing::Payload;
use super::{DROPPED_STATE, SimulatedChain};
use crate::error::WorldError;
use crate::file::Transaction;
use crate::trigger::{self, TriggerOutcome};

/// How far a nonce may be ahead of the next one to be mined.
const MAX_PENDING_NONCES: i64 = 20_000;

impl SimulatedChain {
    /// Accepts or refuses a transaction. A known one is accepted again, and a dropped one waits again.
    pub(super) fn take_broadcast(&self, tx: &Transaction<'_>, signed: &SignedTransaction) -> Result<CallOutcome<()>, WorldError> {
        let refused = |reason: &str| Ok(CallOutcome::Refused { reason: reason.to_owned() });
        let Some(payload) = self.read_signed(signed) else { return refused("invalid transaction") };
        if trigger::by_wallet(&payload.to) == Some(TriggerOutcome::BroadcastRefused) {
            return refused("the network does not accept transactions to this address");
        }
        let chain = self.config.name.as_str();
        let known: Option<i64> = tx.value("SELECT state FROM transactions WHERE txid = ?1 AND chain = ?2", (&signed.txid, chain))?;
        if known.is_some_and(|state| state != DROPPED_STATE) {
            return Ok(CallOutcome::Accepted(()));
        }
        let fee = self.fee(payload.source, payload.symbol);
        let nonce = i64::try_from(payload.nonce).unwrap_or(i64::MAX);
        let spent = self.spent(&payload, fee);
        if let Some(reason) = self.refusal(tx, &payload, nonce, &spent)? {
            return refused(reason);
        }
        for (symbol, amount) in spent {
            add_to_balance(tx, self.config.name, &payload.from, symbol, (Amount::ZERO, amount))?;
        }
        if known.is_some() {
            tx.execute("UPDATE transactions SET state = 0 WHERE txid = ?1 AND chain = ?2", (&signed.txid, chain))?;
        } else {
            tx.execute(
                "INSERT INTO transactions (chain, txid, sender, recipient, symbol, amount, fee, nonce, state) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0)",
                (
                    chain,
                    &signed.txid,
                    &payload.from,
                    &payload.to,
                    payload.symbol.as_str(),
                    payload.amount.to_string(),
                    fee.to_string(),
                    nonce,
                ),
            )?;
        }
        Ok(CallOutcome::Accepted(()))
    }

    /// What a transfer takes from its sender: the amount, and the network fee in the native coin; both may be the same coin.
    fn spent<'a>(&'a self, payload: &'a Payload, fee: Amount) -> Vec<(&'a str, Amount)> {
        let (symbol, native) = (payload.symbol.as_str(), self.config.native.as_str());
        if symbol == native {
            // What overflows is more than anybody has.
            return vec![(symbol, payload.amount.plus(fee).unwrap_or(Amount::from_minor(i128::MAX)))];
        }
        vec![(symbol, payload.amount), (native, fee)]
    }

    /// Why a node would refuse a transfer; `None` when it would accept it.
    fn refusal(
        &self,
        tx: &Transaction<'_>,
        payload: &Payload,
        nonce: i64,
        spent: &[(&str, Amount)],
    ) -> Result<Option<&'static str>, WorldError> {
        const USED: &str = "SELECT 1 FROM transactions WHERE sender = ?1 AND chain = ?2 AND nonce = ?3 AND state < 3";
        let (chain, sender) = (self.config.name, payload.from.as_str());
        let next = next_nonce(tx, chain, sender)?;
        if nonce < next {
            return Ok(Some("nonce too low"));
        }
        if nonce > next.saturating_add(MAX_PENDING_NONCES) {
            return Ok(Some("nonce too high"));
        }
        if tx.value::<i64>(USED, (sender, chain.as_str(), nonce))?.is_some() {
            return Ok(Some("replacement transaction underpriced"));
        }
        if !payload.amount.is_positive() {
            return Ok(Some("nothing to transfer"));
        }
        for (symbol, amount) in spent {
            let held = balance_of(tx, chain, sender, symbol)?;
            if held.amount.minus(held.waiting).unwrap_or_default() < *amount {
                return Ok(Some("insufficient funds"));
            }
        }
        Ok(None)
    }
}
