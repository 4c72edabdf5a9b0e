//! What is done when the amount or the time of arrival differs from the order.

use std::time::Duration;

use crate::text::words::words;

/// Less than ordered arrived, all of it on time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Short {
    /// It is exchanged at the promised price.
    Promise,
    Refund,
    Hold,
}

/// More than ordered arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// The surplus is exchanged at the market price, in the same transfer or payout.
    Market,
    Back,
}

/// Some of the money or coins arrived late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Late {
    /// The on-time part is exchanged at the promised price, the late part at the market price.
    Market,
    Back,
    Hold,
}

/// The policy of a payment method, or of selling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Difference from the ordered amount that is still exchanged at the promised price, in basis points of that amount, capped
    /// by the currency's `tolerance_cap`.
    pub tolerance_basis_points: u32,
    pub short: Short,
    pub over: Over,
    pub late: Late,
    /// Whether money of a payer who is not the customer is set aside.
    pub hold_foreign_payer: bool,
    /// How long the price is promised and the amount reserved, in seconds. 0: priced on arrival.
    pub hold_seconds: u64,
    /// How long an order stays open, in seconds. After `hold_seconds` it has no promised price.
    pub open_seconds: u64,
    /// How long after the end of the promise on-time money keeps its price if we or a provider could not proceed, in seconds.
    #[serde(default = "Policy::one_day")]
    pub hold_honours_seconds: u64,
}

words! {
    /// When the price is fixed: when the order is created, or when its money arrives.
    Priced {
        Order = "order",
        Arrival = "arrival",
    }
}

impl Policy {
    const fn one_day() -> u64 {
        86_400
    }

    /// How long price and reservation are promised.
    #[must_use]
    pub const fn hold(&self) -> Duration {
        Duration::from_secs(self.hold_seconds)
    }

    /// When the price is fixed, as partners see it: with the order, or on arrival.
    #[must_use]
    pub const fn priced(&self) -> Priced {
        if self.hold_seconds == 0 { Priced::Arrival } else { Priced::Order }
    }

    /// How long an order stays open; never shorter than its promise.
    #[must_use]
    pub const fn open(&self) -> Duration {
        Duration::from_secs(if self.open_seconds < self.hold_seconds { self.hold_seconds } else { self.open_seconds })
    }

    /// How long on-time money keeps its price after the end of the promise.
    #[must_use]
    pub const fn honour_period(&self) -> Duration {
        Duration::from_secs(self.hold_honours_seconds)
    }
}
