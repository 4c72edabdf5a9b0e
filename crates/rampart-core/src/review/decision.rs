//! An operator's decision about a review item, and what it is made with.

use std::fmt;

use super::{Decided, ReviewItem};
use crate::id::OrderId;
use crate::money::amount::Amount;
use crate::order::Order;
use crate::outgoing::{Outgoing, Payout, PayoutDestination, TransactionStatus, Transfer};
use crate::refusal::{ErrorCode, Refusal};
use crate::step::fact::Fact;
use crate::step::watch::Deposit;

/// Who decides, and why: both go to the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    pub actor: String,
    pub reason: String,
}

/// A decision about a review item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewDecision {
    /// Assign what is in suspense to this order.
    Assign(OrderId),
    /// Return what is in suspense to its source, or pay a returned payout again.
    Return,
    /// Send what is in suspense to a given destination ([`ReviewRecords::destination`]), or pay a returned payout there.
    ReturnTo,
    /// The company keeps what is in suspense: it belongs to nobody.
    Keep,
    /// Book a shortage of suspense as a loss.
    WriteOff,
    Retry,
    /// Abandon a transfer that vanished from its chain or cannot be signed: its coins are ours again, and its order is put on
    /// hold.
    GiveUp,
    /// Resume sending that was stopped, and take over what was seen outside.
    GoOn,
    /// Move the money of a fact that cannot be applied to suspense, where it can be decided about.
    Suspend,
    /// Undo a decision to keep, on an item resolved so.
    Reopen,
    /// Close an item that needs no action.
    Dismiss,
}

impl ReviewDecision {
    /// The decision without its order, as it is stored and named in the audit log.
    #[must_use]
    pub const fn decided(self) -> Decided {
        match self {
            Self::Assign(_) => Decided::Assign,
            Self::Return => Decided::Return,
            Self::ReturnTo => Decided::ReturnTo,
            Self::Keep => Decided::Keep,
            Self::WriteOff => Decided::WriteOff,
            Self::Retry => Decided::Retry,
            Self::GiveUp => Decided::GiveUp,
            Self::GoOn => Decided::GoOn,
            Self::Suspend => Decided::Suspend,
            Self::Reopen => Decided::Reopen,
            Self::Dismiss => Decided::Dismiss,
        }
    }
}

impl fmt::Display for ReviewDecision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.decided().fmt(formatter)
    }
}

/// A destination given by an operator, validated like a customer's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckedDestination {
    Account(PayoutDestination),
    Wallet(String),
}

/// The stored records an item is about.
#[derive(Debug, Clone, Default)]
pub struct ReviewRecords {
    pub fact: Option<Fact>,
    pub deposit: Option<Deposit>,
    pub deposit_index: Option<u64>,
    /// The order to assign it to, or the one the item names.
    pub order: Option<Order>,
    /// The order beside which it is in suspense, if the item names one.
    pub beside: Option<Order>,
    /// The order's payouts, oldest first.
    pub payouts: Vec<Payout>,
    pub destination: Option<CheckedDestination>,
    /// The receiver's share of a transfer's network fee, in minor units of the item's coin.
    pub network_fee: Amount,
    /// The vanished transfer, while it is pending.
    pub vanished: Option<Vanished>,
}

impl ReviewRecords {
    /// The wallet an item's coins came from, if known.
    #[must_use]
    pub fn sender_of<'a>(&'a self, item: &'a ReviewItem) -> Option<&'a str> {
        self.deposit.as_ref().map(|deposit| deposit.from.as_str()).or(item.subject.counterparty())
    }
}

/// A vanished transfer, and its present status on the chain.
#[derive(Debug, Clone)]
pub struct Vanished {
    pub transfer: Transfer,
    pub outgoing: Outgoing,
    pub status: TransactionStatus,
    pub next_nonce: u64,
}

/// A refusal with a message for the operator.
pub(crate) fn refuse(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::ValidationFailed, sentence)
}
