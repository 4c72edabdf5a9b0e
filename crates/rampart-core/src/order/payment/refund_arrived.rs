//! A refund that settles after it was treated as failed.

use super::{Payment, PaymentState};
use crate::id::PayoutId;
use crate::ledger::Origin;
use crate::money::amount::Amount;
use crate::order::leg::OrderLeg;
use crate::step::Step;

impl Payment {
    /// Whether exactly this amount waits on the customer's account with nothing outgoing: a refund of it that settles late is
    /// what became of it.
    pub(crate) fn holds_unsent(&self, amount: Amount) -> bool {
        matches!(self.state, PaymentState::OnHold { .. } | PaymentState::PaymentReceived { .. }) && self.fiat_balance == amount
    }

    pub(super) fn refund_arrived(&mut self, payout: PayoutId, amount: Amount, reference: String, step: &mut Step) {
        if matches!(self.state, PaymentState::OnHold { .. } | PaymentState::PaymentReceived { .. }) {
            self.refunded = Amount::from_minor(self.refunded.minor() + amount.minor());
            self.fiat_balance = Amount::ZERO;
            self.taken = None;
            self.reserve(Amount::ZERO, Origin::Fact, step);
            self.state = PaymentState::Refunded { payout, reference };
        }
    }
}
