//! Fans out events: per partner, in log order, each event becomes one delivery per subscription to its type. The subscription's version is
//! fenced, so that `previous_sequence` has neither gap nor duplicate.

use parking_lot::Mutex;
use rampart_core::id::PartnerId;
use rampart_core::partner::event::Event;
use rampart_core::partner::webhook::{Delivery, DeliveryState, Subscription};
use rampart_core::step::Step;
use rampart_core::step::watch::{Cursor, CursorName};
use rampart_core::time::Timestamp;
use rampart_store::CommitError;

use super::deliver::{DISABLED, DirectDispatch};
use super::supervisor::{TurnOutcome, Worker, WorkerFuture};
use crate::app::App;
use crate::error::{AppError, AppResult};

/// Partners handled in one turn.
const PAGE_PARTNERS: u32 = 100;
/// Events of one partner fanned out in one step.
const BATCH_EVENTS: u32 = 256;

pub(crate) struct Fanout {
    app: App,
    dispatch: DirectDispatch,
    scan: Mutex<PartnerScan>,
}

/// Position in the pass over partners with new events. The next turn continues there, so that every partner is reached.
#[derive(Default, Clone, Copy)]
struct PartnerScan {
    /// The last partner handled.
    after: Option<PartnerId>,
    /// Whether a partner of this pass has more events.
    more: bool,
}

impl Fanout {
    pub(crate) fn new(app: App, dispatch: DirectDispatch) -> Self {
        Self { app, dispatch, scan: Mutex::default() }
    }

    async fn fan_out(&self) -> AppResult<TurnOutcome> {
        let mut scan = std::mem::take(&mut *self.scan.lock());
        let partners = self.app.store.unfanned_partners(scan.after, PAGE_PARTNERS).await?;
        let results = futures::future::join_all(partners.iter().map(|lagging| self.partner(lagging.partner, lagging.fanned))).await;
        let (mut failed, mut first_error) = (0, None);
        for (partner, result) in partners.iter().zip(results) {
            match result {
                Ok(more) => scan.more |= more,
                Err(error) => {
                    // An error of one partner must not delay the others.
                    tracing::warn!(partner = %partner.partner, %error, "a partner's events could not be fanned out");
                    failed += 1;
                    first_error.get_or_insert(error);
                }
            }
        }
        if let Some(error) = first_error.filter(|_| failed == partners.len()) {
            return Err(error);
        }
        let is_full = partners.len() == usize::try_from(PAGE_PARTNERS).unwrap_or(usize::MAX);
        if let Some(last) = partners.last().filter(|_| is_full) {
            *self.scan.lock() = PartnerScan { after: Some(last.partner), ..scan };
            return Ok(TurnOutcome::More);
        }
        Ok(if scan.more { TurnOutcome::More } else { TurnOutcome::Idle })
    }

    /// Commits one step for one partner. Returns whether there is more.
    async fn partner(&self, partner: PartnerId, fanned: i64) -> AppResult<bool> {
        let app = &self.app;
        let store = &app.store;
        let id = cursor_of(partner)?;
        let (cursor, events) = futures::try_join!(store.cursor(id), store.events_after(partner, fanned, BATCH_EVENTS))?;
        // Read after the events, so that every subscription older than one of them is seen: a new subscription has no version that could
        // fence this step.
        let subscriptions = store.subscriptions_of(partner).await?;
        let cursor = cursor.unwrap_or(Cursor { id, version: 0, position: "0".to_owned(), moved_at: app.real.now(), read_at: None });
        let Some(last) = events.last().map(|event| event.sequence) else { return Ok(false) };
        if cursor.position != fanned.to_string() {
            return Ok(true);
        }
        let (mut deliveries, changed) = deliveries(app.business.now(), &events, subscriptions);
        let mut step = Step::new();
        // Deliveries that this process can attempt at once are created under its lease, which saves a commit each.
        let batch = self.dispatch.reserve(&mut deliveries, &changed).await?;
        deliveries.iter().for_each(|delivery| step.write(delivery.clone()));
        changed.into_iter().for_each(|subscription| step.write(subscription));
        step.write(Cursor { position: last.to_string(), moved_at: app.real.now(), ..cursor });
        match app.commit(step).await {
            Ok(_) => {
                let is_full = events.len() == usize::try_from(BATCH_EVENTS).unwrap_or(usize::MAX);
                batch.start(deliveries, events);
                // What was committed since then wakes this worker itself.
                Ok(is_full)
            }
            // Another process has fanned these out, or a subscription changed: the next turn looks again.
            Err(CommitError::Conflict(_)) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

fn cursor_of(partner: PartnerId) -> AppResult<CursorName> {
    format!("fanout-{partner}").parse().map_err(|_| AppError::defect("the name of a fan-out cursor is not a valid code"))
}

/// The deliveries of events, and the subscriptions they change. Deliveries to a disabled subscription are parked for a replay, and the next
/// delivery shows the gap by its `previous_sequence`.
fn deliveries(now: Timestamp, events: &[Event], subscriptions: Vec<Subscription>) -> (Vec<Delivery>, Vec<Subscription>) {
    let mut deliveries = Vec::new();
    let mut changed = Vec::new();
    for mut subscription in subscriptions.into_iter().filter(|subscription| subscription.active) {
        let wanted = events.iter().filter(|event| {
            let draft = &event.draft;
            // Events from before the subscription are not delivered to it.
            draft.kind == subscription.kind && draft.created_at >= subscription.created_at && event.sequence > subscription.last_sequence
        });
        let mut last = subscription.last_sequence;
        let is_disabled = subscription.is_disabled();
        for event in wanted {
            deliveries.push(Delivery {
                id: Delivery::id_of(&event.draft, subscription.id),
                version: 0,
                partner: subscription.partner,
                subscription: subscription.id,
                event: event.draft.id,
                sequence: event.sequence,
                previous_sequence: std::mem::replace(&mut last, event.sequence),
                state: if is_disabled { DeliveryState::Parked } else { DeliveryState::Pending },
                attempts: 0,
                due_at: now,
                leased_until: None,
                last_error: is_disabled.then(|| DISABLED.to_owned()),
                created_at: now,
            });
        }
        if last != subscription.last_sequence {
            subscription.last_sequence = last;
            changed.push(subscription);
        }
    }
    (deliveries, changed)
}

impl Worker for Fanout {
    fn name(&self) -> String {
        "fanout".to_owned()
    }

    fn turn(&self) -> WorkerFuture<'_, AppResult<TurnOutcome>> {
        Box::pin(self.fan_out())
    }

    fn woken(&self) -> WorkerFuture<'_, ()> {
        Box::pin(self.app.wake.fanout())
    }
}
