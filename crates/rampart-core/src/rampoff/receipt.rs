//! Coins that arrived at a ramp-off's address.

use super::Rampoff;
use crate::amount::Amount;
use crate::asset::Asset;
use crate::id::{FactId, Mint};
use crate::record::says_nothing;
use crate::review::{ReviewItem, ReviewKind};
use crate::time::Timestamp;

/// The most deposits one order keeps; more are set aside.
pub(super) const MAX_DEPOSITS: usize = 20;

/// Coins that arrived at a ramp-off's address.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DepositReceipt {
    /// The deposit's record.
    pub deposit: FactId,
    /// The transaction.
    pub txid: String,
    /// Which of the transaction's transfers.
    pub index: u32,
    /// How much, in minor units of the ramp-off's coin.
    pub amount: Amount,
    /// When it counts (business time): the first block it was seen in, within its bounds.
    pub at: Timestamp,
    /// From whom.
    pub from: String,
    /// Confirmations that made it final; 0 until then.
    pub confirmations: u32,
    /// Whether the chain undid it after it had been confirmed and paid out: it is booked as lost.
    pub lost: bool,
    /// Whether a person assigned it: then it goes at the market price.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub assigned: bool,
    /// How much of it was set aside, in minor units.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub set_aside: Amount,
}

impl DepositReceipt {
    /// What is left of it for the order, in minor units.
    #[must_use]
    pub const fn left(&self) -> Amount {
        Amount::from_minor(self.amount.minor() - self.set_aside.minor())
    }
}

impl Rampoff {
    pub(super) fn review(
        &self,
        kind: ReviewKind,
        fact: FactId,
        asset: Asset,
        amount: Amount,
        source: Option<String>,
        reason: String,
        mint: &Mint<'_>,
    ) -> ReviewItem {
        ReviewItem { order: Some(self.id), fact: Some(fact), asset: Some(asset), amount, source, ..ReviewItem::new(mint, kind, reason) }
    }
}
