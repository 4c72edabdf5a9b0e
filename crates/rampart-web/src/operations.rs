//! What operators and their machines ask: health, metrics, and the description of the API.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use rampart_core::partner::HttpErrors;
use rampart_core::refusal::ErrorCode;
use serde::Serialize;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use crate::context::RequestContext;
use crate::failure::{self, Failure};
use crate::state::Web;

/// What `/healthz` and `/readyz` answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok` or `unavailable`.
    status: HealthStatus,
    /// Why this process should get no traffic; empty for whoever is not its operator.
    reasons: Vec<String>,
}

/// How a process is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HealthStatus {
    /// It works.
    Ok,
    /// It should get no traffic.
    Unavailable,
}

/// The process is alive.
pub(crate) async fn healthz() -> Response {
    Json(Health { status: HealthStatus::Ok, reasons: Vec::new() }).into_response()
}

/// The process does its work. Why not is told to who has the token of the metrics.
pub(crate) async fn readyz(State(web): State<Web>, headers: HeaderMap) -> Response {
    let reasons = rampart_app::health::reasons(&web.app).await;
    let told = if has_token(&web, &headers) { reasons.to_vec() } else { Vec::new() };
    readiness(reasons.is_empty(), told)
}

/// The same with its reasons, where nobody but operators asks.
async fn readyz_with_reasons(State(web): State<Web>) -> Response {
    let reasons = rampart_app::health::reasons(&web.app).await;
    readiness(reasons.is_empty(), reasons.to_vec())
}

fn readiness(is_ready: bool, reasons: Vec<String>) -> Response {
    if is_ready {
        Json(Health { status: HealthStatus::Ok, reasons }).into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: HealthStatus::Unavailable, reasons })).into_response()
    }
}

/// Everything measured, for who has the token. Without one it is not there.
pub(crate) async fn metrics(State(web): State<Web>, Extension(context): Extension<RequestContext>, headers: HeaderMap) -> Response {
    if has_token(&web, &headers) {
        return everything_measured(State(web), Extension(context)).await;
    }
    let code = if web.config.metrics_token.is_some() { ErrorCode::AuthorizationIncorrect } else { ErrorCode::NotFound };
    failure::refused(&code.into(), HttpErrors::Rest, &context.request_id)
}

async fn everything_measured(State(web): State<Web>, Extension(context): Extension<RequestContext>) -> Response {
    match rampart_app::metrics::render(&web.app).await {
        Ok(text) => typed("application/openmetrics-text; version=1.0.0; charset=utf-8", text),
        Err(error) => failure::answer(&Failure::App(error), HttpErrors::Rest, &context.request_id),
    }
}

/// What operators' machines ask, where nobody else can.
pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz_with_reasons))
        .route("/metrics", get(everything_measured))
        .fallback(crate::router::not_found)
        .method_not_allowed_fallback(crate::router::method_not_allowed)
}

/// Whether a request carries the token of the metrics.
fn has_token(web: &Web, headers: &HeaderMap) -> bool {
    let Some(token) = &web.config.metrics_token else { return false };
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' '));
    given.is_some_and(|(scheme, given)| {
        scheme.eq_ignore_ascii_case("bearer") && bool::from(given.trim().as_bytes().ct_eq(token.reveal().as_bytes()))
    })
}

/// The description of the API.
pub(crate) async fn openapi(State(web): State<Web>) -> Response {
    typed("application/json", web.openapi.clone())
}

/// The same to read.
pub(crate) async fn docs(State(web): State<Web>) -> Response {
    let mut response = typed("text/html; charset=utf-8", web.docs.clone());
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn typed(content_type: &'static str, text: impl Into<axum::body::Body>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], text.into()).into_response()
}
