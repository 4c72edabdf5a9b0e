//! Payouts created before their rail's payable step was configured.

use super::{Payout, PayoutPurpose, PayoutState};
use crate::catalogue::Catalogue;
use crate::order::{Context, Order};
use crate::step::Step;

impl Payout {
    /// Whether its rail can pay part of it only.
    #[must_use]
    pub fn is_partly_payable(&self, catalogue: &Catalogue) -> bool {
        let payable = self.payable_amount(catalogue);
        payable.is_positive() && payable != self.amount
    }

    /// Rounds a queued payout down, as a new one would be, and updates its order.
    pub(super) fn round_to_payable_step(self, order: Option<Order>, context: &Context<'_>) -> Step {
        let mut step = Step::new();
        if self.state != PayoutState::Queued || !self.is_partly_payable(context.catalogue) {
            return step;
        }
        let payout = self.payable(context.catalogue);
        match (order, payout.purpose) {
            (Some(Order::Rampoff(order)), PayoutPurpose::Rampoff) => {
                order.set_payout_amount(payout.id, payout.amount, &mut step);
            }
            (Some(Order::Payment(order)), PayoutPurpose::Refund) => {
                order.set_refund_amounts(payout.id, [payout.amount, payout.rounding], &mut step);
            }
            _ => {}
        }
        step.write(payout.first_job(&context.mint));
        step.write(payout);
        step
    }
}
