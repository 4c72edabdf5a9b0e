//! Coins that arrived at a ramp-off's address.

use crate::id::DepositId;
use crate::money::amount::Amount;
use crate::stored::is_default;
use crate::time::Timestamp;

/// Deposits kept on one order; further ones are set aside.
pub(super) const MAX_DEPOSITS: usize = 20;

/// Coins received at a ramp-off's address.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DepositReceipt {
    pub deposit: DepositId,
    pub txid: String,
    pub index: u32,
    /// In minor units of the ramp-off's coin.
    pub amount: Amount,
    /// When it counts (business time): time of the first block that had it, within bounds.
    pub at: Timestamp,
    pub from: String,
    /// Confirmations that made it final; 0 before.
    pub confirmations: u32,
    /// Whether a reorganisation removed it after it had been confirmed and paid out: it is booked as lost.
    pub lost: bool,
    /// Whether an operator assigned it; then it is exchanged at the market price.
    #[serde(default, skip_serializing_if = "is_default")]
    pub assigned: bool,
    /// Set aside, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub set_aside: Amount,
}

impl DepositReceipt {
    /// What is left for the order, in minor units.
    #[must_use]
    pub const fn left(&self) -> Amount {
        Amount::from_minor(self.amount.minor() - self.set_aside.minor())
    }
}
