//! Failures in the description: one schema, narrowed to the error codes of each answer.

use std::collections::BTreeMap;

use rampart_core::refusal::{ErrorCode, Family};
use serde_json::{Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{AdditionalProperties, AllOfBuilder, ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{Header, Ref, RefOr, Response, Schema};

/// Codes whose answer is the same for all calls, if the call has no other code with this status.
const SHARED: &[ErrorCode] = &[
    ErrorCode::AuthorizationIncorrect,
    ErrorCode::RateLimited,
    ErrorCode::ServiceUnavailable,
    ErrorCode::BodyTooLarge,
    ErrorCode::UnsupportedMediaType,
    ErrorCode::MalformedRequest,
    ErrorCode::MalformedJson,
    ErrorCode::NotFound,
    ErrorCode::HttpMethodNotAllowed,
    ErrorCode::RequestTimeout,
    ErrorCode::HeadersTooLarge,
    ErrorCode::UnexpectedError,
];

/// The body of every failure.
pub fn schema() -> RefOr<Schema> {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let messages = ArrayBuilder::new().items(text());
    let errors = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("The errors of each field."))
        .additional_properties(Some(AdditionalProperties::from(Schema::from(messages))));
    let data = ObjectBuilder::new().schema_type(utoipa::openapi::schema::SchemaType::AnyValue).description(Some(
        "Data that belongs to the error code: a link for `require_kyc` and `kyc_reinforced_required`, a customer for `user_already_exists`.",
    ));
    let schema: Schema = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("The answer of a call that failed."))
        .property("status", text().enum_values(Some(["error"])))
        .required("status")
        .property(
            "error",
            text()
                .description(Some("The error code. It does not change between versions."))
                .enum_values(Some(ErrorCode::ALL.iter().map(|code| code.as_str()))),
        )
        .required("error")
        .property("message", text().description(Some("One sentence that explains the error to a person.")))
        .required("message")
        .property("errors", errors)
        .property("data", data)
        .property("request_id", text().description(Some("The identifier of the request in the logs.")))
        .required("request_id")
        .into();
    schema.into()
}

/// The schema of a failure with one of these codes.
pub fn narrowed(codes: &[ErrorCode]) -> Schema {
    let error = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(codes.iter().map(|code| code.as_str())));
    let only = ObjectBuilder::new().schema_type(Type::Object).property("error", error);
    AllOfBuilder::new().item(Ref::from_schema_name("Failure")).item(only).build().into()
}

/// A header of a response.
pub fn header(about: &str, kind: Type) -> Header {
    HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(kind))).description(Some(about)).build()
}

/// The header that every answer has, as it refers to [`shared_headers`].
pub fn request_id() -> Ref {
    Ref::new("#/components/headers/x-request-id")
}

/// The headers that are described once, as components.
pub fn shared_headers() -> BTreeMap<String, RefOr<Header>> {
    let request_id = header(
        "The request's own `x-request-id` if it is acceptable (1 to 64 letters, digits, `-`, `_`, `.` or `:`), otherwise a generated identifier.",
        Type::String,
    );
    BTreeMap::from([("x-request-id".to_owned(), request_id.into())])
}

fn example(code: ErrorCode) -> Value {
    json!({"status": "error", "error": code.as_str(), "message": code.meaning(), "request_id": "req_0123456789abcdef00000001"})
}

fn response(status: u16, codes: &[ErrorCode]) -> Response {
    let about = codes.iter().map(|code| format!("`{code}`: {}", code.meaning())).collect::<Vec<_>>().join("\n\n");
    let content = ContentBuilder::new().schema(Some(narrowed(codes)));
    let content = content.example(codes.first().map(|code| example(*code))).build();
    let response = ResponseBuilder::new().description(about).content("application/json", content).header_ref("x-request-id", request_id());
    let retry = || header("The number of seconds after which to retry.", Type::Integer);
    match status {
        405 => response.header("allow", header("The methods that the path supports.", Type::String)),
        429 => response
            .header("retry-after", retry())
            .header("ratelimit-limit", header("The maximum number of calls in a burst.", Type::Integer))
            .header("ratelimit-remaining", header("The number of calls that are left.", Type::Integer))
            .header("ratelimit-reset", header("The number of seconds until the full burst is available again.", Type::Integer)),
        503 => response.header("retry-after", retry()),
        _ => response,
    }
    .build()
}

/// The answers that are described once, as components.
pub fn shared_responses() -> impl Iterator<Item = (String, RefOr<Response>)> {
    SHARED.iter().map(|code| (code.as_str().to_owned(), response(code.status(), &[*code]).into()))
}

/// The answers of a call with these codes, by status (`http_errors = rest`).
pub fn responses(codes: &[ErrorCode]) -> Vec<(String, RefOr<Response>)> {
    let mut statuses: Vec<u16> = codes.iter().map(|code| code.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    let with = |status: u16| codes.iter().copied().filter(|code| code.status() == status).collect::<Vec<ErrorCode>>();
    statuses
        .into_iter()
        .map(|status| match with(status).as_slice() {
            [only] if SHARED.contains(only) => (status.to_string(), Ref::from_response_name(only.as_str()).into()),
            several => (status.to_string(), response(status, several).into()),
        })
        .collect()
}

/// The codes that are answered with status 200 under `http_errors = documented`.
pub fn business(codes: &[ErrorCode]) -> Vec<ErrorCode> {
    codes.iter().copied().filter(|code| code.family() == Family::Business).collect()
}
