//! Screens receivers before coins or money leave. A screening has no effect outside, so it may be repeated.

use rampart_core::customer::Customer;
use rampart_core::id::{CustomerId, OrderId, PayoutId, ReviewId, TransferId};
use rampart_core::order::arrival::Leg;
use rampart_core::order::{Order, SharedFact};
use rampart_core::outgoing::{PayoutFact, TransferFact};
use rampart_core::ports::{ScreeningResult, ScreeningSubject};
use rampart_core::step::Step;
use rampart_core::step::record::RecordKey;

use super::{JobOutcome, finish};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::retry::InHand;
use crate::workers::leases::{self, LeasedJob};
use crate::workers::observe::{DecisionInputs, Reading};
use crate::workers::outgoing;
use crate::workers::timeouts::in_time;
use crate::workers::{observe, payouts, transfers};

async fn customer(app: &App, id: CustomerId) -> AppResult<Customer> {
    app.store.customer(id).await?.ok_or_else(|| AppError::defect(format!("there is no customer {id}")))
}

/// Asks the provider.
async fn ask(app: &App, subject: &ScreeningSubject) -> Result<ScreeningResult, String> {
    match in_time(app, app.ports.screening.screen(subject)).await {
        Some(Ok(verdict)) => Ok(verdict),
        Some(Err(unavailable)) => Err(unavailable.to_string()),
        None => Err("the screening provider did not answer in time".to_owned()),
    }
}

fn ban_verdict(customer: &Customer) -> Option<ScreeningResult> {
    customer.banned.as_ref().map(|reason| ScreeningResult::Hit { reason: format!("the customer is banned: {reason}") })
}

/// Adds a name or wallet unless it is listed already.
fn add_once(to: &mut Vec<String>, who: &str) {
    if !who.is_empty() && !to.iter().any(|known| known == who) {
        to.push(who.to_owned());
    }
}

/// Who receives what an order gives, and who sent what it received, beside the customer: names and wallets.
fn parties(order: &Order, customer: &Customer) -> (Vec<String>, Vec<String>) {
    let (mut names, mut wallets) = (vec![customer.profile.full_name()], Vec::new());
    match order {
        Order::Payment(payment) => {
            let payers = payment.receipts.iter().filter_map(|receipt| receipt.holder.as_ref());
            payers.chain(payment.refund_account.iter().map(|account| &account.name)).for_each(|name| add_once(&mut names, name.reveal()));
            wallets.push(payment.wallet.clone());
        }
        Order::Rampoff(rampoff) => {
            add_once(&mut names, rampoff.destination.name.reveal());
            let senders = rampoff.deposits.iter().map(|deposit| &deposit.from);
            senders.chain(&rampoff.refund_wallet).for_each(|wallet| add_once(&mut wallets, wallet));
        }
    }
    (names, wallets)
}

pub(super) async fn order(app: &App, leg: Leg, leased: &LeasedJob) -> AppResult<JobOutcome> {
    let id: OrderId = leases::subject(&leased.job)?;
    let asked = observe::load(app, leg, id).await?;
    if !asked.awaits_screening() {
        leases::remove_job(app, leased).await?;
        return Ok(JobOutcome::Finished);
    }
    let (names, wallets) = parties(&asked, &*observe::stored_customer(app, asked.customer()).await?);
    let (_, coin, _) = asked.pair();
    let verdict = match ask(app, &ScreeningSubject { reference: id.to_string(), names, wallets, chain: Some(coin.chain) }).await {
        Ok(verdict) => verdict,
        Err(reason) => return Ok(JobOutcome::Retry(reason)),
    };
    let (verdict, known, asked) = (&verdict, &InHand::new(asked.clone()), &asked);
    finish(app, leased, |grade| async move {
        let order = known.or_load(|| observe::load(app, leg, id)).await?;
        let inputs = DecisionInputs::order(app, &order, Reading::Remembered).await?;
        let verdict = ban_verdict(inputs.customer()).unwrap_or_else(|| verdict.clone());
        // The refund destination may have changed during the call.
        let about_refund = order.is_refunded_like(asked);
        Ok(inputs.observe(app, order, SharedFact::Screened { verdict, about_refund }, grade))
    })
    .await
}

/// The customer to screen: the one the money or coins belong to, or, for a return from suspense, the customer of the order it arrived for.
async fn owner(app: &App, customer_id: Option<CustomerId>, resolves: Option<ReviewId>) -> AppResult<Option<Customer>> {
    let id = match (customer_id, resolves) {
        (Some(id), _) => Some(id),
        (None, Some(item)) => match app.store.review(item).await?.and_then(|item| item.order) {
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
    match app.store.payment(order).await? {
        Some(payment) => Ok(Some(payment.customer)),
        None => Ok(app.store.rampoff(order).await?.map(|rampoff| rampoff.customer)),
    }
}

/// Our ban of the customer overrides the provider's result, unless an operator ordered this payout or transfer knowing of the ban. The step
/// relies on the customer's version.
fn effective_verdict(owner: Option<&Customer>, by_person: bool, verdict: &ScreeningResult, step: &mut Step) -> ScreeningResult {
    let Some(owner) = owner.filter(|_| !by_person) else { return verdict.clone() };
    step.rely(RecordKey::Customer(owner.id), owner.version);
    ban_verdict(owner).unwrap_or_else(|| verdict.clone())
}

/// Screens the receiver of a refund or a repeated payout.
pub(super) async fn payout(app: &App, leased: &LeasedJob) -> AppResult<JobOutcome> {
    let id: PayoutId = leases::subject(&leased.job)?;
    let payout = outgoing::load_payout(app, id).await?;
    if !payout.awaits_screening() {
        leases::remove_job(app, leased).await?;
        return Ok(JobOutcome::Finished);
    }
    let owned_by = owner(app, payout.customer, payout.resolves).await?;
    let mut names: Vec<String> = owned_by.iter().map(|owner| owner.profile.full_name()).collect();
    add_once(&mut names, payout.destination.name.reveal());
    let subject = ScreeningSubject { reference: id.to_string(), names, ..ScreeningSubject::default() };
    let verdict = match ask(app, &subject).await {
        Ok(verdict) => verdict,
        Err(reason) => return Ok(JobOutcome::Retry(reason)),
    };
    let verdict = &verdict;
    finish(app, leased, |_| async move {
        let payout = outgoing::load_payout(app, id).await?;
        let mut step = Step::new();
        if payout.awaits_screening() {
            let owner = owner(app, payout.customer, payout.resolves).await?;
            let verdict = effective_verdict(owner.as_ref(), payout.by_person, verdict, &mut step);
            step.extend(payouts::observe(app, payout, PayoutFact::Screened(verdict)).await?);
        }
        Ok(step)
    })
    .await
}

/// Screens the receiver of a refund in coins.
pub(super) async fn transfer(app: &App, leased: &LeasedJob) -> AppResult<JobOutcome> {
    let id: TransferId = leases::subject(&leased.job)?;
    let transfer = outgoing::load_transfer(app, id).await?;
    if !transfer.awaits_screening() {
        leases::remove_job(app, leased).await?;
        return Ok(JobOutcome::Finished);
    }
    let owned_by = owner(app, transfer.customer, transfer.resolves).await?;
    let names = owned_by.iter().map(|owner| owner.profile.full_name()).collect();
    let (wallets, chain) = (vec![transfer.to.clone()], Some(transfer.chain()));
    let verdict = match ask(app, &ScreeningSubject { reference: id.to_string(), names, wallets, chain }).await {
        Ok(verdict) => verdict,
        Err(reason) => return Ok(JobOutcome::Retry(reason)),
    };
    let verdict = &verdict;
    finish(app, leased, |_| async move {
        let transfer = outgoing::load_transfer(app, id).await?;
        let mut step = Step::new();
        if transfer.awaits_screening() {
            let owner = owner(app, transfer.customer, transfer.resolves).await?;
            let verdict = effective_verdict(owner.as_ref(), transfer.by_person, verdict, &mut step);
            step.extend(transfers::observe(app, transfer, TransferFact::Screened(verdict)).await?);
        }
        Ok(step)
    })
    .await
}
