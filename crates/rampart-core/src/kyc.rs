//! What is known of a customer's identity, and to which level.

use crate::time::Timestamp;

/// The status a partner sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KycStatus {
    /// Nothing submitted yet (or the last attempt may be repeated).
    #[default]
    Unused,
    /// The provider is looking.
    Processing,
    /// Approved.
    Valid,
    /// Refused.
    Fail,
}

/// How much the provider was asked to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KycLevel {
    /// The form: level 1.
    Basic,
    /// Occupation, source of funds and a document on top: level 2.
    Reinforced,
}

impl KycLevel {
    /// The number partners see: 1 or 2.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Basic => 1,
            Self::Reinforced => 2,
        }
    }

    /// The level of a number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Basic),
            2 => Some(Self::Reinforced),
            _ => None,
        }
    }
}

/// One attempt at a level: what was submitted and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KycCheck {
    /// The level asked for.
    pub level: KycLevel,
    /// Our reference at the provider, which is its idempotency key too.
    pub reference: String,
    /// Where the check stands.
    pub status: KycStatus,
    /// Why it failed, for the customer.
    pub reasons: Vec<String>,
    /// Whether a failed customer may try again.
    pub may_retry: bool,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A customer's identity as far as it has been checked.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Kyc {
    /// The highest level that is approved and not withdrawn.
    pub level: Option<KycLevel>,
    /// The last attempt.
    pub check: Option<KycCheck>,
}

impl Kyc {
    /// The status a partner sees: a valid level stays valid while a higher one is being checked or has failed.
    #[must_use]
    pub fn status(&self) -> KycStatus {
        match (&self.level, &self.check) {
            (Some(_), _) => KycStatus::Valid,
            (None, Some(check)) if check.status == KycStatus::Fail && check.may_retry => KycStatus::Unused,
            (None, Some(check)) => check.status,
            (None, None) => KycStatus::Unused,
        }
    }
}
