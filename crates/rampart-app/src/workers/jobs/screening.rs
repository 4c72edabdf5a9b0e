//! Asking the screening provider before coins or money leave. Asking changes nothing, so it may be asked twice.

use rampart_core::customer::Customer;
use rampart_core::id::{CustomerId, OrderId, PayoutId, ReviewId, TransferId};
use rampart_core::outgoing::{PayoutFact, TransferFact};
use rampart_core::payment::{PaymentFact, PaymentState};
use rampart_core::ports::{ScreeningResult, ScreeningSubject};
use rampart_core::rampoff::{RampoffFact, RampoffState};
use rampart_core::record::RecordKey;
use rampart_core::step::Step;

use super::{Done, in_time};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::workers::leases::{self, Held};
use crate::workers::observe::Around;
use crate::workers::settle::{settle, settle_graded};
use crate::workers::{observe, payouts, transfers};

async fn customer(app: &App, id: CustomerId) -> AppResult<Customer> {
    app.store().customer(id).await?.ok_or_else(|| AppError::defect(format!("there is no customer {id}")))
}

/// The provider's verdict, or ours on a customer that was banned meanwhile.
async fn ask(app: &App, subject: &ScreeningSubject) -> Result<ScreeningResult, String> {
    match in_time(app, app.ports().screening.screen(subject)).await {
        Some(Ok(verdict)) => Ok(verdict),
        Some(Err(unavailable)) => Err(unavailable.to_string()),
        None => Err("the screening provider did not answer in time".to_owned()),
    }
}

fn ours(customer: &Customer) -> Option<ScreeningResult> {
    customer.banned.as_ref().map(|reason| ScreeningResult::Hit { reason: format!("the customer is banned: {reason}") })
}

/// Adds who is to be asked about, once.
fn add(to: &mut Vec<String>, who: &str) {
    if !who.is_empty() && !to.iter().any(|known| known == who) {
        to.push(who.to_owned());
    }
}

pub(super) async fn payment(app: &App, held: &Held) -> AppResult<Done> {
    let id: OrderId = leases::subject(&held.job)?;
    let order = observe::load_payment(app, id).await?;
    if !matches!(order.state, PaymentState::PaymentReceived { .. }) {
        leases::drop_job(app, held).await?;
        return Ok(Done::Finished);
    }
    let mut names = vec![customer(app, order.customer).await?.profile.full_name()];
    let payers = order.receipts.iter().filter_map(|receipt| receipt.holder.as_ref());
    payers.chain(order.refund_account.iter().map(|account| &account.name)).for_each(|name| add(&mut names, name.reveal()));
    let (wallets, chain) = (vec![order.wallet.clone()], Some(order.terms.coin.chain));
    let verdict = match ask(app, &ScreeningSubject { reference: id.to_string(), names, wallets, chain }).await {
        Ok(verdict) => verdict,
        Err(reason) => return Ok(Done::Again(reason)),
    };
    // Another account may have been given while the provider was asked.
    let (verdict, asked_about) = (&verdict, &order.refund_account);
    settle_graded(app, Some(held.fence()), |grade| async move {
        let order = observe::load_payment(app, id).await?;
        let around = Around::payment(app, &order, None).await?;
        let verdict = ours(around.customer()).unwrap_or_else(|| verdict.clone());
        let about_refund = order.refund_account == *asked_about;
        let mut step = around.observe_payment(app, order, PaymentFact::Screened { verdict, about_refund }, grade);
        held.done(&mut step);
        Ok(Some(step))
    })
    .await?;
    Ok(Done::Finished)
}

pub(super) async fn rampoff(app: &App, held: &Held) -> AppResult<Done> {
    let id: OrderId = leases::subject(&held.job)?;
    let order = observe::load_rampoff(app, id).await?;
    if !matches!(order.state, RampoffState::CryptoReceived { .. }) {
        leases::drop_job(app, held).await?;
        return Ok(Done::Finished);
    }
    let mut names = vec![customer(app, order.customer).await?.profile.full_name()];
    add(&mut names, order.destination.name.reveal());
    let mut wallets = Vec::new();
    let senders = order.deposits.iter().map(|deposit| &deposit.from);
    senders.chain(&order.refund_wallet).for_each(|wallet| add(&mut wallets, wallet));
    let chain = Some(order.terms.coin.chain);
    let verdict = match ask(app, &ScreeningSubject { reference: id.to_string(), names, wallets, chain }).await {
        Ok(verdict) => verdict,
        Err(reason) => return Ok(Done::Again(reason)),
    };
    // Another wallet may have been given while the provider was asked.
    let (verdict, asked_about) = (&verdict, &order.refund_wallet);
    settle_graded(app, Some(held.fence()), |grade| async move {
        let order = observe::load_rampoff(app, id).await?;
        let around = Around::rampoff(app, &order, None).await?;
        let verdict = ours(around.customer()).unwrap_or_else(|| verdict.clone());
        let about_refund = order.refund_wallet == *asked_about;
        let mut step = around.observe_rampoff(app, order, RampoffFact::Screened { verdict, about_refund }, grade);
        held.done(&mut step);
        Ok(Some(step))
    })
    .await?;
    Ok(Done::Finished)
}

/// Whose it is that leaves: the customer's, or, when it leaves from suspense, the customer's of the order it came for.
async fn owner(app: &App, customer_of_it: Option<CustomerId>, resolves: Option<ReviewId>) -> AppResult<Option<Customer>> {
    let id = match (customer_of_it, resolves) {
        (Some(id), _) => Some(id),
        (None, Some(item)) => match app.store().review(item).await?.and_then(|item| item.order) {
            Some(order) => customer_of_order(app, order).await?,
            None => None,
        },
        (None, None) => None,
    };
    match id {
        Some(id) => Ok(Some(customer(app, id).await?)),
        None => Ok(None),
    }
}

async fn customer_of_order(app: &App, order: OrderId) -> AppResult<Option<CustomerId>> {
    match app.store().payment(order).await? {
        Some(payment) => Ok(Some(payment.customer)),
        None => Ok(app.store().rampoff(order).await?.map(|rampoff| rampoff.customer)),
    }
}

/// Our own verdict comes before the provider's, unless a person has ordered it and has seen that the customer is banned. That the
/// customer is not banned meanwhile is relied upon.
fn weigh(owner: Option<&Customer>, by_person: bool, verdict: &ScreeningResult, step: &mut Step) -> ScreeningResult {
    let Some(owner) = owner.filter(|_| !by_person) else { return verdict.clone() };
    step.rely(RecordKey::Customer(owner.id), owner.version);
    ours(owner).unwrap_or_else(|| verdict.clone())
}

/// Asks about who receives money that goes back, or is paid once more.
pub(super) async fn payout(app: &App, held: &Held) -> AppResult<Done> {
    let id: PayoutId = leases::subject(&held.job)?;
    let payout = payouts::load(app, id).await?;
    if !payout.awaits_screening() {
        leases::drop_job(app, held).await?;
        return Ok(Done::Finished);
    }
    let owner_of_it = owner(app, payout.customer, payout.resolves).await?;
    let mut names: Vec<String> = owner_of_it.iter().map(|owner| owner.profile.full_name()).collect();
    add(&mut names, payout.destination.name.reveal());
    let subject = ScreeningSubject { reference: id.to_string(), names, ..ScreeningSubject::default() };
    let verdict = match ask(app, &subject).await {
        Ok(verdict) => verdict,
        Err(reason) => return Ok(Done::Again(reason)),
    };
    let verdict = &verdict;
    settle(app, Some(held.fence()), || async move {
        let payout = payouts::load(app, id).await?;
        let mut step = Step::new();
        if payout.awaits_screening() {
            let owner = owner(app, payout.customer, payout.resolves).await?;
            let verdict = weigh(owner.as_ref(), payout.by_person, verdict, &mut step);
            step.extend(payouts::observe(app, payout, PayoutFact::Screened(verdict)).await?);
        }
        held.done(&mut step);
        Ok(Some(step))
    })
    .await?;
    Ok(Done::Finished)
}

/// Asks about who receives coins that go back.
pub(super) async fn transfer(app: &App, held: &Held) -> AppResult<Done> {
    let id: TransferId = leases::subject(&held.job)?;
    let transfer = transfers::load(app, id).await?;
    if !transfer.awaits_screening() {
        leases::drop_job(app, held).await?;
        return Ok(Done::Finished);
    }
    let owner_of_it = owner(app, transfer.customer, transfer.resolves).await?;
    let names = owner_of_it.iter().map(|owner| owner.profile.full_name()).collect();
    let (wallets, chain) = (vec![transfer.to.clone()], Some(transfer.chain()));
    let verdict = match ask(app, &ScreeningSubject { reference: id.to_string(), names, wallets, chain }).await {
        Ok(verdict) => verdict,
        Err(reason) => return Ok(Done::Again(reason)),
    };
    let verdict = &verdict;
    settle(app, Some(held.fence()), || async move {
        let transfer = transfers::load(app, id).await?;
        let mut step = Step::new();
        if transfer.awaits_screening() {
            let owner = owner(app, transfer.customer, transfer.resolves).await?;
            let verdict = weigh(owner.as_ref(), transfer.by_person, verdict, &mut step);
            step.extend(transfers::observe(app, transfer, TransferFact::Screened(verdict)).await?);
        }
        held.done(&mut step);
        Ok(Some(step))
    })
    .await?;
    Ok(Done::Finished)
}
