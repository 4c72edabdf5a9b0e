//! Applies payments and declines reported by processors.

use rampart_core::id::OrderId;
use rampart_core::ledger::Account;
use rampart_core::money::asset::Asset;
use rampart_core::order::arrival::{Grade, counts_at};
use rampart_core::order::payment::{PayIn, Payment, PaymentFact, Receipt};
use rampart_core::review::suspense::{self, UnmatchedReceipt};
use rampart_core::step::fact::{Fact, ProcessorPaid};
use rampart_core::text::redacted::Redacted;

use super::{ApplyError, Effect};
use crate::app::App;
use crate::workers::observe::{self, DecisionInputs};

pub(super) async fn paid(app: &App, fact: &Fact, paid: &ProcessorPaid, grade: Grade) -> Effect {
    let (on, asset) = (Account::Card(paid.processor), Asset::Fiat(paid.currency));
    let unmatched = |reason| UnmatchedReceipt {
        fact: fact.id,
        on,
        asset,
        amount: paid.amount,
        source: Some(paid.reference.clone()),
        order: None,
        reason,
    };
    let Some(payment) = app.store.payment(paid.payment).await? else {
        return Ok(suspense::receive(unmatched(format!("there is no payment {}", paid.payment)), &app.mint()));
    };
    let reason = if payment.pay_in != PayIn::Processor(paid.processor) {
        format!("it came through {}, payment {} is to be paid another way", paid.processor, payment.id)
    } else if payment.terms.fiat != paid.currency {
        format!("it is in {}, payment {} asks for {}", paid.currency, payment.id, payment.terms.fiat)
    } else {
        return captured(app, fact, paid, payment, grade).await;
    };
    Ok(suspense::receive_beside(payment.into(), unmatched(reason), &app.context(None)))
}

async fn captured(app: &App, fact: &Fact, paid: &ProcessorPaid, payment: Payment, grade: Grade) -> Effect {
    let inputs = DecisionInputs::payment(app, &payment, fact.id).await?;
    let is_customer = paid.holder.as_ref().is_none_or(|holder| inputs.customer().can_be(holder.reveal()));
    let backdating = app.catalogue.backdating(payment.pay_in);
    let at = counts_at(paid.paid_at, fact.observed_at, fact.read_before, backdating).max(payment.created_at);
    let (holder, source) = (paid.holder.clone(), Some(Redacted::new(paid.reference.clone())));
    let receipt = Receipt { holder, source, ..Receipt::new(fact.id, paid.amount, at) };
    Ok(inputs.observe_payment(app, payment, PaymentFact::Paid { receipt, is_customer }, grade))
}

pub(super) async fn declined(app: &App, payment: OrderId) -> Effect {
    match app.store.payment(payment).await? {
        Some(payment) => Ok(observe::payment(app, payment, PaymentFact::Declined)),
        None => Err(ApplyError::Quarantine(format!("there is no payment {payment}"))),
    }
}
