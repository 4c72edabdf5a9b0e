//! Webhook subscriptions: one per partner and event type.

use std::net::IpAddr;

use rampart_core::partner::event::{EventType, SubscriptionType};
use rampart_core::partner::webhook::Subscription;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_store::CommitError;
use url::Url;

use crate::app::App;
use crate::error::AppResult;
use crate::orders::idempotency;
use crate::orders::idempotency::{IdempotentRequest, StoredResponse};
use crate::request::field::{FieldKind, optional, required};
use crate::request::{CompareAs, request};
use crate::retry::{retry, retry_unless};
use crate::views::{CreatedResponse, SubscriptionStatus, SubscriptionView};
use rampart_http::AuthenticatedPartner;

const CREATED: &str = "\"subscription_created\"";
const UPDATED: &str = "\"subscription_updated\"";
/// Deliveries replayed in one step.
const REPLAY_PAGE_ROWS: u32 = 200;
/// Steps of a replay in one call.
const MAX_REPLAY_PAGES: usize = 50;
/// Limit of the count of a subscription's parked deliveries.
const MAX_COUNTED_ROWS: u32 = 1_000;

/// The two calls that write a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionCall {
    /// Creates the subscription or replaces its URL.
    Subscribe,
    /// Changes the URL of an existing subscription.
    Update,
}

request! {
    /// The request of both calls.
    SubscriptionRequest refused by [SubscriptionNotFound] {
        url: Url = required(FieldKind::Link, "The URL that receives the events, without user name and password. In live mode it must use https on port 443 or another port that the operator allows, and must not resolve to a private network.").example(r#""https://partner.example/webhooks/rampart""#).compared(CompareAs::Text);
        kind as "type": SubscriptionType = required(FieldKind::Choice(&SubscriptionType::TEXTS), "The event type. `TRANSFER_RAMPOFF_FINISHED` is a newer name of `RAMPOFF_FINISHED`; events are delivered under the name that you subscribed to.").example(r#""PAY_IN""#);
        replay: Option<bool> = optional(FieldKind::Choice(&["true", "false"]), "`true` delivers the parked events of this subscription again as if they were new: up to 10,000 per call, oldest first. See `parked` in `GET /api/webhooks`.").compared(CompareAs::CodeIfSent);
    }
}

/// Creates or changes a subscription and enables it again if it was disabled. With `replay`, its oldest parked
/// deliveries are made due again, at most 10,000 in one call.
///
/// # Errors
/// `idempotency_conflict`; `validation_failed` for a URL that is not delivered to; for an update `subscription_not_found` when the type
/// is not subscribed.
pub async fn put_subscription(
    app: &App,
    caller: &AuthenticatedPartner,
    call: SubscriptionCall,
    request: &SubscriptionRequest<'_>,
    key: Option<&str>,
) -> AppResult<CreatedResponse> {
    let is_new = call == SubscriptionCall::Subscribe;
    let (operation, answer) =
        if is_new { ("POST /api/subscribeToWebhook", CREATED) } else { ("POST /api/updateWebhookSubscription", UPDATED) };
    let idempotency = idempotency::idempotent_request(app, caller, operation, key, None, request.sent).await?;
    let parsed = Some(EventType::from(request.kind)).filter(|_| request.replay == Some(true));
    if let Some(StoredResponse::Answer { data, .. }) =
        idempotency.stored_response(&idempotency::existing_claims(app, &idempotency, None).await?)?
    {
        // Its replay may have been interrupted.
        replay_parked(app, caller, parsed).await?;
        return Ok(CreatedResponse { data, replayed: true });
    }
    let answer = try_subscription(app, caller, is_new, answer, request, &idempotency).await?;
    replay_parked(app, caller, parsed).await?;
    Ok(answer)
}

/// Makes the parked deliveries of an event type due again.
async fn replay_parked(app: &App, caller: &AuthenticatedPartner, kind: Option<EventType>) -> AppResult<()> {
    let Some(kind) = kind else { return Ok(()) };
    let Some(subscription) = subscription_of(app, caller, kind).await?.filter(|known| known.active && !known.is_disabled()) else {
        return Ok(());
    };
    for _ in 0..MAX_REPLAY_PAGES {
        let page = app.store.deliveries_parked_to(subscription.id, None, REPLAY_PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(());
        }
        let (mut step, now) = (Step::new(), app.business.now());
        page.into_iter().for_each(|delivery| step.write(delivery.again(now)));
        match app.commit(step).await {
            // Another call replays them.
            Ok(_) | Err(CommitError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn try_subscription(
    app: &App,
    caller: &AuthenticatedPartner,
    is_new: bool,
    answer: &'static str,
    request: &SubscriptionRequest<'_>,
    idempotency: &IdempotentRequest<'_>,
) -> AppResult<CreatedResponse> {
    let (kind, delivered_as) = (EventType::from(request.kind), request.kind);
    check_receiver(app, &request.url).map_err(|fault| Refusal::field(ErrorCode::ValidationFailed, "url", fault))?;
    let (url, answered) = (request.url.as_str(), |replayed| CreatedResponse { data: answer.to_owned(), replayed });
    let decide = || async move {
        let known = subscription_of(app, caller, kind).await?;
        if !is_new && !known.as_ref().is_some_and(|subscription| subscription.active) {
            return Err(ErrorCode::SubscriptionNotFound.into());
        }
        let mint = app.mint();
        let mut step = Step::new();
        let subscription = match known {
            Some(known) => {
                Subscription { url: url.to_owned(), delivered_as, active: true, updated_at: mint.now, disabled_at: None, ..known }
            }
            None => {
                let subscription = Subscription::new(&mint, caller.partner.id, delivered_as, url.to_owned());
                let name = format!("{}:{kind}", caller.partner.id);
                step.claims.push(Claim::forever(ClaimScope::Subscription, name, subscription.id));
                subscription
            }
        };
        step.claims.extend(idempotency.claims(app, subscription.id, answer));
        step.write(subscription);
        Ok((step, answered(false)))
    };
    retry_unless(app, "subscription is", decide, |error| match error {
        CommitError::AlreadyClaimed(claim) if claim.scope == ClaimScope::IdempotencyKey => {
            idempotency.stored_response_of(&claim).map(|_| Some(answered(true)))
        }
        // Another call created it.
        CommitError::AlreadyClaimed(_) => Ok(None),
        error => Err(error.into()),
    })
    .await
}

async fn subscription_of(app: &App, caller: &AuthenticatedPartner, kind: EventType) -> AppResult<Option<Subscription>> {
    let all = app.store.subscriptions_of(caller.partner.id).await?;
    Ok(all.into_iter().find(|subscription| subscription.kind == kind))
}

/// Checks the URL of a webhook. In live mode: https to the public network; host names are checked again at every
/// connection.
fn check_receiver(app: &App, url: &Url) -> Result<(), &'static str> {
    let live = app.config.is_live();
    let is_usual = || url.port_or_known_default().is_some_and(|port| app.config.webhooks.live_ports.contains(&port));
    match url {
        _ if !url.username().is_empty() || url.password().is_some() => {
            Err("must not contain a user name or password: verify the signature instead")
        }
        _ if live && url.scheme() != "https" => Err("must begin with https://"),
        _ if live && !is_usual() => Err("must have the usual port of https, or one that the operator allows"),
        _ if live && is_private(url) => Err("must not lead into a private network"),
        _ => Ok(()),
    }
}

/// The partner's active subscriptions.
pub async fn subscriptions(app: &App, caller: &AuthenticatedPartner) -> AppResult<Vec<SubscriptionView>> {
    let (all, parked) =
        futures::try_join!(app.store.subscriptions_of(caller.partner.id), app.store.parked_counts(caller.partner.id, MAX_COUNTED_ROWS))?;
    let active = all.into_iter().filter(|subscription| subscription.active);
    Ok(active
        .map(|subscription| SubscriptionView {
            id: subscription.id.to_string(),
            status: if subscription.is_disabled() { SubscriptionStatus::Disabled } else { SubscriptionStatus::Active },
            disabled_at: subscription.disabled_at,
            parked: parked.iter().find(|(id, _)| *id == subscription.id).map_or(0, |(_, count)| *count),
            kind: subscription.delivered_as,
            url: subscription.url,
            created_at: subscription.created_at,
            updated_at: subscription.updated_at,
        })
        .collect())
}

/// Deletes a subscription. Its undelivered events are dropped.
///
/// # Errors
/// `subscription_not_found` when the type is not subscribed.
pub async fn delete_subscription(app: &App, caller: &AuthenticatedPartner, kind: &str) -> AppResult<()> {
    let kind: EventType = kind.parse().map_err(|_| ErrorCode::SubscriptionNotFound)?;
    retry(app, "subscription is", || async move {
        let known = subscription_of(app, caller, kind).await?.filter(|known| known.active).ok_or(ErrorCode::SubscriptionNotFound)?;
        let mut step = Step::new();
        step.write(Subscription { active: false, updated_at: app.business.now(), ..known });
        Ok((step, ()))
    })
    .await
}

/// Whether a URL names a private address or this machine.
fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => !crate::state::network::is_public(IpAddr::V4(ip)),
        Some(url::Host::Ipv6(ip)) => !crate::state::network::is_public(IpAddr::V6(ip)),
        Some(url::Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost"
                || name.ends_with(".localhost")
                || name.ends_with(".local")
                || name.ends_with(".internal")
                || !name.contains('.')
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_type_can_be_subscribed_to() {
        for kind in EventType::ALL {
            assert!(SubscriptionType::TEXTS.contains(&kind.as_str()), "{kind}");
        }
        assert!(SubscriptionType::TEXTS.iter().all(|name| name.parse::<EventType>().is_ok()));
    }
}
