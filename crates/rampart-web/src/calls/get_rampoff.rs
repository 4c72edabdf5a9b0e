//! `GET /api/getRampoff`: one ramp-off.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_app::partner_api::lists::GetRampoff;
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
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

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    let request = GetRampoff::of(&context.fields)?;
    CallResponse::ok(&partner_api::rampoff(&web.app, context.caller()?, request.id).await?)
}
