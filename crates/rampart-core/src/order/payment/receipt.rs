//! Money that arrived for a payment.

use super::Payment;
use crate::id::{FactId, Mint};
use crate::money::amount::Amount;
use crate::money::asset::Asset;
use crate::review::{ReviewItem, ReviewSubject};
use crate::stored::is_default;
use crate::text::redacted::Redacted;
use crate::time::Timestamp;

/// Receipts kept on one order; further ones are set aside.
pub(super) const MAX_RECEIPTS: usize = 20;

/// Money received for a payment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Receipt {
    pub fact: FactId,
    /// In minor units of the payment's currency.
    pub amount: Amount,
    /// When it counts (business time): the provider's own time, within bounds.
    pub at: Timestamp,
    pub holder: Option<Redacted>,
    /// The sending account, or the processor's reference of the capture.
    pub source: Option<Redacted>,
    /// Whether an operator assigned it; then it is exchanged at the market price.
    #[serde(default, skip_serializing_if = "is_default")]
    pub assigned: bool,
    /// Set aside, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub set_aside: Amount,
    /// Reversed, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub taken_back: Amount,
}

impl Receipt {
    /// A receipt of which everything is left, from an unknown sender.
    #[must_use]
    pub const fn new(fact: FactId, amount: Amount, at: Timestamp) -> Self {
        let (holder, source, assigned) = (None, None, false);
        Self { fact, amount, at, holder, source, assigned, set_aside: Amount::ZERO, taken_back: Amount::ZERO }
    }

    /// What is left for the order, in minor units.
    #[must_use]
    pub const fn left(&self) -> Amount {
        Amount::from_minor(self.amount.minor() - self.set_aside.minor() - self.taken_back.minor())
    }
}

impl Payment {
    /// A review item for money of this receipt in suspense.
    pub(super) fn suspense_item(&self, receipt: &Receipt, amount: Amount, reason: String, mint: &Mint<'_>) -> ReviewItem {
        let source = receipt.source.as_ref().map(|source| source.reveal().to_owned());
        let item = ReviewItem::new(mint, ReviewSubject::Suspense(source), reason);
        ReviewItem { order: Some(self.id), fact: Some(receipt.fact), asset: Some(Asset::Fiat(self.terms.fiat)), amount, ..item }
    }
}
