//! What payments and ramp-offs have in common: the values beside the state, and what a decision may read.

pub mod arrival;
mod either;
mod head;
mod leg;
pub mod limits;
pub(crate) mod origin;
pub mod pay_to;
pub mod payment;
pub mod rampoff;
pub mod reference;
mod set_aside;
mod status;
mod stored;
pub mod view;

pub use either::{Order, SharedCommand, SharedFact};
pub use head::OrderHead;
pub use origin::{DestinationOrigin, ProvidedBy};
pub use set_aside::SetAside;
pub use status::{PaymentStatus, PublicHoldReason, RampoffStatus};

use crate::catalogue::Catalogue;
use crate::id::Mint;
use crate::money::rate::Rate;
use crate::order::arrival::{Eligibility, Grade, Leg};
use crate::review::ReviewItem;
use crate::stored::is_default;
use crate::time::Timestamp;

/// How money or coins of an order were taken back after they had arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = OrderReversal))]
pub enum Reversal {
    Chargeback,
    BankReturn,
    Reorganisation,
}

/// Screening hits. An operator who releases an order has seen them, and the provider is not asked about the same subject again;
/// a new receiver, payer or wallet is screened.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "StoredScreeningHits")]
pub struct ScreeningHits {
    /// The provider's words about what was screened before the order may proceed: customer, payers, wallets.
    #[serde(skip_serializing_if = "is_default")]
    pub order: Option<String>,
    /// The provider's words about the receiver of a refund.
    #[serde(skip_serializing_if = "is_default")]
    pub refund: Option<String>,
}

impl ScreeningHits {
    /// Both hits in one text for an operator; empty without a hit. The same hit on both is stated once.
    #[must_use]
    pub fn describe(&self) -> String {
        match (&self.order, &self.refund) {
            (Some(order), Some(refund)) if order != refund => format!("{order}; about the refund: {refund}"),
            (Some(found), _) | (None, Some(found)) => found.clone(),
            (None, None) => String::new(),
        }
    }
}

/// Screening hits in both stored forms: texts, or (earlier versions) booleans with one text.
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

/// Who stopped an outgoing payout or transfer before it left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoppedBy {
    /// The screening provider, by a hit on the receiver.
    Screening,
    Operator,
    /// Our own check: the customer or partner may not trade, for this reason.
    Standing(HoldReason),
}

impl StoppedBy {
    /// Why something did not leave, in words for an operator.
    pub(crate) fn describe(self, reason: &str) -> String {
        match self {
            Self::Screening => format!("stopped by screening: {reason}"),
            Self::Operator => format!("stopped by an operator: {reason}"),
            Self::Standing(_) => format!("stopped before it left: {reason}"),
        }
    }

    /// The hold reason that follows for the order.
    #[must_use]
    pub const fn hold(self) -> HoldReason {
        match self {
            Self::Screening => HoldReason::Screening,
            Self::Operator => HoldReason::Operator,
            Self::Standing(reason) => reason,
        }
    }
}

/// Why an order waits for an operator, for its customer, or for a condition that ends by itself. The aliases are names that
/// earlier versions stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// The received amount does not proceed automatically.
    #[serde(alias = "short", alias = "over", alias = "late")]
    Amount,
    /// The payer is not the customer.
    #[serde(alias = "foreign_payer")]
    Payer,
    /// It would exceed a limit of the customer or of the coin.
    Limit,
    /// The customer's identity is not verified any more, or the customer is under age.
    Identity,
    /// No refund destination is known yet: the customer can give one on the status page.
    #[serde(alias = "refund_destination_needed")]
    Destination,
    Price,
    /// The available balance is promised to other orders.
    Liquidity,
    Screening,
    Banned,
    PartnerDisabled,
    /// The chain refused the transfer for good.
    TransferFailed,
    /// The rail refused the payout, or it was returned.
    PayoutFailed,
    RefundFailed,
    Reversed,
    Reorganised,
    Operator,
}

impl HoldReason {
    /// The reason partners see. A failed refund concerns a bank when buying, a chain when selling.
    #[must_use]
    pub const fn shown(self, leg: Leg) -> PublicHoldReason {
        match (self, leg) {
            (Self::Amount, _) => PublicHoldReason::Amount,
            (Self::Payer, _) => PublicHoldReason::Payer,
            (Self::Limit, _) => PublicHoldReason::Limit,
            (Self::Identity, _) => PublicHoldReason::Identity,
            (Self::Destination, _) => PublicHoldReason::Destination,
            (Self::Price, _) => PublicHoldReason::Price,
            (Self::Liquidity, _) => PublicHoldReason::Liquidity,
            (Self::TransferFailed | Self::Reorganised, _) | (Self::RefundFailed, Leg::Selling) => PublicHoldReason::Chain,
            (Self::PayoutFailed, _) | (Self::RefundFailed, Leg::Buying) => PublicHoldReason::Bank,
            (Self::Screening | Self::Banned | Self::PartnerDisabled | Self::Reversed | Self::Operator, _) => PublicHoldReason::Review,
        }
    }

    /// Whether the order resumes automatically when the reason ends.
    #[must_use]
    pub const fn ends_by_itself(self) -> bool {
        matches!(self, Self::Identity | Self::Price | Self::Liquidity | Self::PartnerDisabled)
    }

    /// Whether something has to be refunded and its destination is unknown, or the refund failed.
    #[must_use]
    pub const fn needs_destination(self) -> bool {
        matches!(self, Self::Destination | Self::RefundFailed)
    }

    /// Whether the hold of a complete order is ours or a provider's: then its promise is kept while it is honoured.
    #[must_use]
    pub const fn keeps_the_promise(self) -> bool {
        matches!(self, Self::Price | Self::Liquidity | Self::Screening | Self::Banned | Self::PartnerDisabled | Self::Operator)
    }

    /// Whether the customer could have supplied what is missing: such an order loses its promised price.
    #[must_use]
    pub const fn is_up_to_the_customer(self) -> bool {
        matches!(self, Self::Limit | Self::Identity | Self::Destination | Self::Payer)
    }
}

/// What a decision may read beside the order: time, randomness, catalogue and price.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Mints identifiers; its time is that of the decision (business time).
    pub mint: Mint<'a>,
    pub catalogue: &'a Catalogue,
    /// Current price of the order's pair and direction, spread included, if known.
    pub price: Option<Rate>,
    pub standing: Eligibility,
    /// How much of the outcome is requested.
    pub grade: Grade,
    /// Start of the last complete reading of the source of the order's money or coins (business time).
    pub read_at: Option<Timestamp>,
    /// The order's open review item for amounts below the receipt minimum, for what arrives.
    pub running_item: Option<&'a ReviewItem>,
}

impl<'a> Context<'a> {
    /// A context without the eligibility of customer and partner: enough for anything that decides nothing about received money
    /// or coins.
    #[must_use]
    pub const fn new(mint: Mint<'a>, catalogue: &'a Catalogue, price: Option<Rate>) -> Self {
        Self { mint, catalogue, price, standing: Eligibility::unknown(), grade: Grade::All, read_at: None, running_item: None }
    }
}

/// Why a command of an operator or a customer is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandRefusal {
    #[error("an order that is {status} cannot be {command}")]
    WrongState { status: &'static str, command: &'static str },
    /// A page may only give a destination that nobody has given before.
    #[error("a destination was given already: only the partner can change it, over the API")]
    DestinationGiven,
    #[error("there is no current price for this pair")]
    NoPrice,
    #[error("the amount does not cover the fees: refund it")]
    BelowFees,
    /// The coins do not cover the transaction that would send them back.
    #[error("the amount does not cover the network fee of a refund: move it to suspense")]
    BelowNetworkFee,
    /// The method or rail is not in the configuration any more.
    #[error("its payment method or rail is no longer configured: refund it")]
    NoMethod,
}

impl From<HoldReason> for CommandRefusal {
    /// Why an order cannot be released.
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
    fn screening_hits_are_kept_apart() {
        let read = |text: &str| serde_json::from_str::<ScreeningHits>(text).unwrap();
        for (stored, order, refund, text) in [
            ("{}", None, None, ""),
            (r#"{"order":"a name"}"#, Some("a name"), None, "a name"),
            (r#"{"refund":"a wallet"}"#, None, Some("a wallet"), "a wallet"),
            (r#"{"order":"a name","refund":"a wallet"}"#, Some("a name"), Some("a wallet"), "a name; about the refund: a wallet"),
            (r#"{"order":"both","refund":"both"}"#, Some("both"), Some("both"), "both"),
        ] {
            let findings = read(stored);
            assert_eq!((findings.order.as_deref(), findings.refund.as_deref()), (order, refund), "{stored}");
            assert_eq!(findings.describe(), text);
            assert_eq!(serde_json::to_string(&findings).unwrap(), stored);
        }
        let before = read(r#"{"order":true,"refund":false,"reason":"a name"}"#);
        assert_eq!(before, ScreeningHits { order: Some("a name".into()), refund: None });
        assert_eq!(read(r#"{"order":false,"refund":true}"#), ScreeningHits { order: None, refund: Some(String::new()) });
    }
}
