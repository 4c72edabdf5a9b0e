//! `POST /api/setRefundAccount`: the account for a payment's refund.

use axum::http::Method;
use rampart_app::{SetRefundAccount, partner_api};
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::POST,
    paths: &["/api/setRefundAccount"],
    id: "setRefundAccount",
    group: "OnRamp",
    summary: "Set the account for a refund",
    about: "Sets or changes the account for a payment's refund, until the refund has been sent. The hosted page cannot change an account set \
            here. It takes effect at once: a payment that is on hold for a refund destination is refunded. The answer is the payment.",
    access: Access::Token,
    takes: FieldSource::Json(SetRefundAccount::FIELDS),
    idempotency: Idempotency::ByKey,
    codes: SetRefundAccount::CODES,
    envelope: Envelope::Ok,
    data: described::<responses::PaymentView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    let request = SetRefundAccount::of(&context.fields)?;
    let answer = partner_api::set_refund_account(&web.app, context.caller()?, &request, context.key()).await?;
    Ok(CallResponse::ok_json(&answer.data, answer.replayed))
}
