//! Asking the screening provider before coins or money leave. Asking changes nothing, so it may be asked twice.

use rampart_core::customer::Customer;
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::payment::{PaymentFact, PaymentState};
use rampart_core::ports::{ScreeningSubject, Verdict};
use rampart_core::rampoff::{RampoffFact, RampoffState};
use rampart_core::record::RecordKey;
use rampart_core::step::Step;

use super::{Done, in_time};
use crate::app::App;
use crate::error::{AppError, Reply};
use crate::workers::leases::{self, Held};
use crate::workers::observe;
use crate::workers::settle::settle;

async fn customer(app: &App, id: CustomerId) -> Reply<Customer> {
    app.store().customer(id).await?.ok_or_else(|| AppError::defect(format!("there is no customer {id}")))
}

/// The provider's verdict, or ours on a customer that was banned meanwhile.
async fn ask(app: &App, subject: &ScreeningSubject) -> Result<Verdict, String> {
    match in_time(app, app.ports().screening.screen(subject)).await {
        Some(Ok(verdict)) => Ok(verdict),
        Some(Err(unavailable)) => Err(unavailable.to_string()),
        None => Err("the screening provider did not answer in time".to_owned()),
    }
}

fn ours(customer: &Customer) -> Option<Verdict> {
    customer.banned.as_ref().map(|reason| Verdict::Hit { reason: format!("the customer is banned: {reason}") })
}

fn finish(step: &mut Step, held: &Held, customer: &Customer) {
    step.rely(RecordKey::Customer(customer.id), customer.version);
    held.done(step);
}

pub(super) async fn payment(app: &App, held: &Held) -> Reply<Done> {
    let id: OrderId = leases::subject(&held.job)?;
    let order = observe::load_payment(app, id).await?;
    if !matches!(order.state, PaymentState::PaymentReceived { .. }) {
        leases::drop_job(app, held).await?;
        return Ok(Done::Finished);
    }
    let mut names = vec![customer(app, order.customer).await?.profile.full_name()];
    for holder in order.receipts.iter().filter_map(|receipt| receipt.holder.as_ref()) {
        if !names.iter().any(|name| name == holder.reveal()) {
            names.push(holder.reveal().to_owned());
        }
    }
    let (wallets, chain) = (vec![order.wallet.clone()], Some(order.terms.coin.chain));
    let verdict = match ask(app, &ScreeningSubject { reference: id.to_string(), names, wallets, chain }).await {
        Ok(verdict) => verdict,
        Err(reason) => return Ok(Done::Again(reason)),
    };
    let verdict = &verdict;
    settle(app, Some(held.fence()), || async move {
        let order = observe::load_payment(app, id).await?;
        let customer = customer(app, order.customer).await?;
        let verdict = ours(&customer).unwrap_or_else(|| verdict.clone());
        let mut step = observe::payment(app, order, PaymentFact::Screened(verdict));
        finish(&mut step, held, &customer);
        Ok(Some(step))
    })
    .await?;
    Ok(Done::Finished)
}

pub(super) async fn rampoff(app: &App, held: &Held) -> Reply<Done> {
    let id: OrderId = leases::subject(&held.job)?;
    let order = observe::load_rampoff(app, id).await?;
    if !matches!(order.state, RampoffState::CryptoReceived { .. }) {
        leases::drop_job(app, held).await?;
        return Ok(Done::Finished);
    }
    let mut names = vec![customer(app, order.customer).await?.profile.full_name()];
    let holder = order.destination.name.reveal();
    if !holder.is_empty() && names[0] != holder {
        names.push(holder.to_owned());
    }
    let mut wallets: Vec<String> = order.deposits.iter().map(|deposit| deposit.from.clone()).collect();
    wallets.dedup();
    let chain = Some(order.terms.coin.chain);
    let verdict = match ask(app, &ScreeningSubject { reference: id.to_string(), names, wallets, chain }).await {
        Ok(verdict) => verdict,
        Err(reason) => return Ok(Done::Again(reason)),
    };
    let verdict = &verdict;
    settle(app, Some(held.fence()), || async move {
        let order = observe::load_rampoff(app, id).await?;
        let customer = customer(app, order.customer).await?;
        let verdict = ours(&customer).unwrap_or_else(|| verdict.clone());
        let mut step = observe::rampoff(app, order, RampoffFact::Screened(verdict));
        finish(&mut step, held, &customer);
        Ok(Some(step))
    })
    .await?;
    Ok(Done::Finished)
}
