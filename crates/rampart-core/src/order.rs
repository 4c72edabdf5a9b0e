//! What payments and ramp-offs have in common: the second axes beside the state, and what a decision may look at.

mod either;

pub use either::Order;

use crate::catalogue::Catalogue;
use crate::id::Mint;
use crate::rate::Rate;
use crate::record::says_nothing;

/// What was unusual about the amount or the moment; it stays on the order whatever becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exception {
    /// Less arrived than was asked for.
    Short,
    /// More arrived than was asked for.
    Over,
    /// It arrived after the promise had ended.
    Late,
    /// It arrived once more; the surplus lies in suspense.
    Duplicate,
    /// Another coin arrived at the deposit address; it lies in suspense.
    WrongAsset,
    /// Somebody else than the customer paid.
    ForeignPayer,
}

/// What was taken back, beside the state: terminal stays terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reversal {
    /// The payment was charged back.
    Chargeback,
    /// The receiving bank returned the payout.
    BankReturn,
    /// The chain undid a deposit that had been confirmed.
    Reorganisation,
}

/// What the screening provider has found something about. A person who lets it go on has seen that, and the provider is
/// not asked about the same again; about a receiver, payer or wallet that is new it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "StoredFindings")]
pub struct Findings {
    /// What it found, in its own words, about what was asked before the order may go on: customer, payers, wallets.
    #[serde(skip_serializing_if = "says_nothing")]
    pub order: Option<String>,
    /// What it found about who would receive the refund.
    #[serde(skip_serializing_if = "says_nothing")]
    pub refund: Option<String>,
}

impl Findings {
    /// Both in one text, for a person; empty when nothing was found. What was found about both at once is told once.
    #[must_use]
    pub fn told(&self) -> String {
        match (&self.order, &self.refund) {
            (Some(order), Some(refund)) if order != refund => format!("{order}; about the refund: {refund}"),
            (Some(found), _) | (None, Some(found)) => found.clone(),
            (None, None) => String::new(),
        }
    }
}

/// Findings as they are or were stored: as truths, with one text for both.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum StoredFindings {
    Truths {
        order: bool,
        refund: bool,
        #[serde(default)]
        reason: String,
    },
    Texts {
        #[serde(default)]
        order: Option<String>,
        #[serde(default)]
        refund: Option<String>,
    },
}

impl From<StoredFindings> for Findings {
    fn from(stored: StoredFindings) -> Self {
        match stored {
            StoredFindings::Truths { order, refund, reason } => {
                Self { order: order.then(|| reason.clone()), refund: refund.then_some(reason) }
            }
            StoredFindings::Texts { order, refund } => Self { order, refund },
        }
    }
}

/// Who stopped what was on its way out, before it left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoppedBy {
    /// The screening provider, which has found something about the receiver.
    Screening,
    /// An operator.
    Operator,
}

impl StoppedBy {
    /// Why the order waits then.
    #[must_use]
    pub const fn hold(self) -> HoldReason {
        match self {
            Self::Screening => HoldReason::Screening,
            Self::Operator => HoldReason::Operator,
        }
    }
}

/// Why an order waits for a person, or for its customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// The policy for short amounts says so.
    Short,
    /// The policy for surplus amounts says so.
    Over,
    /// The policy for late arrivals says so, or there is no price to go on with.
    Late,
    /// The payer is not the customer.
    ForeignPayer,
    /// The screening provider found something.
    Screening,
    /// The chain refused the transfer for good.
    TransferFailed,
    /// The rail refused the payout, or it came back.
    PayoutFailed,
    /// The refund did not arrive.
    RefundFailed,
    /// There is no destination for the refund yet: the customer can give one on the status page.
    RefundDestinationNeeded,
    /// Part of the money was taken back.
    Reversed,
    /// The chain undid the deposit.
    Reorganised,
    /// An operator stopped it.
    Operator,
}

/// What a decision may look at beside the order: the moment and chance, what is traded, and the present price.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Mints identifiers; its moment is the moment of the decision (business time).
    pub mint: Mint<'a>,
    /// What is traded.
    pub catalogue: &'a Catalogue,
    /// The present price for this order's pair and direction (spread included), where one is known.
    pub price: Option<Rate>,
}

/// What an operator (or the customer) may ask of an order and get refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandRefusal {
    /// The order's state does not allow it.
    #[error("an order that is {status} cannot be {command}")]
    WrongState {
        /// The order's status.
        status: &'static str,
        /// What was asked, as a participle.
        command: &'static str,
    },
    /// There is nowhere to send it.
    #[error("there is no destination for the refund; the customer can give one on the status page")]
    NoDestination,
    /// There is no price to convert at.
    #[error("there is no current price for this pair")]
    NoPrice,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_told_apart() {
        let read = |text: &str| serde_json::from_str::<Findings>(text).unwrap();
        for (stored, order, refund, told) in [
            ("{}", None, None, ""),
            (r#"{"order":"a name"}"#, Some("a name"), None, "a name"),
            (r#"{"refund":"a wallet"}"#, None, Some("a wallet"), "a wallet"),
            (r#"{"order":"a name","refund":"a wallet"}"#, Some("a name"), Some("a wallet"), "a name; about the refund: a wallet"),
            (r#"{"order":"both","refund":"both"}"#, Some("both"), Some("both"), "both"),
        ] {
            let findings = read(stored);
            assert_eq!((findings.order.as_deref(), findings.refund.as_deref()), (order, refund), "{stored}");
            assert_eq!(findings.told(), told);
            assert_eq!(serde_json::to_string(&findings).unwrap(), stored);
        }
        let before = read(r#"{"order":true,"refund":false,"reason":"a name"}"#);
        assert_eq!(before, Findings { order: Some("a name".into()), refund: None });
        assert_eq!(read(r#"{"order":false,"refund":true}"#), Findings { order: None, refund: Some(String::new()) });
    }
}
