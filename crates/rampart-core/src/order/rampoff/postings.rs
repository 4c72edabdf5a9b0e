//! Every posting of a ramp-off itself; [`crate::outgoing`] has those of its transfers and payouts.

use super::Rampoff;
use crate::id::Mint;
use crate::ledger::{Account, LossKind, Movement, Posting, PostingKind};
use crate::money::amount::Amount;
use crate::money::asset::CoinId;
use crate::order::leg::OrderLeg;

impl Rampoff {
    fn deposits_account(&self) -> Account {
        Account::ChainDeposits(self.chain())
    }

    /// Coins were confirmed: `chain:deposits` is debited, `customer` credited.
    pub(super) fn post_deposit(&self, mint: &Mint<'_>, amount: Amount) -> Option<Posting> {
        let movement = Movement::new(self.deposits_account(), Account::Customer(self.customer), self.terms.coin, amount);
        self.posting(mint, PostingKind::DepositReceived, &[movement])
    }

    /// Coins were confirmed that the order cannot use, of any chain: its `chain:deposits` is debited, `suspense` credited.
    pub(super) fn post_suspense(&self, mint: &Mint<'_>, coin: CoinId, amount: Amount) -> Option<Posting> {
        let movement = Movement::new(Account::ChainDeposits(coin.chain), Account::Suspense, coin, amount);
        self.posting(mint, PostingKind::SuspenseReceived, &[movement])
    }

    /// A reorganisation removed a confirmed deposit. `from_customer` was still on the customer's account, `from_losses` was
    /// gone: `customer` and `losses` are debited, `chain:deposits` credited.
    pub(super) fn post_deposit_undone(&self, mint: &Mint<'_>, from_customer: Amount, from_losses: Amount) -> Option<Posting> {
        let movements = [
            Movement::new(Account::Customer(self.customer), self.deposits_account(), self.terms.coin, from_customer),
            Movement::new(Account::Losses(LossKind::Reorganisation), self.deposits_account(), self.terms.coin, from_losses),
        ];
        self.posting(mint, PostingKind::DepositUndone, &movements)
    }

    /// A deposit booked as lost is in the chain again: `chain:deposits` is debited, `losses` credited.
    pub(super) fn post_loss_recovered(&self, mint: &Mint<'_>, amount: Amount) -> Option<Posting> {
        let movement = Movement::new(self.deposits_account(), Account::Losses(LossKind::Reorganisation), self.terms.coin, amount);
        self.posting(mint, PostingKind::DepositReceived, &[movement])
    }

    /// Coins of lost deposits are on the customer's account again because they did not leave: `customer` is debited, `losses`
    /// credited.
    pub(super) fn post_loss_undone(&self, mint: &Mint<'_>, amount: Amount) -> Option<Posting> {
        let losses = Account::Losses(LossKind::Reorganisation);
        let movement = Movement::new(Account::Customer(self.customer), losses, self.terms.coin, amount);
        self.posting(mint, PostingKind::LossRecovered, &[movement])
    }
}
