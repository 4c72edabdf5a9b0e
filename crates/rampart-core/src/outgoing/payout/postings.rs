//! Every posting of a payout itself.

use super::Payout;
use crate::id::Mint;
use crate::ledger::{Account, FeeKind, Movement, Origin, Posting, PostingKind};

impl Payout {
    pub(in crate::outgoing) fn owed_to(&self) -> Account {
        self.customer.map_or(Account::Suspense, Account::Customer)
    }

    fn post(&self, mint: &Mint<'_>, kind: PostingKind, debit: Account, credit: Account) -> Option<Posting> {
        Posting::moving(mint, kind, Origin::Fact, self.order, &[Movement::new(debit, credit, self.currency, self.amount)])
    }

    /// The rail accepted it: `in_transit` is debited, `bank` (or `card`) credited.
    pub(super) fn post_accepted(&self, mint: &Mint<'_>) -> Option<Posting> {
        self.post(mint, PostingKind::PayoutAccepted, self.route.in_transit(), self.route.account())
    }

    /// It settled: `customer` (or `suspense`) is debited, `in_transit` credited; for what the rail cannot pay the same account
    /// is debited, `fees:rounding` credited.
    pub(super) fn post_settled(&self, mint: &Mint<'_>) -> Option<Posting> {
        let movements = [Movement::new(self.owed_to(), self.route.in_transit(), self.currency, self.amount), self.rounding_movement()];
        Posting::moving(mint, PostingKind::PayoutSettled, Origin::Fact, self.order, &movements)
    }

    /// What the rail cannot pay is kept as a fee.
    pub(in crate::outgoing) fn rounding_movement(&self) -> Movement {
        Movement::new(self.owed_to(), Account::Fees(FeeKind::Rounding), self.currency, self.rounding)
    }

    /// It came back before it settled: `bank` is debited, `in_transit` credited.
    pub(super) fn post_failed(&self, mint: &Mint<'_>) -> Option<Posting> {
        self.post(mint, PostingKind::PayoutFailed, self.route.account(), self.route.in_transit())
    }

    /// It had settled and was returned: `bank` is debited, `suspense` credited. What the rail could not pay stays kept.
    pub(super) fn post_returned(&self, mint: &Mint<'_>) -> Option<Posting> {
        self.post(mint, PostingKind::PayoutReturned, self.route.account(), Account::Suspense)
    }
}
