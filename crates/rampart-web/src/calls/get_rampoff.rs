//! `GET /api/getRampoff`: one ramp-off.

use axum::http::Method;
use rampart_app::partner_api::lists::GetRampoff;
use rampart_app::{AppError, partner_api};

use crate::call::{Access, Call, CallContext, CallFuture, Envelope, FieldSource, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::{described, responses};
use crate::state::Web;

pub(crate) static CALL: Call = Call {
    method: Method::GET,
    paths: &["/api/getRampoff"],
    id: "getRampoff",
    group: "OffRamp",
    summary: "Get rampoff status",
    about: "Returns the current state of a ramp-off.",
    access: Access::Token,
    takes: FieldSource::Query(GetRampoff::FIELDS),
    idempotency: Idempotency::None,
    codes: GetRampoff::CODES,
    envelope: Envelope::Ok,
    data: described::<responses::RampoffView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, AppError> {
    let request = GetRampoff::of(&context.fields)?;
    CallResponse::ok(&partner_api::rampoff(&web.app, context.caller()?, request.id).await?)
}
