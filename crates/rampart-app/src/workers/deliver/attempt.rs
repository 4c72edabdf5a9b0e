//! One attempt to deliver, and what comes of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rampart_core::event::Event;
use rampart_core::step::Step;
use rampart_core::time::Timestamp;
use rampart_core::webhook::{Delivery, DeliveryState, Subscription};
use rampart_store::CommitError;

use super::post::Refused;
use super::receivers::{Manner, Place};
use super::sign::{Signer, Webhook};
use super::{Courier, DISABLED};
use crate::error::AppResult;

/// For how long a delivery is tried (business time).
pub(super) const TRIED_FOR: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// The delays after the first attempts; the last one repeats.
const DELAYS: [u64; 9] = [10, 30, 60, 300, 900, 3_600, 7_200, 14_400, 21_600];
/// What a failure says of itself at most.
const MOST_SAID: usize = 200;

/// A leased delivery with everything that an attempt needs.
pub(super) struct Attempt {
    pub(super) delivery: Delivery,
    pub(super) event: Arc<Event>,
    pub(super) subscription: Arc<Subscription>,
    pub(super) signer: Arc<Signer>,
    /// Given back when the attempt has ended.
    pub(super) place: Place,
}

impl Courier {
    /// One attempt, and what came of it.
    pub(super) async fn attempt(&self, attempt: Attempt) -> AppResult<()> {
        let Attempt { delivery, event, subscription, signer, place: _place } = attempt;
        if !subscription.active {
            return self.conclude(Delivery { state: DeliveryState::Dropped, ..delivery }).await;
        }
        if subscription.is_disabled() {
            return self.conclude(parked(delivery, DISABLED)).await;
        }
        let data = self.app.told(&event.draft);
        let webhook = Webhook {
            event: &event,
            data: &data,
            delivered_as: &subscription.delivered_as,
            previous_sequence: delivery.previous_sequence,
            at: self.app.real().now(),
        };
        let begun = Instant::now();
        let result = self.post()?.send(&subscription.url, signer.sign(&webhook)?, webhook.at).await;
        let manner = match &result {
            // What takes the places for long is as bad for the others as what fails.
            Ok(()) if begun.elapsed() < self.slow_after() => Manner::Quickly,
            Ok(()) => Manner::Badly,
            Err(refused) => refused.rest().map_or(Manner::Badly, Manner::Overwhelmed),
        };
        self.receivers.note(&subscription, manner, self.app.business().now());
        let kind = event.draft.kind.as_str();
        match result {
            Ok(()) => {
                self.app.metrics().delivery(kind, "delivered");
                let attempts = delivery.attempts.saturating_add(1);
                self.conclude(Delivery { state: DeliveryState::Delivered, attempts, last_error: None, ..delivery }).await
            }
            Err(refused) if refused.is_gone() => {
                self.app.metrics().delivery(kind, "gone");
                self.gone(self.after_failure(delivery, &refused), &subscription).await
            }
            Err(refused) => {
                let delivery = self.after_failure(delivery, &refused);
                let is_given_up = delivery.state == DeliveryState::Parked;
                self.app.metrics().delivery(kind, if is_given_up { "parked" } else { "failed" });
                self.conclude(delivery).await?;
                if is_given_up && self.receivers.is_dead(&subscription) {
                    // One more attempt for each would only show again that nobody answers.
                    self.give_up_overdue(&subscription, |delivery| delivery.attempts > 0).await?;
                }
                Ok(())
            }
        }
    }

    /// How long a good receiver takes at most.
    fn slow_after(&self) -> Duration {
        Duration::from_secs(self.app.config().webhooks.timeout_seconds) / 5
    }

    /// A delivery after an attempt that failed: it waits longer after each, and as long as the receiver asks for, but not past
    /// its time.
    fn after_failure(&self, delivery: Delivery, refused: &Refused) -> Delivery {
        let now = self.app.business().now();
        let attempts = delivery.attempts.saturating_add(1);
        let deadline = deadline(&delivery);
        let asked = now.after(refused.retry_after.unwrap_or_default());
        let due_at = self.jittered(now, delay_after(attempts)).max(asked).min(deadline);
        Delivery {
            state: if now >= deadline { DeliveryState::Parked } else { DeliveryState::Pending },
            attempts,
            due_at,
            last_error: Some(refused.reason.chars().take(MOST_SAID).collect()),
            ..delivery
        }
    }

    /// A moment so much later, give or take a fifth, so that what failed together does not come back together.
    fn jittered(&self, now: Timestamp, delay: Duration) -> Timestamp {
        let mut byte = [0];
        self.app.randomness().fill(&mut byte);
        now.after(delay * (205 + u32::from(byte[0]) * 102 / 255) / 256)
    }

    /// Writes the result under the lease; whoever took the delivery over keeps it.
    pub(super) async fn conclude(&self, delivery: Delivery) -> AppResult<()> {
        let mut step = Step::new();
        step.write(Delivery { leased_until: None, ..delivery });
        match self.app.commit(step).await {
            Ok(_) | Err(CommitError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// When a delivery is given up (business time).
pub(super) fn deadline(delivery: &Delivery) -> Timestamp {
    delivery.created_at.after(TRIED_FOR)
}

/// A delivery that waits for a replay.
pub(super) fn parked(delivery: Delivery, reason: &str) -> Delivery {
    let last_error = delivery.last_error.or_else(|| Some(reason.to_owned()));
    Delivery { state: DeliveryState::Parked, leased_until: None, last_error, ..delivery }
}

/// How long a delivery rests after so many attempts.
fn delay_after(attempts: u32) -> Duration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX).min(DELAYS.len() - 1);
    Duration::from_secs(DELAYS[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_days_hold_enough_attempts() {
        assert_eq!(delay_after(1), Duration::from_secs(10));
        assert_eq!(delay_after(u32::MAX), Duration::from_secs(21_600));
        let (mut spent, mut attempts) = (Duration::ZERO, 1);
        while spent < TRIED_FOR {
            spent += delay_after(attempts);
            attempts += 1;
        }
        assert!((15..30).contains(&attempts), "{attempts}");
    }
}
