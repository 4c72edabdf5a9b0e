//! Suspense follows the chain that brought it: deposits that a reorganisation removes, and that return.

use crate::id::{DepositId, Mint, OrderId, TransferId};
use crate::ledger::treasury;
use crate::ledger::{Account, Hold};
use crate::money::amount::Amount;
use crate::order::rampoff::{Rampoff, RampoffFact};
use crate::order::{Context, Order, SetAside, StoppedBy};
use crate::outgoing::{Outgoing, OutgoingRecord, PendingOutgoing, Transfer, TransferFact, TransferState, stopped_by};
use crate::review::{Outcome, ReviewDecision, ReviewItem, ReviewKind, ReviewResolution, ReviewSubject};
use crate::step::Step;
use crate::step::job::Job;
use crate::step::record::{Record, RecordKey};
use crate::step::watch::Deposit;

/// Whether an item is about this deposit's coins in suspense. An order's booked loss names the same fact, but nothing of it is
/// in suspense.
#[must_use]
pub fn is_about(item: &ReviewItem, deposit: &Deposit) -> bool {
    item.subject.kind() == ReviewKind::Suspense && item.asset == Some(deposit.coin.into()) && !item.is_undone()
}

/// What a removed deposit affects, beside its review items.
#[derive(Debug, Clone, Default)]
pub struct RemovedDepositTraces {
    /// The order beside which it was in suspense, if it is not among the order's deposits.
    pub beside: Option<Rampoff>,
    /// The order that an operator assigned it to.
    pub assigned: Option<Rampoff>,
    pub on_its_way: Vec<PendingOutgoing>,
    /// The transfers that returned parts of it, with their open jobs.
    pub returned: Vec<(Transfer, Vec<Job>)>,
}

/// A reorganisation removed a deposit that its order could not use. What was in suspense is taken from there, or from the order
/// that an operator assigned it to; once, however often the chain includes and removes it again. If it had been kept, or its
/// return is confirmed, suspense has a shortage, which becomes a review item. A return that has certainly not left is stopped.
///
/// `step` is the outcome for the order, if the deposit is among its deposits. There are several items if a return failed (it
/// was in suspense only once) or if it was in suspense in parts.
#[must_use]
pub fn undone(
    mut step: Step,
    deposit: &Deposit,
    at: OrderId,
    items: Vec<ReviewItem>,
    traces: RemovedDepositTraces,
    context: &Context<'_>,
) -> Step {
    let mint = &context.mint;
    let items: Vec<ReviewItem> = items.into_iter().filter(|item| is_about(item, deposit)).collect();
    if let Some(order) = traces.assigned.filter(|order| order.knows(deposit.id)) {
        step.extend(deposit_removed_from_order(order, deposit.id, traces.on_its_way, context));
    }
    let deposits = Account::ChainDeposits(deposit.coin.chain);
    let sent_by = |item: &ReviewItem| traces.returned.iter().map(|(transfer, _)| transfer).find(|each| Some(each.id) == sent(item));
    let lay: Vec<&ReviewItem> = items.iter().filter(|item| was_in_suspense(item, sent_by(item), &items)).collect();
    let is_back = |item: &ReviewItem| sent_by(item).is_some_and(|transfer| matches!(transfer.state, TransferState::Confirmed(_)));
    step.post(treasury::suspense_undone(mint, deposits, deposit.coin.into(), sum(lay.iter().copied()), Some(at)));
    for item in lay.iter().filter(|item| is_kept(item) || is_back(item)) {
        step.write(shortage(item, mint));
    }
    let beside = sum(lay.iter().filter(|item| !is_back(item) && !is_kept(item)).copied());
    match traces.beside.filter(|_| beside.is_positive()) {
        Some(order) => step.extend(Order::from(order).apply_set_aside(SetAside::Taken, beside, context)),
        None => remove_set_aside(&mut step, Some(at).filter(|_| beside.is_positive()), beside, context),
    }
    for (transfer, jobs) in traces.returned {
        // A transfer confirmed at this moment has not seen that the deposit is gone.
        step.rely(RecordKey::Transfer(transfer.id), transfer.version);
        stop(deposit, transfer, jobs, context, &mut step);
    }
    items.into_iter().for_each(|item| step.write(item.undone(mint.now)));
    step
}

fn sum<'a>(items: impl Iterator<Item = &'a ReviewItem>) -> Amount {
    Amount::from_minor(items.fold(0_i128, |sum, item| sum.saturating_add(item.amount.minor())))
}

/// A reorganisation removed a deposit that an order received: what is outgoing and certainly not attempted is stopped.
#[must_use]
pub fn deposit_removed_from_order(order: Rampoff, deposit: DepositId, on_its_way: Vec<PendingOutgoing>, context: &Context<'_>) -> Step {
    let was_final = order.deposits.iter().any(|known| known.deposit == deposit && known.confirmations > 0 && !known.lost);
    let on_its_way = if was_final { on_its_way } else { Vec::new() };
    stopped_by(order.into(), on_its_way, "a reorganisation removed the deposit that it was for", context, |order| match order {
        Order::Rampoff(order) => order.observe(RampoffFact::DepositDropped { deposit }, context),
        Order::Payment(_) => Step::new(),
    })
}

fn is_kept(item: &ReviewItem) -> bool {
    item.resolution.as_ref().is_some_and(|resolution| resolution.decision == ReviewDecision::Keep)
}

/// The transfer that returned an item.
#[must_use]
pub fn sent(item: &ReviewItem) -> Option<TransferId> {
    match item.resolution.as_ref()?.sent? {
        OutgoingRecord::Transfer(id) => Some(id),
        OutgoingRecord::Payout(_) => None,
    }
}

/// Whether the coins of a deposit's item were in suspense: it is open, was kept, or was returned by a transfer that has not
/// failed. (An item whose transfer failed was reopened as a later one.) Earlier versions did not store the transfer: then the
/// last item was in suspense.
fn was_in_suspense(item: &ReviewItem, sent_by: Option<&Transfer>, items: &[ReviewItem]) -> bool {
    match (&item.resolution, sent_by) {
        (None, _) => true,
        (Some(_), Some(transfer)) => !matches!(transfer.state, TransferState::Failed { .. }),
        (Some(resolution), None) => {
            let is_last = items.last().is_some_and(|last| last.id == item.id);
            resolution.order.is_none() && (is_kept(item) || (is_last && resolution.sent.is_none()))
        }
    }
}

/// Stops a return that was not signed yet, and recalls a signed one: the coins are gone.
fn stop(deposit: &Deposit, transfer: Transfer, jobs: Vec<Job>, context: &Context<'_>, step: &mut Step) {
    match transfer.state {
        TransferState::Queued => {}
        TransferState::Signed(_) => {
            let recalled = PendingOutgoing::Transfer(Box::new(transfer), jobs).recall(context);
            return recalled.into_iter().for_each(|recalled| step.extend(recalled));
        }
        _ => return,
    }
    if transfer.deposits.contains(&deposit.id) {
        step.write(Deposit { swept: false, ..deposit.clone() });
    }
    step.removals.extend(jobs.iter().map(|job| (RecordKey::Job(job.id), job.version)));
    let stopped =
        TransferFact::Stopped { by: StoppedBy::Operator, reason: "a reorganisation removed the deposit that it was to return".to_owned() };
    step.extend(transfer.observe(stopped, Outgoing::default(), context));
}

/// The shortage of an item.
fn shortage(of: &ReviewItem, mint: &Mint<'_>) -> ReviewItem {
    let sent = if of.resolution.is_some() { "sent back" } else { "settled" };
    let how = if is_kept(of) { "kept" } else { sent };
    let reason = format!(
        "a reorganisation removed coins that had been {how}: suspense lacks them until the chain includes them again, or they are written off"
    );
    let item = ReviewItem::new(mint, ReviewSubject::Shortage(Some(of.id)), reason);
    ReviewItem { order: of.order, fact: of.fact, asset: of.asset, amount: of.amount, ..item }
}

/// The newest shortage among a deposit's items that names this item.
#[must_use]
pub fn shortage_of<'a>(item: &ReviewItem, items: &'a [ReviewItem]) -> Option<&'a ReviewItem> {
    let is_of = |other: &&ReviewItem| matches!(other.subject, ReviewSubject::Shortage(of) if of.is_none_or(|of| of == item.id));
    items.iter().rfind(is_of)
}

/// A return from suspense is confirmed. If its deposit was removed by a reorganisation, suspense has a shortage.
pub(crate) fn sent_back(item: Option<ReviewItem>, known: Option<ReviewItem>, context: &Context<'_>) -> Step {
    let mut step = Step::new();
    let waits = known.is_some_and(|shortage| shortage.resolution.is_none());
    if let Some(item) = item.filter(|item| item.is_undone() && !waits) {
        step.write(shortage(&item, &context.mint));
    }
    step
}

/// A reorganisation removed a return from suspense: the shortage it caused ends.
pub(crate) fn not_sent_back(item: Option<ReviewItem>, known: Option<ReviewItem>, context: &Context<'_>) -> Step {
    match (item, known) {
        (Some(item), Some(known)) if item.is_undone() => resolve_shortage(known, "the reorganisation removed the transfer too", context),
        _ => Step::new(),
    }
}

/// Ends a shortage; if it was written off, that loss is reversed.
fn resolve_shortage(shortage: ReviewItem, why: &str, context: &Context<'_>) -> Step {
    let (mint, mut step) = (&context.mint, Step::new());
    match &shortage.resolution {
        None => step.write(shortage.settled(ReviewDecision::MadeGood, "chain", why.to_owned(), None, mint.now)),
        Some(resolution) if resolution.decision == ReviewDecision::WriteOff => {
            step.post(shortage.asset.and_then(|asset| treasury::write_off_undone(mint, asset, shortage.amount)));
            // Only once.
            let resolution =
                ReviewResolution { decision: resolution.decision.clone().then(ReviewDecision::MadeGood), ..resolution.clone() };
            step.write(ReviewItem { resolution: Some(resolution), ..shortage });
        }
        Some(_) => {}
    }
    step
}

/// Whether a step books a deposit to suspense.
#[must_use]
pub fn receives(step: &Step, deposit: DepositId) -> bool {
    step.writes.iter().any(|record| is_new_item(record, deposit))
}

fn is_new_item(record: &Record, deposit: DepositId) -> bool {
    matches!(record, Record::Review(item) if item.subject.kind() == ReviewKind::Suspense && item.fact == Some(deposit.as_fact()))
}

/// Books to suspense a deposit that was there before a reorganisation removed it. The earlier outcome stands, so that it is not
/// returned twice. `items` are the deposit's review items, oldest first; `returned` the transfers that returned them. An amount
/// that differs from before waits for an operator.
#[must_use]
pub fn deposit_received_again(mut step: Step, id: DepositId, items: &[ReviewItem], returned: &[Transfer], context: &Context<'_>) -> Step {
    let mut before: Vec<(&ReviewItem, Option<&Transfer>)> = Vec::new();
    // What was kept and reopened waits on another item.
    let was_kept = Outcome::from(ReviewDecision::Keep).then(ReviewDecision::Undone);
    for item in items.iter().filter(|item| item.subject.kind() == ReviewKind::Suspense && item.is_undone()) {
        let transfer = returned.iter().find(|transfer| Some(transfer.id) == sent(item));
        let stands = match transfer {
            Some(transfer) => transfer.resolves == Some(item.id) && !matches!(transfer.state, TransferState::Failed { .. }),
            None => item.resolution.as_ref().is_some_and(|resolution| resolution.decision == was_kept),
        };
        if stands {
            before.push((item, transfer));
        }
    }
    if before.is_empty() {
        return step;
    }
    let mut follows = Step::new();
    let (mut not_ordered, mut gone) = (Vec::new(), Vec::new());
    for record in step.writes.iter_mut().filter(|record| is_new_item(record, id)) {
        let Record::Review(item) = record else { continue };
        not_ordered.extend(sent(item));
        item.resolution = None;
        let Some(position) = before.iter().rposition(|(other, _)| other.amount == item.amount) else { continue };
        let (other, transfer) = before.remove(position);
        let Some(resolution) = other.resolution.clone() else { continue };
        let decision = if transfer.is_some() { ReviewDecision::Return } else { ReviewDecision::Keep };
        let reason = format!("as before the reorganisation: {}", resolution.reason);
        item.resolution = Some(ReviewResolution { decision: decision.into(), reason, at: context.mint.now, ..resolution });
        if transfer.is_none_or(|transfer| matches!(transfer.state, TransferState::Confirmed(_))) {
            gone.push((item.order, item.amount));
        }
        if let Some(transfer) = transfer {
            follows.write(Transfer { resolves: Some(item.id), ..transfer.clone() });
        }
        let shortage = shortage_of(other, items).cloned();
        let why = "the chain included the deposit again";
        shortage.into_iter().for_each(|shortage| follows.extend(resolve_shortage(shortage, why, context)));
    }
    not_ordered.into_iter().for_each(|transfer| remove_transfer(&mut step, transfer));
    gone.into_iter().for_each(|(order, amount)| remove_set_aside(&mut step, order, amount, context));
    step.extend(follows);
    step
}

/// Removes from the order in a step what is not set aside beside it any more: it was kept or returned before.
fn remove_set_aside(step: &mut Step, order: Option<OrderId>, amount: Amount, context: &Context<'_>) {
    let is_it = |record: &Record| matches!(record, Record::Rampoff(rampoff) if Some(rampoff.id) == order);
    let Some(position) = step.writes.iter().position(is_it) else { return };
    let Record::Rampoff(rampoff) = step.writes.remove(position) else { return };
    let changed = Order::Rampoff(rampoff.clone()).apply_set_aside(SetAside::Taken, amount, context);
    match changed.is_empty() {
        true => step.writes.insert(position, Record::Rampoff(rampoff)),
        false => step.extend(changed),
    }
}

/// Removes a transfer from a step, with its job and holds.
fn remove_transfer(step: &mut Step, id: TransferId) {
    let (ordered, kept) = std::mem::take(&mut step.writes).into_iter().partition(|record| match record {
        Record::Transfer(transfer) => transfer.id == id,
        Record::Job(job) => job.subject == id.to_string(),
        _ => false,
    });
    step.writes = kept;
    let ordered: Vec<Record> = ordered;
    for record in &ordered {
        let Record::Transfer(transfer) = record else { continue };
        for (account, coin, amount) in transfer.holds() {
            let is_its = |hold: &Hold| hold.account == account && hold.asset == coin.into() && hold.change == amount;
            if let Some(position) = step.holds.iter().position(is_its) {
                step.holds.remove(position);
            }
        }
    }
}
