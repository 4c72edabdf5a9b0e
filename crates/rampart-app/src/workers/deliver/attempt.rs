//! One delivery attempt and its result.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rampart_core::partner::event::Event;
use rampart_core::partner::webhook::{Delivery, DeliveryState, Subscription};
use rampart_core::step::Step;
use rampart_core::time::Timestamp;

use super::client::SendError;
use super::receivers::{AttemptRating, DeliverySlot};
use super::sign::{Signer, WebhookMessage};
use super::{DISABLED, Dispatcher};
use crate::error::AppResult;
use crate::orders::page_links;

/// How long a delivery is retried (business time).
pub(super) const RETRY_PERIOD: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// The delays after the first attempts; the last one repeats.
const RETRY_DELAYS_SECONDS: [u64; 9] = [10, 30, 60, 300, 900, 3_600, 7_200, 14_400, 21_600];
const MAX_ERROR_CHARACTERS: usize = 200;

/// A leased delivery with everything an attempt needs.
pub(super) struct Attempt {
    pub(super) delivery: Delivery,
    pub(super) event: Arc<Event>,
    pub(super) subscription: Arc<Subscription>,
    pub(super) signer: Arc<Signer>,
    /// Released when the attempt has ended.
    pub(super) slot: DeliverySlot,
}

impl Dispatcher {
    /// Makes one attempt and commits its result.
    pub(super) async fn attempt(&self, attempt: Attempt) -> AppResult<()> {
        let Attempt { delivery, event, subscription, signer, slot: _slot } = attempt;
        if !subscription.active {
            return self.conclude(Delivery { state: DeliveryState::Dropped, ..delivery }).await;
        }
        if subscription.is_disabled() {
            return self.conclude(parked(delivery, DISABLED)).await;
        }
        let data = page_links::event_data(&self.app, &event.draft);
        let webhook = WebhookMessage {
            event: &event,
            data: &data,
            delivered_as: subscription.delivered_as,
            previous_sequence: delivery.previous_sequence,
            at: self.app.real.now(),
        };
        let begun = Instant::now();
        let result = self.client()?.send(&subscription.url, signer.sign(&webhook)?, webhook.at).await;
        let rating = match &result {
            // A slow receiver occupies slots and is as bad for the others as a failing one.
            Ok(()) if begun.elapsed() < self.slow_after() => AttemptRating::Good,
            Ok(()) => AttemptRating::Bad,
            Err(error) => error.requested_pause().map_or(AttemptRating::Bad, AttemptRating::Overloaded),
        };
        self.receivers.record(&subscription, rating, self.app.business.now());
        let kind = event.draft.kind.as_str();
        match result {
            Ok(()) => {
                self.app.metrics.delivery(kind, "delivered");
                let attempts = delivery.attempts.saturating_add(1);
                self.conclude(Delivery { state: DeliveryState::Delivered, attempts, last_error: None, ..delivery }).await
            }
            Err(error) if error.is_gone() => {
                self.app.metrics.delivery(kind, "gone");
                self.disable_receiver(self.after_failure(delivery, &error), &subscription).await
            }
            Err(error) => {
                let delivery = self.after_failure(delivery, &error);
                let is_given_up = delivery.state == DeliveryState::Parked;
                self.app.metrics.delivery(kind, if is_given_up { "parked" } else { "failed" });
                self.conclude(delivery).await?;
                if is_given_up && self.receivers.is_dead(&subscription) {
                    // Further attempts would only show again that the receiver does not answer.
                    self.park_overdue(&subscription, |delivery| delivery.attempts > 0).await?;
                }
                Ok(())
            }
        }
    }

    /// The response time above which a receiver counts as slow.
    fn slow_after(&self) -> Duration {
        Duration::from_secs(self.app.config.webhooks.timeout_seconds) / 5
    }

    /// The delivery after a failed attempt: the delay grows with each, follows the receiver's `Retry-After`, and never exceeds the
    /// deadline.
    fn after_failure(&self, delivery: Delivery, error: &SendError) -> Delivery {
        let now = self.app.business.now();
        let attempts = delivery.attempts.saturating_add(1);
        let deadline = deadline(&delivery);
        let asked = now.after(error.retry_after.unwrap_or_default());
        let due_at = self.jittered(now, delay_after(attempts)).max(asked).min(deadline);
        Delivery {
            state: if now >= deadline { DeliveryState::Parked } else { DeliveryState::Pending },
            attempts,
            due_at,
            last_error: Some(error.reason.chars().take(MAX_ERROR_CHARACTERS).collect()),
            ..delivery
        }
    }

    /// `now` plus the delay, within a fifth, so that deliveries that failed together do not return together.
    fn jittered(&self, now: Timestamp, delay: Duration) -> Timestamp {
        let mut byte = [0];
        self.app.randomness.fill(&mut byte);
        now.after(delay * (205 + u32::from(byte[0]) * 102 / 255) / 256)
    }

    /// Commits the result under the lease. A process that has taken over the delivery keeps it.
    pub(super) async fn conclude(&self, delivery: Delivery) -> AppResult<()> {
        let mut step = Step::new();
        step.write(Delivery { leased_until: None, ..delivery });
        self.app.commit_if_unchanged(step).await
    }
}

/// When a delivery is parked (business time).
pub(super) fn deadline(delivery: &Delivery) -> Timestamp {
    delivery.created_at.after(RETRY_PERIOD)
}

/// The delivery parked, so that it waits for a replay.
pub(super) fn parked(delivery: Delivery, reason: &str) -> Delivery {
    let last_error = delivery.last_error.or_else(|| Some(reason.to_owned()));
    Delivery { state: DeliveryState::Parked, leased_until: None, last_error, ..delivery }
}

/// The delay after this many attempts.
fn delay_after(attempts: u32) -> Duration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX).min(RETRY_DELAYS_SECONDS.len() - 1);
    Duration::from_secs(RETRY_DELAYS_SECONDS[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_days_hold_enough_attempts() {
        assert_eq!(delay_after(1), Duration::from_secs(10));
        assert_eq!(delay_after(u32::MAX), Duration::from_secs(21_600));
        let (mut spent, mut attempts) = (Duration::ZERO, 1);
        while spent < RETRY_PERIOD {
            spent += delay_after(attempts);
            attempts += 1;
        }
        assert!((15..30).contains(&attempts), "{attempts}");
    }
}
