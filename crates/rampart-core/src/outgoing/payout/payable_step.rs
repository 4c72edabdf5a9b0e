//! A payout that was ordered before its rail was known to pay whole steps only.

use super::{Payout, PayoutPurpose, PayoutState};
use crate::catalogue::Catalogue;
use crate::order::{Context, Order};
use crate::step::Step;

impl Payout {
    /// Whether its rail pays less of it than was ordered, and something.
    #[must_use]
    pub fn is_off_step(&self, catalogue: &Catalogue) -> bool {
        let payable = self.payable_amount(catalogue);
        payable.is_positive() && payable != self.amount
    }

    /// It is rounded down before it is handed over, as it would be if it was ordered now, and its order knows what is paid.
    pub(super) fn round_to_payable_step(self, order: Option<Order>, context: &Context<'_>) -> Step {
        let mut step = Step::new();
        if self.state != PayoutState::Queued || !self.is_off_step(context.catalogue) {
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
