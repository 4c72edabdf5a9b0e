//! The calls of the partner API. A call is a row of data: path, fields, error codes, response schema and handler. Requests
//! are validated by that row, and the OpenAPI description is generated from it.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, header};
use axum::response::{IntoResponse, Response};
use rampart_app::orders;
use rampart_app::partner_api;
use rampart_app::{AppError, AuthenticatedPartner};
use rampart_core::partner::HttpErrors;
use rampart_core::refusal::{ErrorCode, Family, Refusal};
use rampart_core::step::ClaimScope;
use utoipa::openapi::{RefOr, Schema};

use crate::call_response::CallResponse;
use crate::context::RequestContext;
use crate::failure::{self, CallFailure};
use crate::field::{FieldKind, FieldSpec};
use crate::fields::{InvalidFields, RequestFields};
use crate::state::Web;

/// The named schemas of the description's components.
pub(crate) type Schemas = Vec<(String, RefOr<Schema>)>;

/// Adds the schemas of an answer's `data` and returns the reference to it.
pub(crate) type Describe = fn(&mut Schemas) -> RefOr<Schema>;

pub(crate) type CallFuture = Pin<Box<dyn Future<Output = Result<CallResponse, AppError>> + Send>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Without a token: only `authenticate`, which issues them.
    Anybody,
    Token,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum BodyKind {
    None,
    Json(&'static [FieldSpec]),
    FormOrJson(&'static [FieldSpec]),
}

impl BodyKind {
    pub(crate) const fn fields(self) -> &'static [FieldSpec] {
        match self {
            Self::None => &[],
            Self::Json(fields) | Self::FormOrJson(fields) => fields,
        }
    }
}

/// The envelope of a successful response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// `{"status":"ok","data":…}`.
    Ok,
    /// `{"status":"success","message":"payment_created","data":…}`.
    PaymentCreated,
    /// `{"status":"ok","data":[…],"pagination":…}`.
    List,
}

/// How a repeated request is recognized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Idempotency {
    /// The call creates nothing, so the header is ignored.
    None,
    /// By the header `Idempotency-Key`.
    ByKey,
    /// By the header `Idempotency-Key`, or by `external_id` in the body.
    ByKeyOrExternalId(ClaimScope),
}

/// A call of the partner API.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// A second path.
    pub(crate) also_at: Option<&'static str>,
    /// The `operationId` of the description.
    pub(crate) id: &'static str,
    pub(crate) group: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) about: &'static str,
    pub(crate) access: Access,
    pub(crate) path_field: Option<FieldSpec>,
    pub(crate) query: &'static [FieldSpec],
    pub(crate) body: BodyKind,
    pub(crate) idempotency: Idempotency,
    /// Error codes, in addition to those that follow from the rest of the row.
    pub(crate) codes: &'static [ErrorCode],
    pub(crate) envelope: Envelope,
    /// The schema of `data`; for lists, of one item.
    pub(crate) data: Describe,
    pub(crate) run: fn(Web, CallContext) -> CallFuture,
}

/// The validated request that a call's handler gets.
pub(crate) struct CallContext {
    caller: Option<AuthenticatedPartner>,
    pub(crate) client: IpAddr,
    /// The fields of the query or of the body.
    pub(crate) fields: RequestFields,
    /// The variable part of the path, decoded.
    pub(crate) path: String,
    key: Option<String>,
}

impl CallContext {
    /// The partner that authenticated.
    ///
    /// # Errors
    /// `authorization_incorrect` if the call has [`Access::Anybody`].
    pub(crate) fn caller(&self) -> Result<&AuthenticatedPartner, AppError> {
        self.caller.as_ref().ok_or_else(|| AppError::code(ErrorCode::AuthorizationIncorrect))
    }

    /// The idempotency key.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

pub(crate) const MAX_IDEMPOTENCY_KEY_CHARACTERS: usize = 255;
pub(crate) const IDEMPOTENCY_KEY_HEADER: &str = "idempotency-key";

/// Validates a request by its call's row and runs the handler.
pub(crate) async fn dispatch(call: &'static Call, web: &Web, context: &RequestContext, path: String, request: Request<Bytes>) -> Response {
    let mut errors = HttpErrors::Rest;
    match answer(call, web, context, path, request, &mut errors).await {
        Ok(reply) => reply.into_response(),
        Err(failure) => failure::answer(&failure, errors, &context.request_id),
    }
}

async fn answer(
    call: &'static Call,
    web: &Web,
    context: &RequestContext,
    path: String,
    request: Request<Bytes>,
    errors: &mut HttpErrors,
) -> Result<CallResponse, CallFailure> {
    let caller = match call.access {
        Access::Anybody => {
            web.limiter.authentication(context.client)?;
            None
        }
        Access::Token => {
            let caller = partner_api::caller(&web.app, token(request.headers())?, context.client).await?;
            *errors = caller.partner.http_errors;
            web.limiter.partner(caller.partner.id)?;
            Some(caller)
        }
    };
    let key = if call.idempotency == Idempotency::None { None } else { idempotency_key(request.headers())? };
    let fields = match call.body {
        BodyKind::None if call.query.is_empty() => RequestFields::none(),
        BodyKind::None => RequestFields::from_query(call.query, request.uri().query())?,
        body_kind => match read_body(body_kind, &request)? {
            Ok(fields) => fields,
            // Boxed to keep this future small: a future is as large as its largest branch.
            Err(invalid) => return Err(Box::pin(refuse_invalid_fields(call, web, caller.as_ref(), key.as_deref(), invalid)).await.into()),
        },
    };
    let call_context = CallContext { caller, client: context.client, fields, path, key };
    Ok((call.run)(web.clone(), call_context).await?)
}

/// The token of a request, from the header `auth` or `Authorization: Bearer`.
pub(crate) fn token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let refused = || Refusal::from(ErrorCode::AuthorizationIncorrect);
    if let Some(value) = headers.get("auth") {
        return value.to_str().map_err(|_| refused());
    }
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(refused)?;
    let (scheme, token) = value.split_once(' ').ok_or_else(refused)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(refused()) }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY_HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let fault = match FieldKind::Token(MAX_IDEMPOTENCY_KEY_CHARACTERS).check_text(text) {
        Ok(()) if values.next().is_none() => return Ok(Some(text.to_owned())),
        Ok(()) => "must be sent only once".into(),
        Err(fault) => fault,
    };
    Err(Refusal::field(ErrorCode::ValidationFailed, "Idempotency-Key", fault))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MediaType {
    Json,
    Form,
    Other,
}

fn media(headers: &HeaderMap) -> MediaType {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        MediaType::Json
    } else if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        MediaType::Form
    } else {
        MediaType::Other
    }
}

/// The refusal of a request with invalid fields. By contract, a conflict with an earlier request takes precedence. It is
/// checked only here, so that valid requests do not pay for it. The request cannot be a repetition of the earlier one,
/// because that one was valid.
async fn refuse_invalid_fields(
    call: &Call,
    web: &Web,
    caller: Option<&AuthenticatedPartner>,
    key: Option<&str>,
    invalid: InvalidFields,
) -> AppError {
    let external_id = match call.idempotency {
        Idempotency::ByKeyOrExternalId(scope) => invalid.fields.get("external_id").map(|external_id| (scope, external_id)),
        Idempotency::None | Idempotency::ByKey => None,
    };
    let is_field_error = invalid.refusal.code.family() == Family::Field;
    match caller {
        Some(caller) if is_field_error => match orders::idempotency::conflict_with_earlier(&web.app, caller, key, external_id).await {
            Ok(()) => invalid.refusal.into(),
            Err(error) => error,
        },
        _ => invalid.refusal.into(),
    }
}

fn read_body(body_kind: BodyKind, request: &Request<Bytes>) -> Result<Result<RequestFields, InvalidFields>, CallFailure> {
    let media = media(request.headers());
    let (accepted, expected) = match body_kind {
        BodyKind::FormOrJson(_) => (media != MediaType::Other, "application/x-www-form-urlencoded or application/json"),
        _ => (media == MediaType::Json, "application/json"),
    };
    if !accepted {
        return Err(Refusal::new(ErrorCode::UnsupportedMediaType, format!("The body must be sent as {expected}.")).into());
    }
    let (fields, body) = (body_kind.fields(), request.body());
    Ok(if media == MediaType::Form { RequestFields::from_form(fields, body) } else { RequestFields::from_json(fields, body) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
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

    #[test]
    fn content_types_may_have_parameters() {
        for (value, expected) in [
            ("application/json", MediaType::Json),
            ("Application/JSON; charset=utf-8", MediaType::Json),
            ("application/x-www-form-urlencoded", MediaType::Form),
            ("application/xml", MediaType::Other),
            ("application/jsonx", MediaType::Other),
            ("", MediaType::Other),
        ] {
            assert_eq!(media(&headers(&[("content-type", value)])), expected, "{value}");
        }
        assert_eq!(media(&headers(&[])), MediaType::Other);
    }
}
