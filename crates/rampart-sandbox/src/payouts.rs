//! Payouts over rails and refunds through processors. Each is executed once per identifier, is settled automatically, and
//! may fail or be returned.

use std::collections::BTreeMap;
use std::time::Duration;

use rampart_core::id::PayoutId;
use rampart_core::money::amount::Amount;
use rampart_core::outgoing::{Payout, PayoutRoute};
use rampart_core::ports::{CallOutcome, LookupResult};
use rampart_core::step::fact::PayoutReport;
use sqlx::Row;

use crate::bank::BankEntry;
use crate::database::{Batch, SandboxDatabase, StreamLine};
use crate::error::WorldError;
use crate::processor::ProcessorEntry;
use crate::schedule::ScheduledAction;
use crate::trigger::{self, TriggerOutcome};
use crate::world::World;

/// Business time from acceptance to settlement.
const SETTLEMENT_DELAY: Duration = Duration::from_secs(1);
/// The same, for the trigger [`TriggerOutcome::PayoutSlow`].
const SLOW_SETTLEMENT_DELAY: Duration = Duration::from_secs(3_600);
/// Business time from settlement to return, for the trigger [`TriggerOutcome::PayoutReturned`].
const RETURN_DELAY: Duration = Duration::from_secs(2);
/// Until this long after it was created, an unknown payout may still be on its way here.
const IN_FLIGHT_WINDOW: Duration = Duration::from_secs(2);

/// A payout or refund that was submitted.
#[derive(Debug, Clone)]
pub(crate) struct PayoutOrder {
    id: String,
    route: PayoutRoute,
    amount: Amount,
    currency: String,
    account: String,
}

impl From<&Payout> for PayoutOrder {
    fn from(payout: &Payout) -> Self {
        Self {
            id: payout.id.to_string(),
            route: payout.route,
            amount: payout.amount,
            currency: payout.currency.to_string(),
            // The bank must know the account.
            account: payout.destination.account.reveal().to_owned(),
        }
    }
}

/// Values of the `provider` column.
const BANK: &str = "bank";
const CARD: &str = "card";

/// Accepts or refuses payouts and refunds. A known identifier gets the same response as before.
pub(crate) async fn take(batch: &mut Batch, orders: Vec<PayoutOrder>) -> Result<Vec<Result<CallOutcome<String>, WorldError>>, WorldError> {
    let ids: Vec<&str> = orders.iter().map(|order| order.id.as_str()).collect();
    let rows = sqlx::query("SELECT id, reference FROM payouts WHERE id IN (SELECT value FROM json_each(?1))")
        .bind(serde_json::to_string(&ids)?)
        .fetch_all(&mut batch.connection)
        .await?;
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for row in rows {
        known.insert(row.try_get(0)?, row.try_get(1)?);
    }
    let mut balances = AvailableBalances::load(batch, &orders).await?;
    let mut inserted: Vec<[String; 9]> = Vec::new();
    let mut answers = Vec::with_capacity(orders.len());
    for order in &orders {
        if let Some(reference) = known.get(&order.id) {
            answers.push(Ok(CallOutcome::Accepted(reference.clone())));
            continue;
        }
        let triggered = match order.route {
            PayoutRoute::Bank(_) => trigger::by_payout_account(&order.account),
            PayoutRoute::Processor(_) => balances.triggered_by_refund(order),
        };
        if let Some(reason) = balances.refusal(batch, order, triggered) {
            answers.push(Ok(CallOutcome::Refused { reason }));
            continue;
        }
        balances.take(order);
        let (provider, name) = match order.route {
            PayoutRoute::Bank(rail) => (BANK, rail),
            PayoutRoute::Processor(processor) => (CARD, processor),
        };
        let reference = format!("{}-{}", name.as_str().to_ascii_uppercase(), order.id.rsplit('_').next().unwrap_or(&order.id));
        let due = batch.now.after(if triggered == Some(TriggerOutcome::PayoutSlow) { SLOW_SETTLEMENT_DELAY } else { SETTLEMENT_DELAY });
        let id = order.id.clone();
        match triggered {
            Some(TriggerOutcome::PayoutFailed) => batch.schedule(due, &ScheduledAction::FailPayout { id })?,
            Some(TriggerOutcome::PayoutReturned) => {
                batch.schedule(due, &ScheduledAction::SettlePayout { id: id.clone() })?;
                batch.schedule(due.after(RETURN_DELAY), &ScheduledAction::ReturnPayout { id })?;
            }
            _ => batch.schedule(due, &ScheduledAction::SettlePayout { id })?,
        }
        inserted.push([
            order.id.clone(),
            provider.to_owned(),
            name.to_string(),
            reference.clone(),
            order.amount.to_string(),
            order.currency.clone(),
            order.account.clone(),
            "accepted".to_owned(),
            batch.now.micros().to_string(),
        ]);
        known.insert(order.id.clone(), reference.clone());
        answers.push(Ok(CallOutcome::Accepted(reference)));
    }
    if !inserted.is_empty() {
        sqlx::query(
            "INSERT INTO payouts (id, provider, name, reference, amount, currency, account, state, made_at) \
             SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, CAST(value->>8 AS INTEGER) \
             FROM json_each(?1)",
        )
        .bind(serde_json::to_string(&inserted)?)
        .execute(&mut batch.connection)
        .await?;
        balances.store(batch).await?;
    }
    Ok(answers)
}

/// What payouts and refunds are paid from: the balances of our accounts, and what is left of captured payments.
#[derive(Default)]
struct AvailableBalances {
    rails: BTreeMap<String, Amount>,
    captures: BTreeMap<String, Capture>,
}

struct Capture {
    payment: String,
    amount: Amount,
    refunded: Amount,
    state: String,
}

impl AvailableBalances {
    async fn load(batch: &mut Batch, orders: &[PayoutOrder]) -> Result<Self, WorldError> {
        let mut balances = Self::default();
        if orders.iter().any(|order| matches!(order.route, PayoutRoute::Bank(_))) {
            for row in sqlx::query("SELECT rail, balance FROM bank_accounts").fetch_all(&mut batch.connection).await? {
                balances.rails.insert(row.try_get(0)?, amount(row.try_get(1)?)?);
            }
        }
        let refunds = orders.iter().filter(|order| matches!(order.route, PayoutRoute::Processor(_)));
        let references: Vec<&str> = refunds.map(|order| order.account.as_str()).collect();
        if !references.is_empty() {
            let rows = sqlx::query(
                "SELECT reference, payment, amount, refunded, state FROM captures WHERE reference IN (SELECT value FROM json_each(?1))",
            )
            .bind(serde_json::to_string(&references)?)
            .fetch_all(&mut batch.connection)
            .await?;
            for row in rows {
                let capture = Capture {
                    payment: row.try_get(1)?,
                    amount: amount(row.try_get(2)?)?,
                    refunded: amount(row.try_get(3)?)?,
                    state: row.try_get(4)?,
                };
                balances.captures.insert(row.try_get(0)?, capture);
            }
        }
        Ok(balances)
    }

    fn triggered_by_refund(&self, order: &PayoutOrder) -> Option<TriggerOutcome> {
        self.captures.get(&order.account).and_then(|capture| trigger::by_card_amount(capture.amount))
    }

    fn refusal(&self, batch: &Batch, order: &PayoutOrder, triggered: Option<TriggerOutcome>) -> Option<String> {
        if !order.amount.is_positive() {
            return Some("the amount must be greater than zero".to_owned());
        }
        match order.route {
            PayoutRoute::Bank(rail) => {
                let known = batch.config.rail(rail).filter(|known| known.currency.as_str() == order.currency);
                let balance = self.rails.get(rail.as_str()).copied().unwrap_or_default();
                match (known, triggered) {
                    (None, _) => Some(format!("there is no account in {} behind {rail}", order.currency)),
                    (_, Some(TriggerOutcome::PayoutRefused)) => Some("the beneficiary's account is closed".to_owned()),
                    _ if balance < order.amount => Some("insufficient funds".to_owned()),
                    (Some(known), _) if order.amount.rounded_down(known.payable_step) != order.amount => {
                        let step = known.payable_step.to_major_short(known.decimals);
                        Some(format!("{rail} pays multiples of {step} {} only", order.currency))
                    }
                    _ => None,
                }
            }
            PayoutRoute::Processor(_) => match (self.captures.get(&order.account), triggered) {
                (None, _) => Some("there is no captured payment of this reference".to_owned()),
                (_, Some(TriggerOutcome::RefundRefused)) => Some("the card does not take refunds".to_owned()),
                (Some(capture), _) if capture.state != "captured" => Some("the payment was charged back".to_owned()),
                (Some(capture), _) => {
                    let remaining = capture.amount.minus(capture.refunded).unwrap_or_default();
                    (remaining < order.amount).then(|| "more than is left of the captured payment".to_owned())
                }
            },
        }
    }

    fn take(&mut self, order: &PayoutOrder) {
        match order.route {
            PayoutRoute::Bank(rail) => {
                if let Some(balance) = self.rails.get_mut(rail.as_str()) {
                    *balance = balance.minus(order.amount).unwrap_or(*balance);
                }
            }
            PayoutRoute::Processor(_) => {
                if let Some(capture) = self.captures.get_mut(&order.account) {
                    capture.refunded = capture.refunded.plus(order.amount).unwrap_or(capture.refunded);
                }
            }
        }
    }

    async fn store(&self, batch: &mut Batch) -> Result<(), WorldError> {
        if !self.rails.is_empty() {
            crate::bank::store_balances(batch, &self.rails).await?;
        }
        for capture in self.captures.values() {
            sqlx::query("UPDATE captures SET refunded = ?2 WHERE payment = ?1")
                .bind(&capture.payment)
                .bind(capture.refunded.to_string())
                .execute(&mut batch.connection)
                .await?;
        }
        Ok(())
    }
}

/// Parses a stored amount.
pub(crate) fn amount(text: &str) -> Result<Amount, WorldError> {
    text.parse().map_err(|_| WorldError::Unreadable(format!("'{text}' is not an amount")))
}

/// A change of a payout's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PayoutTransition {
    Settle,
    Fail,
    Return,
}

/// Applies a transition to the payouts that are in its initial state. Returns how many there were.
pub(crate) async fn apply_transition(
    batch: &mut Batch,
    ids: &[String],
    transition: PayoutTransition,
    reason: &str,
) -> Result<usize, WorldError> {
    let (from, to) = match transition {
        PayoutTransition::Settle => ("accepted", "settled"),
        PayoutTransition::Fail => ("accepted", "failed"),
        PayoutTransition::Return => ("settled", "returned"),
    };
    let rows = sqlx::query(
        "UPDATE payouts SET state = ?3 WHERE id IN (SELECT value FROM json_each(?1)) AND state = ?2 \
         RETURNING id, provider, name, reference, amount, currency, account",
    )
    .bind(serde_json::to_string(ids)?)
    .bind(from)
    .bind(to)
    .fetch_all(&mut batch.connection)
    .await?;
    let mut credited: BTreeMap<String, Amount> = BTreeMap::new();
    for row in &rows {
        let (id, provider, name): (String, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let reference: String = row.try_get(3)?;
        let payout_amount = amount(row.try_get(4)?)?;
        let report = match transition {
            PayoutTransition::Settle => PayoutReport::Settled { reference },
            PayoutTransition::Fail => PayoutReport::Failed { reason: reason.to_owned() },
            PayoutTransition::Return => PayoutReport::Returned { reason: reason.to_owned() },
        };
        if provider == BANK {
            let topic = batch.config.rails.iter().find(|rail| rail.name.as_str() == name).map(|rail| rail.account.clone());
            let entry = BankEntry::Payout {
                payout: id,
                report,
                amount: payout_amount,
                currency: row.try_get(5)?,
                to: row.try_get(6)?,
                at: batch.now,
            };
            batch.append(StreamLine { stream: format!("bank-{name}"), topic, body: serde_json::to_string(&entry)? }).await?;
            if transition != PayoutTransition::Settle {
                let total = credited.entry(name).or_default();
                *total = total.plus(payout_amount).unwrap_or(*total);
            }
        } else {
            let entry = ProcessorEntry::Refund { payout: id, report };
            batch.append(StreamLine { stream: format!("card-{name}"), topic: None, body: serde_json::to_string(&entry)? }).await?;
        }
    }
    if !credited.is_empty() {
        crate::bank::add_to_balances(batch, &credited).await?;
    }
    Ok(rows.len())
}

/// Looks up a payout whose outcome is unknown.
pub(crate) async fn find(database: &SandboxDatabase, payout: PayoutId) -> Result<LookupResult<String>, WorldError> {
    let reference: Option<String> = sqlx::query_scalar("SELECT reference FROM payouts WHERE id = ?1")
        .bind(payout.to_string())
        .fetch_optional(&database.readers)
        .await?;
    Ok(match reference {
        Some(reference) => LookupResult::Found(reference),
        None if database.now() < payout.minted_at().after(IN_FLIGHT_WINDOW) => LookupResult::NotYet,
        None => LookupResult::NeverWill,
    })
}

impl World {
    /// The bank sends a payout back: a settled one is returned, an accepted one fails.
    /// [`WorldError::NotFound`] for a payout that the bank never accepted, [`WorldError::Impossible`] for one that has
    /// already failed or been returned.
    pub async fn return_payout(&self, payout: PayoutId, reason: String) -> Result<(), WorldError> {
        let ids = vec![payout.to_string()];
        self.database
            .write(move |batch| {
                Box::pin(async move {
                    if apply_transition(batch, &ids, PayoutTransition::Return, &reason).await?
                        + apply_transition(batch, &ids, PayoutTransition::Fail, &reason).await?
                        > 0
                    {
                        return Ok(());
                    }
                    let state: Option<String> =
                        sqlx::query_scalar("SELECT state FROM payouts WHERE id IN (SELECT value FROM json_each(?1))")
                            .bind(serde_json::to_string(&ids)?)
                            .fetch_optional(&mut batch.connection)
                            .await?;
                    Err(match state {
                        Some(state) => WorldError::impossible(format!("the payout has already {state}")),
                        None => WorldError::NotFound("the bank has not received a payout of this order".to_owned()),
                    })
                })
            })
            .await
    }
}
