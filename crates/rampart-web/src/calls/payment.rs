//! `GET /api/payment/{payment_id}`: one payment.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_app::request::common::IDENTIFIER;
use rampart_app::request::field::required;
use rampart_core::refusal::ErrorCode;
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::GET,
    paths: &["/api/payment/{payment_id}"],
    id: "payment",
    group: "OnRamp",
    summary: "Get Payment",
    about: "Returns the current state of a payment. `txid` is set from `coins_sent` on.",
    access: Access::Token,
    takes: FieldSource::Path(required(IDENTIFIER, "The identifier of the payment.").named("payment_id"), &FieldSource::None),
    idempotency: Idempotency::None,
    codes: &[ErrorCode::PaymentNotFound],
    envelope: Envelope::Ok,
    data: described::<responses::PaymentView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    CallResponse::ok(&partner_api::payment(&web.app, context.caller()?, &context.path).await?)
}
