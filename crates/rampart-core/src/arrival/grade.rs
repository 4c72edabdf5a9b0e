//! How much of what follows from a fact is asked for, and on whose standing it relies.

use crate::kyc::KycLevel;
use crate::order::HoldReason;

/// A fact is never refused, but what follows from it is a request that limits and balances may refuse. Then the same fact
/// is committed with less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grade {
    /// Everything that the policy allows.
    #[default]
    All,
    /// The surplus does not go along; it is set aside for this reason.
    WithoutSurplus(HoldReason),
    /// Nothing goes on: the order waits for this reason.
    Hold(HoldReason),
}

impl Grade {
    /// The next smaller one, after a commit refused this one for a reason; nothing behind the smallest.
    #[must_use]
    pub const fn less(self, reason: HoldReason) -> Option<Self> {
        match self {
            Self::All => Some(Self::WithoutSurplus(reason)),
            Self::WithoutSurplus(_) => Some(Self::Hold(reason)),
            Self::Hold(_) => None,
        }
    }
}

/// Whether an order's customer and partner may go on at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eligibility {
    /// Why the order has to wait whatever came: the customer is banned, the identity was withdrawn, the partner is disabled.
    pub blocked: Option<HoldReason>,
    /// The level at which the customer may trade at the market price; nothing when identity or age do not allow it.
    pub level: Option<KycLevel>,
}

impl Eligibility {
    /// Nothing speaks against a customer of this level.
    #[must_use]
    pub const fn good(level: KycLevel) -> Self {
        Self { blocked: None, level: Some(level) }
    }

    /// Nobody has looked: nothing goes on.
    #[must_use]
    pub const fn unknown() -> Self {
        Self { blocked: Some(HoldReason::Operator), level: None }
    }
}
