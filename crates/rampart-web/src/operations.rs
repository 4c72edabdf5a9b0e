//! The endpoints for operators and monitoring: health, metrics, and the description of the API.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use rampart_core::partner::HttpErrors;
use rampart_core::refusal::ErrorCode;
use rampart_http::bearer;
use rampart_http::failure_response as failure;
use serde::Serialize;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use crate::context::RequestContext;
use crate::state::Web;

/// The answer of `/healthz` and `/readyz`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthBody {
    /// `ok` or `unavailable`.
    status: HealthStatus,
    /// Why the process should get no traffic. Empty without the operator's token.
    reasons: Vec<String>,
}

/// The health of a process.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HealthStatus {
    /// The process works.
    Ok,
    /// The process should get no traffic.
    Unavailable,
}

/// Whether the process is alive.
pub(crate) async fn healthz() -> Response {
    Json(HealthBody { status: HealthStatus::Ok, reasons: Vec::new() }).into_response()
}

/// Whether the process can serve requests. The reasons are shown only with the metrics token.
pub(crate) async fn readyz(State(web): State<Web>, headers: HeaderMap) -> Response {
    let reasons = rampart_app::operate::health::reasons(&web.app).await;
    let shown = if has_token(&web, &headers) { reasons.to_vec() } else { Vec::new() };
    readiness(reasons.is_empty(), shown)
}

/// Like [`readyz`], with reasons, for the operators' listener.
async fn readyz_with_reasons(State(web): State<Web>) -> Response {
    let reasons = rampart_app::operate::health::reasons(&web.app).await;
    readiness(reasons.is_empty(), reasons.to_vec())
}

fn readiness(is_ready: bool, reasons: Vec<String>) -> Response {
    if is_ready {
        Json(HealthBody { status: HealthStatus::Ok, reasons }).into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(HealthBody { status: HealthStatus::Unavailable, reasons })).into_response()
    }
}

/// The metrics, if the request has the metrics token. Without a configured token the path does not exist.
pub(crate) async fn metrics(State(web): State<Web>, Extension(context): Extension<RequestContext>, headers: HeaderMap) -> Response {
    if has_token(&web, &headers) {
        return metrics_without_token(State(web), Extension(context)).await;
    }
    let code = if web.config.metrics_token.is_some() { ErrorCode::AuthorizationIncorrect } else { ErrorCode::NotFound };
    failure::refused(&code.into(), HttpErrors::Rest, &context.request_id)
}

async fn metrics_without_token(State(web): State<Web>, Extension(context): Extension<RequestContext>) -> Response {
    match rampart_app::operate::metrics::render(&web.app).await {
        Ok(text) => typed("application/openmetrics-text; version=1.0.0; charset=utf-8", text),
        Err(error) => failure::answer(&error.into(), HttpErrors::Rest, &context.request_id),
    }
}

/// The routes of the operators' own listener.
pub(crate) fn router() -> Router<Web> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz_with_reasons))
        .route("/metrics", get(metrics_without_token))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
}

/// Answers any other path.
pub(crate) async fn not_found(Extension(context): Extension<RequestContext>) -> Response {
    failure::refused(&ErrorCode::NotFound.into(), HttpErrors::Rest, &context.request_id)
}

/// Answers any other method.
pub(crate) async fn method_not_allowed(Extension(context): Extension<RequestContext>) -> Response {
    failure::refused(&ErrorCode::HttpMethodNotAllowed.into(), HttpErrors::Rest, &context.request_id)
}

fn has_token(web: &Web, headers: &HeaderMap) -> bool {
    let Some(token) = &web.config.metrics_token else { return false };
    bearer(headers).is_some_and(|given| bool::from(given.as_bytes().ct_eq(token.reveal().as_bytes())))
}

/// The OpenAPI document.
pub(crate) async fn openapi(State(web): State<Web>) -> Response {
    typed("application/json", web.openapi.clone())
}

/// The description as an HTML page.
pub(crate) async fn docs(State(web): State<Web>) -> Response {
    let mut response = typed("text/html; charset=utf-8", web.docs.clone());
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn typed(content_type: &'static str, text: impl Into<axum::body::Body>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], text.into()).into_response()
}
