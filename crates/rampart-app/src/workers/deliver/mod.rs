//! Delivering webhooks: due deliveries are leased, posted, and retried with growing delays for three days of business
//! time, then parked. Deliveries of one receiver overlap; `previous_sequence` lets it see gaps. A receiver that does not
//! answer rests, so that it takes no place from the others.

mod post;
mod receivers;
mod sign;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rampart_core::event::Event;
use rampart_core::id::{PartnerId, SubscriptionId};
use rampart_core::step::Step;
use rampart_core::time::Timestamp;
use rampart_core::webhook::{Delivery, DeliveryState, Subscription};
use rampart_store::CommitError;

use super::pool::Pool;
use super::supervisor::{Task, Turn, Worker};
use crate::app::App;
use crate::error::{AppError, Reply};
use post::Post;
use receivers::{Admission, Receivers};
use sign::{Signer, Webhook};

/// How many due deliveries are looked at together.
const PAGE: u32 = 256;
/// For how long a delivery is tried (business time).
const TRIED_FOR: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// How long partners' keys and subscriptions are remembered (real time).
const REMEMBERED_FOR: Duration = Duration::from_secs(1);
/// The delays after the first attempts; the last one repeats.
const DELAYS: [u64; 9] = [10, 30, 60, 300, 900, 3_600, 7_200, 14_400, 21_600];
/// What a failure says of itself at most.
const MOST_SAID: usize = 200;

/// Everything that deliveries have in common.
struct Courier {
    app: App,
    pool: Pool,
    post: OnceLock<Post>,
    receivers: Receivers,
    signers: Mutex<HashMap<PartnerId, (Instant, Arc<Signer>)>>,
    subscriptions: Mutex<HashMap<SubscriptionId, (Instant, Arc<Subscription>)>>,
}

/// Delivers webhooks.
pub(crate) struct Deliver {
    courier: Arc<Courier>,
}

/// Gives fresh deliveries to this process's courier without a second commit.
#[derive(Clone)]
pub(crate) struct Handover {
    courier: Arc<Courier>,
}

/// Deliveries that were created under a lease of this process.
pub(crate) struct Begun {
    courier: Arc<Courier>,
    /// Who has a place that was not taken yet.
    welcome: Vec<SubscriptionId>,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.welcome.drain(..).for_each(|id| self.courier.receivers.excuse(id));
    }
}

impl Deliver {
    /// The worker, and what the fan-out gives it work through.
    pub(crate) fn new(app: App) -> (Self, Handover) {
        let concurrency = app.config().webhooks.concurrency;
        let courier = Arc::new(Courier {
            pool: Pool::new(concurrency),
            post: OnceLock::new(),
            receivers: Receivers::new(concurrency),
            signers: Mutex::default(),
            subscriptions: Mutex::default(),
            app,
        });
        (Self { courier: courier.clone() }, Handover { courier })
    }

    async fn deliver(&self) -> Reply<Turn> {
        let courier = &self.courier;
        let app = &courier.app;
        courier.post()?;
        let mut free = courier.pool.free();
        if free == 0 {
            return Ok(Turn::Idle);
        }
        let due = app.store().deliveries_due(app.business().now(), app.real().now(), PAGE).await?;
        let is_full = due.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
        let (mut taken, mut resting) = (Vec::new(), Vec::new());
        for delivery in due.into_iter().filter(|delivery| !courier.pool.has(&delivery.id.to_string())) {
            if free == 0 {
                break;
            }
            match courier.receivers.admit(delivery.subscription) {
                Admission::Welcome => {
                    free -= 1;
                    taken.push(delivery);
                }
                Admission::Full => {}
                Admission::Resting(pause) => resting.push((delivery, pause)),
            }
        }
        let has_rested = !resting.is_empty();
        courier.let_rest(resting).await?;
        let begun = taken.len();
        let welcome: Vec<SubscriptionId> = taken.iter().map(|delivery| delivery.subscription).collect();
        let leased = courier.lease(taken).await;
        let came = leased.as_ref().map_or(&[][..], Vec::as_slice);
        courier.excuse(welcome, came);
        let leased = leased?;
        let events = courier.events_of(&leased).await?;
        courier.begin(leased, events);
        Ok(if is_full && (begun > 0 || has_rested) && courier.pool.free() > 0 { Turn::More } else { Turn::Idle })
    }
}

impl Handover {
    /// Marks as leased what can begin at once.
    pub(crate) fn reserve(&self, app: &App, deliveries: &mut [Delivery]) -> Begun {
        let until = app.real().now().after(app.config().workers.lease());
        // Half of the places stay for what waits in the database.
        let most = self.courier.pool.free() / 2;
        let mut welcome = Vec::new();
        for delivery in deliveries {
            if welcome.len() >= most {
                break;
            }
            if self.courier.receivers.admit(delivery.subscription) == Admission::Welcome {
                delivery.leased_until = Some(until);
                welcome.push(delivery.subscription);
            }
        }
        Begun { courier: self.courier.clone(), welcome }
    }
}

impl Begun {
    /// Begins, after the commit, what was created under a lease.
    pub(crate) fn start(mut self, deliveries: Vec<Delivery>, events: Vec<Event>) {
        self.welcome.clear();
        let leased = deliveries.into_iter().filter(|delivery| delivery.leased_until.is_some());
        let leased = leased.map(|delivery| Delivery { version: delivery.version + 1, ..delivery }).collect();
        self.courier.begin(leased, events);
    }
}

impl Courier {
    /// Takes leases: all in one step, or one by one when somebody was faster with one of them.
    async fn lease(&self, deliveries: Vec<Delivery>) -> Reply<Vec<Delivery>> {
        if deliveries.is_empty() {
            return Ok(Vec::new());
        }
        let until = self.app.real().now().after(self.app.config().workers.lease());
        let wanted: Vec<Delivery> = deliveries.into_iter().map(|delivery| Delivery { leased_until: Some(until), ..delivery }).collect();
        if self.try_write(&wanted).await? {
            return Ok(held(wanted));
        }
        let mut taken = Vec::new();
        for delivery in wanted {
            if self.try_write(std::slice::from_ref(&delivery)).await? {
                taken.push(delivery);
            }
        }
        Ok(held(taken))
    }

    async fn try_write(&self, deliveries: &[Delivery]) -> Reply<bool> {
        let mut step = Step::new();
        deliveries.iter().for_each(|delivery| step.write(delivery.clone()));
        match self.app.commit(step).await {
            Ok(_) => Ok(true),
            Err(CommitError::Conflict(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Places of those that do not come are given back.
    fn excuse(&self, mut welcome: Vec<SubscriptionId>, came: &[Delivery]) {
        for delivery in came {
            if let Some(index) = welcome.iter().position(|id| *id == delivery.subscription) {
                welcome.swap_remove(index);
            }
        }
        welcome.into_iter().for_each(|id| self.receivers.excuse(id));
    }

    /// Deliveries to a receiver that does not answer wait without an attempt.
    async fn let_rest(&self, resting: Vec<(Delivery, Duration)>) -> Reply<()> {
        if resting.is_empty() {
            return Ok(());
        }
        let now = self.app.business().now();
        let put_off = resting.into_iter().map(|(delivery, pause)| {
            // Its time is over, and one more attempt would only show again that nobody answers.
            let is_over = delivery.attempts > 0 && now >= delivery.created_at.after(TRIED_FOR);
            let state = if is_over { DeliveryState::Parked } else { delivery.state };
            Delivery { state, due_at: self.jittered(now, pause), leased_until: None, ..delivery }
        });
        self.try_write(&put_off.collect::<Vec<_>>()).await.map(|_| ())
    }

    /// The events of deliveries, those of one partner in as few reads as possible.
    async fn events_of(&self, deliveries: &[Delivery]) -> Reply<Vec<Event>> {
        let mut wanted: BTreeMap<PartnerId, Vec<i64>> = BTreeMap::new();
        for delivery in deliveries {
            wanted.entry(delivery.partner).or_default().push(delivery.sequence);
        }
        let mut events = Vec::with_capacity(deliveries.len());
        for (partner, sequences) in wanted {
            events.extend(self.app.store().events_by_sequence(partner, &sequences).await?);
        }
        Ok(events)
    }

    fn begin(self: &Arc<Self>, deliveries: Vec<Delivery>, events: Vec<Event>) {
        let events: HashMap<(PartnerId, i64), Arc<Event>> =
            events.into_iter().map(|event| ((event.draft.partner, event.sequence), Arc::new(event))).collect();
        for delivery in deliveries {
            let Some(event) = events.get(&(delivery.partner, delivery.sequence)).cloned() else {
                tracing::error!(delivery = %delivery.id, "a delivery has no event; its lease runs out");
                continue;
            };
            let courier = self.clone();
            let place = self.receivers.enter(delivery.subscription);
            self.pool.begin(delivery.id.to_string(), async move {
                let _place = place;
                if let Err(error) = courier.attempt(delivery, &event).await {
                    tracing::warn!(%error, "the result of a webhook delivery could not be kept; its lease runs out");
                }
                courier.app.wake().ring_deliveries();
            });
        }
    }

    /// One attempt, and what came of it.
    async fn attempt(&self, delivery: Delivery, event: &Event) -> Reply<()> {
        let subscription = self.subscription(delivery.subscription).await?;
        let Some(subscription) = subscription.filter(|subscription| subscription.active) else {
            return self.conclude(Delivery { state: DeliveryState::Dropped, ..delivery }).await;
        };
        let signer = self.signer(delivery.partner).await?;
        let data = self.app.told(&event.draft);
        let webhook = Webhook {
            event,
            data: &data,
            delivered_as: &subscription.delivered_as,
            previous_sequence: delivery.previous_sequence,
            at: self.app.real().now(),
        };
        let result = self.post()?.send(&subscription.url, signer.sign(&webhook)?).await;
        self.receivers.note(delivery.subscription, result.is_ok());
        let kind = event.draft.kind.as_str();
        match result {
            Ok(()) => {
                self.app.metrics().delivery(kind, "delivered");
                let attempts = delivery.attempts.saturating_add(1);
                self.conclude(Delivery { state: DeliveryState::Delivered, attempts, last_error: None, ..delivery }).await
            }
            Err(reason) => {
                let delivery = self.after_failure(delivery, &reason);
                let outcome = if delivery.state == DeliveryState::Parked { "parked" } else { "failed" };
                self.app.metrics().delivery(kind, outcome);
                self.conclude(delivery).await
            }
        }
    }

    fn after_failure(&self, delivery: Delivery, reason: &str) -> Delivery {
        let now = self.app.business().now();
        let attempts = delivery.attempts.saturating_add(1);
        let deadline = delivery.created_at.after(TRIED_FOR);
        let due_at = self.jittered(now, delay_after(attempts)).min(deadline);
        Delivery {
            state: if now >= deadline { DeliveryState::Parked } else { DeliveryState::Pending },
            attempts,
            due_at,
            last_error: Some(reason.chars().take(MOST_SAID).collect()),
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
    async fn conclude(&self, delivery: Delivery) -> Reply<()> {
        let mut step = Step::new();
        step.write(Delivery { leased_until: None, ..delivery });
        match self.app.commit(step).await {
            Ok(_) | Err(CommitError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The client, made when it is first needed: what keeps it from being made is seen by whoever looks at the workers.
    fn post(&self) -> Reply<&Post> {
        if let Some(post) = self.post.get() {
            return Ok(post);
        }
        let post = Post::new(self.app.config())?;
        Ok(self.post.get_or_init(|| post))
    }

    async fn subscription(&self, id: SubscriptionId) -> Reply<Option<Arc<Subscription>>> {
        if let Some((read, subscription)) = self.subscriptions.lock().get(&id)
            && read.elapsed() < REMEMBERED_FOR
        {
            return Ok(Some(subscription.clone()));
        }
        let Some(subscription) = self.app.store().subscription(id).await?.map(Arc::new) else { return Ok(None) };
        self.subscriptions.lock().insert(id, (Instant::now(), subscription.clone()));
        Ok(Some(subscription))
    }

    async fn signer(&self, id: PartnerId) -> Reply<Arc<Signer>> {
        if let Some((read, signer)) = self.signers.lock().get(&id)
            && read.elapsed() < REMEMBERED_FOR
        {
            return Ok(signer.clone());
        }
        let partner = self.app.store().partner(id).await?.ok_or_else(|| AppError::defect(format!("there is no partner {id}")))?;
        let signer = Arc::new(Signer::of(&partner, self.app.keys(), self.app.real().now())?);
        self.signers.lock().insert(id, (Instant::now(), signer.clone()));
        Ok(signer)
    }
}

/// Leases as they are after the commit that took them.
fn held(deliveries: Vec<Delivery>) -> Vec<Delivery> {
    deliveries.into_iter().map(|delivery| Delivery { version: delivery.version + 1, ..delivery }).collect()
}

/// How long a delivery rests after so many attempts.
fn delay_after(attempts: u32) -> Duration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX).min(DELAYS.len() - 1);
    Duration::from_secs(DELAYS[index])
}

impl Worker for Deliver {
    fn name(&self) -> String {
        "deliver".to_owned()
    }

    fn turn(&self) -> Task<'_, Reply<Turn>> {
        Box::pin(self.deliver())
    }

    fn woken(&self) -> Task<'_, ()> {
        Box::pin(self.courier.app.wake().deliveries())
    }

    fn finish(&self) -> Task<'_, ()> {
        Box::pin(self.courier.pool.drain(self.courier.app.config().workers.stop()))
    }
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
