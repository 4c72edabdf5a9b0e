//! Changes that partners are notified of.

use std::fmt;
use std::str::FromStr;

use crate::id::{EventId, PartnerId};
use crate::time::Timestamp;

/// Type of an event, as partners subscribe to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventType {
    /// A payment became `payment_received`.
    PayIn,
    /// A payment became `coins_sent`.
    CoinsSent,
    /// A ramp-off became `crypto_received`.
    CryptoReceived,
    /// A ramp-off became `finished`.
    RampoffFinished,
    KycUpdated,
    PaymentUpdated,
    RampoffUpdated,
}

impl EventType {
    pub const ALL: [Self; 7] = [
        Self::PayIn,
        Self::CoinsSent,
        Self::CryptoReceived,
        Self::RampoffFinished,
        Self::KycUpdated,
        Self::PaymentUpdated,
        Self::RampoffUpdated,
    ];
    /// A later name of [`EventType::RampoffFinished`]. A subscription under this name gets its events under it.
    pub const RAMPOFF_FINISHED_LATER_NAME: &str = "TRANSFER_RAMPOFF_FINISHED";

    /// The name partners use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PayIn => "PAY_IN",
            Self::CoinsSent => "COINS_SENT",
            Self::CryptoReceived => "CRYPTO_RECEIVED",
            Self::RampoffFinished => "RAMPOFF_FINISHED",
            Self::KycUpdated => "KYC_UPDATED",
            Self::PaymentUpdated => "PAYMENT_UPDATED",
            Self::RampoffUpdated => "RAMPOFF_UPDATED",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Not an event type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be PAY_IN, COINS_SENT, CRYPTO_RECEIVED, RAMPOFF_FINISHED, KYC_UPDATED, PAYMENT_UPDATED or RAMPOFF_UPDATED")]
pub struct EventTypeError;

impl FromStr for EventType {
    type Err = EventTypeError;

    fn from_str(text: &str) -> Result<Self, EventTypeError> {
        if text == Self::RAMPOFF_FINISHED_LATER_NAME {
            return Ok(Self::RampoffFinished);
        }
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(EventTypeError)
    }
}

crate::serde_as_text!(EventType);

/// An event that the store has not numbered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDraft {
    pub id: EventId,
    pub partner: PartnerId,
    pub kind: EventType,
    pub subject: String,
    /// The object as its GET call returns it, as JSON.
    pub data: String,
    /// Business time.
    pub created_at: Timestamp,
}

/// A numbered event of a partner's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Number in the partner's log: 1, 2, 3 … without a gap.
    pub sequence: i64,
    pub draft: EventDraft,
}
