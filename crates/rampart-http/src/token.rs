//! The token of a request, and its idempotency key.

use axum::http::{HeaderMap, header};
use rampart_core::refusal::{ErrorCode, Refusal};

use crate::request::field::IDEMPOTENCY_KEY;

/// The token of a request, from the header `auth` or `Authorization: Bearer`.
pub(crate) fn token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let own = headers.get("auth").map(|value| value.to_str().ok());
    own.unwrap_or_else(|| bearer(headers)).ok_or_else(|| ErrorCode::AuthorizationIncorrect.into())
}

/// The token of `Authorization: Bearer`.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The header `Idempotency-Key`.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let fault = match IDEMPOTENCY_KEY.check_text(text) {
        Ok(()) if values.next().is_none() => return Ok(Some(text.to_owned())),
        Ok(()) => "must be sent only once".into(),
        Err(fault) => fault,
    };
    Err(Refusal::field(ErrorCode::ValidationFailed, "Idempotency-Key", fault))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn tokens_come_in_either_header() {
        assert_eq!(token(&headers(&[("auth", "t1")])).unwrap(), "t1");
        assert_eq!(token(&headers(&[("authorization", "Bearer t2")])).unwrap(), "t2");
        assert_eq!(token(&headers(&[("authorization", "bearer  t2")])).unwrap(), "t2");
        assert_eq!(token(&headers(&[("auth", "t1"), ("authorization", "Bearer t2")])).unwrap(), "t1");
        for pairs in [&[][..], &[("authorization", "t2")], &[("authorization", "Basic abc")]] {
            assert!(token(&headers(pairs)).is_err());
        }
    }

    #[test]
    fn idempotency_keys_are_bounded_and_visible() {
        assert_eq!(idempotency_key(&headers(&[])).unwrap(), None);
        assert_eq!(idempotency_key(&headers(&[("idempotency-key", "a-1")])).unwrap().as_deref(), Some("a-1"));
        let long = "x".repeat(256);
        for pairs in [
            &[("idempotency-key", "")][..],
            &[("idempotency-key", "a b")],
            &[("idempotency-key", "ñ")],
            &[("idempotency-key", &long)],
            &[("idempotency-key", "a"), ("idempotency-key", "b")],
        ] {
            assert_eq!(idempotency_key(&headers(pairs)).unwrap_err().code, ErrorCode::ValidationFailed);
        }
    }
}
