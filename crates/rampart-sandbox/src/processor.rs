//! The processors of redirect payments: cards, wallets, bank redirects.

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

use crate::error::WorldError;
use crate::file::{
    Action, CardPayment, FaultPort, SandboxFile, StoredPayout, Transaction, accept_payout, amount_at, find_payout, schedule,
};
use crate::trigger::{self, TriggerOutcome};

/// Business time until capture, for the trigger [`TriggerOutcome::CardSlow`].
const SLOW_CAPTURE_DELAY: Duration = Duration::from_secs(30);
/// Business time from capture to chargeback, for the trigger [`TriggerOutcome::CardChargeback`].
const CHARGEBACK_DELAY: Duration = Duration::from_secs(2);

/// The port of all processors.
pub(crate) struct SimulatedProcessors {
    pub(crate) file: Arc<SandboxFile>,
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

/// What was captured of a payment, and what became of it.
struct Capture {
    payment: String,
    processor: String,
    amount: Amount,
    currency: String,
    refunded: Amount,
    state: String,
}

/// Looks up a capture by a column that names one.
fn capture(tx: &Transaction<'_>, column: &'static str, value: &str) -> Result<Option<Capture>, WorldError> {
    let sql = format!("SELECT payment, processor, amount, currency, refunded, state FROM captures WHERE {column} = ?1");
    tx.row(&sql, [value], |row| {
        Ok(Capture {
            payment: row.get(0)?,
            processor: row.get(1)?,
            amount: amount_at(row, 2)?,
            currency: row.get(3)?,
            refunded: amount_at(row, 4)?,
            state: row.get(5)?,
        })
    })
}

fn stream_of(processor: Processor) -> String {
    format!("card-{processor}")
}

fn reference(processor: Processor, payment: OrderId) -> String {
    format!("{processor}_{payment}")
}

fn known_processor(tx: &Transaction<'_>, processor: Processor) -> Result<(), WorldError> {
    let is_known = tx.config.processors.contains(&processor);
    is_known.then_some(()).ok_or_else(|| WorldError::NotFound(format!("there is no processor {processor}")))
}

fn event(tx: &Transaction<'_>, processor: Processor, seq: i64, body: &str) -> Result<ProcessorEvent, WorldError> {
    let event = format!("{processor}-{seq:010}");
    Ok(match serde_json::from_str(body)? {
        ProcessorEntry::Paid(paid) => ProcessorEvent::Paid(paid),
        ProcessorEntry::Declined { payment, reason } => ProcessorEvent::Declined { event, payment, reason },
        ProcessorEntry::Reversed { payment, amount, currency, reason } => {
            let unreadable = || WorldError::Unreadable(format!("payment {payment} was reversed but never captured"));
            let currency = match currency {
                Some(currency) => currency,
                None => capture(tx, "payment", &payment.to_string())?
                    .and_then(|capture| capture.currency.parse().ok())
                    .ok_or_else(unreadable)?,
            };
            ProcessorEvent::Reversed { event, payment, capture: reference(processor, payment), amount, currency, reason }
        }
        ProcessorEntry::Refund { payout, report } => {
            let payout: PayoutId = payout.parse().map_err(|_| WorldError::Unreadable(format!("'{payout}' is not a payout")))?;
            ProcessorEvent::Refund { event, payout, report }
        }
    })
}

impl ProcessorPort for SimulatedProcessors {
    fn processors(&self) -> Vec<Processor> {
        self.file.config.processors.clone()
    }

    fn open_session<'a>(&'a self, request: &'a SessionRequest) -> PortFuture<'a, CallOutcome<Session>> {
        // The reference is derived from the order, so opening a session again gives the same one. Our own page stands in for
        // the processor's, so nothing is stored before the customer pays.
        Box::pin(self.file.act(FaultPort::Card, move |tx| {
            known_processor(tx, request.processor)?;
            Ok(CallOutcome::Accepted(Session { reference: reference(request.processor, request.payment), url: None }))
        }))
    }

    fn refund<'a>(&'a self, payout: &'a Payout) -> PortFuture<'a, CallOutcome<String>> {
        Box::pin(self.file.act(FaultPort::Card, move |tx| refund(tx, payout)))
    }

    fn find_refund(&self, _processor: Processor, payout: PayoutId) -> PortFuture<'_, Result<LookupResult<String>, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Card, move |tx| find_payout(tx, payout)))
    }

    fn events<'a>(
        &'a self,
        processor: Processor,
        after: &'a str,
        limit: usize,
    ) -> PortFuture<'a, Result<FactPage<ProcessorEvent>, Unavailable>> {
        Box::pin(async move {
            let stream = stream_of(processor);
            self.file.facts(FaultPort::Card, &stream, after, limit, |tx, seq, body| event(tx, processor, seq, body)).await
        })
    }

    fn news<'a>(&'a self, processor: Processor, after: &'a str) -> PortFuture<'a, ()> {
        Box::pin(async move { self.file.news(&stream_of(processor), after).await })
    }
}

/// Accepts or refuses a refund. A known identifier gets the same response as before.
fn refund(tx: &mut Transaction<'_>, payout: &Payout) -> Result<CallOutcome<String>, WorldError> {
    if let LookupResult::Found(reference) = find_payout(tx, payout.id)? {
        return Ok(CallOutcome::Accepted(reference));
    }
    let refused = |reason: &str| Ok(CallOutcome::Refused { reason: reason.to_owned() });
    if !payout.amount.is_positive() {
        return refused("the amount must be greater than zero");
    }
    let Some(capture) = capture(tx, "reference", payout.destination.account.reveal())? else {
        return refused("there is no captured payment of this reference");
    };
    let triggered = trigger::by_card_amount(capture.amount);
    if triggered == Some(TriggerOutcome::RefundRefused) {
        return refused("the card does not take refunds");
    }
    if capture.state != "captured" {
        return refused("the payment was charged back");
    }
    let refunded = capture.refunded.plus(payout.amount).ok().filter(|refunded| *refunded <= capture.amount);
    let Some(refunded) = refunded else { return refused("more than is left of the captured payment") };
    tx.execute("UPDATE captures SET refunded = ?2 WHERE payment = ?1", (capture.payment, refunded.to_string()))?;
    accept_payout(tx, payout, triggered).map(CallOutcome::Accepted)
}

/// Reports what became of a refund.
pub(crate) fn report_refund(tx: &mut Transaction<'_>, processor: Processor, payout: StoredPayout) -> Result<(), WorldError> {
    append_event(tx, processor, &ProcessorEntry::Refund { payout: payout.id, report: payout.report })
}

/// Executes a payment of a customer. A captured payment is not captured again.
pub(crate) fn take_payment(tx: &mut Transaction<'_>, mut item: CardPayment) -> Result<CardResult, WorldError> {
    let payment = item.payment.to_string();
    if let Some(reference) = tx.value("SELECT reference FROM captures WHERE payment = ?1", [&payment])? {
        return Ok(CardResult::AlreadyCaptured { reference });
    }
    known_processor(tx, item.processor)?;
    let triggered = if item.decided { None } else { trigger::by_card_amount(item.amount) };
    if triggered == Some(TriggerOutcome::CardDeclined) {
        let reason = "insufficient funds on the card".to_owned();
        append_event(tx, item.processor, &ProcessorEntry::Declined { payment: item.payment, reason: reason.clone() })?;
        return Ok(CardResult::Declined { reason });
    }
    if triggered == Some(TriggerOutcome::CardSlow) {
        item.decided = true;
        schedule(tx, tx.now.after(SLOW_CAPTURE_DELAY), &Action::Capture { payment: Box::new(item) })?;
        return Ok(CardResult::Pending);
    }
    if triggered == Some(TriggerOutcome::CardChargeback) {
        schedule(tx, tx.now.after(CHARGEBACK_DELAY), &Action::ChargeBack { payment: item.payment })?;
    }
    let reference = reference(item.processor, item.payment);
    tx.execute(
        "INSERT INTO captures (payment, processor, reference, amount, currency, refunded, state) VALUES (?1, ?2, ?3, ?4, ?5, '0', 'captured')",
        (payment, item.processor.as_str(), &reference, item.amount.to_string(), item.currency.as_str()),
    )?;
    let entry = ProcessorEntry::Paid(ProcessorPaid {
        processor: item.processor,
        payment: item.payment,
        reference: reference.clone(),
        amount: item.amount,
        currency: item.currency,
        holder: item.holder,
        paid_at: Some(tx.now),
    });
    append_event(tx, item.processor, &entry)?;
    Ok(CardResult::Captured { reference })
}

fn append_event(tx: &mut Transaction<'_>, processor: Processor, entry: &ProcessorEntry) -> Result<(), WorldError> {
    tx.append(&stream_of(processor), None, entry).map(|_| ())
}

/// Charges back what has not been refunded of a captured payment.
pub(crate) fn charge_back(tx: &mut Transaction<'_>, payment: OrderId, reason: &str) -> Result<(), WorldError> {
    let capture = capture(tx, "payment", &payment.to_string())?;
    let capture = capture.ok_or_else(|| WorldError::NotFound("the payment has not been captured by a processor".to_owned()))?;
    if capture.state != "captured" {
        return Err(WorldError::impossible("the payment has already been charged back"));
    }
    let amount = capture.amount.minus(capture.refunded).unwrap_or_default();
    if !amount.is_positive() {
        return Err(WorldError::impossible("the payment has been refunded in full"));
    }
    let unreadable = |text: &str| WorldError::Unreadable(format!("'{text}' is not a processor or currency"));
    let processor = capture.processor.parse().map_err(|_| unreadable(&capture.processor))?;
    let currency = capture.currency.parse().map_err(|_| unreadable(&capture.currency))?;
    tx.execute("UPDATE captures SET state = 'charged_back' WHERE payment = ?1", [capture.payment])?;
    append_event(tx, processor, &ProcessorEntry::Reversed { payment, amount, currency: Some(currency), reason: reason.to_owned() })
}

impl SimulatedProcessors {
    /// A customer pays. A second payment of the same order captures nothing.
    pub(crate) fn pay(&self, payment: CardPayment) -> Result<CardResult, WorldError> {
        self.file.write(|tx| take_payment(tx, payment))
    }

    /// The processor declines a customer's payment, or the customer cancels on its page.
    pub(crate) fn decline(&self, processor: Processor, payment: OrderId, reason: String) -> Result<(), WorldError> {
        self.file.write(|tx| {
            known_processor(tx, processor)?;
            if capture(tx, "payment", &payment.to_string())?.is_some() {
                return Err(WorldError::impossible("the payment has already been captured; it can be charged back"));
            }
            append_event(tx, processor, &ProcessorEntry::Declined { payment, reason })
        })
    }

    /// The issuer charges back a captured payment.
    pub(crate) fn charge_back(&self, payment: OrderId, reason: &str) -> Result<(), WorldError> {
        self.file.write(|tx| charge_back(tx, payment, reason))
    }
}
