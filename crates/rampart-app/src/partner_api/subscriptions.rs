//! Webhook subscriptions: one per partner and event type.

use std::net::IpAddr;

use rampart_core::partner::event::{EventType, SubscriptionType};
use rampart_core::partner::webhook::Subscription;
use rampart_core::refusal::ErrorCode;
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_store::CommitError;

use crate::app::{App, MAX_COMMIT_ATTEMPTS};
use crate::error::{AppError, AppResult};
use crate::orders::idempotency;
use crate::orders::idempotency::{CompareAs, FieldText, IdempotentRequest, StoredResponse};
use crate::partner_api::authenticate::AuthenticatedPartner;
use crate::partner_api::fields::{FieldReader, MAX_FIELD_CHARACTERS, MAX_URL_CHARACTERS};
use crate::views::{CreatedResponse, SubscriptionStatus, SubscriptionView};

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

/// The fields of both calls, as sent.
#[derive(Debug, Clone, Default)]
pub struct SubscriptionRequest {
    pub url: Option<String>,
    pub kind: Option<String>,
    /// `true` to deliver parked deliveries again.
    pub replay: Option<String>,
}

/// Subscribes to an event type. Subscribing again replaces the URL.
///
/// # Errors
/// As [`App::put_subscription`].
pub async fn subscribe(
    app: &App,
    caller: &AuthenticatedPartner,
    url: Option<String>,
    kind: Option<String>,
    key: Option<&str>,
) -> AppResult<CreatedResponse> {
    put_subscription(app, caller, SubscriptionCall::Subscribe, SubscriptionRequest { url, kind, replay: None }, key).await
}

/// Changes the URL of a subscription.
///
/// # Errors
/// As [`App::put_subscription`].
pub async fn update_subscription(
    app: &App,
    caller: &AuthenticatedPartner,
    url: Option<String>,
    kind: Option<String>,
    key: Option<&str>,
) -> AppResult<CreatedResponse> {
    put_subscription(app, caller, SubscriptionCall::Update, SubscriptionRequest { url, kind, replay: None }, key).await
}

/// Creates or changes a subscription and enables it again if it was disabled. With `replay`, its oldest parked
/// deliveries are made due again, at most 10,000 in one call.
///
/// # Errors
/// `fail_mandatory_field`, `validation_failed`, `idempotency_conflict`; for an update `subscription_not_found` when
/// the type is not subscribed.
pub async fn put_subscription(
    app: &App,
    caller: &AuthenticatedPartner,
    call: SubscriptionCall,
    request: SubscriptionRequest,
    key: Option<&str>,
) -> AppResult<CreatedResponse> {
    let SubscriptionRequest { url, kind, replay } = request;
    let is_new = call == SubscriptionCall::Subscribe;
    let (operation, answer) =
        if is_new { ("POST /api/subscribeToWebhook", CREATED) } else { ("POST /api/updateWebhookSubscription", UPDATED) };
    let mut sent: Vec<(CompareAs, &dyn FieldText)> = vec![(CompareAs::Text, &url), (CompareAs::Text, &kind)];
    // Earlier versions did not have this field: without it the fingerprint stays the same.
    sent.extend(replay.is_some().then_some((CompareAs::Code, &replay as &dyn FieldText)));
    let idempotency = idempotency::idempotent_request(app, caller, operation, key, None, sent).await?;
    let wants_replay = replay.as_deref() == Some("true");
    let parsed = kind.as_deref().and_then(|kind| kind.parse().ok()).filter(|_| wants_replay);
    if let Some(StoredResponse::Answer { data, .. }) =
        idempotency.stored_response(&idempotency::existing_claims(app, &idempotency, None).await?)?
    {
        // Its replay may have been interrupted.
        replay_parked(app, caller, parsed).await?;
        return Ok(CreatedResponse { data, replayed: true });
    }
    let answer = try_subscription(app, caller, is_new, answer, (url, kind), &idempotency).await?;
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
    (url, kind): (Option<String>, Option<String>),
    idempotency: &IdempotentRequest<'_>,
) -> AppResult<CreatedResponse> {
    let mut fields = FieldReader::new();
    let url = fields.required("url", &url, MAX_URL_CHARACTERS).and_then(|text| webhook_url(app, &mut fields, text));
    let delivered_as = fields.required("type", &kind, MAX_FIELD_CHARACTERS).and_then(|kind| match kind.parse::<SubscriptionType>() {
        Ok(kind) => Some(kind),
        Err(fault) => {
            fields.malformed("type", fault.to_string());
            None
        }
    });
    fields.finish()?;
    let (Some(url), Some(delivered_as)) = (url, delivered_as) else { return Err(ErrorCode::ValidationFailed.into()) };
    let kind = EventType::from(delivered_as);
    for _ in 0..MAX_COMMIT_ATTEMPTS {
        let known = subscription_of(app, caller, kind).await?;
        if !is_new && !known.as_ref().is_some_and(|subscription| subscription.active) {
            return Err(ErrorCode::SubscriptionNotFound.into());
        }
        let mint = app.mint();
        let mut step = Step::new();
        let subscription = match known {
            Some(known) => Subscription { url: url.clone(), delivered_as, active: true, updated_at: mint.now, disabled_at: None, ..known },
            None => {
                let subscription = Subscription {
                    id: mint.id(),
                    version: 0,
                    partner: caller.partner.id,
                    kind,
                    delivered_as,
                    url: url.clone(),
                    active: true,
                    last_sequence: 0,
                    created_at: mint.now,
                    updated_at: mint.now,
                    disabled_at: None,
                };
                let name = format!("{}:{kind}", caller.partner.id);
                step.claims.push(Claim::forever(ClaimScope::Subscription, name, subscription.id));
                subscription
            }
        };
        step.claims.extend(idempotency.claims(app, subscription.id, answer));
        step.write(subscription);
        match app.commit(step).await {
            Ok(_) => return Ok(CreatedResponse { data: answer.to_owned(), replayed: false }),
            Err(CommitError::AlreadyClaimed(claim)) if claim.scope == ClaimScope::IdempotencyKey => {
                return idempotency.stored_response_of(&claim).map(|_| CreatedResponse { data: answer.to_owned(), replayed: true });
            }
            // Another call created it, or a new event advanced its sequence.
            Err(CommitError::AlreadyClaimed(_) | CommitError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(AppError::Unavailable("the subscription is changing too fast".into()))
}

async fn subscription_of(app: &App, caller: &AuthenticatedPartner, kind: EventType) -> AppResult<Option<Subscription>> {
    let all = app.store.subscriptions_of(caller.partner.id).await?;
    Ok(all.into_iter().find(|subscription| subscription.kind == kind))
}

/// Validates a webhook URL. In live mode: https to the public network; host names are checked again at every
/// connection.
fn webhook_url(app: &App, fields: &mut FieldReader, text: &str) -> Option<String> {
    let live = app.config.is_live();
    let text = text.trim();
    let is_usual = |url: &url::Url| url.port_or_known_default().is_some_and(|port| app.config.webhooks.live_ports.contains(&port));
    let fault = match url::Url::parse(text) {
        // The parser would drop or escape these characters and so deliver to another URL.
        _ if text.contains(|c: char| c.is_control() || c.is_whitespace()) => "must not contain blanks or control characters",
        Ok(url) if !matches!(url.scheme(), "http" | "https") || !url.has_host() => "must begin with http:// or https://",
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            "must not contain a user name or password: verify the signature instead"
        }
        Ok(url) if live && url.scheme() != "https" => "must begin with https://",
        Ok(url) if live && !is_usual(&url) => "must have the usual port of https, or one that the operator allows",
        Ok(url) if live && is_private(&url) => "must not lead into a private network",
        Ok(url) => return Some(url.into()),
        Err(_) => "must be a URL",
    };
    fields.malformed("url", fault);
    None
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
    for _ in 0..MAX_COMMIT_ATTEMPTS {
        let known = subscription_of(app, caller, kind).await?.filter(|known| known.active).ok_or(ErrorCode::SubscriptionNotFound)?;
        let mut step = Step::new();
        step.write(Subscription { active: false, updated_at: app.business.now(), ..known });
        match app.commit(step).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(AppError::Unavailable("the subscription is changing too fast".into()))
}

/// Whether a URL names a private address or this machine.
fn is_private(url: &url::Url) -> bool {
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
