//! The endpoints for operators and monitoring in the description.

use rampart_core::refusal::ErrorCode;
use rampart_http::call::Schemas;
use rampart_http::describe::{SERVER, described, failures};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::OperationBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Response, Schema};

use crate::operations::HealthBody;

/// The operations for operators and monitoring.
pub(super) fn service(schemas: &mut Schemas) -> Vec<(&'static str, OperationBuilder)> {
    let health = described::<HealthBody>(schemas);
    let answer = |about: &str, kind: &str, schema: RefOr<Schema>| {
        let content = ContentBuilder::new().schema(Some(schema)).build();
        ResponseBuilder::new().description(about).content(kind, content).header_ref("x-request-id", failures::request_id()).build()
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
