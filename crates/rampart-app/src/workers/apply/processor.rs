//! What processors of redirect payments tell.

use rampart_core::amount::Amount;
use rampart_core::asset::Asset;
use rampart_core::fact::{Fact, ProcessorPaid};
use rampart_core::id::OrderId;
use rampart_core::ledger::Account;
use rampart_core::payment::{PayIn, Payment, PaymentFact, Receipt};
use rampart_core::record::RecordKey;
use rampart_core::redacted::Redacted;
use rampart_core::screening::is_same_person;
use rampart_core::suspense::{self, Stray};

use super::{Effect, Trouble};
use crate::app::App;
use crate::workers::observe;

pub(super) async fn paid(app: &App, fact: &Fact, paid: &ProcessorPaid) -> Effect {
    let reason = match app.store().payment(paid.payment).await? {
        None => format!("there is no payment {}", paid.payment),
        Some(payment) if payment.pay_in != PayIn::Processor(paid.processor) => {
            format!("it came through {}, payment {} is to be paid another way", paid.processor, payment.id)
        }
        Some(payment) if payment.terms.fiat != paid.currency => {
            format!("it is in {}, payment {} asks for {}", paid.currency, payment.id, payment.terms.fiat)
        }
        Some(payment) => return captured(app, fact, paid, payment).await,
    };
    let (on, asset) = (Account::Card(paid.processor), Asset::Fiat(paid.currency));
    let stray = Stray { fact: fact.id, on, asset, amount: paid.amount, source: Some(paid.reference.clone()), reason };
    Ok(suspense::receive(stray, &app.mint()))
}

async fn captured(app: &App, fact: &Fact, paid: &ProcessorPaid, payment: Payment) -> Effect {
    let customer = app.store().customer(payment.customer).await?;
    let customer = customer.ok_or_else(|| Trouble::Never(format!("there is no customer {}", payment.customer)))?;
    let is_customer = paid.holder.as_ref().is_none_or(|holder| is_same_person(&customer.profile.full_name(), holder.reveal()));
    let receipt = Receipt {
        fact: fact.id,
        amount: paid.amount,
        at: fact.observed_at,
        holder: paid.holder.clone(),
        source: Some(Redacted::new(paid.reference.clone())),
    };
    let mut step = observe::payment(app, payment, PaymentFact::Paid { receipt, is_customer });
    step.rely(RecordKey::Customer(customer.id), customer.version);
    Ok(step)
}

pub(super) async fn declined(app: &App, payment: OrderId) -> Effect {
    match app.store().payment(payment).await? {
        Some(payment) => Ok(observe::payment(app, payment, PaymentFact::Declined)),
        None => Err(Trouble::Never(format!("there is no payment {payment}"))),
    }
}

pub(super) async fn reversed(app: &App, payment: OrderId, amount: Amount, reason: &str) -> Effect {
    match app.store().payment(payment).await? {
        Some(payment) => Ok(observe::payment(app, payment, PaymentFact::Reversed { amount, reason: reason.to_owned() })),
        None => Err(Trouble::Never(format!("money was taken back for payment {payment}, which does not exist"))),
    }
}
