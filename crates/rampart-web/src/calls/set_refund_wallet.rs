//! `POST /api/setRefundWallet`: the wallet for a ramp-off's refund.

use axum::http::Method;
use rampart_app::{SetRefundWallet, partner_api};
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::POST,
    paths: &["/api/setRefundWallet"],
    id: "setRefundWallet",
    group: "OffRamp",
    summary: "Set the wallet for a refund",
    about: "Sets or changes the wallet for a ramp-off's refund, until the refund has been sent. The hosted page cannot change a wallet set here. \
            It takes effect at once: a ramp-off that is on hold for a refund destination is refunded. The answer is the ramp-off.",
    access: Access::Token,
    takes: FieldSource::Json(SetRefundWallet::FIELDS),
    idempotency: Idempotency::ByKey,
    codes: SetRefundWallet::CODES,
    envelope: Envelope::Ok,
    data: described::<responses::RampoffView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    let request = SetRefundWallet::of(&context.fields)?;
    let answer = partner_api::set_refund_wallet(&web.app, context.caller()?, &request, context.key()).await?;
    Ok(CallResponse::ok_json(&answer.data, answer.replayed))
}
