//! `POST /api/registerUser`: registers a customer.

use axum::http::Method;
use rampart_app::{AppError, RegisterUser, partner_api};

use crate::call::{Access, Call, CallContext, CallFuture, Envelope, FieldSource, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::{described, responses};
use crate::state::Web;

pub(crate) static CALL: Call = Call {
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

async fn run(web: Web, context: CallContext) -> Result<CallResponse, AppError> {
    let request = RegisterUser::of(&context.fields)?;
    let answer = partner_api::register_user(&web.app, context.caller()?, &request, context.key()).await?;
    Ok(CallResponse::ok_json(&answer.data, answer.replayed))
}
