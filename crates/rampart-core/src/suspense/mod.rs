//! Suspense: what arrived for nobody, or for an order that cannot use it. It lies there until a person says whose it is,
//! and follows the chain that brought it.

mod decided;
mod taken_back;

pub(crate) use decided::{assign, keep, pay_again, reopen, send_back, write_off};
pub use taken_back::{lost, taken_back};

use crate::amount::Amount;
use crate::asset::Asset;
use crate::fact::{Fact, FactBody};
use crate::id::{FactId, Mint, OrderId};
use crate::job::Job;
use crate::ledger::Account;
use crate::order::{Beside, Context, Order, StoppedBy};
use crate::outgoing::{OnItsWay, Outgoing, Transfer, TransferFact, TransferState, stopped_by};
use crate::rampoff::{Rampoff, RampoffFact};
use crate::record::{Record, RecordKey};
use crate::review::{Decision, Resolution, ReviewItem, ReviewKind};
use crate::step::Step;
use crate::treasury;
use crate::watch::Deposit;

/// Something that arrived and belongs to no order.
#[derive(Debug, Clone)]
pub struct Stray {
    /// The fact that told of it.
    pub fact: FactId,
    /// The account it arrived on.
    pub on: Account,
    /// What it is.
    pub asset: Asset,
    /// How much, in minor units.
    pub amount: Amount,
    /// Where it came from, where that is known.
    pub source: Option<String>,
    /// Why it belongs to no order.
    pub reason: String,
}

/// It is put into suspense and on a person's list.
#[must_use]
pub fn receive(stray: Stray, mint: &Mint<'_>) -> Step {
    let Stray { fact, on, asset, amount, source, reason } = stray;
    let mut step = Step::new();
    step.post(treasury::suspense_received(mint, on, asset, amount));
    let item = ReviewItem::new(mint, ReviewKind::Suspense, reason);
    step.write(ReviewItem { fact: Some(fact), asset: Some(asset), amount, source, ..item });
    step
}

/// The money that a fact tells of, as it is put into suspense by a person.
#[must_use]
pub fn stray_of(fact: &Fact) -> Option<Stray> {
    let reason = "its fact could not be applied".to_owned();
    match &fact.body {
        FactBody::BankCredit(credit) => Some(Stray {
            fact: fact.id,
            on: Account::Bank(credit.rail),
            asset: credit.currency.into(),
            amount: credit.amount,
            source: credit.sender_account.as_ref().map(|account| account.reveal().to_owned()),
            reason,
        }),
        FactBody::ProcessorPaid(paid) => Some(Stray {
            fact: fact.id,
            on: Account::Card(paid.processor),
            asset: paid.currency.into(),
            amount: paid.amount,
            source: Some(paid.reference.clone()),
            reason,
        }),
        _ => None,
    }
}

/// Whether an item is about this deposit's coins in suspense. A loss that an order has listed is about the same fact, and
/// nothing in suspense.
#[must_use]
pub fn is_about(item: &ReviewItem, deposit: &Deposit) -> bool {
    item.kind == ReviewKind::Suspense && item.asset == Some(deposit.coin.into()) && !item.is_undone()
}

/// What a chain's undoing of a deposit looks at, beside the items about it.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    /// The order beside which it lay in suspense, where the order does not know it.
    pub beside: Option<Rampoff>,
    /// The order that a person assigned it to.
    pub assigned: Option<Rampoff>,
    /// What is on its way out for that order.
    pub on_its_way: Vec<OnItsWay>,
    /// The transfer that it was sent back by, with the jobs that wait for it.
    pub returned: Option<(Transfer, Vec<Job>)>,
}

/// A chain has undone a deposit that its order could not use. What lay in suspense is taken from there, or from the order
/// that a person assigned it to; once, however often the chain takes it up and undoes it again. What had been kept, or is
/// confirmed to have gone back, suspense lacks then, and a person is told; what has certainly not left is stopped.
///
/// There is more than one item when it was to be returned, which did not work: it lay in suspense once all the same.
#[must_use]
pub fn undone(deposit: &Deposit, at: OrderId, items: Vec<ReviewItem>, traces: Traces, context: &Context<'_>) -> Step {
    let mint = &context.mint;
    let mut step = Step::new();
    let items: Vec<ReviewItem> = items.into_iter().filter(|item| is_about(item, deposit)).collect();
    let Some(newest) = items.last() else { return step };
    match traces.assigned {
        Some(order) if order.knows(deposit.id) => {
            step = undone_of(order, deposit.id, traces.on_its_way, context);
        }
        Some(_) => {}
        None => {
            let deposits = Account::ChainDeposits(deposit.coin.chain);
            let lay = lay_in_suspense(&items);
            let amount = lay.iter().fold(0_i128, |sum, item| sum.saturating_add(item.amount.minor()));
            step.post(treasury::suspense_undone(mint, deposits, deposit.coin.into(), Amount::from_minor(amount), Some(at)));
            let went_back = traces.returned.as_ref().is_some_and(|(transfer, _)| matches!(transfer.state, TransferState::Confirmed(_)));
            let is_back = |item: &ReviewItem| went_back && item.id == newest.id;
            for item in lay.iter().filter(|item| is_kept(item) || is_back(item)) {
                step.write(shortage(item, mint));
            }
            if let Some(order) = traces.beside {
                let lies = lay.iter().filter(|item| !is_back(item));
                let amount = lies.fold(0_i128, |sum, item| sum.saturating_add(item.amount.minor()));
                if amount > 0 {
                    step.extend(Order::from(order).beside(Beside::Taken, Amount::from_minor(amount), context));
                }
            }
            if let Some((transfer, jobs)) = traces.returned {
                stop(deposit, transfer, &jobs, context, &mut step);
            }
        }
    }
    items.into_iter().for_each(|item| step.write(item.undone(mint.now)));
    step
}

/// A chain has undone a deposit that an order received: what was ordered for it and certainly not attempted is stopped.
#[must_use]
pub fn undone_of(order: Rampoff, deposit: FactId, on_its_way: Vec<OnItsWay>, context: &Context<'_>) -> Step {
    let was_final = order.deposits.iter().any(|known| known.deposit == deposit && known.confirmations > 0 && !known.lost);
    let on_its_way = if was_final { on_its_way } else { Vec::new() };
    stopped_by(order.into(), on_its_way, "the chain undid the deposit that it was for", context, |order| match order {
        Order::Rampoff(order) => order.observe(RampoffFact::DepositDropped { deposit }, context),
        Order::Payment(_) => Step::new(),
    })
}

fn is_kept(item: &ReviewItem) -> bool {
    item.resolution.as_ref().is_some_and(|resolution| resolution.decision == KEEP)
}

/// The items of a deposit, oldest first, whose coins suspense had: those that wait, those that were kept, and what was decided
/// last, unless it was assigned to an order. (Earlier ones were put back on the list as later ones.) An order may have left part
/// of a deposit in suspense, and a person the rest.
fn lay_in_suspense(items: &[ReviewItem]) -> Vec<&ReviewItem> {
    let newest = items.last().map(|item| item.id);
    let lay = |item: &&ReviewItem| match &item.resolution {
        None => true,
        Some(resolution) => resolution.order.is_none() && (is_kept(item) || Some(item.id) == newest),
    };
    items.iter().filter(lay).collect()
}

/// Stops a return that was not signed yet: the coins are not there any more.
fn stop(deposit: &Deposit, transfer: Transfer, jobs: &[Job], context: &Context<'_>, step: &mut Step) {
    if transfer.state != TransferState::Queued {
        return;
    }
    if transfer.deposits.contains(&deposit.id) {
        step.write(Deposit { swept: false, ..deposit.clone() });
    }
    step.removals.extend(jobs.iter().map(|job| (RecordKey::Job(job.id), job.version)));
    let stopped =
        TransferFact::Stopped { by: StoppedBy::Operator, reason: "the chain undid the deposit that it was to send back".to_owned() };
    step.extend(transfer.observe(stopped, Outgoing::default(), context));
}

/// The decision that keeps something, as it is stored.
const KEEP: &str = "keep";

fn shortage(of: &ReviewItem, mint: &Mint<'_>) -> ReviewItem {
    let how = of.resolution.as_ref().map_or("settled", |resolution| if resolution.decision == KEEP { "kept" } else { "sent back" });
    let reason =
        format!("the chain undid coins that had been {how}: suspense lacks them until it takes them up again, or they are written off");
    let item = ReviewItem::new(mint, ReviewKind::Shortage, reason);
    ReviewItem { order: of.order, fact: of.fact, asset: of.asset, amount: of.amount, ..item }
}

/// A chain has confirmed that coins went back from suspense. Those of a deposit that it has undone are lacking there.
pub(crate) fn sent_back(item: Option<ReviewItem>, known: Option<ReviewItem>, context: &Context<'_>) -> Step {
    let mut step = Step::new();
    let waits = known.is_some_and(|shortage| shortage.resolution.is_none());
    if let Some(item) = item.filter(|item| item.is_undone() && !waits) {
        step.write(shortage(&item, &context.mint));
    }
    step
}

/// A chain has undone what went back from suspense: what was lacking there because of it is not any more.
pub(crate) fn not_sent_back(item: Option<ReviewItem>, known: Option<ReviewItem>, context: &Context<'_>) -> Step {
    match (item, known) {
        (Some(item), Some(known)) if item.is_undone() => made_good(known, "the chain undid the transfer too", context),
        _ => Step::new(),
    }
}

/// What suspense lacked is there again; what was written off of it goes against the loss.
fn made_good(shortage: ReviewItem, why: &str, context: &Context<'_>) -> Step {
    let (mint, mut step) = (&context.mint, Step::new());
    match &shortage.resolution {
        None => step.write(shortage.settled("made good", "chain", why.to_owned(), None, mint.now)),
        Some(resolution) if resolution.decision == Decision::WriteOff.to_string() => {
            step.post(shortage.asset.and_then(|asset| treasury::write_off_undone(mint, asset, shortage.amount)));
        }
        Some(_) => {}
    }
    step
}

/// Whether a step puts a deposit into suspense.
#[must_use]
pub fn receives(step: &Step, deposit: FactId) -> bool {
    step.writes.iter().any(|record| is_new_item(record, deposit))
}

fn is_new_item(record: &Record, deposit: FactId) -> bool {
    matches!(record, Record::Review(item) if item.kind == ReviewKind::Suspense && item.fact == Some(deposit))
}

/// The step that puts a deposit into suspense which lay there before the chain undid it: whatever became of it then stands,
/// so that it is not sent back a second time. `items` are those about the deposit, oldest first; `returned` is the transfer
/// that the newest was sent back by.
#[must_use]
pub fn received_again(mut step: Step, deposit: FactId, items: &[ReviewItem], returned: Option<Transfer>, context: &Context<'_>) -> Step {
    let newest = items.iter().rfind(|item| item.kind == ReviewKind::Suspense && item.is_undone());
    let Some(before) = newest.and_then(|item| item.resolution.clone()) else { return step };
    let decision = match &returned {
        Some(transfer) if !matches!(transfer.state, TransferState::Failed { .. }) => "return",
        None if before.decision.starts_with(KEEP) => KEEP,
        _ => return step,
    };
    let Some(item) = step.writes.iter_mut().find(|record| is_new_item(record, deposit)) else { return step };
    let Record::Review(item) = item else { return step };
    let reason = format!("as before the chain undid it: {}", before.reason);
    item.resolution = Some(Resolution { decision: decision.to_owned(), reason, at: context.mint.now, ..before });
    let resolves = Some(item.id);
    if let Some(transfer) = returned {
        step.write(Transfer { resolves, ..transfer });
    }
    let shortage = items.iter().rfind(|item| item.kind == ReviewKind::Shortage).cloned();
    let why = "the chain took the deposit up again";
    shortage.into_iter().for_each(|shortage| step.extend(made_good(shortage, why, context)));
    step
}
