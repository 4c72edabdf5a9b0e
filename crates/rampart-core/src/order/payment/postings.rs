//! Every posting of a payment itself; [`crate::outgoing`] has those of its transfers and payouts.

use super::Payment;
use crate::id::Mint;
use crate::ledger::{Account, LossKind, Movement, Posting, PostingKind};
use crate::money::amount::Amount;
use crate::order::leg::OrderLeg;

impl Payment {
    /// Money arrived: `bank` or `card` is debited, `customer` credited.
    pub(super) fn post_received(&self, mint: &Mint<'_>, amount: Amount) -> Option<Posting> {
        let movement = Movement::new(self.pay_in.account(), Account::Customer(self.customer), self.terms.fiat, amount);
        self.posting(mint, PostingKind::PaymentReceived, &[movement])
    }

    /// Money arrived that the order cannot use: `bank` or `card` is debited, `suspense` credited.
    pub(super) fn post_suspense(&self, mint: &Mint<'_>, amount: Amount) -> Option<Posting> {
        let movement = Movement::new(self.pay_in.account(), Account::Suspense, self.terms.fiat, amount);
        self.posting(mint, PostingKind::SuspenseReceived, &[movement])
    }

    /// A chargeback. `from_customer` was still on the customer's account and `from_losses` was gone: these accounts are
    /// debited, the account the money arrived on credited.
    pub(super) fn post_chargeback(&self, mint: &Mint<'_>, source: Account, from_customer: Amount, from_losses: Amount) -> Option<Posting> {
        let movements = [
            Movement::new(Account::Customer(self.customer), source, self.terms.fiat, from_customer),
            Movement::new(Account::Losses(LossKind::Chargeback), source, self.terms.fiat, from_losses),
        ];
        self.posting(mint, PostingKind::Chargeback, &movements)
    }

    /// Money that a chargeback had booked as lost is on the customer's account (or in suspense) again: that account is debited,
    /// `losses` credited.
    pub(super) fn post_loss_recovered(&self, mint: &Mint<'_>, lies_on: Account, amount: Amount) -> Option<Posting> {
        let movement = Movement::new(lies_on, Account::Losses(LossKind::Chargeback), self.terms.fiat, amount);
        self.posting(mint, PostingKind::LossRecovered, &[movement])
    }
}
