//! Calls as OpenAPI operations.

use axum::http::Method;
use rampart_core::refusal::ErrorCode;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{HttpMethod, RefOr, Required, Response, Schema};

use super::failures;
use super::fields::{self, FieldLocation};
use crate::call::{Access, Call, Envelope, FieldSource, Idempotency, Schemas};
use crate::request::field::{FieldSpec, IDEMPOTENCY_KEY, optional};

const KEY: FieldSpec = optional(
    IDEMPOTENCY_KEY,
    "An identifier of this request that you choose. Repeating the request with the same key returns the stored answer; a different request with the same key is refused.",
)
.named("Idempotency-Key");

pub(super) fn method<S>(call: &Call<S>) -> HttpMethod {
    match call.method {
        Method::POST => HttpMethod::Post,
        Method::DELETE => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

/// Every error code that a call can be refused with: in the order of its checks, and then those of any request, which have no place in it.
pub fn codes<S>(call: &Call<S>) -> Vec<ErrorCode> {
    let mut codes = Vec::new();
    if call.access != Access::Anybody {
        codes.push(ErrorCode::AuthorizationIncorrect);
    }
    if call.takes.is_body() {
        codes.extend([ErrorCode::UnsupportedMediaType, ErrorCode::MalformedJson]);
    }
    if call.idempotency != Idempotency::None {
        codes.push(ErrorCode::IdempotencyConflict);
    }
    if matches!(call.idempotency, Idempotency::ByKeyOrExternalId(_)) {
        codes.push(ErrorCode::ExternalIdConflict);
    }
    let fields = call.takes.fields();
    if fields.iter().any(|field| field.required) {
        codes.push(ErrorCode::FailMandatoryField);
    }
    if !fields.is_empty() {
        codes.push(ErrorCode::ValidationFailed);
    }
    codes.extend(call.codes);
    if matches!(call.takes, FieldSource::Path(..)) {
        // A slash in the path variable makes the path match no route.
        codes.push(ErrorCode::NotFound);
    }
    codes.extend(SERVER);
    let mut listed = Vec::with_capacity(codes.len());
    for code in codes {
        if !listed.contains(&code) {
            listed.push(code);
        }
    }
    listed
}

/// The error codes that any request can be answered with.
pub const SERVER: [ErrorCode; 8] = [
    ErrorCode::MalformedRequest,
    ErrorCode::RateLimited,
    ErrorCode::ServiceUnavailable,
    ErrorCode::BodyTooLarge,
    ErrorCode::HttpMethodNotAllowed,
    ErrorCode::RequestTimeout,
    ErrorCode::HeadersTooLarge,
    ErrorCode::UnexpectedError,
];

/// The operation of a call at one of its paths.
pub(super) fn operation<S>(call: &Call<S>, path: &str, schemas: &mut Schemas) -> OperationBuilder {
    let codes = codes(call);
    let alias = if path == call.paths[0] { "" } else { "Alias" };
    let mut operation = OperationBuilder::new()
        .operation_id(Some(format!("{}{alias}", call.id)))
        .tag(call.group)
        .summary(Some(call.summary))
        .description(Some(call.about))
        .request_body(body(call.takes))
        .response("200", success(call, &failures::business(&codes), schemas));
    for (status, response) in failures::responses(&codes) {
        operation = operation.response(status, response);
    }
    match &call.takes {
        FieldSource::Path(field, _) => operation = operation.parameter(parameter(field, ParameterIn::Path)),
        FieldSource::Signed(field) => operation = operation.parameter(parameter(field, ParameterIn::Header)),
        _ => {}
    }
    for field in call.takes.query() {
        operation = operation.parameter(parameter(field, ParameterIn::Query));
    }
    if call.idempotency != Idempotency::None {
        operation = operation.parameter(parameter(&KEY, ParameterIn::Header));
    }
    match call.access {
        Access::Anybody | Access::Signature => operation.securities(Some([])),
        Access::Token => ["auth", "bearer"]
            .iter()
            .fold(operation, |operation, scheme| operation.security(SecurityRequirement::new(*scheme, [] as [&str; 0]))),
    }
}

fn parameter(field: &FieldSpec, place: ParameterIn) -> Parameter {
    // An empty query parameter counts as absent. An empty header or path variable does not.
    let strict = FieldSpec { required: field.required || place != ParameterIn::Query, ..*field };
    ParameterBuilder::new()
        .name(field.name)
        .parameter_in(place)
        .required(if field.required { Required::True } else { Required::False })
        .description(Some(field.about))
        .schema(Some(fields::schema(&strict, FieldLocation::Text)))
        .example(fields::example(field))
        .build()
}

fn body(takes: FieldSource) -> Option<RequestBody> {
    let table = takes.fields();
    let content =
        |place| ContentBuilder::new().schema(Some(fields::object(table, place))).example(Some(fields::body_example(table))).build();
    let is_required = if takes.may_be_absent() { Required::False } else { Required::True };
    let body = RequestBodyBuilder::new().required(Some(is_required));
    match takes {
        FieldSource::None | FieldSource::Query(_) => None,
        FieldSource::Path(_, others) => self::body(*others),
        FieldSource::Signed(_) => {
            let any = ContentBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::Object))).build();
            Some(body.required(Some(Required::True)).content("application/json", any).build())
        }
        FieldSource::Json(_) => Some(body.content("application/json", content(FieldLocation::Json)).build()),
        FieldSource::FormOrJson(_) => {
            let form = content(FieldLocation::Text);
            Some(body.content("application/x-www-form-urlencoded", form).content("application/json", content(FieldLocation::Json)).build())
        }
    }
}

/// A text that is always the same word.
pub fn word(text: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some([text]))
}

/// The answer of a successful call. With `http_errors = documented`, business failures have this status too.
fn success<S>(call: &Call<S>, business: &[ErrorCode], schemas: &mut Schemas) -> Response {
    let data = (call.data)(schemas);
    let object = ObjectBuilder::new().schema_type(Type::Object);
    let granted: Schema = match call.envelope {
        Envelope::Ok => object.property("status", word("ok")).required("status").property("data", data).required("data").into(),
        Envelope::PaymentCreated => object
            .property("status", word("success"))
            .required("status")
            .property("message", word("payment_created"))
            .required("message")
            .property("data", data)
            .required("data")
            .into(),
        Envelope::List => object
            .property("status", word("ok"))
            .required("status")
            .property("data", ArrayBuilder::new().items(data))
            .required("data")
            .property("pagination", pagination())
            .required("pagination")
            .into(),
    };
    let schema: RefOr<Schema> = if business.is_empty() {
        granted.into()
    } else {
        Schema::from(OneOfBuilder::new().item(granted).item(failures::narrowed(business)).build()).into()
    };
    let about = if business.is_empty() {
        "The call succeeded."
    } else {
        "The call succeeded; or, with `http_errors = documented`, it was refused for a business reason."
    };
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response =
        ResponseBuilder::new().description(about).content("application/json", content).header_ref("x-request-id", failures::request_id());
    if call.idempotency != Idempotency::None {
        let replayed = failures::header("`true` if this is the stored answer of an earlier request.", Type::String);
        response.header("idempotent-replayed", replayed).build()
    } else {
        response.build()
    }
}

fn pagination() -> ObjectBuilder {
    let cursor = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null]));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("next_cursor", cursor.description(Some("The cursor of the next page.")))
        .required("next_cursor")
        .property("has_more", ObjectBuilder::new().schema_type(Type::Boolean).description(Some("Whether more items follow.")))
        .required("has_more")
}
