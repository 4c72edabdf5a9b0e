//! Delivers webhooks: due deliveries are leased, sent, and retried with growing delays for three days of business time, then parked.
//! Deliveries to one receiver overlap; `previous_sequence` lets it see gaps. Due deliveries are read per receiver, so that those of a
//! receiver that cannot be served cost the others nothing.
//!
//! The URL and the signing keys are read after the event, never cached from before it: an event that follows an acknowledged change goes to
//! the new URL and is signed with the new key.

mod attempt;
mod client;
mod parking;
mod receivers;
mod sign;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use rampart_core::id::{DeliveryId, PartnerId, SubscriptionId};
use rampart_core::partner::event::Event;
use rampart_core::partner::webhook::{Delivery, DeliveryState, Subscription};
use rampart_core::step::Step;
use rampart_core::time::Timestamp;
use rampart_store::CommitError;

use super::pool::Pool;
use super::supervisor::{TurnOutcome, Worker, WorkerFuture};
use crate::app::App;
use crate::error::{AppError, AppResult};
use attempt::Attempt;
use client::WebhookClient;
use receivers::{DeliverySlot, Receivers, Reputation};
use sign::Signer;

/// Receivers with due deliveries that are read in one turn.
const PAGE_RECEIVERS: u32 = 256;
/// The last error of deliveries to a disabled subscription.
pub(crate) const DISABLED: &str = "the subscription is disabled";

/// The state shared by all deliveries of this process.
struct Dispatcher {
    app: App,
    pool: Pool,
    client: OnceLock<WebhookClient>,
    receivers: Receivers,
    scan: Mutex<ReceiverScan>,
    /// Whether deliveries may be due that found no slot: the end of an attempt then looks for them.
    has_waiting: AtomicBool,
}

/// Position in the pass over the receivers. The next turn continues there, so that every receiver is reached.
#[derive(Default, Clone, Copy)]
struct ReceiverScan {
    /// The last receiver handled.
    after: Option<SubscriptionId>,
    /// The pass was interrupted: receivers before this position are read again before it counts as complete.
    was_interrupted: bool,
}

pub(crate) struct WebhookWorker {
    dispatcher: Arc<Dispatcher>,
}

/// Lets the fan-out start new deliveries in this process without a second commit.
#[derive(Clone)]
pub(crate) struct DirectDispatch {
    dispatcher: Arc<Dispatcher>,
}

/// Deliveries created under a lease of this process.
pub(crate) struct LeasedBatch {
    dispatcher: Arc<Dispatcher>,
    /// Their slots, released if this is dropped before the deliveries start.
    slots: HashMap<DeliveryId, ReservedSlot>,
    signers: Signers,
}

/// A slot with the subscription that has it.
type ReservedSlot = (DeliverySlot, Arc<Subscription>);

type Signers = HashMap<PartnerId, Arc<Signer>>;

impl WebhookWorker {
    /// The worker, and the handle by which the fan-out passes deliveries to it.
    pub(crate) fn new(app: App) -> (Self, DirectDispatch) {
        let concurrency = app.config.webhooks.concurrency;
        let dispatcher = Arc::new(Dispatcher {
            pool: Pool::new(concurrency),
            client: OnceLock::new(),
            receivers: Receivers::new(concurrency),
            scan: Mutex::default(),
            has_waiting: AtomicBool::new(true),
            app,
        });
        (Self { dispatcher: dispatcher.clone() }, DirectDispatch { dispatcher })
    }

    async fn deliver(&self) -> AppResult<TurnOutcome> {
        let dispatcher = &self.dispatcher;
        dispatcher.client()?;
        if dispatcher.pool.free() == 0 {
            dispatcher.has_waiting.store(true, Ordering::Relaxed);
            return Ok(TurnOutcome::Idle);
        }
        let scan = *dispatcher.scan.lock();
        let (now, real_now) = (dispatcher.app.business.now(), dispatcher.app.real.now());
        let due = dispatcher.app.store.receivers_due(scan.after, now, real_now, PAGE_RECEIVERS).await?;
        // What becomes due after this look wakes the worker itself.
        let has_waiting = !due.receivers.is_empty() || due.next.is_some() || scan.after.is_some();
        dispatcher.has_waiting.store(has_waiting, Ordering::Relaxed);
        let selected = dispatcher.select(due.receivers, now, real_now).await?;
        let (deliveries, slots): (Vec<Delivery>, Vec<ReservedSlot>) = selected.into_iter().unzip();
        let slots: HashMap<DeliveryId, ReservedSlot> = deliveries.iter().map(|delivery| delivery.id).zip(slots).collect();
        let leased = dispatcher.lease(deliveries).await?;
        let (events, signers) = futures::try_join!(dispatcher.events_of(&leased), dispatcher.signers(&leased))?;
        dispatcher.start_attempts(leased, events, slots, &signers);
        let is_full = dispatcher.pool.free() == 0;
        let is_at_end = due.next.is_none();
        *dispatcher.scan.lock() = ReceiverScan { after: due.next, was_interrupted: !is_at_end && (is_full || scan.was_interrupted) };
        let is_done = is_at_end && !scan.was_interrupted;
        Ok(if is_full || is_done { TurnOutcome::Idle } else { TurnOutcome::More })
    }
}

impl DirectDispatch {
    /// Marks as leased the deliveries that can start at once. `subscriptions` are as read for these deliveries, which are not committed if
    /// one of them has changed.
    pub(crate) async fn reserve(&self, deliveries: &mut [Delivery], subscriptions: &[Subscription]) -> AppResult<LeasedBatch> {
        let dispatcher = &self.dispatcher;
        let signers = dispatcher.signers(deliveries).await?;
        let until = dispatcher.app.real.now().after(dispatcher.app.config.workers.lease());
        let now = dispatcher.app.business.now();
        let subscriptions: HashMap<SubscriptionId, Arc<Subscription>> =
            subscriptions.iter().map(|subscription| (subscription.id, Arc::new(subscription.clone()))).collect();
        // Half of the free slots are left to deliveries that wait in the database.
        let max_slots = dispatcher.pool.free() / 2;
        let mut slots = HashMap::new();
        for delivery in deliveries.iter_mut().filter(|delivery| delivery.state == DeliveryState::Pending) {
            if slots.len() >= max_slots {
                break;
            }
            let Some(subscription) = subscriptions.get(&delivery.subscription) else { continue };
            if let Some(slot) = dispatcher.receivers.admit(subscription, now) {
                delivery.leased_until = Some(until);
                slots.insert(delivery.id, (slot, subscription.clone()));
            }
        }
        Ok(LeasedBatch { dispatcher: dispatcher.clone(), slots, signers })
    }
}

impl LeasedBatch {
    /// Starts the deliveries that were created under a lease, after their commit.
    pub(crate) fn start(self, deliveries: Vec<Delivery>, events: Vec<Event>) {
        let leased = deliveries.into_iter().filter(|delivery| delivery.leased_until.is_some()).collect();
        self.dispatcher.start_attempts(after_commit(leased), events, self.slots, &self.signers);
    }
}

impl Dispatcher {
    /// Selects the due deliveries that can start now, each with a slot: round robin over the receivers, the longest waiting first and
    /// failing ones last. Deliveries without a slot are not read.
    async fn select(
        &self,
        mut due: Vec<(SubscriptionId, Timestamp)>,
        now: Timestamp,
        real_now: Timestamp,
    ) -> AppResult<Vec<(Delivery, ReservedSlot)>> {
        due.sort_by_key(|(_, due_at)| *due_at);
        let subscriptions = self.subscriptions(due.iter().map(|(id, _)| *id)).await?;
        let free = self.pool.free();
        let mut open = Vec::new();
        let mut receivers: Vec<&Arc<Subscription>> = due.iter().filter_map(|(id, _)| subscriptions.get(id)).collect();
        // Failing receivers come last: they may have a long backlog.
        receivers.sort_by_key(|receiver| self.receivers.reputation(receiver) == Reputation::Failing);
        for subscription in receivers {
            let free_slots = self.receivers.free_slots(subscription, now).min(free);
            if free_slots > 0 && open.len() < free {
                open.push((subscription, u32::try_from(free_slots).unwrap_or(u32::MAX)));
            } else if self.receivers.take_sweep_turn(subscription, now) {
                self.park_overdue(subscription, |_| true).await?;
            }
        }
        let reads = open.iter().map(|(receiver, free_slots)| self.app.store.deliveries_due_to(receiver.id, now, real_now, *free_slots));
        let read = futures::future::try_join_all(reads).await?;
        // Read again after the deliveries: a delivery created after an acknowledged change goes to the new URL.
        let current = self.subscriptions(open.iter().map(|(receiver, _)| receiver.id)).await?;
        let queues = open.iter().zip(read).filter_map(|((receiver, _), read)| Some((current.get(&receiver.id)?, read.into_iter())));
        let mut queues: Vec<_> = queues.collect();
        let mut selected = Vec::new();
        loop {
            let before = selected.len();
            for (receiver, queue) in &mut queues {
                let next = queue.find(|delivery| !self.pool.has(&delivery.id.to_string()));
                if let Some(delivery) = next.filter(|_| selected.len() < free)
                    && let Some(slot) = self.receivers.admit(receiver, now)
                {
                    selected.push((delivery, (slot, Arc::clone(receiver))));
                }
            }
            if selected.len() == before {
                return Ok(selected);
            }
        }
    }

    async fn subscriptions(&self, ids: impl Iterator<Item = SubscriptionId>) -> AppResult<HashMap<SubscriptionId, Arc<Subscription>>> {
        let read = self.app.store.subscriptions_by_id(&ids.collect::<Vec<_>>()).await?;
        Ok(read.into_iter().map(|subscription| (subscription.id, Arc::new(subscription))).collect())
    }

    /// Takes leases in one step; after a conflict one by one.
    async fn lease(&self, deliveries: Vec<Delivery>) -> AppResult<Vec<Delivery>> {
        if deliveries.is_empty() {
            return Ok(Vec::new());
        }
        let until = self.app.real.now().after(self.app.config.workers.lease());
        let leases: Vec<Delivery> = deliveries.into_iter().map(|delivery| Delivery { leased_until: Some(until), ..delivery }).collect();
        if self.try_write(&leases).await? {
            return Ok(after_commit(leases));
        }
        let mut selected = Vec::new();
        for delivery in leases {
            if self.try_write(std::slice::from_ref(&delivery)).await? {
                selected.push(delivery);
            }
        }
        Ok(after_commit(selected))
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

    /// The events of deliveries, in one read per partner.
    async fn events_of(&self, deliveries: &[Delivery]) -> AppResult<Vec<Event>> {
        let mut leases: BTreeMap<PartnerId, Vec<i64>> = BTreeMap::new();
        for delivery in deliveries {
            leases.entry(delivery.partner).or_default().push(delivery.sequence);
        }
        let mut events = Vec::with_capacity(deliveries.len());
        for (partner, sequences) in leases {
            events.extend(self.app.store.events_by_sequence(partner, &sequences).await?);
        }
        Ok(events)
    }

    /// The signers of these deliveries. Partners are cached, but never from before an acknowledged key rotation.
    async fn signers(&self, deliveries: &[Delivery]) -> AppResult<Signers> {
        let mut signers = Signers::new();
        for delivery in deliveries {
            if let Entry::Vacant(vacant) = signers.entry(delivery.partner) {
                let partner = self.app.partner_cache.load(&self.app.store, delivery.partner).await?;
                let partner = partner.ok_or_else(|| AppError::defect(format!("there is no partner {}", delivery.partner)))?;
                vacant.insert(Arc::new(Signer::of(&partner, &self.app.keys, self.app.real.now())?));
            }
        }
        Ok(signers)
    }

    fn start_attempts(
        self: &Arc<Self>,
        deliveries: Vec<Delivery>,
        events: Vec<Event>,
        mut slots: HashMap<DeliveryId, ReservedSlot>,
        signers: &Signers,
    ) {
        let events: HashMap<(PartnerId, i64), Arc<Event>> =
            events.into_iter().map(|event| ((event.draft.partner, event.sequence), Arc::new(event))).collect();
        for delivery in deliveries {
            let event = events.get(&(delivery.partner, delivery.sequence)).cloned();
            let (Some(event), Some(signer), Some((slot, subscription))) =
                (event, signers.get(&delivery.partner).cloned(), slots.remove(&delivery.id))
            else {
                tracing::error!(delivery = %delivery.id, "a delivery has no event; its lease will expire");
                continue;
            };
            let dispatcher = self.clone();
            self.pool.begin(delivery.id.to_string(), async move {
                if let Err(error) = dispatcher.attempt(Attempt { delivery, event, subscription, signer, slot }).await {
                    tracing::warn!(%error, "the result of a webhook delivery could not be stored; its lease will expire");
                }
                if dispatcher.has_waiting.load(Ordering::Relaxed) {
                    dispatcher.app.wake.ring_deliveries();
                }
            });
        }
    }

    /// The client, built on first use so that a TLS error shows in the worker's health.
    fn client(&self) -> AppResult<&WebhookClient> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = WebhookClient::new(&self.app.config)?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// The deliveries as they are after the commit of their lease.
fn after_commit(deliveries: Vec<Delivery>) -> Vec<Delivery> {
    deliveries.into_iter().map(|delivery| Delivery { version: delivery.version + 1, ..delivery }).collect()
}

impl Worker for WebhookWorker {
    fn name(&self) -> String {
        "deliver".to_owned()
    }

    fn turn(&self) -> WorkerFuture<'_, AppResult<TurnOutcome>> {
        Box::pin(self.deliver())
    }

    fn woken(&self) -> WorkerFuture<'_, ()> {
        Box::pin(self.dispatcher.app.wake.deliveries())
    }

    fn finish(&self) -> WorkerFuture<'_, ()> {
        Box::pin(self.dispatcher.pool.drain(self.dispatcher.app.config.workers.drain_timeout()))
    }
}
