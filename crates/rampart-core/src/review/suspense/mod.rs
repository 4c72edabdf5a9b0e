//! Suspense: what arrived for no order, or for an order that cannot use it. It stays there until an operator decides, and
//! follows the chain that brought it.

mod decision;
mod reorganisation;
mod reversal;

pub(crate) use decision::{assign, keep, pay_again, reopen, send_back, send_to, write_off};
pub use reorganisation::{
    RemovedDepositTraces, deposit_received_again, deposit_removed_from_order, is_about, receives, sent, shortage_of, undone,
};
pub(crate) use reorganisation::{not_sent_back, sent_back};
pub use reversal::{book_loss, reverse};

use crate::id::{FactId, Mint, OrderId};
use crate::ledger::Account;
use crate::ledger::treasury;
use crate::money::amount::Amount;
use crate::money::asset::Asset;
use crate::order::{Context, Order, SetAside};
use crate::review::{ReviewItem, ReviewSubject};
use crate::step::Step;
use crate::step::fact::{Fact, FactBody};

/// Something that arrived and that no order can use.
#[derive(Debug, Clone)]
pub struct UnmatchedReceipt {
    pub fact: FactId,
    pub on: Account,
    pub asset: Asset,
    /// In minor units.
    pub amount: Amount,
    /// The sending account or wallet, or the provider's reference, if known.
    pub source: Option<String>,
    /// The order that it names but that cannot use it, if any.
    pub order: Option<OrderId>,
    pub reason: String,
}

/// Books it to suspense and creates a review item.
#[must_use]
pub fn receive(receipt: UnmatchedReceipt, mint: &Mint<'_>) -> Step {
    let UnmatchedReceipt { fact, on, asset, amount, source, order, reason } = receipt;
    let mut step = Step::new();
    step.post(treasury::suspense_received(mint, on, asset, amount));
    let item = ReviewItem::new(mint, ReviewSubject::Suspense(source), reason);
    step.write(ReviewItem { order, fact: Some(fact), asset: Some(asset), amount, ..item });
    step
}

/// Books to suspense what names an order but arrived by another route, or in another asset than the order receives.
#[must_use]
pub fn receive_beside(order: Order, receipt: UnmatchedReceipt, context: &Context<'_>) -> Step {
    let (asset, amount) = (receipt.asset, receipt.amount);
    let mut step = receive(UnmatchedReceipt { order: Some(order.id()), ..receipt }, &context.mint);
    if order.receives() == asset {
        step.extend(order.apply_set_aside(SetAside::Lies, amount, context));
    }
    step
}

/// The money of a fact that an operator moves to suspense.
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
