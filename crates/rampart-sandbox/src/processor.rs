//! The processors of redirect payments: cards, wallets, bank redirects.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rampart_core::id::{OrderId, PayoutId};
use rampart_core::ledger::Processor;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Currency;
use rampart_core::outgoing::Payout;
use rampart_core::ports::{
    CallOutcome, FactPage, LookupResult, PortFuture, ProcessorEvent, ProcessorPort, Session, SessionRequest, Unavailable,
};
use rampart_core::step::fact::{PayoutReport, ProcessorPaid};
use rampart_core::text::redacted::Redacted;
use sqlx::Row;

use crate::bank;
use crate::database::{Batch, SandboxDatabase, StreamLine, WriterCommand, cursor};
use crate::error::WorldError;
use crate::faults::FaultPort;
use crate::payouts::{self, PayoutOrder};
use crate::schedule::ScheduledAction;
use crate::trigger::{self, TriggerOutcome};
use crate::world::World;

/// Business time until capture, for the trigger [`TriggerOutcome::CardSlow`].
const SLOW_CAPTURE_DELAY: Duration = Duration::from_secs(30);
/// Business time from capture to chargeback, for the trigger [`TriggerOutcome::CardChargeback`].
const CHARGEBACK_DELAY: Duration = Duration::from_secs(2);

/// The port of all processors.
pub(crate) struct SimulatedProcessors {
    pub(crate) database: Arc<SandboxDatabase>,
}

/// A customer's payment through a processor.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct CardPayment {
    pub processor: Processor,
    pub payment: OrderId,
    /// In minor units.
    pub amount: Amount,
    pub currency: Currency,
    pub holder: Option<Redacted>,
    /// Whether the trigger of the amount has been applied.
    #[serde(default)]
    pub decided: bool,
}

/// The result of a payment through a processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardResult {
    Captured { reference: String },
    // Nothing was changed.
    AlreadyCaptured { reference: String },
    Pending,
    // The customer may try again.
    Declined { reason: String },
}

/// A processor's event in the journal. Its identifier is derived from its sequence number.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum ProcessorEntry {
    Paid(ProcessorPaid),
    Declined {
        payment: OrderId,
        reason: String,
    },
    Reversed {
        payment: OrderId,
        amount: Amount,
        /// Absent in events of earlier versions; the capture has it.
        #[serde(default)]
        currency: Option<Currency>,
        reason: String,
    },
    Refund {
        payout: String,
        report: PayoutReport,
    },
}

fn reference(processor: Processor, payment: OrderId) -> String {
    format!("{processor}_{payment}")
}

async fn event(database: &SandboxDatabase, processor: Processor, seq: i64, body: &str) -> Result<ProcessorEvent, WorldError> {
    let event = format!("{processor}-{seq:010}");
    Ok(match serde_json::from_str(body)? {
        ProcessorEntry::Paid(paid) => ProcessorEvent::Paid(paid),
        ProcessorEntry::Declined { payment, reason } => ProcessorEvent::Declined { event, payment, reason },
        ProcessorEntry::Reversed { payment, amount, currency, reason } => {
            let currency = match currency {
                Some(currency) => currency,
                None => capture_currency(database, payment).await?,
            };
            ProcessorEvent::Reversed { event, payment, capture: reference(processor, payment), amount, currency, reason }
        }
        ProcessorEntry::Refund { payout, report } => {
            let payout: PayoutId = payout.parse().map_err(|_| WorldError::Unreadable(format!("'{payout}' is not a payout")))?;
            ProcessorEvent::Refund { event, payout, report }
        }
    })
}

/// The currency of a captured payment.
async fn capture_currency(database: &SandboxDatabase, payment: OrderId) -> Result<Currency, WorldError> {
    let currency: Option<String> = sqlx::query_scalar("SELECT currency FROM captures WHERE payment = ?1")
        .bind(payment.to_string())
        .fetch_optional(&database.readers)
        .await?;
    let unreadable = || WorldError::Unreadable(format!("payment {payment} was reversed but never captured"));
    currency.and_then(|currency| currency.parse().ok()).ok_or_else(unreadable)
}

impl ProcessorPort for SimulatedProcessors {
    fn processors(&self) -> Vec<Processor> {
        self.database.config.processors.clone()
    }

    fn open_session<'a>(&'a self, request: &'a SessionRequest) -> PortFuture<'a, CallOutcome<Session>> {
        // The reference is derived from the order, so opening a session again gives the same one. Our own page stands in for
        // the processor's, so nothing is stored before the customer pays.
        let work = async {
            if !self.database.config.processors.contains(&request.processor) {
                return Err(WorldError::NotFound(format!("there is no processor {}", request.processor)));
            }
            Ok(CallOutcome::Accepted(Session { reference: reference(request.processor, request.payment), url: None }))
        };
        Box::pin(self.database.act(FaultPort::Card, work))
    }

    fn refund<'a>(&'a self, payout: &'a Payout) -> PortFuture<'a, CallOutcome<String>> {
        let order = PayoutOrder::from(payout);
        Box::pin(self.database.act(FaultPort::Card, bank::submit_payout(&self.database, order)))
    }

    fn find_refund(&self, _processor: Processor, payout: PayoutId) -> PortFuture<'_, Result<LookupResult<String>, Unavailable>> {
        Box::pin(self.database.ask(FaultPort::Card, payouts::find(&self.database, payout)))
    }

    fn events<'a>(
        &'a self,
        processor: Processor,
        after: &'a str,
        limit: usize,
    ) -> PortFuture<'a, Result<FactPage<ProcessorEvent>, Unavailable>> {
        Box::pin(async move {
            let after = cursor(after)?;
            let read = async {
                let (lines, has_more) = self.database.page(&format!("card-{processor}"), after, limit).await?;
                let next = lines.last().map_or(after, |line| line.0);
                let mut items = Vec::with_capacity(lines.len());
                for (seq, body) in &lines {
                    items.push(event(&self.database, processor, *seq, body).await?);
                }
                Ok(FactPage { items, next: next.to_string(), has_more })
            };
            self.database.ask(FaultPort::Card, read).await
        })
    }

    fn news<'a>(&'a self, processor: Processor, after: &'a str) -> PortFuture<'a, ()> {
        Box::pin(async move { self.database.news(&format!("card-{processor}"), after).await })
    }
}

/// Executes payments of customers. A captured payment is not captured again.
pub(crate) async fn take_payments(batch: &mut Batch, items: Vec<CardPayment>) -> Result<Vec<Result<CardResult, WorldError>>, WorldError> {
    let payments: Vec<String> = items.iter().map(|item| item.payment.to_string()).collect();
    let rows = sqlx::query("SELECT payment, reference FROM captures WHERE payment IN (SELECT value FROM json_each(?1))")
        .bind(serde_json::to_string(&payments)?)
        .fetch_all(&mut batch.connection)
        .await?;
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for row in rows {
        known.insert(row.try_get(0)?, row.try_get(1)?);
    }
    let mut inserted: Vec<[String; 7]> = Vec::new();
    let mut results = Vec::with_capacity(items.len());
    for (item, payment) in items.into_iter().zip(payments) {
        results.push(if let Some(reference) = known.get(&payment) {
            Ok(CardResult::AlreadyCaptured { reference: reference.clone() })
        } else {
            let result = take_payment(batch, item, &payment, &mut inserted).await?;
            if let Ok(CardResult::Captured { reference }) = &result {
                known.insert(payment, reference.clone());
            }
            result
        });
    }
    if !inserted.is_empty() {
        sqlx::query(
            "INSERT INTO captures (payment, processor, reference, amount, currency, refunded, state) \
             SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6 FROM json_each(?1)",
        )
        .bind(serde_json::to_string(&inserted)?)
        .execute(&mut batch.connection)
        .await?;
    }
    Ok(results)
}

async fn take_payment(
    batch: &mut Batch,
    mut item: CardPayment,
    payment: &str,
    inserted: &mut Vec<[String; 7]>,
) -> Result<Result<CardResult, WorldError>, WorldError> {
    if !batch.config.processors.contains(&item.processor) {
        return Ok(Err(WorldError::NotFound(format!("there is no processor {}", item.processor))));
    }
    let triggered = if item.decided { None } else { trigger::by_card_amount(item.amount) };
    if triggered == Some(TriggerOutcome::CardDeclined) {
        let reason = "insufficient funds on the card".to_owned();
        decline(batch, item.processor, item.payment, &reason).await?;
        return Ok(Ok(CardResult::Declined { reason }));
    }
    if triggered == Some(TriggerOutcome::CardSlow) {
        item.decided = true;
        batch.schedule(batch.now.after(SLOW_CAPTURE_DELAY), &ScheduledAction::Capture { payment: Box::new(item) })?;
        return Ok(Ok(CardResult::Pending));
    }
    if triggered == Some(TriggerOutcome::CardChargeback) {
        batch.schedule(batch.now.after(CHARGEBACK_DELAY), &ScheduledAction::ChargeBack { payment: item.payment })?;
    }
    let reference = reference(item.processor, item.payment);
    inserted.push([
        payment.to_owned(),
        item.processor.to_string(),
        reference.clone(),
        item.amount.to_string(),
        item.currency.to_string(),
        "0".to_owned(),
        "captured".to_owned(),
    ]);
    let entry = ProcessorEntry::Paid(ProcessorPaid {
        processor: item.processor,
        payment: item.payment,
        reference: reference.clone(),
        amount: item.amount,
        currency: item.currency,
        holder: item.holder,
        paid_at: Some(batch.now),
    });
    append_event(batch, item.processor, &entry).await?;
    Ok(Ok(CardResult::Captured { reference }))
}

async fn append_event(batch: &mut Batch, processor: Processor, entry: &ProcessorEntry) -> Result<(), WorldError> {
    let line = StreamLine { stream: format!("card-{processor}"), topic: None, body: serde_json::to_string(entry)? };
    batch.append(line).await.map(|_| ())
}

async fn decline(batch: &mut Batch, processor: Processor, payment: OrderId, reason: &str) -> Result<(), WorldError> {
    append_event(batch, processor, &ProcessorEntry::Declined { payment, reason: reason.to_owned() }).await
}

/// Charges back what has not been refunded of a captured payment.
pub(crate) async fn charge_back(batch: &mut Batch, payment: OrderId, reason: &str) -> Result<(), WorldError> {
    let row = sqlx::query("SELECT processor, amount, refunded, state, currency FROM captures WHERE payment = ?1")
        .bind(payment.to_string())
        .fetch_optional(&mut batch.connection)
        .await?;
    let row = row.ok_or_else(|| WorldError::NotFound("the payment has not been captured by a processor".to_owned()))?;
    let (processor, state): (String, String) = (row.try_get(0)?, row.try_get(3)?);
    if state != "captured" {
        return Err(WorldError::impossible("the payment has already been charged back"));
    }
    let remaining = payouts::amount(row.try_get(1)?)?.minus(payouts::amount(row.try_get(2)?)?).unwrap_or_default();
    if !remaining.is_positive() {
        return Err(WorldError::impossible("the payment has been refunded in full"));
    }
    let processor: Processor = processor.parse().map_err(|_| WorldError::Unreadable(format!("'{processor}' is not a processor")))?;
    sqlx::query("UPDATE captures SET state = 'charged_back' WHERE payment = ?1")
        .bind(payment.to_string())
        .execute(&mut batch.connection)
        .await?;
    let currency: String = row.try_get(4)?;
    let currency = currency.parse().map_err(|_| WorldError::Unreadable(format!("'{currency}' is not a currency")))?;
    append_event(
        batch,
        processor,
        &ProcessorEntry::Reversed { payment, amount: remaining, currency: Some(currency), reason: reason.to_owned() },
    )
    .await
}

impl World {
    /// A customer pays through a processor. A second payment of the same order captures nothing.
    /// [`WorldError::NotFound`] for an unknown processor.
    pub async fn pay_by_card(&self, payment: CardPayment) -> Result<CardResult, WorldError> {
        self.database.submit(|caller| WriterCommand::Card(payment, caller)).await
    }

    /// The processor declines a customer's payment, or the customer cancels on its page.
    /// [`WorldError::NotFound`] for an unknown processor, [`WorldError::Impossible`] for a captured payment.
    pub async fn decline_card(&self, processor: Processor, payment: OrderId, reason: String) -> Result<(), WorldError> {
        if !self.database.config.processors.contains(&processor) {
            return Err(WorldError::NotFound(format!("there is no processor {processor}")));
        }
        self.database
            .write(move |batch| {
                Box::pin(async move {
                    let captured: Option<i64> = sqlx::query_scalar("SELECT 1 FROM captures WHERE payment = ?1")
                        .bind(payment.to_string())
                        .fetch_optional(&mut batch.connection)
                        .await?;
                    if captured.is_some() {
                        return Err(WorldError::impossible("the payment has already been captured; it can be charged back"));
                    }
                    decline(batch, processor, payment, &reason).await
                })
            })
            .await
    }

    /// The issuer charges back a captured payment.
    /// [`WorldError::NotFound`] for a payment that was not captured, [`WorldError::Impossible`] for one that was charged back
    /// or refunded in full.
    pub async fn charge_back(&self, payment: OrderId, reason: String) -> Result<(), WorldError> {
        self.database.write(move |batch| Box::pin(async move { charge_back(batch, payment, &reason).await })).await
    }
}
