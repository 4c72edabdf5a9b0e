//! The calls of the partner API. A call is a row of data: path, fields, error codes, response schema and handler. Requests
//! are validated by that row, and the OpenAPI description is generated from it.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, header};
use axum::response::{IntoResponse, Response};
use rampart_app::request::common::IDEMPOTENCY_KEY;
use rampart_app::request::{FieldSpec, InvalidFields, RequestFields};
use rampart_app::{AppError, AuthenticatedPartner, orders, partner_api};
use rampart_core::partner::HttpErrors;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::step::ClaimScope;
use utoipa::openapi::{RefOr, Schema};

use crate::call_response::CallResponse;
use crate::context::RequestContext;
use crate::failure::{self, CallFailure};
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

/// The table of a call's fields, and how they are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FieldSource {
    None,
    /// The variable part of the path. What it names is looked up, not checked.
    Path(FieldSpec),
    Query(&'static [FieldSpec]),
    Json(&'static [FieldSpec]),
    FormOrJson(&'static [FieldSpec]),
}

impl FieldSource {
    pub(crate) const fn fields(self) -> &'static [FieldSpec] {
        match self {
            Self::None | Self::Path(_) => &[],
            Self::Query(fields) | Self::Json(fields) | Self::FormOrJson(fields) => fields,
        }
    }

    pub(crate) const fn is_body(self) -> bool {
        matches!(self, Self::Json(_) | Self::FormOrJson(_))
    }

    /// The fields that are parameters.
    pub(crate) const fn query(self) -> &'static [FieldSpec] {
        if self.is_body() { &[] } else { self.fields() }
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
    /// The documented path, then its aliases.
    pub(crate) paths: &'static [&'static str],
    /// The `operationId` of the description.
    pub(crate) id: &'static str,
    pub(crate) group: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) about: &'static str,
    pub(crate) access: Access,
    pub(crate) takes: FieldSource,
    pub(crate) idempotency: Idempotency,
    /// Error codes in the order of the checks, in addition to those that follow from the rest of the row.
    pub(crate) codes: &'static [ErrorCode],
    pub(crate) envelope: Envelope,
    /// The schema of `data`; for lists, of one item.
    pub(crate) data: Describe,
    pub(crate) run: fn(Web, CallContext) -> CallFuture,
}

impl Call {
    /// The documented path.
    pub(crate) const fn path(&self) -> &'static str {
        self.paths[0]
    }
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
    let read = match call.takes {
        FieldSource::None | FieldSource::Path(_) => Ok(RequestFields::none()),
        FieldSource::Query(table) => RequestFields::from_query(table, request.uri().query()),
        takes => read_body(takes, &request)?,
    };
    let fields = match (read, &caller) {
        (Ok(fields), _) => fields,
        (Err(invalid), None) => return Err(invalid.refusal.into()),
        (Err(invalid), Some(caller)) => {
            let external_id = match call.idempotency {
                Idempotency::ByKeyOrExternalId(scope) => Some(scope),
                Idempotency::None | Idempotency::ByKey => None,
            };
            // Boxed to keep this future small: a future is as large as its largest branch.
            let refused = Box::pin(orders::idempotency::invalid_request(&web.app, caller, key.as_deref(), external_id, invalid));
            return Err(refused.await.into());
        }
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
    let fault = match IDEMPOTENCY_KEY.check_text(text) {
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

fn read_body(takes: FieldSource, request: &Request<Bytes>) -> Result<Result<RequestFields, InvalidFields>, CallFailure> {
    let media = media(request.headers());
    let (accepted, expected) = match takes {
        FieldSource::FormOrJson(_) => (media != MediaType::Other, "application/x-www-form-urlencoded or application/json"),
        _ => (media == MediaType::Json, "application/json"),
    };
    if !accepted {
        return Err(Refusal::new(ErrorCode::UnsupportedMediaType, format!("The body must be sent as {expected}.")).into());
    }
    let (fields, body) = (takes.fields(), request.body());
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
