//! Money that arrived for a payment.

use super::Payment;
use crate::amount::Amount;
use crate::asset::Asset;
use crate::id::{FactId, Mint};
use crate::record::says_nothing;
use crate::redacted::Redacted;
use crate::review::{ReviewItem, ReviewKind};
use crate::time::Timestamp;

/// The most receipts one order keeps; more are set aside.
pub(super) const MAX_RECEIPTS: usize = 20;

/// Money that arrived for a payment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Receipt {
    /// The fact that told of it.
    pub fact: FactId,
    /// How much, in minor units of the payment's currency.
    pub amount: Amount,
    /// When it counts (business time): the outside's own time within its bounds.
    pub at: Timestamp,
    /// Who paid.
    pub holder: Option<Redacted>,
    /// The account it came from, or the processor's reference of the captured payment.
    pub source: Option<Redacted>,
    /// Whether a person assigned it: then it goes at the market price.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub assigned: bool,
    /// How much of it was set aside, in minor units.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub set_aside: Amount,
    /// How much of it was taken back, in minor units.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub taken_back: Amount,
}

impl Receipt {
    /// What is left of it for the order, in minor units.
    #[must_use]
    pub const fn left(&self) -> Amount {
        Amount::from_minor(self.amount.minor() - self.set_aside.minor() - self.taken_back.minor())
    }
}

impl Payment {
    /// The item of money that lies in suspense beside the order.
    pub(super) fn suspense_item(&self, receipt: &Receipt, amount: Amount, reason: String, mint: &Mint<'_>) -> ReviewItem {
        ReviewItem {
            order: Some(self.id),
            fact: Some(receipt.fact),
            asset: Some(Asset::Fiat(self.terms.fiat)),
            amount,
            source: receipt.source.as_ref().map(|source| source.reveal().to_owned()),
            ..ReviewItem::new(mint, ReviewKind::Suspense, reason)
        }
    }
}
