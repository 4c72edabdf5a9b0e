//! Failures as HTTP responses: one body for all, with a status that depends on the partner's setting.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rampart_core::partner::HttpErrors;
use rampart_core::refusal::{ErrorCode, Family, Refusal};
use serde::Serialize;

use crate::failure::CallFailure;

/// An extension of failure responses, so that the front can show them as a page.
#[derive(Debug, Clone, Copy)]
pub struct FailureMarker;

/// The `Retry-After` of `service_unavailable`.
const RETRY_AFTER_SECONDS: u64 = 1;

#[derive(Serialize)]
struct FailureBody<'a> {
    status: &'static str,
    error: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<ErrorsByField<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a serde_json::Value>,
    request_id: &'a str,
}

/// Errors grouped by field, in the order in which the fields first occur.
struct ErrorsByField<'a>(&'a [(String, String)]);

impl Serialize for ErrorsByField<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_first = |index: usize, name: &str| !self.0[..index].iter().any(|(other, _)| other == name);
        serializer.collect_map(self.0.iter().enumerate().filter(|(index, (name, _))| is_first(*index, name)).map(|(_, (name, _))| {
            let messages: Vec<&str> = self.0.iter().filter(|(other, _)| other == name).map(|(_, message)| message.as_str()).collect();
            (name.as_str(), messages)
        }))
    }
}

/// The HTTP status of an error code under the partner's setting.
#[must_use]
pub fn status(code: ErrorCode, errors: HttpErrors) -> StatusCode {
    let status = match (errors, code.family()) {
        (HttpErrors::Documented, Family::Business) => 200,
        (HttpErrors::Documented, Family::Field) => 422,
        _ => code.status(),
    };
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The response to a failure. Defects are logged here, once, with all their causes.
pub fn answer(failure: &CallFailure, errors: HttpErrors, request_id: &str) -> Response {
    match failure {
        CallFailure::Refusal(refusal) => refused(refusal, errors, request_id),
        CallFailure::Unavailable(reason) => {
            tracing::warn!(request_id, reason, "answered with service_unavailable");
            refused(&ErrorCode::ServiceUnavailable.into(), errors, request_id)
        }
        CallFailure::Defect(error) => {
            tracing::error!(request_id, error = %chain(error.as_ref()), "answered with unexpected_error");
            refused(&ErrorCode::UnexpectedError.into(), errors, request_id)
        }
        CallFailure::RateLimited(limited) => {
            let mut response = refused(&ErrorCode::RateLimited.into(), errors, request_id);
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(limited.retry_after));
            headers.insert("ratelimit-limit", HeaderValue::from(limited.limit));
            headers.insert("ratelimit-remaining", HeaderValue::from(0_u32));
            headers.insert("ratelimit-reset", HeaderValue::from(limited.reset));
            response
        }
    }
}

/// The response to a refusal, with the status codes that its caller wants.
pub fn refused(refusal: &Refusal, errors: HttpErrors, request_id: &str) -> Response {
    let code = refusal.code;
    let body = FailureBody {
        status: "error",
        error: code.as_str(),
        message: &refusal.message,
        errors: (!refusal.fields.is_empty()).then_some(ErrorsByField(&refusal.fields)),
        data: refusal.data.as_ref(),
        request_id,
    };
    let status = status(code, errors);
    let mut response = (status, Json(body)).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    }
    response.extensions_mut().insert(FailureMarker);
    response
}

/// The response to a method that a path does not have. `allow` is the header `Allow`.
#[must_use]
pub fn method_not_allowed(allow: &HeaderValue, request_id: &str) -> Response {
    let mut response = refused(&ErrorCode::HttpMethodNotAllowed.into(), HttpErrors::Rest, request_id);
    response.headers_mut().insert(header::ALLOW, allow.clone());
    response
}

/// An error with all its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let message = cause.to_string();
        if !text.ends_with(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        source = cause.source();
    }
    text
}

/// A response that replaces another one, with the headers of the replaced one that matter to the caller.
pub fn with_kept_headers(mut shown: Response, replaced: &HeaderMap) -> Response {
    let is_kept =
        |name: &header::HeaderName| *name == header::ALLOW || *name == header::RETRY_AFTER || name.as_str().starts_with("ratelimit-");
    for (name, value) in replaced.iter().filter(|(name, _)| is_kept(name)) {
        shown.headers_mut().insert(name.clone(), value.clone());
    }
    shown
}

/// The response to a panic, which is logged as a defect.
pub fn panicked(panic: &(dyn std::any::Any + Send), request_id: &str) -> Response {
    let message = panic.downcast_ref::<&str>().copied().map(str::to_owned).or_else(|| panic.downcast_ref::<String>().cloned());
    let error: Box<dyn std::error::Error + Send + Sync> = format!("panic: {}", message.unwrap_or_else(|| "no message".into())).into();
    answer(&CallFailure::Defect(error), HttpErrors::Rest, request_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::RateLimitExceeded;

    async fn body(response: Response) -> serde_json::Value {
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn statuses_follow_the_partners_setting() {
        for (code, rest, documented) in [
            (ErrorCode::MinPurchase, 422, 200),
            (ErrorCode::UserNotFound, 404, 200),
            (ErrorCode::ErrorPaymentCreation, 502, 200),
            (ErrorCode::ValidationFailed, 422, 422),
            (ErrorCode::AuthorizationIncorrect, 401, 401),
            (ErrorCode::RateLimited, 429, 429),
            (ErrorCode::UnexpectedError, 500, 500),
            (ErrorCode::BodyTooLarge, 413, 413),
        ] {
            assert_eq!(status(code, HttpErrors::Rest), rest, "{code}");
            assert_eq!(status(code, HttpErrors::Documented), documented, "{code}");
        }
    }

    #[tokio::test]
    async fn fields_are_grouped_and_data_is_shown() {
        let mut refusal = Refusal::field(ErrorCode::ValidationFailed, "email", "must be an address");
        refusal.fields.push(("name".into(), "is too long".into()));
        refusal.fields.push(("email".into(), "is too long".into()));
        let response = refused(&refusal.with_data(serde_json::json!({"id": 7})), HttpErrors::Rest, "req_1");
        assert_eq!(response.status(), 422);
        let expected = serde_json::json!({
            "status": "error", "error": "validation_failed", "message": "email must be an address",
            "errors": {"email": ["must be an address", "is too long"], "name": ["is too long"]},
            "data": {"id": 7}, "request_id": "req_1"
        });
        assert_eq!(body(response).await, expected);
    }

    #[tokio::test]
    async fn defects_do_not_reveal_their_cause() {
        let response = answer(&CallFailure::Defect("the secret reason".into()), HttpErrors::Rest, "req_1");
        assert_eq!(response.status(), 500);
        let body = body(response).await;
        assert_eq!(body["error"], "unexpected_error");
        assert!(!body.to_string().contains("secret reason"));
    }

    #[tokio::test]
    async fn a_rate_limited_call_says_when_to_retry() {
        let response = answer(&RateLimitExceeded { limit: 3, retry_after: 2, reset: 9 }.into(), HttpErrors::Documented, "req_1");
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["ratelimit-limit"], "3");
        assert_eq!(response.headers()["ratelimit-remaining"], "0");
        assert_eq!(response.headers()["ratelimit-reset"], "9");
    }
}
