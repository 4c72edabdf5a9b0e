//! The OpenAPI description of the sandbox routes. It is merged with that of the partner API.

use rampart_core::refusal::ErrorCode;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{Content, Ref, RefOr, Required, ResponseBuilder, Schema};

use super::response::SandboxFailure;
use super::{bank, chain, control, inbox, kyc, normalize, payments};

#[derive(OpenApi)]
#[openapi(
    paths(
        kyc::decide,
        payments::pay,
        payments::decline,
        payments::charge_back,
        bank::transfer,
        bank::recall,
        bank::return_payout,
        bank::statement,
        chain::deposit,
        chain::mine,
        chain::reorganise,
        chain::automine,
        chain::transactions,
        control::clock,
        control::prices,
        control::screening,
        control::faults,
        inbox::list,
        inbox::receive,
    ),
    components(schemas(SandboxFailure)),
    tags((name = "Sandbox", description = "Control of the simulated outside world. Only available in sandbox mode."))
)]
struct Description;

/// The errors that every route may return.
const FAILURES: &[ErrorCode] = &[
    ErrorCode::MalformedJson,
    ErrorCode::AuthorizationIncorrect,
    ErrorCode::UserBanned,
    ErrorCode::NotFound,
    ErrorCode::RequestTimeout,
    ErrorCode::TooManyOpen,
    ErrorCode::BodyTooLarge,
    ErrorCode::UnsupportedMediaType,
    ErrorCode::ValidationFailed,
    ErrorCode::RateLimited,
    ErrorCode::HeadersTooLarge,
    ErrorCode::UnexpectedError,
    ErrorCode::ServiceUnavailable,
];

/// The OpenAPI description of the routes under `/sandbox`.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut description = Description::openapi();
    for (path, item) in &mut description.paths.paths {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            add_common_parts(operation, path == "/sandbox/inbox" && operation.request_body.is_some());
        }
    }
    if let Some(components) = &mut description.components {
        let requests = components.schemas.iter_mut().filter(|(name, _)| OTHER_BODIES.contains(&name.as_str()) || name.ends_with("Request"));
        for (_, schema) in requests {
            let RefOr::T(Schema::Object(body)) = schema else { continue };
            let required = std::mem::take(&mut body.required);
            let may_be_absent = body.properties.iter_mut().filter(|(name, _)| !required.contains(name));
            may_be_absent.for_each(|(_, member)| *member = normalize::or_blank(member.clone()));
            body.required = required;
        }
    }
    description
}

/// Request bodies whose schema name does not end in `Request`.
const OTHER_BODIES: [&str; 1] = ["SandboxReason"];

fn add_common_parts(operation: &mut Operation, is_open: bool) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        if matches!((&parameter.parameter_in, &parameter.required), (ParameterIn::Query, Required::False)) {
            parameter.schema = parameter.schema.take().map(normalize::or_blank);
        }
    }
    for code in FAILURES {
        let content = Content::new(Some(Ref::from_schema_name("SandboxFailure")));
        let response = ResponseBuilder::new().description(code.meaning()).content("application/json", content).build();
        operation.responses.responses.entry(code.status().to_string()).or_insert_with(|| response.into());
    }
    if !is_open {
        let scheme = |name: &str| utoipa::openapi::security::SecurityRequirement::new::<_, [&str; 0], &str>(name, []);
        operation.security = Some(vec![scheme("auth"), scheme("bearer")]);
    }
}
