//! Parking what waits for a receiver: one that said it is gone for good, or one that has not answered for too long.

use rampart_core::id::SubscriptionId;
use rampart_core::record::RecordKey;
use rampart_core::step::Step;
use rampart_core::time::Timestamp;
use rampart_core::webhook::{Delivery, DeliveryState, Subscription};
use rampart_store::CommitError;

use super::attempt::{deadline, parked};
use super::{Courier, DISABLED};
use crate::app::MOST_TRIES;
use crate::error::{AppError, AppResult};

/// How many deliveries are parked in one step.
const PAGE: u32 = 256;
/// What is said of deliveries that were never tried, because their receiver asked us to wait.
const NEVER_ASKED: &str = "not tried: the receiver asked to wait";

impl Courier {
    /// A receiver answered an attempt with 410: the subscription is disabled, and what waits for it is parked. `delivery` is as
    /// it would be after any other failure.
    pub(super) async fn gone(&self, delivery: Delivery, asked: &Subscription) -> AppResult<()> {
        for _ in 0..MOST_TRIES {
            let known = self.app.store().subscription(asked.id).await?.filter(|known| known.active);
            // Meanwhile it was given another URL, which may be one that listens.
            let Some(known) = known.filter(|known| known.updated_at == asked.updated_at && known.url == asked.url) else {
                return self.conclude(delivery).await;
            };
            let mut step = Step::new();
            step.write(parked(delivery.clone(), DISABLED));
            let is_first = !known.is_disabled();
            if is_first {
                step.write(Subscription { disabled_at: Some(self.app.business().now()), ..known });
            }
            match self.app.commit(step).await {
                Ok(_) if is_first => {
                    let (partner, kind) = (asked.partner, asked.delivered_as.as_str());
                    tracing::warn!(%partner, kind, subscription = %asked.id, "a receiver answered 410 Gone; its subscription is disabled");
                    return self.park_what_waits(asked.id).await;
                }
                // Whoever took the delivery over hears the same.
                Ok(_) | Err(CommitError::Conflict(RecordKey::Delivery(_))) => return Ok(()),
                Err(CommitError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Unavailable("the subscription is changing too fast".into()))
    }

    /// Parks what waits for a disabled subscription. What is under way meanwhile, or is left behind by a process that ends, is
    /// parked when it is due.
    async fn park_what_waits(&self, id: SubscriptionId) -> AppResult<()> {
        let always = Timestamp::from_micros(i64::MAX);
        let mut conflicts = 0;
        while conflicts < MOST_TRIES {
            let subscription = self.app.store().subscription(id).await?.filter(Subscription::is_disabled);
            let waiting = self.app.store().deliveries_due_to(id, always, self.app.real().now(), PAGE).await?;
            let Some(subscription) = subscription.filter(|_| !waiting.is_empty()) else { return Ok(()) };
            let mut step = Step::new();
            step.rely(RecordKey::Subscription(id), subscription.version);
            waiting.into_iter().for_each(|delivery| step.write(parked(delivery, DISABLED)));
            match self.app.commit(step).await {
                Ok(_) => {}
                Err(CommitError::Conflict(_)) => conflicts += 1,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Gives up, without another attempt, what of a receiver's waiting deliveries is past its time and `may` be given up.
    pub(super) async fn give_up_overdue(&self, receiver: &Subscription, may: impl Fn(&Delivery) -> bool) -> AppResult<()> {
        let now = self.app.business().now();
        let due = self.app.store().deliveries_due_to(receiver.id, now, self.app.real().now(), PAGE).await?;
        let mut step = Step::new();
        for delivery in due.into_iter().filter(|delivery| now >= deadline(delivery) && may(delivery)) {
            debug_assert_eq!(delivery.state, DeliveryState::Pending);
            step.write(parked(delivery, NEVER_ASKED));
        }
        if step.writes.is_empty() {
            return Ok(());
        }
        match self.app.commit(step).await {
            // Whoever was faster with one of them decides; the next turn looks again.
            Ok(_) | Err(CommitError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
