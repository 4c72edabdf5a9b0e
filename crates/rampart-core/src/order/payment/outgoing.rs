//! What a payment sends: coins to the customer, or refunds.

use super::{PayIn, Payment, PaymentState, Receipt};
use crate::catalogue::Catalogue;
use crate::id::PayoutId;
use crate::ledger::{Origin, Rail};
use crate::money::amount::Amount;
use crate::order::leg::OrderLeg;
use crate::order::origin::{self, DecidedBy};
use crate::order::{Context, HoldReason};
use crate::outgoing::{OutgoingRecord, Payout, PayoutDestination, PayoutPurpose, PayoutRoute, Screening};
use crate::review::{ReviewDecision, ReviewItem};
use crate::step::Step;
use crate::text::redacted::Redacted;

/// One part of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RefundPart {
    pub(super) route: PayoutRoute,
    pub(super) destination: PayoutDestination,
    pub(super) amount: Amount,
}

impl Payment {
    /// Refund route of a receipt: the original processor or sending account; else (unknown, or it refused the refund for good)
    /// the customer's refund account.
    fn refund_route(&self, receipt: &Receipt, by: DecidedBy, context: &Context<'_>) -> Option<(PayoutRoute, PayoutDestination)> {
        let source = receipt.source.clone().filter(|source| !source.reveal().is_empty() && !self.refused_by_source);
        match (self.pay_in, source) {
            (PayIn::Processor(processor), Some(source)) => Some((PayoutRoute::Processor(processor), to_source(source, receipt))),
            (PayIn::Bank(rail), Some(source)) => Some((PayoutRoute::Bank(rail), to_source(source, receipt))),
            (PayIn::Bank(rail), None) => Some((PayoutRoute::Bank(rail), self.usable_refund_account(by, context)?)),
            (PayIn::Processor(_), None) => {
                Some((PayoutRoute::Bank(self.payout_rail(context.catalogue)?), self.usable_refund_account(by, context)?))
            }
        }
    }

    /// Whether a refund, or part of it, can only go to the given refund account.
    #[must_use]
    pub fn refund_needs_given_account(&self) -> bool {
        let is_unknown = |receipt: &Receipt| receipt.source.as_ref().is_none_or(|source| source.reveal().is_empty());
        self.refused_by_source || self.receipts.iter().any(is_unknown)
    }

    /// The given refund account, once it may be used.
    fn usable_refund_account(&self, by: DecidedBy, context: &Context<'_>) -> Option<PayoutDestination> {
        self.refund_account.clone().filter(|_| origin::is_usable(self.refund_origin.as_ref(), by, context))
    }

    /// The rail that pays out the order's currency in its country.
    fn payout_rail(&self, catalogue: &Catalogue) -> Option<Rail> {
        catalogue.payout_rail(self.country).filter(|rail| rail.fiat == self.terms.fiat).map(|rail| rail.rail)
    }

    /// The whole balance as refunds, each receipt by its own route. `None` when any receipt has no route.
    pub(super) fn refund_parts(&self, by: DecidedBy, context: &Context<'_>) -> Option<Vec<RefundPart>> {
        let mut left = self.fiat_balance;
        let mut parts: Vec<RefundPart> = Vec::new();
        for receipt in &self.receipts {
            let amount = receipt.left().min(left);
            if !amount.is_positive() {
                continue;
            }
            left = Amount::from_minor(left.minor() - amount.minor());
            let (route, destination) = self.refund_route(receipt, by, context)?;
            match parts.iter_mut().find(|part| part.route == route && part.destination == destination) {
                Some(part) => part.amount = Amount::from_minor(part.amount.minor() + amount.minor()),
                None => parts.push(RefundPart { route, destination, amount }),
            }
        }
        Some(parts)
    }

    /// A refund failed. If its source refused it, the money goes to the given refund account, or waits for one; the source is
    /// not tried again, because it would refuse again.
    pub(super) fn refund_failed(&mut self, context: &Context<'_>, step: &mut Step) {
        let accounts = |payment: &Self| {
            let parts = payment.refund_parts(DecidedBy::Policy, context);
            parts.map(|parts| parts.into_iter().map(|part| (part.route, part.destination.account)).collect::<Vec<_>>())
        };
        let went_to = accounts(self);
        let was_given = self.refund_needs_given_account();
        self.refused_by_source = true;
        let goes_elsewhere = accounts(self) != went_to;
        if was_given && let Some(origin) = &mut self.refund_origin {
            origin.require_operator();
        }
        self.outgoing_failed(HoldReason::RefundFailed, context, step);
        if goes_elsewhere && matches!(self.state, PaymentState::OnHold { .. }) {
            self.refund(DecidedBy::Policy, Screening::Due, context, step);
        }
    }

    /// Sets the amounts of a refund that is still queued.
    pub(crate) fn set_refund_amounts(mut self, which: PayoutId, [amount, rounding]: [Amount; 2], step: &mut Step) {
        let PaymentState::RefundPending { payouts } = &mut self.state else { return };
        if let Some(refund) = payouts.iter_mut().find(|refund| refund.payout == which) {
            (refund.amount, refund.rounding) = (amount, rounding);
            step.write(self);
        }
    }

    /// Returns what was set aside automatically. It waits for an operator when no destination is known or the amount is below
    /// the refund minimum.
    pub(super) fn return_item(&self, item: ReviewItem, receipt: &Receipt, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        let refund_route =
            self.refund_route(receipt, DecidedBy::Policy, context).filter(|_| self.meets_refund_minimum(item.amount, context));
        let Some((route, destination)) = refund_route else { return step.write(item) };
        let payout = Payout {
            resolves: Some(item.id),
            ..Payout::new(mint, PayoutPurpose::SuspenseReturn, route, self.terms.fiat, item.amount, destination).payable(context.catalogue)
        };
        if !payout.amount.is_positive() {
            return step.write(item);
        }
        let sent = Some(OutgoingRecord::Payout(payout.id));
        let item = ReviewItem { destination: Some(payout.destination.account.reveal().to_owned()), ..item };
        // Follows from a fact, so it cannot be refused.
        step.extend(payout.create(Origin::Fact, mint));
        step.write(item.settled(ReviewDecision::Return, "policy", "returned to its source".to_owned(), sent, mint.now));
    }
}

fn to_source(source: Redacted, receipt: &Receipt) -> PayoutDestination {
    let name = receipt.holder.clone().unwrap_or_default();
    PayoutDestination { account: source, bank_code: None, account_type: None, bank_name: None, name }
}
