//! `POST /api/registerUser`: registers a customer.

use axum::http::Method;
use rampart_app::{RegisterUser, partner_api};
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::POST,
    paths: &["/api/registerUser"],
    id: "registerUser",
    group: "Common",
    summary: "User Registration",
    about: "Registers a customer. The answer contains the link to the identity form. An invalid telephone number or bank account is stored anyway and reported in `warnings`.",
    access: Access::Token,
    takes: FieldSource::Json(RegisterUser::FIELDS),
    idempotency: Idempotency::ByKey,
    codes: RegisterUser::CODES,
    envelope: Envelope::Ok,
    data: described::<responses::RegisteredView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    let request = RegisterUser::of(&context.fields)?;
    let answer = partner_api::register_user(&web.app, context.caller()?, &request, context.key()).await?;
    Ok(CallResponse::ok_json(&answer.data, answer.replayed))
}
