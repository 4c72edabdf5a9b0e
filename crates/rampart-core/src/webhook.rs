//! Webhook subscriptions and the deliveries of events to them.

use sha2::{Digest as _, Sha256};

use crate::event::{EventDraft, EventType};
use crate::id::{DeliveryId, EventId, PartnerId, Randomness, SubscriptionId};
use crate::time::Timestamp;

/// A partner's wish to be told of one type of event at a URL.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Subscription {
    /// Its identifier.
    pub id: SubscriptionId,
    /// The version it was loaded at; 0 before it is stored.
    #[serde(skip)]
    pub version: i64,
    /// The partner.
    pub partner: PartnerId,
    /// Which events.
    pub kind: EventType,
    /// The name it was subscribed under, which is how events are delivered.
    pub delivered_as: String,
    /// Where to.
    pub url: String,
    /// False once it was deleted.
    pub active: bool,
    /// The last event that was put on its way to this subscription; 0 before the first.
    pub last_sequence: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its URL last changed.
    pub updated_at: Timestamp,
    /// Since when nothing is delivered to it, because its receiver said that it is gone for good. What happens meanwhile is
    /// parked; subscribing or updating ends this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
}

impl Subscription {
    /// Whether it was not deleted, and its receiver wants no more.
    #[must_use]
    pub const fn is_disabled(&self) -> bool {
        self.active && self.disabled_at.is_some()
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be tried at its due time.
    Pending,
    /// Answered with 2xx.
    Delivered,
    /// Tried for three days, or its subscription is disabled; waits for a replay.
    Parked,
    /// Its subscription was deleted.
    Dropped,
}

impl Delivery {
    /// It as if it were new at a moment: it is tried for three days again.
    #[must_use]
    pub fn again(self, now: Timestamp) -> Self {
        Self { state: DeliveryState::Pending, attempts: 0, due_at: now, leased_until: None, created_at: now, ..self }
    }

    /// The identifier of an event's delivery to a subscription: it follows from both, so that the deliveries of an event
    /// are found without looking through all of them, and none can be made twice.
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
    /// Its identifier.
    pub id: DeliveryId,
    /// The version it was loaded at; 0 before it is stored.
    #[serde(skip)]
    pub version: i64,
    /// The partner.
    pub partner: PartnerId,
    /// To which subscription.
    pub subscription: SubscriptionId,
    /// Which event, by identifier.
    pub event: EventId,
    /// Which event, by number.
    pub sequence: i64,
    /// The event put on its way to this subscription before this one; 0 for the first.
    pub previous_sequence: i64,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is due next (business time); while a worker holds it, when its lease ends.
    pub due_at: Timestamp,
    /// Until when a worker holds it (real time).
    pub leased_until: Option<Timestamp>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was made (business time); three days later it is parked.
    pub created_at: Timestamp,
}
