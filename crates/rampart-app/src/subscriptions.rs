//! Webhook subscriptions: one of a partner for each type of event.

use std::net::IpAddr;

use rampart_core::event::EventType;
use rampart_core::refusal::Code;
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_core::webhook::Subscription;
use rampart_store::CommitError;

use crate::app::{App, MOST_TRIES};
use crate::authenticate::Caller;
use crate::error::{AppError, Reply};
use crate::fields::{Fields, LONGEST, LONGEST_URL};
use crate::idempotency::{Earlier, Meaning};
use crate::views::{Answer, SubscriptionView};

const CREATED: &str = "\"subscription_created\"";
const UPDATED: &str = "\"subscription_updated\"";

impl App {
    /// Subscribes to a type of event; subscribing again replaces the URL.
    ///
    /// # Errors
    /// `fail_mandatory_field`, `validation_failed`, `idempotency_conflict`.
    pub async fn subscribe(&self, caller: &Caller, url: Option<String>, kind: Option<String>, key: Option<&str>) -> Reply<Answer> {
        self.put_subscription(caller, "POST /api/subscribeToWebhook", url, kind, key).await
    }

    /// Changes the URL of a subscription.
    ///
    /// # Errors
    /// `subscription_not_found` when the type was never subscribed, and as [`App::subscribe`].
    pub async fn update_subscription(
        &self,
        caller: &Caller,
        url: Option<String>,
        kind: Option<String>,
        key: Option<&str>,
    ) -> Reply<Answer> {
        self.put_subscription(caller, "POST /api/updateWebhookSubscription", url, kind, key).await
    }

    async fn put_subscription(
        &self,
        caller: &Caller,
        operation: &str,
        url: Option<String>,
        kind: Option<String>,
        key: Option<&str>,
    ) -> Reply<Answer> {
        let is_new = operation.ends_with("subscribeToWebhook");
        let answer = if is_new { CREATED } else { UPDATED };
        let repeat = self.repeat(caller, operation, key, None, [(Meaning::Text, &url), (Meaning::Text, &kind)]).await?;
        if let Some(Earlier::Answer { data, .. }) = repeat.earlier(&self.standing_claims(&repeat, None).await?)? {
            return Ok(Answer { data, replayed: true });
        }
        let mut fields = Fields::new();
        let url = fields.required("url", &url, LONGEST_URL).and_then(|text| self.webhook_url(&mut fields, text));
        let delivered_as = fields.required("type", &kind, LONGEST);
        let kind = delivered_as.and_then(|kind| match kind.parse::<EventType>() {
            Ok(kind) => Some(kind),
            Err(fault) => {
                fields.malformed("type", fault.to_string());
                None
            }
        });
        fields.finish()?;
        let (Some(url), Some(kind), Some(delivered_as)) = (url, kind, delivered_as) else {
            return Err(Code::ValidationFailed.into());
        };
        for _ in 0..MOST_TRIES {
            let known = self.subscription_of(caller, kind).await?;
            if !is_new && !known.as_ref().is_some_and(|subscription| subscription.active) {
                return Err(Code::SubscriptionNotFound.into());
            }
            let mint = self.mint();
            let mut step = Step::new();
            let subscription = match known {
                Some(known) => {
                    Subscription { url: url.clone(), delivered_as: delivered_as.to_owned(), active: true, updated_at: mint.now, ..known }
                }
                None => {
                    let subscription = Subscription {
                        id: mint.id(),
                        version: 0,
                        partner: caller.partner.id,
                        kind,
                        delivered_as: delivered_as.to_owned(),
                        url: url.clone(),
                        active: true,
                        last_sequence: 0,
                        created_at: mint.now,
                        updated_at: mint.now,
                    };
                    let name = format!("{}:{kind}", caller.partner.id);
                    step.claims.push(Claim::forever(ClaimScope::Subscription, name, subscription.id));
                    subscription
                }
            };
            step.claims.extend(repeat.claims(self, subscription.id, answer));
            step.write(subscription);
            match self.commit(step).await {
                Ok(_) => return Ok(Answer { data: answer.to_owned(), replayed: false }),
                Err(CommitError::AlreadyClaimed(claim)) if claim.scope == ClaimScope::IdempotencyKey => {
                    return repeat.earlier_by(&claim).map(|_| Answer { data: answer.to_owned(), replayed: true });
                }
                // Somebody else made the first one, or the events of the moment moved it on.
                Err(CommitError::AlreadyClaimed(_) | CommitError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Unavailable("the subscription is changing too fast".into()))
    }

    async fn subscription_of(&self, caller: &Caller, kind: EventType) -> Reply<Option<Subscription>> {
        let all = self.store().subscriptions_of(caller.partner.id).await?;
        Ok(all.into_iter().find(|subscription| subscription.kind == kind))
    }

    /// In live mode webhooks go over https to the public network; names are checked again at every connection.
    fn webhook_url(&self, fields: &mut Fields, text: &str) -> Option<String> {
        let live = self.config().is_live();
        let fault = match url::Url::parse(text.trim()) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") || !url.has_host() => "must begin with http:// or https://",
            Ok(url) if live && url.scheme() != "https" => "must begin with https://",
            Ok(url) if live && is_private(&url) => "must not lead into a private network",
            Ok(url) => return Some(url.into()),
            Err(_) => "must be a URL",
        };
        fields.malformed("url", fault);
        None
    }

    /// The partner's subscriptions.
    ///
    /// # Errors
    /// [`AppError::Unavailable`] when the database cannot be read.
    pub async fn subscriptions(&self, caller: &Caller) -> Reply<Vec<SubscriptionView>> {
        let all = self.store().subscriptions_of(caller.partner.id).await?;
        let active = all.into_iter().filter(|subscription| subscription.active);
        Ok(active
            .map(|subscription| SubscriptionView {
                id: subscription.id.to_string(),
                kind: subscription.delivered_as,
                url: subscription.url,
                created_at: subscription.created_at,
                updated_at: subscription.updated_at,
            })
            .collect())
    }

    /// Ends a subscription. What is on its way to it is dropped.
    ///
    /// # Errors
    /// `subscription_not_found` when there is none of this type.
    pub async fn delete_subscription(&self, caller: &Caller, kind: &str) -> Reply<()> {
        let kind: EventType = kind.parse().map_err(|_| Code::SubscriptionNotFound)?;
        for _ in 0..MOST_TRIES {
            let known = self.subscription_of(caller, kind).await?.filter(|known| known.active).ok_or(Code::SubscriptionNotFound)?;
            let mut step = Step::new();
            step.write(Subscription { active: false, updated_at: self.business().now(), ..known });
            match self.commit(step).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(AppError::Unavailable("the subscription is changing too fast".into()))
    }
}

/// Whether a URL names a private address or this very machine.
fn is_private(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => !crate::network::is_public(IpAddr::V4(ip)),
        Some(url::Host::Ipv6(ip)) => !crate::network::is_public(IpAddr::V6(ip)),
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
