//! How far an identity check went.

/// The status of an identity check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum KycStatus {
    #[default]
    Unused,
    Processing,
    Valid,
    /// Rejected, whether the customer may try again or not.
    Fail,
}

/// Level of the identity check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KycLevel {
    /// Level 1: the form.
    Basic,
    /// Level 2: also occupation, source of funds and a document.
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

    /// The level with this number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Basic),
            2 => Some(Self::Reinforced),
            _ => None,
        }
    }
}
