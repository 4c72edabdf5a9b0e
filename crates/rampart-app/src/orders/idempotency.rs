//! Idempotency: repeated requests are recognised by `Idempotency-Key` and, for orders, by `external_id`.

use std::borrow::Cow;
use std::time::Duration;

use rampart_core::id::PartnerId;
use rampart_core::refusal::{ErrorCode, Family};
use rampart_core::step::{Claim, ClaimScope};
use rampart_core::text::is_blank;
use rampart_store::StoredClaim;

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::request::{CompareAs, InvalidFields, RequestFields};
use crate::state::in_flight::InFlightGuard;
use rampart_http::AuthenticatedPartner;

/// The idempotency keys and the fingerprint of a request. While it lives, concurrent requests with the same keys in
/// this process wait.
pub(crate) struct IdempotentRequest<'a> {
    key: Option<String>,
    external_id: Option<(ClaimScope, String)>,
    fingerprint: String,
    /// The same request's fingerprints in the forms that earlier versions stored.
    legacy_fingerprints: [String; 2],
    _guards: [Option<InFlightGuard<'a>>; 2],
}

/// The stored result of an earlier request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoredResponse {
    /// The response. Its links have no tokens.
    Answer {
        data: String,
        /// Identifier of the order, customer or subscription.
        subject: String,
    },
    /// The order or customer with this identifier; the response is built again.
    Subject(String),
}

fn claim_key(partner: PartnerId, name: &str) -> String {
    format!("{partner}:{name}")
}

/// Identifies a request by its keys, and waits for requests in flight with the same ones.
///
/// `operation` is method and path.
pub(crate) async fn idempotent_request<'a>(
    app: &'a App,
    caller: &AuthenticatedPartner,
    operation: &str,
    key: Option<&str>,
    external_id: Option<(ClaimScope, &str)>,
    sent: &RequestFields,
) -> AppResult<IdempotentRequest<'a>> {
    let partner = caller.partner.id;
    let key = key.map(|key| claim_key(partner, key));
    // A blank one counts as absent.
    let external_id = external_id.filter(|(_, name)| !is_blank(name));
    let external_id = external_id.map(|(scope, name)| (scope, claim_key(partner, name)));
    if key.is_none() && external_id.is_none() {
        return Ok(IdempotentRequest {
            key,
            external_id,
            fingerprint: String::new(),
            legacy_fingerprints: Default::default(),
            _guards: [None, None],
        });
    }
    let over = |read: fn(CompareAs, Option<&str>) -> Option<Cow<'_, str>>| {
        let fields = sent.compared().map(|(meaning, value)| read(meaning, value));
        app.keys.fingerprint(std::iter::once(Some(Cow::Borrowed(operation))).chain(fields))
    };
    let fingerprint = over(CompareAs::canonical);
    let legacy_fingerprints = [over(|_, value| value.map(Cow::Borrowed)), over(CompareAs::canonical_keeping_blanks)];
    // Locked in one order, key before name, so that two requests that share both cannot deadlock.
    let by_key = match &key {
        Some(key) => Some(app.in_flight.acquire(format!("key:{key}")).await),
        None => None,
    };
    let by_name = match &external_id {
        Some((scope, name)) => Some(app.in_flight.acquire(format!("{scope:?}:{name}")).await),
        None => None,
    };
    Ok(IdempotentRequest { key, external_id, fingerprint, legacy_fingerprints, _guards: [by_key, by_name] })
}

/// The error of a request with invalid fields. By contract, a conflict with an earlier request by its key or its `external_id` takes
/// precedence. It is checked only here, so that valid requests do not pay for it. The request cannot be a repetition of the
/// earlier one, because that one was valid.
pub async fn invalid_request(
    app: &App,
    caller: &AuthenticatedPartner,
    key: Option<&str>,
    external_id: Option<ClaimScope>,
    invalid: InvalidFields,
) -> AppError {
    if invalid.refusal.code.family() != Family::Field {
        return invalid.refusal.into();
    }
    let external_id = external_id.and_then(|scope| Some((scope, invalid.fields.get("external_id")?)));
    // Empty operation: the fingerprint matches no stored request.
    let conflict = async {
        let idempotency = idempotent_request(app, caller, "", key, external_id, &RequestFields::none()).await?;
        idempotency.stored_response(&existing_claims(app, &idempotency, None).await?)
    };
    match conflict.await {
        Ok(_) => invalid.refusal.into(),
        Err(error) => error,
    }
}

/// The stored claims on the request's keys, read in one statement; without keys none are read.
pub(crate) async fn existing_claims(app: &App, idempotency: &IdempotentRequest<'_>, quote: Option<String>) -> AppResult<Vec<StoredClaim>> {
    let key = idempotency.key.clone().map(|key| (ClaimScope::IdempotencyKey, key));
    let quote = quote.map(|quote| (ClaimScope::Quote, quote));
    let wanted: Vec<_> = key.into_iter().chain(idempotency.external_id.clone()).chain(quote).collect();
    if wanted.is_empty() { Ok(Vec::new()) } else { Ok(app.store.claims(&wanted).await?) }
}

impl IdempotentRequest<'_> {
    /// The stored response, found by existing claims.
    ///
    /// # Errors
    /// A conflict when the key was used for another request.
    pub(crate) fn stored_response(&self, claims: &[StoredClaim]) -> AppResult<Option<StoredResponse>> {
        for scope in [ClaimScope::IdempotencyKey, ClaimScope::PaymentExternalId, ClaimScope::RampoffExternalId] {
            if let Some(claim) = claims.iter().find(|claim| claim.scope == scope) {
                return self.stored_response_of(claim).map(Some);
            }
        }
        Ok(None)
    }

    /// The stored response of the request that took a claim.
    ///
    /// # Errors
    /// A conflict when it was another request, or the refusal that belongs to the claim's scope.
    pub(crate) fn stored_response_of(&self, claim: &StoredClaim) -> AppResult<StoredResponse> {
        let is_stored = |fingerprint: &String| *fingerprint == claim.fingerprint;
        let same = !self.fingerprint.is_empty() && (is_stored(&self.fingerprint) || self.legacy_fingerprints.iter().any(is_stored));
        match claim.scope {
            ClaimScope::IdempotencyKey if same => Ok(StoredResponse::Answer { data: claim.answer.clone(), subject: claim.subject.clone() }),
            ClaimScope::IdempotencyKey => Err(ErrorCode::IdempotencyConflict.into()),
            ClaimScope::PaymentExternalId | ClaimScope::RampoffExternalId if same => Ok(StoredResponse::Subject(claim.subject.clone())),
            ClaimScope::PaymentExternalId | ClaimScope::RampoffExternalId => Err(ErrorCode::ExternalIdConflict.into()),
            ClaimScope::Quote => Err(ErrorCode::QuoteUsed.into()),
            scope => Err(AppError::defect(format!("a key of {scope:?} that was just made is taken"))),
        }
    }

    /// The claims that the request takes together with its response.
    pub(crate) fn claims(&self, app: &App, subject: impl ToString, answer: &str) -> impl Iterator<Item = Claim> {
        let subject = subject.to_string();
        let kept = Duration::from_secs(app.config.idempotency_hours.max(24) * 3_600);
        let key = self.key.clone().map(|key| Claim {
            scope: ClaimScope::IdempotencyKey,
            key,
            subject: subject.clone(),
            fingerprint: self.fingerprint.clone(),
            answer: answer.to_owned(),
            expires_at: Some(app.business.now().after(kept)),
        });
        let name = self
            .external_id
            .clone()
            .map(|(scope, key)| Claim { fingerprint: self.fingerprint.clone(), ..Claim::forever(scope, key, subject) });
        key.into_iter().chain(name)
    }
}
