//! What is done when what arrived is not what was asked for.

use std::time::Duration;

/// What happens beyond a tolerance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// The order goes on for what arrived: at its own price while that is held, at the present one afterwards.
    Requote,
    /// Everything goes back to a destination that the customer gave.
    Refund,
    /// A person decides.
    Hold,
}

/// A tolerance and what happens beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// Up to this difference, in basis points, the order is honoured as it was promised. For late arrivals it is the
    /// distance the price may have moved.
    pub basis_points: u32,
    /// What happens beyond it.
    pub beyond: Beyond,
}

/// The policies of one payment method, or of selling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Less arrived than was asked for.
    pub short: Tolerance,
    /// More arrived than was asked for.
    pub over: Tolerance,
    /// It arrived after the price was no longer held.
    pub late: Tolerance,
    /// Whether a payer who is not the customer makes the order wait for a person.
    pub hold_foreign_payer: bool,
    /// How long an unpaid order holds its coins (or money) and its price, in seconds.
    pub hold_seconds: u64,
}

impl Policy {
    /// How long an unpaid order holds its promise.
    #[must_use]
    pub const fn hold(&self) -> Duration {
        Duration::from_secs(self.hold_seconds)
    }
}
