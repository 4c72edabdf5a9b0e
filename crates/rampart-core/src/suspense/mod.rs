//! Suspense: what arrived for nobody, or for an order that cannot use it. It lies there until a person says whose it is,
//! and follows the chain that brought it.

mod decision;
mod reversal;
mod reorganisation;

pub(crate) use decision::{assign, keep, pay_again, reopen, send_back, send_to, write_off};
pub use reversal::{lost, taken_back};
pub use reorganisation::{Traces, is_about, received_again, receives, sent, shortage_of, undone, undone_of};
pub(crate) use reorganisation::{not_sent_back, sent_back};

use crate::amount::Amount;
use crate::asset::Asset;
use crate::fact::{Fact, FactBody};
use crate::id::{FactId, Mint, OrderId};
use crate::ledger::Account;
use crate::order::{Context, Order, SetAside};
use crate::review::{ReviewItem, ReviewKind};
use crate::step::Step;
use crate::treasury;

/// Something that arrived and that no order can use.
#[derive(Debug, Clone)]
pub struct UnmatchedReceipt {
    /// The fact that told of it.
    pub fact: FactId,
    /// The account it arrived on.
    pub on: Account,
    /// What it is.
    pub asset: Asset,
    /// How much, in minor units.
    pub amount: Amount,
    /// Where it came from, where that is known.
    pub source: Option<String>,
    /// The order that it names and that cannot use it, where it names one.
    pub order: Option<OrderId>,
    /// Why no order can use it.
    pub reason: String,
}

/// It is put into suspense and on a person's list.
#[must_use]
pub fn receive(receipt: UnmatchedReceipt, mint: &Mint<'_>) -> Step {
    let UnmatchedReceipt { fact, on, asset, amount, source, order, reason } = receipt;
    let mut step = Step::new();
    step.post(treasury::suspense_received(mint, on, asset, amount));
    let item = ReviewItem::new(mint, ReviewKind::Suspense, reason);
    step.write(ReviewItem { order, fact: Some(fact), asset: Some(asset), amount, source, ..item });
    step
}

/// What names an order and came another way than its own, or is something else than it receives, is put into suspense beside it.
#[must_use]
pub fn receive_beside(order: Order, receipt: UnmatchedReceipt, context: &Context<'_>) -> Step {
    let (asset, amount) = (receipt.asset, receipt.amount);
    let mut step = receive(UnmatchedReceipt { order: Some(order.id()), ..receipt }, &context.mint);
    if order.receives() == asset {
        step.extend(order.beside(SetAside::Lies, amount, context));
    }
    step
}

/// The money that a fact tells of, as it is put into suspense by a person.
#[must_use]
pub fn unmatched_receipt_of(fact: &Fact) -> Option<UnmatchedReceipt> {
    let reason = "its fact could not be applied".to_owned();
    match &fact.body {
        FactBody::BankCredit(credit) => Some(UnmatchedReceipt {
            fact: fact.id,
            on: Account::Bank(credit.rail),
            asset: credit.currency.into(),
            amount: credit.amount,
            source: credit.sender_account.as_ref().map(|account| account.reveal().to_owned()),
            order: None,
            reason,
        }),
        FactBody::ProcessorPaid(paid) => Some(UnmatchedReceipt {
            fact: fact.id,
            on: Account::Card(paid.processor),
            asset: paid.currency.into(),
            amount: paid.amount,
            source: Some(paid.reference.clone()),
            order: None,
            reason,
        }),
        _ => None,
    }
}

/// The decision that keeps something, as it is stored.
const KEEP: &str = "keep";
