//! `POST /api/createRampoff`: an order to sell coins.

use axum::http::Method;
use rampart_app::{CreateRampoff, partner_api};
use rampart_core::step::ClaimScope;
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::POST,
    paths: &["/api/createRampoff"],
    id: "createRampoff",
    group: "OffRamp",
    summary: "Create rampoff operation",
    about: "Creates an order to sell coins. The answer contains the deposit address. The amount that arrives there is exchanged.",
    access: Access::Token,
    takes: FieldSource::Json(CreateRampoff::FIELDS),
    idempotency: Idempotency::ByKeyOrExternalId(ClaimScope::RampoffExternalId),
    codes: CreateRampoff::CODES,
    envelope: Envelope::Ok,
    data: described::<responses::RampoffCreatedView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    let request = CreateRampoff::of(&context.fields)?;
    let answer = partner_api::create_rampoff(&web.app, context.caller()?, &request, context.key()).await?;
    Ok(CallResponse::ok_json(&answer.data, answer.replayed))
}
