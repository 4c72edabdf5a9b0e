//! Responses with the bodies and error codes of the partner API.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rampart_core::partner::HttpErrors;
use rampart_core::refusal::{ErrorCode, Family, Refusal};

use super::engine::SandboxCaller;
use crate::error::WorldError;

/// A successful response.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxAnswer<T> {
    /// Always `ok`.
    #[schema(value_type = String, example = "ok")]
    status: &'static str,
    /// The result of the call.
    data: T,
}

/// An error response.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxFailure {
    /// Always `error`.
    #[schema(value_type = String, example = "error")]
    status: &'static str,
    /// The error code. It never changes its meaning.
    #[schema(value_type = String, example = "validation_failed")]
    error: &'static str,
    /// A sentence that explains the error to a person.
    message: String,
    /// The messages about each invalid field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, Vec<String>>,
    /// Further details, as documented for the error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    data: Option<serde_json::Value>,
}

/// A refusal, and the status codes that its caller wants.
#[derive(Debug)]
pub(crate) struct RefusalResponse {
    refusal: Refusal,
    http_errors: HttpErrors,
}

pub(super) fn ok<T>(data: T) -> Json<SandboxAnswer<T>> {
    Json(SandboxAnswer { status: "ok", data })
}

impl SandboxCaller {
    /// A refusal with the status codes that the caller wants.
    pub(super) fn refused(self, refusal: Refusal) -> RefusalResponse {
        RefusalResponse { refusal, http_errors: self.http_errors }
    }
}

impl From<Refusal> for RefusalResponse {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, http_errors: HttpErrors::Rest }
    }
}

impl IntoResponse for RefusalResponse {
    fn into_response(self) -> Response {
        let code = self.refusal.code;
        let status = match (self.http_errors, code.family()) {
            (HttpErrors::Rest, _) | (HttpErrors::Documented, Family::Transport) => code.status(),
            (HttpErrors::Documented, Family::Business) => 200,
            (HttpErrors::Documented, Family::Field) => 422,
        };
        let mut errors: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (field, message) in &self.refusal.fields {
            errors.entry(field.clone()).or_default().push(message.clone());
        }
        let (message, data) = (self.refusal.message.clone(), self.refusal.data.clone());
        let body = SandboxFailure { status: "error", error: code.as_str(), message, errors, data };
        let mut response = (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Json(body)).into_response();
        // An outer layer writes errors in its own format, with the request id.
        response.extensions_mut().insert(self.refusal);
        response.extensions_mut().insert(self.http_errors);
        response
    }
}

/// Maps an error of the world to a refusal of the API.
pub(super) fn refusal(error: WorldError) -> Refusal {
    match error {
        WorldError::Impossible(sentence) | WorldError::NotFound(sentence) => Refusal::new(ErrorCode::ValidationFailed, sentence),
        WorldError::File(_) => {
            tracing::error!(%error, "the sandbox database cannot be used");
            ErrorCode::ServiceUnavailable.into()
        }
        WorldError::Unreadable(_) => {
            tracing::error!(%error, "the sandbox database contains an invalid value");
            ErrorCode::UnexpectedError.into()
        }
    }
}

/// The response when the path exists, but not with this method.
pub(super) async fn wrong_method() -> RefusalResponse {
    RefusalResponse::from(Refusal::from(ErrorCode::HttpMethodNotAllowed))
}
