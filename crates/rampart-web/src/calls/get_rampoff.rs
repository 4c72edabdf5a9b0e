//! `GET /api/getRampoff`: one ramp-off.

use axum::http::Method;
use rampart_app::AppError;
use rampart_app::partner_api;
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::field::{FieldSpec, required};
use crate::state::Web;

use super::IDENTIFIER;

const FIELDS: &[FieldSpec] = &[required("id", IDENTIFIER, "The identifier of the ramp-off.")];

pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/getRampoff",
    also_at: None,
    id: "getRampoff",
    group: "OffRamp",
    summary: "Get rampoff status",
    about: "Returns the current state of a ramp-off.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    body: BodyKind::None,
    idempotency: Idempotency::None,
    codes: &[ErrorCode::RampoffNotFound],
    envelope: Envelope::Ok,
    data: described::<responses::RampoffView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let id = context.fields.take_required("id");
    CallResponse::ok(&partner_api::rampoff(&web.app, context.caller()?, &id).await?)
}
