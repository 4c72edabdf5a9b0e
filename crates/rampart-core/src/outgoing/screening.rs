//! Whether the receiver of money or coins has to be screened.

/// Whether the receiver has to be screened before something leaves. Stored with the payout or transfer, so that nothing leaves
/// unscreened, or is screened again, by accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Screening {
    /// Not screened yet: nothing leaves before.
    Due,
    Cleared,
    /// Screened with a hit, which an operator has seen and overruled; not screened again.
    Overruled,
    Exempt,
}

impl Screening {
    /// For records of versions that screened orders only: what they queued leaves as decided.
    pub(super) const fn of_earlier_version() -> Self {
        Self::Cleared
    }

    /// After an operator's decision: a hit the operator has seen is overruled.
    #[must_use]
    pub const fn decided(was_found: bool) -> Self {
        if was_found { Self::Overruled } else { Self::Due }
    }
}

/// Result of a screening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScreeningResult {
    Clear,
    Hit {
        /// Which name or wallet, and which list.
        reason: String,
    },
}
