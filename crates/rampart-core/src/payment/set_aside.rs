//! A person takes a payment's money off it and puts it into suspense, where it can be sent back to its source, assigned to
//! another order, or kept.

use super::{Payment, PaymentState};
use crate::amount::Amount;
use crate::id::Mint;
use crate::ledger::{Account, Movement, Origin, Posting, PostingKind};
use crate::limits;
use crate::order::Context;
use crate::review::{ReviewItem, ReviewKind};
use crate::step::Step;

impl Payment {
    /// Each receipt is an item of its own, so that it can go back to where it came from; what is left of receipts of which
    /// something was taken back is one, about no fact. The order has ended, and they are not its receipts any more.
    pub(super) fn set_aside(&mut self, context: &Context<'_>, step: &mut Step) {
        let mint = &context.mint;
        // Nothing was exchanged: the limits are given back.
        self.take_as_ordered(context, step);
        step.raises.extend(limits::counted(context.catalogue, &self.usage(), self.level, self.terms.fiat_amount.negated()));
        self.reserve(Amount::ZERO, step);
        step.post(self.post_set_aside(mint));
        let reason = format!("put into suspense from payment {}", self.id);
        let asset = Some(self.terms.fiat.into());
        let item = || ReviewItem { order: Some(self.id), asset, ..ReviewItem::new(mint, ReviewKind::Suspense, reason.clone()) };
        if self.received() == self.fiat_balance {
            for receipt in &self.receipts {
                let source = receipt.source.as_ref().map(|source| source.reveal().to_owned());
                step.write(ReviewItem { fact: Some(receipt.fact), amount: receipt.amount, source, ..item() });
            }
        } else {
            step.write(ReviewItem { amount: self.fiat_balance, ..item() });
        }
        self.receipts.clear();
        self.fiat_balance = Amount::ZERO;
        self.state = PaymentState::Failed { reason: "its money was put into suspense".to_owned() };
    }

    /// A person puts its money into suspense: `customer` is debited, `suspense` credited.
    fn post_set_aside(&self, mint: &Mint<'_>) -> Option<Posting> {
        let movement = Movement::new(Account::Customer(self.customer), Account::Suspense, self.terms.fiat, self.fiat_balance);
        Posting::moving(mint, PostingKind::SetAside, Origin::Request, Some(self.id), &[movement])
    }
}
