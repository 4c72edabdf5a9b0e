//! Webhook subscriptions, and the deliveries of events to them.

use sha2::{Digest as _, Sha256};

use crate::id::{DeliveryId, EventId, Mint, PartnerId, Randomness, SubscriptionId};
use crate::partner::event::{EventDraft, EventType, SubscriptionType};
use crate::text::words::words;
use crate::time::Timestamp;

/// A partner's subscription to one type of event.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Subscription {
    pub id: SubscriptionId,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    pub partner: PartnerId,
    pub kind: EventType,
    /// The name used when subscribing; events are delivered under it.
    pub delivered_as: SubscriptionType,
    pub url: String,
    pub active: bool,
    /// Sequence of the last event queued for it; 0 before the first.
    pub last_sequence: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Since when deliveries are suspended, because the receiver answered that it is gone for good. Events are parked
    /// meanwhile; subscribing again or updating ends this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
}

impl Subscription {
    /// A new subscription.
    #[must_use]
    pub fn new(mint: &Mint<'_>, partner: PartnerId, delivered_as: SubscriptionType, url: String) -> Self {
        Self {
            id: mint.id(),
            version: 0,
            partner,
            kind: delivered_as.into(),
            delivered_as,
            url,
            active: true,
            last_sequence: 0,
            created_at: mint.now,
            updated_at: mint.now,
            disabled_at: None,
        }
    }

    /// Whether it was not deleted, but its receiver is gone.
    #[must_use]
    pub const fn is_disabled(&self) -> bool {
        self.active && self.disabled_at.is_some()
    }
}

words! {
    /// State of a delivery.
    DeliveryState {
        /// To be attempted at `due_at`.
        Pending = "pending",
        /// Answered with 2xx.
        Delivered = "delivered",
        /// Failed for three days, or its subscription is disabled; waits for a replay.
        Parked = "parked",
        Dropped = "dropped",
    }
}

impl Delivery {
    /// The delivery as new at this time: attempted for three days again.
    #[must_use]
    pub fn again(self, now: Timestamp) -> Self {
        Self { state: DeliveryState::Pending, attempts: 0, due_at: now, leased_until: None, created_at: now, ..self }
    }

    /// Identifier of an event's delivery to a subscription, derived from both: deliveries of an event are found without a
    /// search, and none is created twice.
    #[must_use]
    pub fn id_of(event: &EventDraft, subscription: SubscriptionId) -> DeliveryId {
        struct DeliveryDigest([u8; 32]);
        impl Randomness for DeliveryDigest {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.iter_mut().zip(self.0).for_each(|(slot, byte)| *slot = byte);
            }
        }
        let digest = Sha256::new().chain_update(event.id.to_string()).chain_update(subscription.to_string()).finalize();
        DeliveryId::mint(event.created_at, &DeliveryDigest(digest.into()))
    }
}

/// One event on its way to one subscription.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Delivery {
    pub id: DeliveryId,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    pub partner: PartnerId,
    pub subscription: SubscriptionId,
    pub event: EventId,
    pub sequence: i64,
    /// Sequence of the event queued for the subscription before this one; 0 for the first.
    pub previous_sequence: i64,
    pub state: DeliveryState,
    pub attempts: u32,
    /// When it is due (business time); while leased, the end of the lease.
    pub due_at: Timestamp,
    /// End of a worker's lease (real time).
    pub leased_until: Option<Timestamp>,
    pub last_error: Option<String>,
    /// Business time. Three days later the delivery is parked.
    pub created_at: Timestamp,
}
