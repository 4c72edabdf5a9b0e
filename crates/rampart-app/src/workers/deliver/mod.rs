//! Delivering webhooks: due deliveries are leased, posted, and retried with growing delays for three days of business
//! time, then parked. Deliveries of one receiver overlap; `previous_sequence` lets it see gaps. What is due is looked for
//! receiver by receiver, so that what waits for one that cannot be served costs the others nothing.
//!
//! Where to and with which keys is read after the event, never remembered from before it: what happened after a change was
//! answered goes to the new URL and is signed with the new key.

mod attempt;
mod parking;
mod post;
mod receivers;
mod sign;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use rampart_core::event::Event;
use rampart_core::id::{DeliveryId, PartnerId, SubscriptionId};
use rampart_core::step::Step;
use rampart_core::time::Timestamp;
use rampart_core::webhook::{Delivery, DeliveryState, Subscription};
use rampart_store::CommitError;

use super::pool::Pool;
use super::supervisor::{Task, Turn, Worker};
use crate::app::App;
use crate::error::{AppError, AppResult};
use attempt::Attempt;
use post::Post;
use receivers::{Place, Receivers, Standing};
use sign::Signer;

/// How many receivers that something waits for are looked at in one turn.
const RECEIVERS: u32 = 256;
/// What is said of deliveries to a disabled subscription.
pub(crate) const DISABLED: &str = "the subscription is disabled";

/// Everything that deliveries have in common.
struct Courier {
    app: App,
    pool: Pool,
    post: OnceLock<Post>,
    receivers: Receivers,
    walk: Mutex<Walk>,
}

/// The walk over the receivers: it goes on where it was left, so that everybody's turn comes.
#[derive(Default, Clone, Copy)]
struct Walk {
    /// Behind whom it goes on.
    behind: Option<SubscriptionId>,
    /// It was left before its end: those before this place are looked at again before it counts as done.
    was_left: bool,
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
    /// Their places; free again when this is dropped before the deliveries begin.
    places: HashMap<DeliveryId, Placed>,
    signers: Signers,
}

/// A place, and whose it is.
type Placed = (Place, Arc<Subscription>);

/// Who signs for partners.
type Signers = HashMap<PartnerId, Arc<Signer>>;

impl Deliver {
    /// The worker, and what the fan-out gives it work through.
    pub(crate) fn new(app: App) -> (Self, Handover) {
        let concurrency = app.config().webhooks.concurrency;
        let courier = Arc::new(Courier {
            pool: Pool::new(concurrency),
            post: OnceLock::new(),
            receivers: Receivers::new(concurrency),
            walk: Mutex::default(),
            app,
        });
        (Self { courier: courier.clone() }, Handover { courier })
    }

    async fn deliver(&self) -> AppResult<Turn> {
        let courier = &self.courier;
        courier.post()?;
        if courier.pool.free() == 0 {
            return Ok(Turn::Idle);
        }
        let walk = *courier.walk.lock();
        let (now, real_now) = (courier.app.business().now(), courier.app.real().now());
        let due = courier.app.store().receivers_due(walk.behind, now, real_now, RECEIVERS).await?;
        let taken = courier.take(due.receivers, now, real_now).await?;
        let (deliveries, places): (Vec<Delivery>, Vec<Placed>) = taken.into_iter().unzip();
        let places: HashMap<DeliveryId, Placed> = deliveries.iter().map(|delivery| delivery.id).zip(places).collect();
        let leased = courier.lease(deliveries).await?;
        let (events, signers) = futures::try_join!(courier.events_of(&leased), courier.signers(&leased))?;
        courier.begin(leased, events, places, &signers);
        let is_full = courier.pool.free() == 0;
        let is_at_end = due.next.is_none();
        *courier.walk.lock() = Walk { behind: due.next, was_left: !is_at_end && (is_full || walk.was_left) };
        let is_done = is_at_end && !walk.was_left;
        Ok(if is_full || is_done { Turn::Idle } else { Turn::More })
    }
}

impl Handover {
    /// Marks as leased what can begin at once. The subscriptions are as they were read for these deliveries, which are not
    /// committed if one of them has changed.
    ///
    /// # Errors
    /// When the partners cannot be read.
    pub(crate) async fn reserve(&self, deliveries: &mut [Delivery], subscriptions: &[Subscription]) -> AppResult<Begun> {
        let courier = &self.courier;
        let signers = courier.signers(deliveries).await?;
        let until = courier.app.real().now().after(courier.app.config().workers.lease());
        let now = courier.app.business().now();
        let subscriptions: HashMap<SubscriptionId, Arc<Subscription>> =
            subscriptions.iter().map(|subscription| (subscription.id, Arc::new(subscription.clone()))).collect();
        // Half of the places stay for what waits in the database.
        let most = courier.pool.free() / 2;
        let mut places = HashMap::new();
        for delivery in deliveries.iter_mut().filter(|delivery| delivery.state == DeliveryState::Pending) {
            if places.len() >= most {
                break;
            }
            let Some(subscription) = subscriptions.get(&delivery.subscription) else { continue };
            if let Some(place) = courier.receivers.admit(subscription, now) {
                delivery.leased_until = Some(until);
                places.insert(delivery.id, (place, subscription.clone()));
            }
        }
        Ok(Begun { courier: courier.clone(), places, signers })
    }
}

impl Begun {
    /// Begins, after the commit, what was created under a lease.
    pub(crate) fn start(self, deliveries: Vec<Delivery>, events: Vec<Event>) {
        let leased = deliveries.into_iter().filter(|delivery| delivery.leased_until.is_some()).collect();
        self.courier.begin(held(leased), events, self.places, &self.signers);
    }
}

impl Courier {
    /// What can begin now of what is due, each with its place: in turn of each receiver, beginning with the one that waits
    /// longest of those that are not in trouble. What there is no place for is not read.
    async fn take(
        &self,
        mut due: Vec<(SubscriptionId, Timestamp)>,
        now: Timestamp,
        real_now: Timestamp,
    ) -> AppResult<Vec<(Delivery, Placed)>> {
        due.sort_by_key(|(_, due_at)| *due_at);
        let subscriptions = self.subscriptions(due.iter().map(|(id, _)| *id)).await?;
        let free = self.pool.free();
        let mut open = Vec::new();
        let mut receivers: Vec<&Arc<Subscription>> = due.iter().filter_map(|(id, _)| subscriptions.get(id)).collect();
        // Those in trouble come last: much may wait for them since long ago.
        receivers.sort_by_key(|receiver| self.receivers.standing(receiver) == Standing::Troubled);
        for subscription in receivers {
            let room = self.receivers.room(subscription, now).min(free);
            if room > 0 && open.len() < free {
                open.push((subscription, u32::try_from(room).unwrap_or(u32::MAX)));
            } else if self.receivers.is_to_be_swept(subscription, now) {
                self.give_up_overdue(subscription, |_| true).await?;
            }
        }
        let reads = open.iter().map(|(receiver, room)| self.app.store().deliveries_due_to(receiver.id, now, real_now, *room));
        let read = futures::future::try_join_all(reads).await?;
        // Read again, after the deliveries: what was created after a change was answered goes to where that says.
        let current = self.subscriptions(open.iter().map(|(receiver, _)| receiver.id)).await?;
        let queues = open.iter().zip(read).filter_map(|((receiver, _), read)| Some((current.get(&receiver.id)?, read.into_iter())));
        let mut queues: Vec<_> = queues.collect();
        let mut taken = Vec::new();
        loop {
            let before = taken.len();
            for (receiver, queue) in &mut queues {
                let next = queue.find(|delivery| !self.pool.has(&delivery.id.to_string()));
                if let Some(delivery) = next.filter(|_| taken.len() < free)
                    && let Some(place) = self.receivers.admit(receiver, now)
                {
                    taken.push((delivery, (place, Arc::clone(receiver))));
                }
            }
            if taken.len() == before {
                return Ok(taken);
            }
        }
    }

    async fn subscriptions(&self, ids: impl Iterator<Item = SubscriptionId>) -> AppResult<HashMap<SubscriptionId, Arc<Subscription>>> {
        let read = self.app.store().subscriptions_by_id(&ids.collect::<Vec<_>>()).await?;
        Ok(read.into_iter().map(|subscription| (subscription.id, Arc::new(subscription))).collect())
    }

    /// Takes leases: all in one step, or one by one when somebody was faster with one of them.
    async fn lease(&self, deliveries: Vec<Delivery>) -> AppResult<Vec<Delivery>> {
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

    async fn try_write(&self, deliveries: &[Delivery]) -> AppResult<bool> {
        let mut step = Step::new();
        deliveries.iter().for_each(|delivery| step.write(delivery.clone()));
        match self.app.commit(step).await {
            Ok(_) => Ok(true),
            Err(CommitError::Conflict(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The events of deliveries, those of one partner in as few reads as possible.
    async fn events_of(&self, deliveries: &[Delivery]) -> AppResult<Vec<Event>> {
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

    /// Who signs these deliveries. Partners are remembered, but never from before a rotation that was answered.
    async fn signers(&self, deliveries: &[Delivery]) -> AppResult<Signers> {
        let mut signers = Signers::new();
        for delivery in deliveries {
            if let Entry::Vacant(vacant) = signers.entry(delivery.partner) {
                let partner = self.app.remembered_partner(delivery.partner).await?;
                let partner = partner.ok_or_else(|| AppError::defect(format!("there is no partner {}", delivery.partner)))?;
                vacant.insert(Arc::new(Signer::of(&partner, self.app.keys(), self.app.real().now())?));
            }
        }
        Ok(signers)
    }

    fn begin(self: &Arc<Self>, deliveries: Vec<Delivery>, events: Vec<Event>, mut places: HashMap<DeliveryId, Placed>, signers: &Signers) {
        let events: HashMap<(PartnerId, i64), Arc<Event>> =
            events.into_iter().map(|event| ((event.draft.partner, event.sequence), Arc::new(event))).collect();
        for delivery in deliveries {
            let event = events.get(&(delivery.partner, delivery.sequence)).cloned();
            let (Some(event), Some(signer), Some((place, subscription))) =
                (event, signers.get(&delivery.partner).cloned(), places.remove(&delivery.id))
            else {
                tracing::error!(delivery = %delivery.id, "a delivery has no event; its lease runs out");
                continue;
            };
            let courier = self.clone();
            self.pool.begin(delivery.id.to_string(), async move {
                if let Err(error) = courier.attempt(Attempt { delivery, event, subscription, signer, place }).await {
                    tracing::warn!(%error, "the result of a webhook delivery could not be kept; its lease runs out");
                }
                courier.app.wake().ring_deliveries();
            });
        }
    }

    /// The client, made when it is first needed: what keeps it from being made is seen by whoever looks at the workers.
    fn post(&self) -> AppResult<&Post> {
        if let Some(post) = self.post.get() {
            return Ok(post);
        }
        let post = Post::new(self.app.config())?;
        Ok(self.post.get_or_init(|| post))
    }
}

/// Leases as they are after the commit that took them.
fn held(deliveries: Vec<Delivery>) -> Vec<Delivery> {
    deliveries.into_iter().map(|delivery| Delivery { version: delivery.version + 1, ..delivery }).collect()
}

impl Worker for Deliver {
    fn name(&self) -> String {
        "deliver".to_owned()
    }

    fn turn(&self) -> Task<'_, AppResult<Turn>> {
        Box::pin(self.deliver())
    }

    fn woken(&self) -> Task<'_, ()> {
        Box::pin(self.courier.app.wake().deliveries())
    }

    fn finish(&self) -> Task<'_, ()> {
        Box::pin(self.courier.pool.drain(self.courier.app.config().workers.drain()))
    }
}
