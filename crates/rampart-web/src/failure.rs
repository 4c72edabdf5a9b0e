//! Failures as HTTP answers: status by the partner's setting, one body for all of them.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rampart_app::AppError;
use rampart_core::partner::HttpErrors;
use rampart_core::refusal::{ErrorCode, Family, Refusal};
use serde::Serialize;

use crate::fields::Unfit;
use crate::rate_limit::Limited;

/// What a call comes to instead of an answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The use case, or the reading of the request, said so.
    App(AppError),
    /// It came too early.
    Limited(Limited),
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::App(AppError::Refusal(refusal))
    }
}

impl From<Unfit> for Failure {
    fn from(unfit: Unfit) -> Self {
        unfit.refusal.into()
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Refusal::from(code).into()
    }
}

impl From<Limited> for Failure {
    fn from(limited: Limited) -> Self {
        Self::Limited(limited)
    }
}

/// Left on the response of a failure, for whoever wants to show it in another way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IsFailure;

/// In how many seconds a call that met `service_unavailable` may be worth repeating.
const TRY_AGAIN_SECONDS: u64 = 1;

#[derive(Serialize)]
struct Body<'a> {
    status: &'static str,
    error: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Fields<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a serde_json::Value>,
    request_id: &'a str,
}

/// Faults grouped by field, in the order in which the fields were first named.
struct Fields<'a>(&'a [(String, String)]);

impl Serialize for Fields<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_first = |index: usize, name: &str| !self.0[..index].iter().any(|(other, _)| other == name);
        serializer.collect_map(self.0.iter().enumerate().filter(|(index, (name, _))| is_first(*index, name)).map(|(_, (name, _))| {
            let messages: Vec<&str> = self.0.iter().filter(|(other, _)| other == name).map(|(_, message)| message.as_str()).collect();
            (name.as_str(), messages)
        }))
    }
}

/// The HTTP status of a code for a partner with this setting.
#[must_use]
pub(crate) fn status(code: ErrorCode, errors: HttpErrors) -> StatusCode {
    let status = match (errors, code.family()) {
        (HttpErrors::Documented, Family::Business) => 200,
        (HttpErrors::Documented, Family::Field) => 422,
        _ => code.status(),
    };
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The answer to a failure. Defects are logged here, once, with their chain.
pub(crate) fn answer(failure: &Failure, errors: HttpErrors, request_id: &str) -> Response {
    match failure {
        Failure::App(AppError::Refusal(refusal)) => refused(refusal, errors, request_id),
        Failure::App(AppError::Unavailable(reason)) => {
            tracing::warn!(request_id, reason, "answered service_unavailable");
            refused(&ErrorCode::ServiceUnavailable.into(), errors, request_id)
        }
        Failure::App(AppError::Defect(error)) => {
            tracing::error!(request_id, error = %chain(error.as_ref()), "answered unexpected_error");
            refused(&ErrorCode::UnexpectedError.into(), errors, request_id)
        }
        Failure::Limited(limited) => {
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

/// The answer to a refusal.
pub(crate) fn refused(refusal: &Refusal, errors: HttpErrors, request_id: &str) -> Response {
    let code = refusal.code;
    let body = Body {
        status: "error",
        error: code.as_str(),
        message: &refusal.message,
        errors: (!refusal.fields.is_empty()).then_some(Fields(&refusal.fields)),
        data: refusal.data.as_ref(),
        request_id,
    };
    let status = status(code, errors);
    let mut response = (status, Json(body)).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(TRY_AGAIN_SECONDS));
    }
    response.extensions_mut().insert(IsFailure);
    response
}

/// An error with everything that caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}

/// Turns what a mounted router left on its response into the answer of the contract: a [`Refusal`] among the
/// extensions is written out, with everything else the response had to say in its headers.
pub(crate) fn write_out(mut response: Response, request_id: &str) -> Response {
    let Some(refusal) = response.extensions_mut().remove::<Refusal>() else {
        return response;
    };
    // Whoever knows the caller says how it wants failures answered.
    let http_errors = response.extensions_mut().remove::<HttpErrors>().unwrap_or_default();
    with_kept_headers(refused(&refusal, http_errors, request_id), response.headers())
}

/// An answer that is shown instead of another, with those headers of the other that tell its caller what to do.
pub(crate) fn with_kept_headers(mut shown: Response, replaced: &HeaderMap) -> Response {
    let tells =
        |name: &header::HeaderName| *name == header::ALLOW || *name == header::RETRY_AFTER || name.as_str().starts_with("ratelimit-");
    for (name, value) in replaced.iter().filter(|(name, _)| tells(name)) {
        shown.headers_mut().insert(name.clone(), value.clone());
    }
    shown
}

/// A panic as an answer; it was ours, so it is logged like a defect.
pub(crate) fn panicked(panic: &(dyn std::any::Any + Send), request_id: &str) -> Response {
    let words = panic.downcast_ref::<&str>().copied().map(str::to_owned).or_else(|| panic.downcast_ref::<String>().cloned());
    let error: Box<dyn std::error::Error + Send + Sync> = format!("panic: {}", words.unwrap_or_else(|| "without words".into())).into();
    answer(&Failure::App(AppError::Defect(error)), HttpErrors::Rest, request_id)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    async fn defects_say_nothing_of_themselves() {
        let response = answer(&Failure::App(AppError::Defect("the secret reason".into())), HttpErrors::Rest, "req_1");
        assert_eq!(response.status(), 500);
        let body = body(response).await;
        assert_eq!(body["error"], "unexpected_error");
        assert!(!body.to_string().contains("secret reason"));
    }

    #[tokio::test]
    async fn a_limited_call_is_told_when_to_come_back() {
        let response = answer(&Limited { limit: 3, retry_after: 2, reset: 9 }.into(), HttpErrors::Documented, "req_1");
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["ratelimit-limit"], "3");
        assert_eq!(response.headers()["ratelimit-remaining"], "0");
        assert_eq!(response.headers()["ratelimit-reset"], "9");
    }

    #[tokio::test]
    async fn a_mounted_routers_refusal_is_written_out() {
        let mut response = StatusCode::OK.into_response();
        response.extensions_mut().insert(Refusal::from(ErrorCode::PaymentNotFound));
        let written = write_out(response, "req_1");
        assert_eq!(written.status(), 404);
        assert_eq!(body(written).await["error"], "payment_not_found");
    }
}
