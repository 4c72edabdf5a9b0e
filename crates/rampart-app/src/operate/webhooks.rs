//! Webhook deliveries that were given up.

use std::collections::BTreeMap;

use rampart_core::event::Event;
use rampart_core::id::{DeliveryId, PartnerId};
use rampart_core::step::Step;
use rampart_core::webhook::{Delivery, DeliveryState};
use serde::Serialize;

use super::orders::{Line, once};
use super::{Operator, audit, refuse};
use crate::app::{App, MOST_TRIES};
use crate::error::{AppError, Reply};

/// How many deliveries are put on their way again in one step.
const PAGE: u32 = 200;

/// A delivery that was tried for three days.
#[derive(Debug, Clone, Serialize)]
pub struct ParkedDelivery {
    /// Its identifier.
    pub id: String,
    /// The partner.
    pub partner: String,
    /// The event, by number.
    pub sequence: i64,
    /// The event's type.
    pub kind: String,
    /// Where to.
    pub url: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was first due.
    pub created_at: String,
}

/// Parked deliveries, oldest first, behind `behind`.
///
/// # Errors
/// [`AppError::Unavailable`] when the database cannot be read.
pub async fn parked(app: &App, behind: Option<DeliveryId>, limit: u32) -> Reply<Vec<ParkedDelivery>> {
    let deliveries = app.store().deliveries_parked(behind, limit).await?;
    let ids: Vec<_> = deliveries.iter().map(|delivery| delivery.subscription).collect();
    let subscriptions = app.store().subscriptions_by_id(&ids).await?;
    let line = |delivery: Delivery| {
        let subscription = subscriptions.iter().find(|subscription| subscription.id == delivery.subscription);
        ParkedDelivery {
            id: delivery.id.to_string(),
            partner: delivery.partner.to_string(),
            sequence: delivery.sequence,
            kind: subscription.map(|subscription| subscription.delivered_as.clone()).unwrap_or_default(),
            url: subscription.map(|subscription| subscription.url.clone()).unwrap_or_default(),
            attempts: delivery.attempts,
            last_error: delivery.last_error,
            created_at: delivery.created_at.to_string(),
        }
    };
    Ok(deliveries.into_iter().map(line).collect())
}

/// What became of telling a partner's subscriptions of these events, in their order.
pub(super) async fn of_events(app: &App, partner: PartnerId, events: &[Event]) -> Reply<Vec<Line>> {
    let subscriptions = app.store().subscriptions_of(partner).await?;
    let mut wanted = BTreeMap::new();
    for event in events {
        let of_its_kind = subscriptions.iter().filter(|subscription| subscription.kind == event.draft.kind);
        wanted.extend(of_its_kind.map(|subscription| (Delivery::id_of(&event.draft, subscription.id), subscription)));
    }
    let ids: Vec<DeliveryId> = wanted.keys().copied().collect();
    let mut deliveries = app.store().deliveries_by_id(&ids).await?;
    deliveries.sort_by_key(|delivery| (delivery.sequence, delivery.id));
    let line = |delivery: Delivery| {
        let told = wanted.get(&delivery.id).map(|subscription| format!("{} to {}", subscription.delivered_as, subscription.url));
        let error = delivery.last_error.map(|error| format!(", last: {error}")).unwrap_or_default();
        let state = match delivery.state {
            DeliveryState::Delivered => "delivered".to_owned(),
            DeliveryState::Pending => format!("due {}", delivery.due_at),
            DeliveryState::Parked => "parked".to_owned(),
            DeliveryState::Dropped => "dropped: its subscription was deleted".to_owned(),
        };
        let what = format!("{} {}", delivery.sequence, told.unwrap_or_default());
        Line { id: delivery.id.to_string(), what, state: format!("{state}, attempts {}{error}", delivery.attempts) }
    };
    Ok(deliveries.into_iter().map(line).collect())
}

/// A parked delivery as if it were new: it is tried for three days again.
fn again(app: &App, delivery: Delivery) -> Delivery {
    let now = app.business().now();
    Delivery { state: DeliveryState::Pending, attempts: 0, due_at: now, leased_until: None, created_at: now, ..delivery }
}

/// Puts a parked delivery on its way again.
///
/// # Errors
/// A refusal when it does not exist or is not parked.
pub async fn replay(app: &App, operator: &Operator, id: DeliveryId) -> Reply<()> {
    for _ in 0..MOST_TRIES {
        let delivery = app.store().delivery(id).await?.ok_or_else(|| refuse(format!("there is no delivery {id}")))?;
        if delivery.state != DeliveryState::Parked {
            return Err(refuse("the delivery is not parked"));
        }
        let mut step = Step::new();
        audit(app, operator, "webhook.replay", id, &mut step);
        step.write(again(app, delivery));
        if let Some(outcome) = once(app, step).await {
            return outcome;
        }
    }
    Err(AppError::Unavailable("the delivery is changing too fast".to_owned()))
}

/// Puts every parked delivery of a partner on its way again; tells how many.
///
/// # Errors
/// [`AppError::Unavailable`] when the database cannot be reached; what was replayed until then stays so.
pub async fn replay_all(app: &App, operator: &Operator, partner: PartnerId) -> Reply<u64> {
    let mut replayed = 0;
    loop {
        let page = app.store().deliveries_parked_of(partner, None, PAGE).await?;
        let count = u64::try_from(page.len()).unwrap_or(u64::MAX);
        if count == 0 {
            return Ok(replayed);
        }
        let mut step = Step::new();
        audit(app, operator, "webhook.replay_all", partner, &mut step);
        page.into_iter().for_each(|delivery| step.write(again(app, delivery)));
        if let Some(outcome) = once(app, step).await {
            outcome?;
            replayed += count;
        }
    }
}
