//! An operator's decision about a review item, and what it is made with.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use super::ReviewItem;
use crate::money::amount::Amount;
use crate::order::Order;
use crate::outgoing::{Payout, PayoutDestination, Transmission};
use crate::refusal::{ErrorCode, Refusal};
use crate::step::fact::Fact;
use crate::step::watch::Deposit;
use crate::text::words::words;

/// Who decides, and why: both go to the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    pub actor: String,
    pub reason: String,
}

words! {
    /// A decision about a review item, or what happened to the item or its decision outside.
    ReviewDecision {
        /// Assign what is in suspense to an order.
        Assign = "assign",
        /// Return what is in suspense to its source, or pay a returned payout again.
        Return = "return",
        /// Send what is in suspense to a given destination ([`ReviewRecords::destination`]), or pay a returned payout there.
        ReturnTo = "return_to",
        /// The company keeps what is in suspense: it belongs to nobody.
        Keep = "keep",
        /// Book a shortage of suspense as a loss.
        WriteOff = "write_off",
        Retry = "retry",
        /// Abandon a transfer that vanished from its chain or cannot be signed: its coins are ours again, and its order is put on
        /// hold.
        GiveUp = "give_up",
        /// Resume sending that was stopped, and take over what was seen outside.
        GoOn = "go_on",
        /// Move the money of a fact that cannot be applied to suspense, where it can be decided about.
        Suspend = "suspend",
        /// Undo a decision to keep, on an item resolved so.
        Reopen = "reopen",
        /// Close an item that needs no action.
        Dismiss = "dismiss",
        /// A decision to keep it was undone: it is decided anew, as another item.
        Reopened = "reopened",
        /// Another account was named for a returned payout.
        AnotherAccount = "another account",
        /// Its money was reversed.
        TakenBack = "taken back",
        MadeGood = "made good",
        /// The transfer could be signed after all.
        Signed = "signed",
        /// A reorganisation removed its coins.
        Undone = "undone",
    }
}

/// How an item was resolved, and what happened to that afterwards. Words of other versions stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome(Vec<Result<ReviewDecision, String>>);

impl Outcome {
    /// The same, and what happened to it.
    #[must_use]
    pub fn then(mut self, event: ReviewDecision) -> Self {
        self.0.push(Ok(event));
        self
    }

    /// Whether a reorganisation removed the item's coins, so that there is nothing left to decide.
    #[must_use]
    pub fn is_undone(&self) -> bool {
        self.0.last() == Some(&Ok(ReviewDecision::Undone))
    }
}

impl From<ReviewDecision> for Outcome {
    fn from(decision: ReviewDecision) -> Self {
        Self(vec![Ok(decision)])
    }
}

/// An outcome equals its decision while nothing has happened to it.
impl PartialEq<ReviewDecision> for Outcome {
    fn eq(&self, decision: &ReviewDecision) -> bool {
        self.0 == [Ok(*decision)]
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.0.iter().map(|word| word.as_ref().map_or_else(String::as_str, |word| word.as_str()));
        formatter.write_str(&words.collect::<Vec<_>>().join(SEPARATOR))
    }
}

impl FromStr for Outcome {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let word = |word| ReviewDecision::from_text(word).ok_or_else(|| word.to_owned());
        Ok(Self(text.split(SEPARATOR).map(word).collect()))
    }
}

crate::serde_as_text!(Outcome);

/// Between the words of an outcome.
const SEPARATOR: &str = ", ";

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
    /// The transmission of the vanished transfer, while it is open.
    pub vanished: Option<Transmission>,
}

impl ReviewRecords {
    /// The wallet an item's coins came from, if known.
    #[must_use]
    pub fn sender_of<'a>(&'a self, item: &'a ReviewItem) -> Option<&'a str> {
        self.deposit.as_ref().map(|deposit| deposit.from.as_str()).or(item.subject.counterparty())
    }
}

/// A refusal with a message for the operator.
pub(crate) fn refuse(sentence: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::ValidationFailed, sentence)
}

#[cfg(test)]
mod tests {
    use super::ReviewDecision::{Keep, MadeGood, Reopened, Return, Undone, WriteOff};
    use super::*;

    #[test]
    fn outcomes_are_stored_as_their_words() {
        let earlier = || Outcome(vec![Err("by post".to_owned()), Err("to Ana".to_owned())]);
        let mut rows = ReviewDecision::ALL.map(|word| (word.into(), word.as_str(), word == Undone)).to_vec();
        rows.extend([
            (Outcome::from(Return).then(Undone), "return, undone", true),
            (Outcome::from(WriteOff).then(MadeGood), "write_off, made good", false),
            (Outcome::from(Keep).then(Reopened), "keep, reopened", false),
            (Outcome::from(Keep).then(Reopened).then(Undone), "keep, reopened, undone", true),
            (earlier(), "by post, to Ana", false),
            (earlier().then(Undone), "by post, to Ana, undone", true),
            (Outcome(vec![Err(String::new())]), "", false),
        ]);
        for (outcome, text, is_undone) in rows {
            let stored = serde_json::to_string(text).unwrap();
            assert_eq!(serde_json::from_str::<Outcome>(&stored).unwrap(), outcome, "{text}");
            assert_eq!((serde_json::to_string(&outcome).unwrap(), outcome.is_undone()), (stored, is_undone));
        }
        let kept = Outcome::from(Keep);
        assert!(kept == Keep && kept.then(Undone) != Keep);
    }
}
