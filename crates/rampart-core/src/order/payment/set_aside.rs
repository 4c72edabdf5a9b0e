//! An operator moves a payment's money to suspense, where it can be returned, assigned to another order, or kept.

use super::{Payment, PaymentState};
use crate::money::amount::Amount;
use crate::order::Context;
use crate::order::leg::OrderLeg;
use crate::review::{ReviewItem, ReviewSubject};
use crate::step::Step;

impl Payment {
    /// Each receipt becomes a review item of its own, so that it can be returned to its source. If part of the money was
    /// reversed, one item covers the rest and names no fact. The order ends without receipts.
    pub(super) fn set_aside(&mut self, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        // Nothing was exchanged.
        self.release_promise(context, step);
        self.taken = None;
        step.post(self.post_set_aside(mint, self.fiat_balance));
        self.set_aside = Amount::from_minor(self.set_aside.minor() + self.fiat_balance.minor());
        let reason = format!("moved to suspense from payment {}", self.id);
        let left: i128 = self.receipts.iter().map(|receipt| receipt.left().minor()).sum();
        if left == self.fiat_balance.minor() {
            for receipt in self.receipts.iter().filter(|receipt| receipt.left().is_positive()) {
                step.write(self.suspense_item(receipt, receipt.left(), reason.clone(), mint));
            }
        } else {
            let item = ReviewItem::new(mint, ReviewSubject::Suspense(None), reason);
            step.write(ReviewItem { order: Some(self.id), asset: Some(self.terms.fiat.into()), amount: self.fiat_balance, ..item });
        }
        self.receipts.clear();
        self.fiat_balance = Amount::ZERO;
        self.state = PaymentState::Failed { reason: "its money was moved to suspense".to_owned() };
    }
}
