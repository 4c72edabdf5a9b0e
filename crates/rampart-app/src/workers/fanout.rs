//! Putting events on their way: per partner, in the order of its log, each event becomes one delivery per subscription
//! that asks for its type. A subscription's version is fenced, so that `previous_sequence` has no gap and no twin.

use parking_lot::Mutex;
use rampart_core::event::Event;
use rampart_core::id::PartnerId;
use rampart_core::step::Step;
use rampart_core::time::Timestamp;
use rampart_core::watch::{Cursor, CursorName};
use rampart_core::webhook::{Delivery, DeliveryState, Subscription};
use rampart_store::CommitError;

use super::deliver::{DISABLED, Handover};
use super::supervisor::{Task, Turn, Worker};
use crate::app::App;
use crate::error::{AppError, AppResult};

/// How many partners are looked at in one turn.
const PARTNERS: u32 = 100;
/// How many events of one partner are put on their way in one step.
const EVENTS: u32 = 256;

/// Fans out.
pub(crate) struct Fanout {
    app: App,
    handover: Handover,
    walk: Mutex<Walk>,
}

/// The walk over the partners that are behind: it goes on where the last turn ended, so that everybody's turn comes.
#[derive(Default, Clone, Copy)]
struct Walk {
    /// Behind whom it goes on.
    behind: Option<PartnerId>,
    /// Whether somebody it came by has more.
    more: bool,
}

impl Fanout {
    pub(crate) fn new(app: App, handover: Handover) -> Self {
        Self { app, handover, walk: Mutex::default() }
    }

    async fn fan_out(&self) -> AppResult<Turn> {
        let mut walk = std::mem::take(&mut *self.walk.lock());
        let partners = self.app.store().unfanned_partners(walk.behind, PARTNERS).await?;
        let results = futures::future::join_all(partners.iter().map(|behind| self.partner(behind.partner, behind.fanned))).await;
        let (mut failed, mut first_error) = (0, None);
        for (partner, result) in partners.iter().zip(results) {
            match result {
                Ok(more) => walk.more |= more,
                Err(error) => {
                    // Trouble with one partner must not keep the others waiting.
                    tracing::warn!(partner = %partner.partner, %error, "a partner's events could not be put on their way");
                    failed += 1;
                    first_error.get_or_insert(error);
                }
            }
        }
        if let Some(error) = first_error.filter(|_| failed == partners.len()) {
            return Err(error);
        }
        let is_full = partners.len() == usize::try_from(PARTNERS).unwrap_or(usize::MAX);
        if let Some(last) = partners.last().filter(|_| is_full) {
            *self.walk.lock() = Walk { behind: Some(last.partner), ..walk };
            return Ok(Turn::More);
        }
        Ok(if walk.more { Turn::More } else { Turn::Idle })
    }

    /// One step for one partner; tells whether there is more.
    async fn partner(&self, partner: PartnerId, fanned: i64) -> AppResult<bool> {
        let app = &self.app;
        let store = app.store();
        let id = cursor_of(partner)?;
        let (cursor, events) = futures::try_join!(store.cursor(id), store.events_after(partner, fanned, EVENTS))?;
        // Only afterwards, so that every subscription made before one of these events is seen: a new one has no version
        // that this step could be fenced by.
        let subscriptions = store.subscriptions_of(partner).await?;
        let cursor = cursor.unwrap_or(Cursor { id, version: 0, position: "0".to_owned(), moved_at: app.real().now(), read_at: None });
        let Some(last) = events.last().map(|event| event.sequence) else { return Ok(false) };
        if cursor.position != fanned.to_string() {
            return Ok(true);
        }
        let (mut deliveries, changed) = deliveries(app.business().now(), &events, subscriptions);
        let mut step = Step::new();
        // What this process can deliver at once is created under its lease: one commit less for each.
        let begun = self.handover.reserve(&mut deliveries, &changed).await?;
        deliveries.iter().for_each(|delivery| step.write(delivery.clone()));
        changed.into_iter().for_each(|subscription| step.write(subscription));
        step.write(Cursor { position: last.to_string(), moved_at: app.real().now(), ..cursor });
        match app.commit(step).await {
            Ok(_) => {
                begun.start(deliveries, events);
                Ok(last > fanned && self.is_behind(partner, last).await?)
            }
            // Another process has put these on their way, or a subscription changed: the next turn looks again.
            Err(CommitError::Conflict(_)) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    async fn is_behind(&self, partner: PartnerId, last: i64) -> AppResult<bool> {
        Ok(self.app.store().last_event(partner).await? > last)
    }
}

/// The cursor of a partner's log.
fn cursor_of(partner: PartnerId) -> AppResult<CursorName> {
    format!("fanout-{partner}").parse().map_err(|_| AppError::defect("the name of a fan-out cursor is no code"))
}

/// The deliveries of events, and the subscriptions that they change. What happens while a subscription is disabled is parked,
/// so that it can be replayed, and the next delivery tells what was missed.
fn deliveries(now: Timestamp, events: &[Event], subscriptions: Vec<Subscription>) -> (Vec<Delivery>, Vec<Subscription>) {
    let mut deliveries = Vec::new();
    let mut changed = Vec::new();
    for mut subscription in subscriptions.into_iter().filter(|subscription| subscription.active) {
        let wanted = events.iter().filter(|event| {
            let draft = &event.draft;
            // What happened before somebody subscribed is not news to them.
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

    fn turn(&self) -> Task<'_, AppResult<Turn>> {
        Box::pin(self.fan_out())
    }

    fn woken(&self) -> Task<'_, ()> {
        Box::pin(self.app.wake().fanout())
    }
}
