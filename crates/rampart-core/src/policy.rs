//! What is done when what arrived is not what was ordered, in time.

use std::time::Duration;

/// What becomes of less than was ordered, when all of it came in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Short {
    /// What came is exchanged at the promise.
    Promise,
    /// It goes back.
    Refund,
    /// A person decides.
    Hold,
}

/// What becomes of the surplus beyond what was ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// It goes along in the same transfer or payout, at the market price.
    Market,
    /// It goes back.
    Back,
}

/// What becomes of an order when any of its money or coins is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Late {
    /// What came in time is exchanged at the promise, what came late at the market price.
    Market,
    /// All of it goes back.
    Back,
    /// A person decides.
    Hold,
}

/// The policy of a payment method, or of selling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// How far from what was ordered an amount may be and still be exchanged at the promise, in basis points of what was
    /// ordered. The currency's `tolerance_cap` bounds it.
    pub tolerance_basis_points: u32,
    /// Less than was ordered arrived.
    pub short: Short,
    /// More than was ordered arrived.
    pub over: Over,
    /// Something arrived when the price was no longer promised.
    pub late: Late,
    /// Whether money of a payer who is not the customer is set aside.
    pub hold_foreign_payer: bool,
    /// How long an order's price and what is reserved for it are promised, in seconds. 0: priced on arrival.
    pub hold_seconds: u64,
    /// How long an order waits for money or coins, in seconds. Behind `hold_seconds` it waits without price.
    pub open_seconds: u64,
    /// How long after the promise's end what came in time keeps its price, although we or a provider could not go on, in
    /// seconds.
    #[serde(default = "Policy::one_day")]
    pub hold_honours_seconds: u64,
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

    /// When the price is fixed, as partners are told: with the order, or when its money arrives.
    #[must_use]
    pub const fn priced(&self) -> &'static str {
        if self.hold_seconds == 0 { "arrival" } else { "order" }
    }

    /// How long an order waits; never shorter than its promise.
    #[must_use]
    pub const fn open(&self) -> Duration {
        Duration::from_secs(if self.open_seconds < self.hold_seconds { self.hold_seconds } else { self.open_seconds })
    }

    /// How long what came in time keeps its price behind the end of the promise.
    #[must_use]
    pub const fn honours(&self) -> Duration {
        Duration::from_secs(self.hold_honours_seconds)
    }
}
