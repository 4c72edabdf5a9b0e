//! The description of these calls, to be merged with that of the partner API.

use rampart_core::refusal::Code;
use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, Ref, ResponseBuilder};

use super::answer::SandboxFailure;
use super::{bank, chain, control, inbox, kyc, payments};

#[derive(OpenApi)]
#[openapi(
    paths(
        kyc::decide,
        payments::pay,
        payments::decline,
        payments::charge_back,
        bank::transfer,
        bank::recall,
        bank::give_back,
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
        inbox::catch,
    ),
    components(schemas(SandboxFailure)),
    tags((name = "Sandbox", description = "The outside world, played by hand. Only in sandbox mode."))
)]
struct Description;

/// The failures that any of these calls can end with.
const FAILURES: &[Code] = &[
    Code::MalformedJson,
    Code::AuthorizationIncorrect,
    Code::UserBanned,
    Code::NotFound,
    Code::RequestTimeout,
    Code::TooManyOpen,
    Code::BodyTooLarge,
    Code::UnsupportedMediaType,
    Code::ValidationFailed,
    Code::RateLimited,
    Code::HeadersTooLarge,
    Code::UnexpectedError,
    Code::ServiceUnavailable,
];

/// The description of the calls under `/sandbox`.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut description = Description::openapi();
    for (path, item) in &mut description.paths.paths {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            complete(operation, path == "/sandbox/inbox" && operation.request_body.is_some());
        }
    }
    description
}

fn complete(operation: &mut Operation, is_open: bool) {
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
