//! What a ramp-off sends: money to the customer, or refunds.

use super::{Rampoff, RampoffState};
use crate::id::{Mint, PayoutId};
use crate::ledger::Origin;
use crate::money::amount::Amount;
use crate::money::rate::Rounding;
use crate::order::leg::OrderLeg;
use crate::order::origin::{self, DecidedBy};
use crate::order::{Context, HoldReason};
use crate::outgoing::{OutgoingRecord, Payout, PayoutPurpose, PayoutRoute, Screening, Transfer, TransferPurpose};
use crate::review::{ReviewDecision, ReviewItem};
use crate::step::Step;

impl Rampoff {
    /// Reverses the conversion, if there was one.
    pub(super) fn convert_back(&mut self, mint: &Mint<'_>, step: &mut Step) {
        if let Some(exchange) = self.taken.filter(|_| self.converted.is_positive()) {
            step.post(self.post_conversion_undone(mint, &exchange));
            self.coin_balance = std::mem::take(&mut self.converted);
            self.fiat_balance = Amount::ZERO;
        }
    }

    /// Creates the payout of the balance, rounded down to the rail's payable step.
    pub(super) fn pay(&mut self, screening: Screening, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        let payout = Payout {
            order: Some(self.id),
            customer: Some(self.customer),
            screening,
            ..Payout::new(
                mint,
                PayoutPurpose::Rampoff,
                PayoutRoute::Bank(self.rail),
                self.terms.fiat,
                self.fiat_balance,
                self.destination.clone(),
            )
            .payable(context.catalogue)
        };
        if !payout.amount.is_positive() {
            return self.put_on_hold(HoldReason::Amount, context, step);
        }
        self.reserve(payout.amount, Origin::Fact, step);
        self.state = RampoffState::PayingOut { payout: payout.id, fiat: payout.amount };
        step.extend(payout.create(Origin::Fact, mint));
    }

    /// Sets the amount of a payout that is still queued.
    pub(crate) fn set_payout_amount(mut self, which: PayoutId, amount: Amount, step: &mut Step) {
        if let RampoffState::PayingOut { payout, .. } = self.state
            && payout == which
        {
            self.reserve(amount, Origin::Fact, step);
            self.state = RampoffState::PayingOut { payout, fiat: amount };
            step.write(self);
        }
    }

    /// The customer's share of a refund's network fee: the order's network fee at its promised price, rounded up. In minor
    /// units of the coin.
    #[must_use]
    pub fn refund_network_fee(&self) -> Amount {
        let terms = &self.terms;
        terms.price.fiat_to_coins(terms.fee_network, terms.fiat_decimals, terms.coin_decimals, Rounding::Up).unwrap_or(Amount::ZERO)
    }

    /// Whether the coins exceed the network fee of their refund.
    pub(super) fn covers_refund_fee(&self, coins: Amount) -> bool {
        coins > self.refund_network_fee()
    }

    /// Whether the order has coins, or money they were converted to, and the network fee of a refund would consume all of them.
    pub(super) fn refund_fee_exceeds_coins(&self) -> bool {
        let coins = if self.converted.is_positive() { self.converted } else { self.coin_balance };
        coins.is_positive() && !self.covers_refund_fee(coins)
    }

    /// The given refund wallet, once it may be used.
    pub(super) fn usable_refund_wallet(&self, by: DecidedBy, context: &Context<'_>) -> Option<String> {
        self.refund_wallet.clone().filter(|_| origin::is_usable(self.refund_origin.as_ref(), by, context))
    }

    /// Returns what was set aside to the given wallet automatically, less the network fee. It waits for an operator when there
    /// is no wallet or the amount is below the refund minimum.
    pub(super) fn return_item(&self, item: ReviewItem, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        let Some(to) = self.usable_refund_wallet(DecidedBy::Policy, context).filter(|_| self.meets_refund_minimum(item.amount, context))
        else {
            return step.write(item);
        };
        let withheld = self.refund_network_fee();
        let transfer = Transfer {
            withheld,
            resolves: Some(item.id),
            ..Transfer::new(mint, TransferPurpose::SuspenseReturn, self.terms.coin, item.amount.less(withheld), to)
        };
        let sent = Some(OutgoingRecord::Transfer(transfer.id));
        let item = ReviewItem { destination: Some(transfer.to.clone()), ..item };
        step.extend(transfer.create(Origin::Fact, mint));
        step.write(item.settled(ReviewDecision::Return, "policy", "returned to the customer's wallet".to_owned(), sent, mint.now));
    }
}
