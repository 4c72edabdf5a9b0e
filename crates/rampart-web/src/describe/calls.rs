//! The partner API's calls as OpenAPI operations.

use axum::http::Method;
use rampart_app::request::common::IDEMPOTENCY_KEY;
use rampart_app::request::field::{FieldSpec, optional};
use rampart_core::refusal::ErrorCode;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{HttpMethod, RefOr, Required, Response, Schema};

use super::fields::{self, FieldLocation};
use super::{described, failures};
use crate::call::{Access, Call, Envelope, FieldSource, Idempotency, Schemas};
use crate::operations::HealthBody;

const KEY: FieldSpec = optional(
    IDEMPOTENCY_KEY,
    "An identifier of this request that you choose. Repeating the request with the same key returns the stored answer; a different request with the same key is refused.",
)
.named("Idempotency-Key");

pub(super) fn method(call: &Call) -> HttpMethod {
    match call.method {
        Method::POST => HttpMethod::Post,
        Method::DELETE => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

/// Every error code that a call can be refused with: in the order of its checks, and then those of any request, which have no place in it.
fn codes(call: &Call) -> Vec<ErrorCode> {
    let mut codes = Vec::new();
    if call.access == Access::Token {
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
    if matches!(call.takes, FieldSource::Path(_)) {
        // A slash in the path variable makes the path match no route.
        codes.push(ErrorCode::NotFound);
    }
    codes.extend(SERVER);
    codes.dedup();
    codes
}

/// The error codes that any request can be answered with.
const SERVER: [ErrorCode; 8] = [
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
pub(super) fn operation(call: &Call, path: &str, schemas: &mut Schemas) -> OperationBuilder {
    let codes = codes(call);
    let alias = if path == call.path() { "" } else { "Alias" };
    let mut operation = OperationBuilder::new()
        .operation_id(Some(format!("{}{alias}", call.id)))
        .tag(call.group)
        .summary(Some(call.summary))
        .description(Some(call.about))
        .request_body(body(call.takes))
        .response("200", success(call, &business_codes(&codes), schemas));
    for (status, response) in failures::responses(&codes) {
        operation = operation.response(status, response);
    }
    if let FieldSource::Path(field) = &call.takes {
        operation = operation.parameter(parameter(field, ParameterIn::Path));
    }
    for field in call.takes.query() {
        operation = operation.parameter(parameter(field, ParameterIn::Query));
    }
    if call.idempotency != Idempotency::None {
        operation = operation.parameter(parameter(&KEY, ParameterIn::Header));
    }
    match call.access {
        Access::Anybody => operation.securities(Some([])),
        Access::Token => ["auth", "bearer"]
            .iter()
            .fold(operation, |operation, scheme| operation.security(SecurityRequirement::new(*scheme, [] as [&str; 0]))),
    }
}

fn business_codes(codes: &[ErrorCode]) -> Vec<ErrorCode> {
    failures::business(codes)
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
    let body = RequestBodyBuilder::new().required(Some(Required::True));
    match takes {
        FieldSource::None | FieldSource::Path(_) | FieldSource::Query(_) => None,
        FieldSource::Json(_) => Some(body.content("application/json", content(FieldLocation::Json)).build()),
        FieldSource::FormOrJson(_) => {
            let form = content(FieldLocation::Text);
            Some(body.content("application/x-www-form-urlencoded", form).content("application/json", content(FieldLocation::Json)).build())
        }
    }
}

fn word(text: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some([text]))
}

/// The answer of a successful call. With `http_errors = documented`, business failures have this status too.
fn success(call: &Call, business: &[ErrorCode], schemas: &mut Schemas) -> Response {
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
        ResponseBuilder::new().description(about).content("application/json", content).header("x-request-id", failures::request_id());
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

/// The operations for operators and monitoring.
pub(super) fn service(schemas: &mut Schemas) -> Vec<(&'static str, OperationBuilder)> {
    let health = described::<HealthBody>(schemas);
    let answer = |about: &str, kind: &str, schema: RefOr<Schema>| {
        let content = ContentBuilder::new().schema(Some(schema)).build();
        ResponseBuilder::new().description(about).content(kind, content).header("x-request-id", failures::request_id()).build()
    };
    let text = || RefOr::from(Schema::from(ObjectBuilder::new().schema_type(Type::String)));
    let object = || RefOr::from(Schema::from(ObjectBuilder::new().schema_type(Type::Object)));
    let open = |id: &str, summary: &str, ok: Response, codes: &[ErrorCode]| {
        let operation = OperationBuilder::new().operation_id(Some(id)).tag("Service").summary(Some(summary)).securities(Some([]));
        failures::responses(codes)
            .into_iter()
            .fold(operation.response("200", ok), |operation, (status, response)| operation.response(status, response))
    };
    let not_ready =
        Schema::from(OneOfBuilder::new().item(health.clone()).item(failures::narrowed(&[ErrorCode::ServiceUnavailable])).build());
    let but_ready: Vec<ErrorCode> = SERVER.into_iter().filter(|code| *code != ErrorCode::ServiceUnavailable).collect();
    let of_operators: Vec<ErrorCode> = [ErrorCode::AuthorizationIncorrect, ErrorCode::NotFound].into_iter().chain(SERVER).collect();
    vec![
        (
            "/healthz",
            open("healthz", "Whether the process is alive", answer("The process is alive.", "application/json", health.clone()), &SERVER),
        ),
        (
            "/readyz",
            open(
                "readyz",
                "Whether the process can serve requests",
                answer("The process can serve requests.", "application/json", health),
                &but_ready,
            )
            .response("503", answer("The process should get no traffic.", "application/json", not_ready.into())),
        ),
        (
            "/metrics",
            open(
                "metrics",
                "The metrics. They need the token that the operator set, and may be served on another address instead",
                answer("The metrics in the OpenMetrics text format.", "application/openmetrics-text", text()),
                &of_operators,
            ),
        ),
        ("/openapi.json", open("openapi", "This description", answer("The OpenAPI document.", "application/json", object()), &SERVER)),
        ("/docs", open("docs", "This description as a page", answer("The description as an HTML page.", "text/html", text()), &SERVER)),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn codes_are_documented_in_the_order_of_the_checks() {
        let whole: Value = serde_json::from_str(&crate::describe::openapi(crate::calls::ALL, Vec::new())).unwrap();
        for call in crate::calls::ALL {
            let operation = &whole["paths"][call.path()][call.method.as_str().to_ascii_lowercase()];
            for (status, response) in operation["responses"].as_object().unwrap() {
                let schema = &response["content"]["application/json"]["schema"];
                let is_listed = |code: &ErrorCode| match status.as_str() {
                    "200" => failures::business(&[*code]) == [*code],
                    status => code.status().to_string() == status,
                };
                let listed = schema.pointer("/allOf/1").or_else(|| schema.pointer("/oneOf/1/allOf/1"));
                let Some(listed) = listed.map(|only| &only["properties"]["error"]["enum"]) else { continue };
                let expected: Vec<&str> = codes(call).iter().filter(|code| is_listed(code)).map(|code| code.as_str()).collect();
                assert_eq!(*listed, json!(expected), "{} {status}", call.id);
            }
        }
    }
}
