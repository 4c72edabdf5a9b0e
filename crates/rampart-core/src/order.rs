//! What payments and ramp-offs have in common: the second axes beside the state, and what a decision may look at.

mod set_aside;
mod either;
pub(crate) mod origin;

pub use set_aside::SetAside;
pub use either::Order;
pub use origin::{DestinationOrigin, ProvidedBy};

use crate::arrival::{Eligibility, Grade, Leg};
use crate::catalogue::Catalogue;
use crate::id::Mint;
use crate::rate::Rate;
use crate::record::says_nothing;
use crate::review::ReviewItem;
use crate::time::Timestamp;

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
#[serde(from = "StoredScreeningHits")]
pub struct ScreeningHits {
    /// What it found, in its own words, about what was asked before the order may go on: customer, payers, wallets.
    #[serde(skip_serializing_if = "says_nothing")]
    pub order: Option<String>,
    /// What it found about who would receive the refund.
    #[serde(skip_serializing_if = "says_nothing")]
    pub refund: Option<String>,
}

impl ScreeningHits {
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
enum StoredScreeningHits {
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

impl From<StoredScreeningHits> for ScreeningHits {
    fn from(stored: StoredScreeningHits) -> Self {
        match stored {
            StoredScreeningHits::Truths { order, refund, reason } => {
                Self { order: order.then(|| reason.clone()), refund: refund.then_some(reason) }
            }
            StoredScreeningHits::Texts { order, refund } => Self { order, refund },
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
    /// We ourselves: customer or partner may not go on, for this reason.
    Standing(HoldReason),
}

impl StoppedBy {
    /// Why something did not leave, in words for a person.
    pub(crate) fn describe(self, reason: &str) -> String {
        match self {
            Self::Screening => format!("stopped by screening: {reason}"),
            Self::Operator => format!("stopped by an operator: {reason}"),
            Self::Standing(_) => format!("stopped before it left: {reason}"),
        }
    }

    /// Why the order waits then.
    #[must_use]
    pub const fn hold(self) -> HoldReason {
        match self {
            Self::Screening => HoldReason::Screening,
            Self::Operator => HoldReason::Operator,
            Self::Standing(reason) => reason,
        }
    }
}

/// Why an order waits for a person, for its customer, or for a moment at which it can go on. (The other names are those that
/// earlier versions stored.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// What came is not an amount that goes on by itself.
    #[serde(alias = "short", alias = "over", alias = "late")]
    Amount,
    /// The payer is not the customer.
    #[serde(alias = "foreign_payer")]
    Payer,
    /// It would pass a limit of the customer's, or of the coin.
    Limit,
    /// The customer's identity is not verified any more, or age does not allow it.
    Identity,
    /// There is nowhere to send it back to yet: the customer can give a destination on the status page.
    #[serde(alias = "refund_destination_needed")]
    Destination,
    /// There is no current price.
    Price,
    /// Everything there is was promised to others.
    Liquidity,
    /// The screening provider found something.
    Screening,
    /// The customer is banned.
    Banned,
    /// The partner is disabled.
    PartnerDisabled,
    /// The chain refused the transfer for good.
    TransferFailed,
    /// The rail refused the payout, or it came back.
    PayoutFailed,
    /// The refund did not arrive.
    RefundFailed,
    /// Part of the money was taken back.
    Reversed,
    /// The chain undid the deposit.
    Reorganised,
    /// An operator stopped it.
    Operator,
}

impl HoldReason {
    /// What partners see of it. A refund goes back over a bank when buying, over a chain when selling.
    #[must_use]
    pub const fn shown(self, leg: Leg) -> &'static str {
        match (self, leg) {
            (Self::Amount, _) => "amount",
            (Self::Payer, _) => "payer",
            (Self::Limit, _) => "limit",
            (Self::Identity, _) => "identity",
            (Self::Destination, _) => "destination",
            (Self::Price, _) => "price",
            (Self::Liquidity, _) => "liquidity",
            (Self::TransferFailed | Self::Reorganised, _) | (Self::RefundFailed, Leg::Selling) => "chain",
            (Self::PayoutFailed, _) | (Self::RefundFailed, Leg::Buying) => "bank",
            (Self::Screening | Self::Banned | Self::PartnerDisabled | Self::Reversed | Self::Operator, _) => "review",
        }
    }

    /// Everything that partners can see of it.
    pub const SHOWN: [&str; 10] = ["amount", "payer", "limit", "identity", "destination", "price", "liquidity", "chain", "bank", "review"];

    /// Whether the order goes on by itself when the reason has ended.
    #[must_use]
    pub const fn ends_by_itself(self) -> bool {
        matches!(self, Self::Identity | Self::Price | Self::Liquidity | Self::PartnerDisabled)
    }

    /// Whether something goes back, and it is not known where to, or it did not arrive there.
    #[must_use]
    pub const fn lacks_a_destination(self) -> bool {
        matches!(self, Self::Destination | Self::RefundFailed)
    }

    /// Whether we or a provider hold a complete order: what was promised is kept while that is honoured.
    #[must_use]
    pub const fn keeps_the_promise(self) -> bool {
        matches!(self, Self::Price | Self::Liquidity | Self::Screening | Self::Banned | Self::PartnerDisabled | Self::Operator)
    }

    /// Whether the customer could have supplied what is missing: an order that waits for that loses its promised price.
    #[must_use]
    pub const fn is_up_to_the_customer(self) -> bool {
        matches!(self, Self::Limit | Self::Identity | Self::Destination | Self::Payer)
    }
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
    /// The standing of the order's customer and partner.
    pub standing: Eligibility,
    /// How much of what follows is asked for.
    pub grade: Grade,
    /// When the last good reading of the source began that the order's money or coins come from (business time).
    pub read_at: Option<Timestamp>,
    /// The order's item for amounts too small to count of what arrives, where it has one that waits.
    pub running_item: Option<&'a ReviewItem>,
}

impl<'a> Context<'a> {
    /// A context in which nobody has looked at the standing of customer and partner: enough for whatever does not decide
    /// about what came.
    #[must_use]
    pub const fn new(mint: Mint<'a>, catalogue: &'a Catalogue, price: Option<Rate>) -> Self {
        Self { mint, catalogue, price, standing: Eligibility::unknown(), grade: Grade::All, read_at: None, running_item: None }
    }
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
    /// A page may only give what nobody has given before.
    #[error("a destination was given already: only the partner can change it, over the API")]
    DestinationGiven,
    /// There is no price to convert at.
    #[error("there is no current price for this pair")]
    NoPrice,
    /// It does not cover its fees.
    #[error("it does not cover its fees: send it back")]
    BelowFees,
    /// The coins do not cover the transaction that would send them back.
    #[error("it does not cover the network fee of sending it back: put it into suspense")]
    BelowNetworkFee,
    /// The method or rail is not in the configuration any more.
    #[error("its method is not in the configuration any more: send it back")]
    NoMethod,
}

impl From<HoldReason> for CommandRefusal {
    /// Why something cannot be let go.
    fn from(reason: HoldReason) -> Self {
        match reason {
            HoldReason::Price => Self::NoPrice,
            HoldReason::Operator => Self::NoMethod,
            _ => Self::BelowFees,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_told_apart() {
        let read = |text: &str| serde_json::from_str::<ScreeningHits>(text).unwrap();
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
        assert_eq!(before, ScreeningHits { order: Some("a name".into()), refund: None });
        assert_eq!(read(r#"{"order":false,"refund":true}"#), ScreeningHits { order: None, refund: Some(String::new()) });
    }
}
