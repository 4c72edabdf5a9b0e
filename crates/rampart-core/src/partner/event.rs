//! Changes that partners are notified of.

use std::str::FromStr;

use crate::id::{EventId, PartnerId};
use crate::text::words::words;
use crate::time::Timestamp;

words! {
    /// The type of an event.
    EventType {
        /// A payment became `payment_received`.
        PayIn = "PAY_IN",
        /// A payment became `coins_sent`.
        CoinsSent = "COINS_SENT",
        /// A ramp-off became `crypto_received`.
        CryptoReceived = "CRYPTO_RECEIVED",
        /// A ramp-off became `finished`.
        RampoffFinished = "RAMPOFF_FINISHED",
        KycUpdated = "KYC_UPDATED",
        PaymentUpdated = "PAYMENT_UPDATED",
        RampoffUpdated = "RAMPOFF_UPDATED",
    }
}

words! {
    /// The event type that was subscribed to.
    SubscriptionType {
        PayIn = "PAY_IN",
        CoinsSent = "COINS_SENT",
        CryptoReceived = "CRYPTO_RECEIVED",
        RampoffFinished = "RAMPOFF_FINISHED",
        /// A later name of `RAMPOFF_FINISHED`. A subscription under this name gets its events under it.
        TransferRampoffFinished = "TRANSFER_RAMPOFF_FINISHED",
        KycUpdated = "KYC_UPDATED",
        PaymentUpdated = "PAYMENT_UPDATED",
        RampoffUpdated = "RAMPOFF_UPDATED",
    }
}

impl From<SubscriptionType> for EventType {
    fn from(subscribed: SubscriptionType) -> Self {
        match subscribed {
            SubscriptionType::PayIn => Self::PayIn,
            SubscriptionType::CoinsSent => Self::CoinsSent,
            SubscriptionType::CryptoReceived => Self::CryptoReceived,
            SubscriptionType::RampoffFinished | SubscriptionType::TransferRampoffFinished => Self::RampoffFinished,
            SubscriptionType::KycUpdated => Self::KycUpdated,
            SubscriptionType::PaymentUpdated => Self::PaymentUpdated,
            SubscriptionType::RampoffUpdated => Self::RampoffUpdated,
        }
    }
}

/// Not an event type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be PAY_IN, COINS_SENT, CRYPTO_RECEIVED, RAMPOFF_FINISHED, KYC_UPDATED, PAYMENT_UPDATED or RAMPOFF_UPDATED")]
pub struct EventTypeError;

impl FromStr for SubscriptionType {
    type Err = EventTypeError;

    fn from_str(text: &str) -> Result<Self, EventTypeError> {
        Self::from_text(text).ok_or(EventTypeError)
    }
}

impl FromStr for EventType {
    type Err = EventTypeError;

    fn from_str(text: &str) -> Result<Self, EventTypeError> {
        text.parse::<SubscriptionType>().map(Self::from)
    }
}

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
