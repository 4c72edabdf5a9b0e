//! Reads requests: tokens, bodies, queries, numbers. All input is bounded before it is parsed.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use rampart_core::money::amount::{Amount, AmountSent};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::text::is_blank;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};

use super::response::RefusalResponse;
use super::{RouteState, SandboxCaller, normalize};

const MAX_BODY_BYTES: usize = 64 * 1_024;
const MAX_TOKEN_BYTES: usize = 4_096;

fn token(headers: &HeaderMap) -> Option<&str> {
    let own = headers.get("auth").and_then(|value| value.to_str().ok());
    let bearer = || {
        let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    };
    own.or_else(bearer).filter(|token| !token.is_empty() && token.len() <= MAX_TOKEN_BYTES)
}

/// A request of an authenticated caller.
pub(super) struct SandboxCall<T> {
    pub(super) state: RouteState,
    pub(super) caller: SandboxCaller,
    /// The path parameter; empty for a path without one.
    pub(super) path: String,
    /// The body of a POST, else the query.
    pub(super) input: T,
}

impl<T: DeserializeOwned> FromRequest<RouteState> for SandboxCall<T> {
    type Rejection = RefusalResponse;

    /// The body of an unauthenticated caller is not read.
    async fn from_request(request: Request, state: &RouteState) -> Result<Self, RefusalResponse> {
        let (mut parts, body) = request.into_parts();
        let token = token(&parts.headers).ok_or_else(|| Refusal::from(ErrorCode::AuthorizationIncorrect))?;
        let caller = state.engine.authenticate(token, &parts).await?;
        let path = Path::<Vec<String>>::from_request_parts(&mut parts, state).await;
        let Path(mut path) = path.map_err(|_| Refusal::from(ErrorCode::NotFound))?;
        let input = match parts.method {
            Method::POST => read_body(Request::from_parts(parts, body)).await,
            _ => read_query(&parts),
        };
        let input = input.map_err(|refusal| caller.refused(refusal))?;
        Ok(Self { state: state.clone(), caller, path: path.pop().unwrap_or_default(), input })
    }
}

/// Reads a body of at most `max` bytes.
pub(super) async fn bytes(request: Request, max: usize) -> Result<Bytes, Refusal> {
    let too_large = || Refusal::new(ErrorCode::BodyTooLarge, format!("the body is larger than {max} bytes"));
    let declared = request.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|declared| declared > max) {
        return Err(too_large());
    }
    axum::body::to_bytes(request.into_body(), max).await.map_err(|error| {
        // Errors of an outer layer, such as a limit or a timeout, are reported by that layer.
        tracing::debug!(%error, "a body could not be read");
        too_large()
    })
}

async fn read_body<T: DeserializeOwned>(request: Request) -> Result<T, Refusal> {
    let content_type = request.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default().to_ascii_lowercase());
    let json = content_type.as_deref().map(|value| value.split(';').next().unwrap_or_default().trim() == "application/json");
    let body = bytes(request, MAX_BODY_BYTES).await?;
    match json {
        Some(false) => return Err(Refusal::new(ErrorCode::UnsupportedMediaType, "the body must be application/json")),
        None if !body.is_empty() => {
            return Err(Refusal::new(ErrorCode::UnsupportedMediaType, "the body must say that it is application/json"));
        }
        Some(true) | None => {}
    }
    // A body may be omitted if all of its fields are optional.
    let text: &[u8] = if body.is_empty() { b"{}" } else { &body };
    // serde would read an array as the fields of a struct in their order.
    if text.trim_ascii_start().first() == Some(&b'[') {
        return Err(Refusal::new(ErrorCode::ValidationFailed, "the body must be a JSON object"));
    }
    normalize::normalized_object(text).and_then(|text| serde_json::from_str(&text)).map_err(|error| fault(&error))
}

/// The refusal for a body that cannot be deserialised.
fn fault(error: &serde_json::Error) -> Refusal {
    if !error.is_data() {
        return Refusal::new(ErrorCode::MalformedJson, "the body is not valid JSON");
    }
    let text = error.to_string();
    let sentence = text.rsplit_once(" at line ").map_or(text.as_str(), |(sentence, _)| sentence);
    match sentence.strip_prefix("missing field `").and_then(|rest| rest.split_once('`')) {
        Some((field, _)) => Refusal::field(ErrorCode::FailMandatoryField, field, "is required"),
        None => Refusal::new(ErrorCode::ValidationFailed, format!("the body is not valid: {sentence}")),
    }
}

fn read_query<T: DeserializeOwned>(parts: &Parts) -> Result<T, Refusal> {
    let read = Query::<T>::try_from_uri(&parts.uri).map(|Query(params)| params);
    read.map_err(|rejection| {
        let text = rejection.body_text();
        let sentence = text.rsplit(": ").next().unwrap_or_default();
        Refusal::new(ErrorCode::ValidationFailed, format!("the query is not valid: {sentence}"))
    })
}

/// A JSON number or a decimal string, kept as it was sent so that it never becomes a float.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Decimal(Box<RawValue>);

impl Decimal {
    /// The digits as they were sent.
    pub(super) fn text(&self, field: &str) -> Result<String, Refusal> {
        self.sent(field).map(|sent| sent.as_str().to_owned())
    }

    fn sent(&self, field: &str) -> Result<AmountSent, Refusal> {
        let raw = self.0.get();
        match raw.as_bytes().first() {
            Some(b'"') => {
                let text =
                    serde_json::from_str(raw).map_err(|_| Refusal::field(ErrorCode::ValidationFailed, field, "is not a valid string"))?;
                Ok(AmountSent::Text(text))
            }
            Some(b'0'..=b'9' | b'-') => Ok(AmountSent::Number(raw.to_owned())),
            Some(b'n') => Err(Refusal::field(ErrorCode::FailMandatoryField, field, "is required")),
            _ => Err(Refusal::field(ErrorCode::ValidationFailed, field, "must be a number or a decimal string")),
        }
    }

    /// The amount in minor units.
    pub(super) fn amount(&self, field: &str, decimals: u8) -> Result<Amount, Refusal> {
        self.sent(field)?.amount(decimals).map_err(|fault| Refusal::field(ErrorCode::ValidationFailed, field, fault.to_string()))
    }
}

impl utoipa::PartialSchema for Decimal {
    fn schema() -> utoipa::openapi::RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Number)).exclusive_minimum(Some(0));
        let text = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .pattern(Some(r"^[0-9]{1,30}(\.[0-9]{1,18})?$"))
            .examples(["100.50"]);
        Schema::OneOf(
            OneOfBuilder::new()
                .item(number)
                .item(text)
                .description(Some("An exact amount in major units: a number or a decimal string."))
                .build(),
        )
        .into()
    }
}

impl utoipa::ToSchema for Decimal {
    fn name() -> std::borrow::Cow<'static, str> {
        "SandboxDecimal".into()
    }
}

/// A text of at most `max` characters without control characters. A blank text counts as absent.
pub(super) fn text(field: &str, text: Option<String>, max: usize) -> Result<Option<String>, Refusal> {
    match text.filter(|text| !is_blank(text)) {
        Some(text) if text.chars().count() > max => {
            Err(Refusal::field(ErrorCode::ValidationFailed, field, format!("is longer than {max} characters")))
        }
        Some(text) if text.chars().any(char::is_control) => {
            Err(Refusal::field(ErrorCode::ValidationFailed, field, "contains a control character"))
        }
        text => Ok(text),
    }
}

/// As [`text`], but required.
pub(super) fn required(field: &str, text: String, max: usize) -> Result<String, Refusal> {
    self::text(field, Some(text), max)?.ok_or_else(|| Refusal::field(ErrorCode::FailMandatoryField, field, "is required"))
}

/// The page size: 1 to 1,000, 100 by default.
pub(super) fn limit(limit: Option<u32>) -> Result<usize, Refusal> {
    match limit.unwrap_or(100) {
        limit @ 1..=1_000 => Ok(usize::try_from(limit).unwrap_or(1_000)),
        _ => Err(Refusal::field(ErrorCode::ValidationFailed, "limit", "must be between 1 and 1000")),
    }
}

/// A number that must be at least `min`.
pub(super) fn at_least(field: &str, number: Option<i64>, min: i64) -> Result<Option<i64>, Refusal> {
    match number {
        Some(number) if number < min => Err(Refusal::field(ErrorCode::ValidationFailed, field, format!("must be at least {min}"))),
        number => Ok(number),
    }
}
