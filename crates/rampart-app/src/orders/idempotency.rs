//! Idempotency: repeated requests are recognised by `Idempotency-Key` and, for orders, by `external_id`.

use std::borrow::Cow;
use std::time::Duration;

use rampart_core::id::PartnerId;
use rampart_core::money::amount::{AmountSent, canonical_decimal};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::step::{Claim, ClaimScope};
use rampart_core::text::is_blank;
use rampart_store::StoredClaim;

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::state::in_flight::InFlightGuard;
use crate::state::partner_cache::AuthenticatedPartner;

const MAX_KEY_BYTES: usize = 255;
pub(crate) const MAX_EXTERNAL_ID_CHARACTERS: usize = 128;

/// The text of a request field, as sent.
pub(crate) trait FieldText: Sync {
    /// `None` for an absent field.
    fn text(&self) -> Option<&str>;
}

impl FieldText for Option<String> {
    fn text(&self) -> Option<&str> {
        self.as_deref()
    }
}

impl FieldText for Option<AmountSent> {
    fn text(&self) -> Option<&str> {
        self.as_ref().map(AmountSent::as_str)
    }
}

/// How a field is compared between repeated requests. Values that the call itself treats as equal are equal here; a
/// value that cannot be parsed is compared as sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CompareAs {
    Text,
    Trimmed,
    /// A code: surrounding blanks and case are ignored.
    Code,
    /// An integer: `7` equals `007`.
    Integer,
    /// A decimal number: `240`, `240.00` and `2.4e2` are equal.
    Decimal,
}

impl CompareAs {
    /// The canonical form of a value. Blank text counts as absent.
    fn canonical(self, value: Option<&str>) -> Option<Cow<'_, str>> {
        let text = value.filter(|text| !is_blank(text))?;
        let comparable = match self {
            Self::Text => None,
            Self::Trimmed => Some(Cow::Borrowed(text.trim_ascii())),
            Self::Code => Some(Cow::Owned(text.trim_ascii().to_ascii_lowercase())),
            Self::Integer => text.parse::<i64>().ok().map(|number| Cow::Owned(number.to_string())),
            Self::Decimal => canonical_decimal(text).map(Cow::Owned),
        };
        Some(comparable.unwrap_or(Cow::Borrowed(text)))
    }

    /// The canonical form of an earlier version, which distinguished blank text from absent text.
    fn canonical_keeping_blanks(self, value: Option<&str>) -> Option<Cow<'_, str>> {
        if let Self::Text = self { value.map(Cow::Borrowed) } else { self.canonical(value) }
    }
}

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
/// `operation` is method and path; `fields` are all known fields as sent, without the password, in an order that
/// never changes.
pub(crate) async fn idempotent_request<'a, 'f>(
    app: &'a App,
    caller: &AuthenticatedPartner,
    operation: &str,
    key: Option<&str>,
    external_id: Option<(ClaimScope, &str)>,
    fields: impl IntoIterator<Item = (CompareAs, &'f dyn FieldText)>,
) -> AppResult<IdempotentRequest<'a>> {
    let partner = caller.partner.id;
    if key.is_some_and(|key| key.is_empty() || key.len() > MAX_KEY_BYTES || key.contains(char::is_control)) {
        let message = format!("must have 1 to {MAX_KEY_BYTES} printable characters");
        return Err(Refusal::field(ErrorCode::ValidationFailed, "Idempotency-Key", message).into());
    }
    let key = key.map(|key| claim_key(partner, key));
    // The field checks refuse one that is too long; a blank one counts as absent.
    let external_id = external_id.filter(|(_, name)| !is_blank(name) && name.chars().count() <= MAX_EXTERNAL_ID_CHARACTERS);
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
    let fields: Vec<_> = fields.into_iter().map(|(meaning, value)| (meaning, value.text())).collect();
    let over = |read: fn(CompareAs, Option<&str>) -> Option<Cow<'_, str>>| {
        let fields = fields.iter().map(|(meaning, value)| read(*meaning, *value));
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

/// Checks whether a request that is refused anyway repeats an earlier one by its key or its `external_id`. Waits
/// for requests in flight like every other request.
///
/// # Errors
/// `idempotency_conflict` or `external_id_conflict` when it does.
pub async fn conflict_with_earlier(
    app: &App,
    caller: &AuthenticatedPartner,
    key: Option<&str>,
    external_id: Option<(ClaimScope, &str)>,
) -> AppResult<()> {
    // Empty operation: the fingerprint matches no stored request.
    let idempotency = idempotent_request(app, caller, "", key, external_id, []).await?;
    idempotency.stored_response(&existing_claims(app, &idempotency, None).await?).map(drop)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_call_takes_for_the_same_means_the_same() {
        let of = |meaning: CompareAs, text: &str| meaning.canonical(Some(text)).map(Cow::into_owned);
        for (meaning, same) in [
            (CompareAs::Decimal, &["240", "240.0", "240.00", "0240", "2.4e2", "24E1", "24000e-2"][..]),
            (CompareAs::Decimal, &["0.05", "0.050", "00.05", "5e-2"]),
            (CompareAs::Integer, &["7", "007"]),
            (CompareAs::Code, &["ETH", "eth", " Eth "]),
            (CompareAs::Trimmed, &["0xAb", " 0xAb"]),
        ] {
            for text in same {
                assert_eq!(of(meaning, text), of(meaning, same[0]), "{meaning:?} {text}");
            }
        }
        for (meaning, one, other) in [
            (CompareAs::Decimal, "240", "240.01"),
            (CompareAs::Decimal, "240", "24"),
            (CompareAs::Decimal, "0.05", "0.5"),
            (CompareAs::Decimal, "1e41", "1e42"),
            (CompareAs::Decimal, "0", "0.0"),
            (CompareAs::Integer, "99999999999999999998", "99999999999999999999"),
            (CompareAs::Trimmed, "0xAb", "0xab"),
            (CompareAs::Text, "name", " name"),
        ] {
            assert_ne!(of(meaning, one), of(meaning, other), "{meaning:?} {one} {other}");
        }
        for meaning in [CompareAs::Text, CompareAs::Trimmed, CompareAs::Code, CompareAs::Integer, CompareAs::Decimal] {
            assert_eq!((of(meaning, ""), of(meaning, " "), meaning.canonical(None)), (None, None, None), "{meaning:?}");
        }
        // Fingerprints stored by earlier versions still match.
        assert_eq!(CompareAs::Text.canonical_keeping_blanks(Some(" ")).as_deref(), Some(" "));
        assert_eq!(CompareAs::Decimal.canonical_keeping_blanks(Some("240.0")).as_deref(), Some("24e1"));
    }
}
