//! Payouts over rails and refunds through processors: one row each, through any provider. Each is executed once per identifier, is settled
//! automatically, and may fail or be returned.

use std::time::Duration;

use rampart_core::id::PayoutId;
use rampart_core::money::amount::Amount;
use rampart_core::outgoing::{Payout, PayoutRoute};
use rampart_core::ports::LookupResult;
use rampart_core::step::fact::PayoutReport;

use super::schedule::{Action, schedule};
use super::transaction::{Transaction, amount_at};
use crate::error::WorldError;
use crate::trigger::TriggerOutcome;

/// Business time from acceptance to settlement.
const SETTLEMENT_DELAY: Duration = Duration::from_secs(1);
/// The same, for the trigger [`TriggerOutcome::PayoutSlow`].
const SLOW_SETTLEMENT_DELAY: Duration = Duration::from_secs(3_600);
/// Business time from settlement to return, for the trigger [`TriggerOutcome::PayoutReturned`].
const RETURN_DELAY: Duration = Duration::from_secs(2);
/// Until this long after it was created, an unknown payout may still be on its way here.
const IN_FLIGHT_WINDOW: Duration = Duration::from_secs(2);

/// Values of the `provider` column.
const BANK: &str = "bank";
const CARD: &str = "card";

/// A payout or refund whose state has changed.
pub(crate) struct StoredPayout {
    pub(crate) id: String,
    pub(crate) route: PayoutRoute,
    pub(crate) amount: Amount,
    pub(crate) currency: String,
    pub(crate) account: String,
    pub(crate) report: PayoutReport,
}

/// A change of a payout's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PayoutTransition {
    Settle,
    Fail,
    Return,
}

/// Looks up a payout whose outcome is unknown.
pub(crate) fn find_payout(tx: &Transaction<'_>, payout: PayoutId) -> Result<LookupResult<String>, WorldError> {
    Ok(match tx.value("SELECT reference FROM payouts WHERE id = ?1", [payout.to_string()])? {
        Some(reference) => LookupResult::Found(reference),
        None if tx.now < payout.minted_at().after(IN_FLIGHT_WINDOW) => LookupResult::NotYet,
        None => LookupResult::NeverWill,
    })
}

/// The state of a payout; `None` for one that no provider has accepted.
pub(crate) fn payout_state(tx: &Transaction<'_>, id: &str) -> Result<Option<String>, WorldError> {
    tx.value("SELECT state FROM payouts WHERE id = ?1", [id])
}

/// Stores a payout that its provider accepts, and schedules what becomes of it. Returns the provider's reference.
pub(crate) fn accept_payout(tx: &Transaction<'_>, payout: &Payout, triggered: Option<TriggerOutcome>) -> Result<String, WorldError> {
    let (provider, name) = match payout.route {
        PayoutRoute::Bank(rail) => (BANK, rail),
        PayoutRoute::Processor(processor) => (CARD, processor),
    };
    let id = payout.id.to_string();
    let reference = format!("{}-{}", name.as_str().to_ascii_uppercase(), id.rsplit('_').next().unwrap_or(&id));
    tx.execute(
        "INSERT INTO payouts (id, provider, name, reference, amount, currency, account, state, made_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'accepted', ?8)",
        (
            &id,
            provider,
            name.as_str(),
            &reference,
            payout.amount.to_string(),
            payout.currency.as_str(),
            // The provider must know the account.
            payout.destination.account.reveal(),
            tx.now.micros(),
        ),
    )?;
    let due = tx.now.after(if triggered == Some(TriggerOutcome::PayoutSlow) { SLOW_SETTLEMENT_DELAY } else { SETTLEMENT_DELAY });
    match triggered {
        Some(TriggerOutcome::PayoutFailed) => schedule(tx, due, &Action::FailPayout { id })?,
        Some(TriggerOutcome::PayoutReturned) => {
            schedule(tx, due, &Action::SettlePayout { id: id.clone() })?;
            schedule(tx, due.after(RETURN_DELAY), &Action::ReturnPayout { id })?;
        }
        _ => schedule(tx, due, &Action::SettlePayout { id })?,
    }
    Ok(reference)
}

/// Applies a transition to a payout that is in its initial state, else returns `None`.
pub(crate) fn change_payout(
    tx: &Transaction<'_>,
    id: &str,
    transition: PayoutTransition,
    reason: &str,
) -> Result<Option<StoredPayout>, WorldError> {
    let (from, to) = match transition {
        PayoutTransition::Settle => ("accepted", "settled"),
        PayoutTransition::Fail => ("accepted", "failed"),
        PayoutTransition::Return => ("settled", "returned"),
    };
    let sql = "UPDATE payouts SET state = ?3 WHERE id = ?1 AND state = ?2 RETURNING provider, name, reference, amount, currency, account";
    tx.row(sql, (id, from, to), |row| {
        let (provider, name): (String, String) = (row.get(0)?, row.get(1)?);
        let code = name.parse().map_err(|_| WorldError::Unreadable(format!("'{name}' is not a rail or processor")))?;
        Ok(StoredPayout {
            id: id.to_owned(),
            route: if provider == BANK { PayoutRoute::Bank(code) } else { PayoutRoute::Processor(code) },
            amount: amount_at(row, 3)?,
            currency: row.get(4)?,
            account: row.get(5)?,
            report: match transition {
                PayoutTransition::Settle => PayoutReport::Settled { reference: row.get(2)? },
                PayoutTransition::Fail => PayoutReport::Failed { reason: reason.to_owned() },
                PayoutTransition::Return => PayoutReport::Returned { reason: reason.to_owned() },
            },
        })
    })
}
