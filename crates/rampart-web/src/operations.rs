//! What operators and their machines ask: health, metrics, and the description of the API.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::failure::{self, Failure};
use crate::state::Web;
use rampart_core::partner::HttpErrors;

/// What `/healthz` and `/readyz` answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, or `unavailable` with reasons.
    status: HealthStatus,
    /// Why this process should get no traffic.
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

/// The process does its work, and if not, why.
pub(crate) async fn readyz(State(web): State<Web>) -> Response {
    let reasons = rampart_app::health::reasons(&web.app).await;
    if reasons.is_empty() {
        Json(Health { status: HealthStatus::Ok, reasons }).into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: HealthStatus::Unavailable, reasons })).into_response()
    }
}

/// Everything measured.
pub(crate) async fn metrics(State(web): State<Web>, axum::Extension(context): axum::Extension<crate::context::RequestContext>) -> Response {
    match rampart_app::metrics::render(&web.app).await {
        Ok(text) => typed("application/openmetrics-text; version=1.0.0; charset=utf-8", text),
        Err(error) => failure::answer(&Failure::App(error), HttpErrors::Rest, &context.request_id),
    }
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
