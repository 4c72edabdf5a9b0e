//! The calls of the partner API. A call is a row of data: where it is, what it takes, what it may answer, and the
//! function that answers. Requests are read by that row, and the OpenAPI description is written from it.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, header};
use axum::response::{IntoResponse, Response};
use rampart_app::{AppError, AuthenticatedPartner};
use rampart_core::partner::HttpErrors;
use rampart_core::refusal::{ErrorCode, Family, Refusal};
use rampart_core::step::ClaimScope;

use crate::context::RequestContext;
use crate::describe::Describe;
use crate::failure::{self, Failure};
use crate::field::{Field, Kind};
use crate::fields::{Fields, Unfit};
use crate::reply::Reply;
use crate::state::Web;

/// What a call comes to, sooner or later.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Reply, AppError>> + Send>>;

/// Who may make a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody: it is how a token is got.
    Anybody,
    /// The holder of a token.
    Token,
}

/// What a call takes as its body.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    /// Nothing.
    Nothing,
    /// A JSON object.
    Json(&'static [Field]),
    /// A form, or a JSON object.
    FormOrJson(&'static [Field]),
}

impl Takes {
    pub(crate) const fn fields(self) -> &'static [Field] {
        match self {
            Self::Nothing => &[],
            Self::Json(fields) | Self::FormOrJson(fields) => fields,
        }
    }
}

/// The shape of a successful answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// `{"status":"ok","data":…}`.
    Ok,
    /// `{"status":"success","message":"payment_created","data":…}`.
    PaymentCreated,
    /// `{"status":"ok","data":[…],"pagination":…}`.
    List,
}

/// By what it is known that a request was made before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// By nothing: the call creates nothing.
    Unknown,
    /// By the header `Idempotency-Key`.
    ByKey,
    /// By that, or by the `external_id` in its body.
    ByKeyOrName(ClaimScope),
}

/// A call of the partner API.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// Another path of the same call.
    pub(crate) also_at: Option<&'static str>,
    /// Its name among operations.
    pub(crate) id: &'static str,
    /// Its group in the documentation.
    pub(crate) group: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) about: &'static str,
    pub(crate) access: Access,
    /// The variable part of the path.
    pub(crate) path_field: Option<Field>,
    pub(crate) query: &'static [Field],
    pub(crate) takes: Takes,
    /// By what a repeat is known.
    pub(crate) repeats: Repeats,
    /// The codes it may be refused with, beside those that follow from the rest of the row.
    pub(crate) codes: &'static [ErrorCode],
    pub(crate) envelope: Envelope,
    /// The schema of `data` (of one item, for lists).
    pub(crate) data: Describe,
    pub(crate) run: fn(Web, Ask) -> Answering,
}

/// What is asked of a call.
pub(crate) struct Ask {
    caller: Option<AuthenticatedPartner>,
    /// Whom the request came from.
    pub(crate) client: IpAddr,
    /// The fields of query and body.
    pub(crate) fields: Fields,
    /// The variable part of the path, decoded.
    pub(crate) path: String,
    key: Option<String>,
}

impl Ask {
    /// The holder of the token.
    ///
    /// # Errors
    /// `authorization_incorrect` for a call that was declared to be for anybody.
    pub(crate) fn caller(&self) -> Result<&AuthenticatedPartner, AppError> {
        self.caller.as_ref().ok_or_else(|| AppError::code(ErrorCode::AuthorizationIncorrect))
    }

    /// The idempotency key.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

/// The longest idempotency key, in characters.
pub(crate) const KEY_LENGTH: usize = 255;
/// The header of the idempotency key.
pub(crate) const KEY_HEADER: &str = "idempotency-key";

/// Answers a request by its call's row.
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
) -> Result<Reply, Failure> {
    let caller = match call.access {
        Access::Anybody => {
            web.limiter.authentication(context.client)?;
            None
        }
        Access::Token => {
            let caller = web.app.caller(token(request.headers())?, context.client).await?;
            *errors = caller.partner.http_errors;
            web.limiter.partner(caller.partner.id)?;
            Some(caller)
        }
    };
    let key = if call.repeats == Repeats::Unknown { None } else { idempotency_key(request.headers())? };
    let fields = match call.takes {
        Takes::Nothing if call.query.is_empty() => Fields::none(),
        Takes::Nothing => Fields::from_query(call.query, request.uri().query())?,
        takes => match read_body(takes, &request)? {
            Ok(fields) => fields,
            // Boxed, as whatever is seldom: the requests of all calls are as large as the largest thing that may become of one.
            Err(unfit) => return Err(Box::pin(unfit_body(call, web, caller.as_ref(), key.as_deref(), unfit)).await.into()),
        },
    };
    let ask = Ask { caller, client: context.client, fields, path, key };
    Ok((call.run)(web.clone(), ask).await?)
}

/// The token of a request: the header `auth`, or `Authorization: Bearer`.
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
    let mut values = headers.get_all(KEY_HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let fault = match Kind::Token(KEY_LENGTH).check_text(text) {
        Ok(()) if values.next().is_none() => return Ok(Some(text.to_owned())),
        Ok(()) => "must be sent only once".into(),
        Err(fault) => fault,
    };
    Err(Refusal::field(ErrorCode::ValidationFailed, "Idempotency-Key", fault))
}

/// What a content type says of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Media {
    Json,
    Form,
    Other,
}

fn media(headers: &HeaderMap) -> Media {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        Media::Json
    } else if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Media::Form
    } else {
        Media::Other
    }
}

/// What is told of a body whose fields do not hold. Repeats come before fields in the order of checks, but nobody whose
/// fields hold waits for that: only now is it asked whether the request names an earlier one. It cannot be that one
/// again, because that one was granted.
async fn unfit_body(call: &Call, web: &Web, caller: Option<&AuthenticatedPartner>, key: Option<&str>, unfit: Unfit) -> AppError {
    let name = match call.repeats {
        Repeats::ByKeyOrName(scope) => unfit.fields.held("external_id").map(|name| (scope, name)),
        Repeats::Unknown | Repeats::ByKey => None,
    };
    let is_of_fields = unfit.refusal.code.family() == Family::Field;
    match caller {
        Some(caller) if is_of_fields => match web.app.conflict_with_earlier(caller, key, name).await {
            Ok(()) => unfit.refusal.into(),
            Err(error) => error,
        },
        _ => unfit.refusal.into(),
    }
}

/// Reads a body: its fields, or what is wrong with them.
fn read_body(takes: Takes, request: &Request<Bytes>) -> Result<Result<Fields, Unfit>, Failure> {
    let media = media(request.headers());
    let (accepted, wanted) = match takes {
        Takes::FormOrJson(_) => (media != Media::Other, "application/x-www-form-urlencoded or application/json"),
        _ => (media == Media::Json, "application/json"),
    };
    if !accepted {
        return Err(Refusal::new(ErrorCode::UnsupportedMediaType, format!("The body must be sent as {wanted}.")).into());
    }
    let (fields, body) = (takes.fields(), request.body());
    Ok(if media == Media::Form { Fields::from_form(fields, body) } else { Fields::from_json(fields, body) })
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
            ("application/json", Media::Json),
            ("Application/JSON; charset=utf-8", Media::Json),
            ("application/x-www-form-urlencoded", Media::Form),
            ("application/xml", Media::Other),
            ("application/jsonx", Media::Other),
            ("", Media::Other),
        ] {
            assert_eq!(media(&headers(&[("content-type", value)])), expected, "{value}");
        }
        assert_eq!(media(&headers(&[])), Media::Other);
    }
}
