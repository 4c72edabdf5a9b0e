//! Reversals of money in suspense, or of money that has left suspense.

use crate::id::{FactId, Mint, OrderId};
use crate::ledger::Account;
use crate::ledger::treasury;
use crate::money::amount::Amount;
use crate::money::asset::Asset;
use crate::order::Context;
use crate::outgoing::PendingOutgoing;
use crate::review::{ReviewDecision, ReviewItem, ReviewKind, ReviewSubject};
use crate::step::Step;

/// Reverses money in suspense. `items` are the review items of its receipt, oldest first, each with the payout or transfer that
/// returns it, if there is one. A return that was certainly not attempted is stopped. Returns the amounts taken from suspense,
/// in minor units, each with the order beside which it was.
#[must_use]
pub fn reverse(
    items: Vec<(ReviewItem, Option<PendingOutgoing>)>,
    arrived_on: Account,
    amount: Amount,
    reason: &str,
    context: &Context<'_>,
) -> (Step, Vec<(Option<OrderId>, Amount)>) {
    let (mint, mut step, mut missing, mut taken) = (&context.mint, Step::new(), amount, Vec::new());
    for (item, returning) in items {
        let Some(asset) = item.asset.filter(|_| item.subject.kind() == ReviewKind::Suspense && missing.is_positive()) else { continue };
        match (&item.resolution, returning) {
            (None, _) => {}
            (Some(_), Some(returning)) => match returning.stop("what it returns was reversed", None, context) {
                Some(stopped) => step.extend(stopped),
                None => continue,
            },
            (Some(_), None) => continue,
        }
        let part = missing.min(item.amount);
        missing = missing.less(part);
        taken.push((item.order, part));
        step.post(treasury::suspense_taken_back(mint, arrived_on, asset, part, item.order));
        let rest = item.amount.less(part);
        if rest.is_positive() {
            let item = ReviewItem { amount: rest, ..item };
            step.write(if item.resolution.is_some() { item.reopened(mint, format!("part of it was reversed: {reason}")) } else { item });
        } else {
            step.write(item.settled(ReviewDecision::TakenBack, "outside", reason.to_owned(), None, mint.now));
        }
    }
    (step, taken)
}

/// Books as a loss reversed money of no order that is not in suspense any more, and creates a review item.
#[must_use]
pub fn book_loss(receipt: FactId, arrived_on: Account, asset: Asset, amount: Amount, reason: &str, mint: &Mint<'_>) -> Step {
    let mut step = Step::new();
    step.post(treasury::unmatched_taken_back(mint, arrived_on, asset, amount));
    let reason = format!("money of no order was reversed after it had left suspense: {reason}");
    let item = ReviewItem::new(mint, ReviewSubject::Reversal(None), reason);
    step.write(ReviewItem { fact: Some(receipt), asset: Some(asset), amount, ..item });
    step
}
