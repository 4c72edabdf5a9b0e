//! Parked webhook deliveries and disabled subscriptions.

use std::collections::BTreeMap;

use rampart_core::id::{DeliveryId, PartnerId, SubscriptionId};
use rampart_core::partner::event::Event;
use rampart_core::partner::webhook::{Delivery, DeliveryState, Subscription};
use rampart_core::step::Step;
use rampart_store::CommitError;
use serde::Serialize;

use super::{Operator, OrderFileLine, audit, commit_result, operators_retry, refuse};
use crate::app::App;
use crate::error::AppResult;

/// Deliveries replayed in one step.
const PAGE_ROWS: u32 = 200;

/// A delivery that failed for three days, or whose subscription is disabled.
#[derive(Debug, Clone, Serialize)]
pub struct ParkedDelivery {
    pub id: String,
    pub partner: String,
    pub sequence: i64,
    pub kind: String,
    pub url: String,
    pub attempts: u32,
    pub last_error: Option<String>,
    pub created_at: String,
}

/// Parked deliveries, oldest first, after `behind`.
pub async fn parked(app: &App, behind: Option<DeliveryId>, limit: u32) -> AppResult<Vec<ParkedDelivery>> {
    let deliveries = app.store.deliveries_parked(behind, limit).await?;
    let ids: Vec<_> = deliveries.iter().map(|delivery| delivery.subscription).collect();
    let subscriptions = app.store.subscriptions_by_id(&ids).await?;
    let line = |delivery: Delivery| {
        let subscription = subscriptions.iter().find(|subscription| subscription.id == delivery.subscription);
        ParkedDelivery {
            id: delivery.id.to_string(),
            partner: delivery.partner.to_string(),
            sequence: delivery.sequence,
            kind: subscription.map(|subscription| subscription.delivered_as.to_string()).unwrap_or_default(),
            url: subscription.map(|subscription| subscription.url.clone()).unwrap_or_default(),
            attempts: delivery.attempts,
            last_error: delivery.last_error,
            created_at: delivery.created_at.to_string(),
        }
    };
    Ok(deliveries.into_iter().map(line).collect())
}

/// The deliveries of events to a partner's subscriptions, in the events' order.
pub(super) async fn of_events(app: &App, partner: PartnerId, events: &[Event]) -> AppResult<Vec<OrderFileLine>> {
    let subscriptions = app.store.subscriptions_of(partner).await?;
    let mut wanted = BTreeMap::new();
    for event in events {
        let of_its_kind = subscriptions.iter().filter(|subscription| subscription.kind == event.draft.kind);
        wanted.extend(of_its_kind.map(|subscription| (Delivery::id_of(&event.draft, subscription.id), subscription)));
    }
    let ids: Vec<DeliveryId> = wanted.keys().copied().collect();
    let mut deliveries = app.store.deliveries_by_id(&ids).await?;
    deliveries.sort_by_key(|delivery| (delivery.sequence, delivery.id));
    let line = |delivery: Delivery| {
        let subscribed = wanted.get(&delivery.id).map(|subscription| format!("{} to {}", subscription.delivered_as, subscription.url));
        let error = delivery.last_error.map(|error| format!(", last: {error}")).unwrap_or_default();
        let state = match delivery.state {
            DeliveryState::Delivered => "delivered".to_owned(),
            DeliveryState::Pending => format!("due {}", delivery.due_at),
            DeliveryState::Parked => "parked".to_owned(),
            DeliveryState::Dropped => "dropped: its subscription was deleted".to_owned(),
        };
        let what = format!("{} {}", delivery.sequence, subscribed.unwrap_or_default());
        OrderFileLine { id: delivery.id.to_string(), what, state: format!("{state}, attempts {}{error}", delivery.attempts) }
    };
    Ok(deliveries.into_iter().map(line).collect())
}

/// Makes a parked delivery due again.
///
/// # Errors
/// A refusal when it does not exist, is not parked, or its subscription is disabled.
pub async fn replay(app: &App, operator: &Operator, id: DeliveryId) -> AppResult<()> {
    operators_retry(app, "delivery is", || async move {
        let delivery = app.store.delivery(id).await?.ok_or_else(|| refuse(format!("there is no delivery {id}")))?;
        if delivery.state != DeliveryState::Parked {
            return Err(refuse("the delivery is not parked"));
        }
        if app.store.subscription(delivery.subscription).await?.is_some_and(|subscription| subscription.is_disabled()) {
            return Err(refuse("its subscription is disabled: the partner has to subscribe again first"));
        }
        let mut step = Step::new();
        audit(app, operator, "webhook.replay", id, &mut step);
        step.write(delivery.again(app.business.now()));
        Ok((step, ()))
    })
    .await
}

/// Makes all parked deliveries of a partner due again, except those of disabled subscriptions. Returns how many.
///
/// # Errors
/// [`AppError::Unavailable`] when the database cannot be reached. Deliveries replayed until then stay due.
pub async fn replay_all(app: &App, operator: &Operator, partner: PartnerId) -> AppResult<u64> {
    let (mut replayed, mut behind) = (0, None);
    loop {
        let page = app.store.deliveries_parked_of(partner, behind, PAGE_ROWS).await?;
        let Some(last) = page.last().map(|delivery| delivery.id) else { return Ok(replayed) };
        let subscriptions = app.store.subscriptions_of(partner).await?;
        let listens = |delivery: &Delivery| !subscriptions.iter().any(|known| known.id == delivery.subscription && known.is_disabled());
        let page: Vec<Delivery> = page.into_iter().filter(listens).collect();
        if page.is_empty() {
            behind = Some(last);
            continue;
        }
        let count = u64::try_from(page.len()).unwrap_or(u64::MAX);
        let mut step = Step::new();
        audit(app, operator, "webhook.replay_all", partner, &mut step);
        let now = app.business.now();
        page.into_iter().for_each(|delivery| step.write(delivery.again(now)));
        match app.commit(step).await {
            Err(CommitError::Conflict(_)) => {}
            outcome => {
                commit_result(outcome)?;
                replayed += count;
                behind = Some(last);
            }
        }
    }
}

/// A subscription that was disabled because its receiver answered 410 Gone.
#[derive(Debug, Clone, Serialize)]
pub struct DisabledSubscription {
    pub id: String,
    pub partner: String,
    pub kind: String,
    pub url: String,
    pub disabled_at: String,
}

/// Disabled subscriptions, oldest first, after `behind`.
pub async fn disabled(app: &App, behind: Option<SubscriptionId>, limit: u32) -> AppResult<Vec<DisabledSubscription>> {
    let line = |subscription: Subscription| DisabledSubscription {
        id: subscription.id.to_string(),
        partner: subscription.partner.to_string(),
        kind: subscription.delivered_as.to_string(),
        url: subscription.url,
        disabled_at: subscription.disabled_at.map(|at| at.to_string()).unwrap_or_default(),
    };
    Ok(app.store.subscriptions_disabled(behind, limit).await?.into_iter().map(line).collect())
}
