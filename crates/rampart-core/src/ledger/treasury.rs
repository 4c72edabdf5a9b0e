//! The company's own postings: capital, and suspense resolved by an operator.

use crate::id::{Mint, OrderId};
use crate::ledger::{Account, LossKind, Movement, Origin, Posting, PostingKind};
use crate::money::amount::Amount;
use crate::money::asset::Asset;

/// The company funds an account: `bank` or `chain:hot` is debited, `capital` credited. It has happened outside.
#[must_use]
pub fn funded(mint: &Mint<'_>, account: Account, asset: Asset, amount: Amount) -> Option<Posting> {
    let movement = Movement::new(account, Account::Capital, asset, amount);
    Posting::moving(mint, PostingKind::CapitalFunded, Origin::Fact, None, &[movement])
}

/// The company withdraws: `capital` is debited, the account credited. A request, so the floor binds it.
#[must_use]
pub fn withdrawn(mint: &Mint<'_>, account: Account, asset: Asset, amount: Amount) -> Option<Posting> {
    let movement = Movement::new(Account::Capital, account, asset, amount);
    Posting::moving(mint, PostingKind::CapitalWithdrawn, Origin::Request, None, &[movement])
}

/// Something arrived that belongs to nobody yet: the account it arrived on is debited, `suspense` credited.
#[must_use]
pub fn suspense_received(mint: &Mint<'_>, arrived_on: Account, asset: Asset, amount: Amount) -> Option<Posting> {
    let movement = Movement::new(arrived_on, Account::Suspense, asset, amount);
    Posting::moving(mint, PostingKind::SuspenseReceived, Origin::Fact, None, &[movement])
}

/// A reorganisation removed coins in suspense: `suspense` is debited, `chain:deposits` credited.
#[must_use]
pub fn suspense_undone(mint: &Mint<'_>, deposits: Account, asset: Asset, amount: Amount, order: Option<OrderId>) -> Option<Posting> {
    let movement = Movement::new(Account::Suspense, deposits, asset, amount);
    Posting::moving(mint, PostingKind::DepositUndone, Origin::Fact, order, &[movement])
}

/// Posts `chargeback`. Money in suspense was reversed: `suspense` is debited, the account it had arrived on credited.
#[must_use]
pub fn suspense_taken_back(mint: &Mint<'_>, arrived_on: Account, asset: Asset, amount: Amount, order: Option<OrderId>) -> Option<Posting> {
    let movement = Movement::new(Account::Suspense, arrived_on, asset, amount);
    Posting::moving(mint, PostingKind::Chargeback, Origin::Fact, order, &[movement])
}

/// Posts `chargeback`. Money of no order was reversed that is not in suspense any more: `losses` is debited, the account it had arrived on
/// credited.
#[must_use]
pub fn unmatched_taken_back(mint: &Mint<'_>, arrived_on: Account, asset: Asset, amount: Amount) -> Option<Posting> {
    let movement = Movement::new(Account::Losses(LossKind::Chargeback), arrived_on, asset, amount);
    Posting::moving(mint, PostingKind::Chargeback, Origin::Fact, None, &[movement])
}

/// Reverses the suspense booking, so that an order can receive it as if it arrived now: `suspense` is debited, the account it
/// had arrived on credited.
#[must_use]
pub fn suspense_assigned(mint: &Mint<'_>, arrived_on: Account, asset: Asset, amount: Amount, order: Option<OrderId>) -> Option<Posting> {
    let movement = Movement::new(Account::Suspense, arrived_on, asset, amount);
    Posting::moving(mint, PostingKind::SuspenseAssigned, Origin::Request, order, &[movement])
}

/// The company keeps what is in suspense: `suspense` is debited, `capital` credited.
#[must_use]
pub fn suspense_kept(mint: &Mint<'_>, asset: Asset, amount: Amount) -> Option<Posting> {
    let movement = Movement::new(Account::Suspense, Account::Capital, asset, amount);
    Posting::moving(mint, PostingKind::WrittenOff, Origin::Request, None, &[movement])
}

/// Reverses [`suspense_kept`]: `capital` is debited, `suspense` credited.
#[must_use]
pub fn suspense_reopened(mint: &Mint<'_>, asset: Asset, amount: Amount) -> Option<Posting> {
    let movement = Movement::new(Account::Capital, Account::Suspense, asset, amount);
    Posting::moving(mint, PostingKind::SetAside, Origin::Request, None, &[movement])
}

/// What was written off is there after all: `suspense` is debited, `losses` credited.
#[must_use]
pub fn write_off_undone(mint: &Mint<'_>, asset: Asset, amount: Amount) -> Option<Posting> {
    let movement = Movement::new(Account::Suspense, Account::Losses(LossKind::WrittenOff), asset, amount);
    Posting::moving(mint, PostingKind::LossRecovered, Origin::Fact, None, &[movement])
}

/// Writes off what an account lacks: `losses` is debited, the account credited.
#[must_use]
pub fn written_off(mint: &Mint<'_>, account: Account, asset: Asset, amount: Amount) -> Option<Posting> {
    let movement = Movement::new(Account::Losses(LossKind::WrittenOff), account, asset, amount);
    Posting::moving(mint, PostingKind::WrittenOff, Origin::Request, None, &[movement])
}
