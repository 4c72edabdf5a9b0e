//! Parks the deliveries of a receiver that answered 410 Gone or has not answered for too long.

use rampart_core::id::SubscriptionId;
use rampart_core::partner::webhook::{Delivery, DeliveryState, Subscription};
use rampart_core::step::Step;
use rampart_core::step::record::RecordKey;
use rampart_core::time::Timestamp;
use rampart_store::CommitError;

use super::attempt::{deadline, parked};
use super::{DISABLED, Dispatcher};
use crate::app::MAX_COMMIT_ATTEMPTS;
use crate::error::{AppError, AppResult};

const PAGE_ROWS: u32 = 256;
/// The last error of deliveries that were never attempted, because their receiver asked to wait.
const NOT_TRIED: &str = "not tried: the receiver asked to wait";

impl Dispatcher {
    /// A receiver answered 410: disables the subscription and parks its waiting deliveries. `delivery` is as it would be after any other
    /// failure.
    pub(super) async fn disable_receiver(&self, delivery: Delivery, asked: &Subscription) -> AppResult<()> {
        for _ in 0..MAX_COMMIT_ATTEMPTS {
            let known = self.app.store.subscription(asked.id).await?.filter(|known| known.active);
            // The URL was changed in the meantime, and the new one may be valid.
            let Some(known) = known.filter(|known| known.updated_at == asked.updated_at && known.url == asked.url) else {
                return self.conclude(delivery).await;
            };
            let mut step = Step::new();
            step.write(parked(delivery.clone(), DISABLED));
            let is_first = !known.is_disabled();
            if is_first {
                step.write(Subscription { disabled_at: Some(self.app.business.now()), ..known });
            }
            match self.app.commit(step).await {
                Ok(_) if is_first => {
                    let (partner, kind) = (asked.partner, asked.delivered_as.as_str());
                    tracing::warn!(%partner, kind, subscription = %asked.id, "a receiver answered 410 Gone; its subscription is disabled");
                    return self.park_waiting(asked.id).await;
                }
                // The process that took over the delivery gets the same answer.
                Ok(_) | Err(CommitError::Conflict(RecordKey::Delivery(_))) => return Ok(()),
                Err(CommitError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Unavailable("the subscription is changing too fast".into()))
    }

    /// Parks the waiting deliveries of a disabled subscription. Deliveries that are leased now are parked when they are due again.
    async fn park_waiting(&self, id: SubscriptionId) -> AppResult<()> {
        let always = Timestamp::from_micros(i64::MAX);
        let mut conflicts = 0;
        while conflicts < MAX_COMMIT_ATTEMPTS {
            let subscription = self.app.store.subscription(id).await?.filter(Subscription::is_disabled);
            let waiting = self.app.store.deliveries_due_to(id, always, self.app.real.now(), PAGE_ROWS).await?;
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

    /// Parks, without another attempt, a receiver's overdue deliveries that match `may`.
    pub(super) async fn park_overdue(&self, receiver: &Subscription, may: impl Fn(&Delivery) -> bool) -> AppResult<()> {
        let now = self.app.business.now();
        let due = self.app.store.deliveries_due_to(receiver.id, now, self.app.real.now(), PAGE_ROWS).await?;
        let mut step = Step::new();
        for delivery in due.into_iter().filter(|delivery| now >= deadline(delivery) && may(delivery)) {
            debug_assert_eq!(delivery.state, DeliveryState::Pending);
            step.write(parked(delivery, NOT_TRIED));
        }
        if step.writes.is_empty() {
            return Ok(());
        }
        // A faster process decides about its delivery; the next turn looks again.
        self.app.commit_if_unchanged(step).await
    }
}
