//! How much of the outcome of a fact is requested, and whether customer and partner may trade.

use crate::customer::kyc::KycLevel;
use crate::order::HoldReason;

/// How much of the outcome of a fact is requested. Facts are never refused, but limits and balances may refuse what follows
/// from one; then the same fact is committed with the next smaller grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grade {
    #[default]
    All,
    /// The surplus is not exchanged but set aside, for this reason.
    WithoutSurplus(HoldReason),
    /// Nothing is exchanged: the order waits, for this reason.
    Hold(HoldReason),
}

impl Grade {
    /// The next smaller grade after a commit refused this one; `None` after the smallest.
    #[must_use]
    pub const fn less(self, reason: HoldReason) -> Option<Self> {
        match self {
            Self::All => Some(Self::WithoutSurplus(reason)),
            Self::WithoutSurplus(_) => Some(Self::Hold(reason)),
            Self::Hold(_) => None,
        }
    }
}

/// Whether an order's customer and partner may trade at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Eligibility {
    /// Why the order has to wait whatever arrived: customer banned, identity withdrawn, partner disabled.
    pub blocked: Option<HoldReason>,
    /// Level at which the customer may trade at the market price; `None` if identity or age do not allow it.
    pub level: Option<KycLevel>,
}

impl Eligibility {
    /// A customer of this level without restrictions.
    #[must_use]
    pub const fn good(level: KycLevel) -> Self {
        Self { blocked: None, level: Some(level) }
    }

    /// Not looked up: nothing may be exchanged.
    #[must_use]
    pub const fn unknown() -> Self {
        Self { blocked: Some(HoldReason::Operator), level: None }
    }
}
