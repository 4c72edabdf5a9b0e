//! `POST /api/setRefundAccount`: the account for a payment's refund.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_app::{AppError, SetRefundAccount};
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::field::{FieldKind, FieldSpec, required};
use crate::state::Web;

use super::IDENTIFIER;

const FIELDS: &[FieldSpec] = &[
    required("payment_id", IDENTIFIER, "The identifier of the payment.").example(r#""8DtY4Wlq0YclbFQGltbnJRC9s""#),
    required("refund_account", FieldKind::Text(64), "The customer's bank account for the refund.").example(r#""ES9121000418450200051332""#),
];

pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/setRefundAccount",
    also_at: None,
    id: "setRefundAccount",
    group: "OnRamp",
    summary: "Set the account for a refund",
    about: "Sets or changes the account for a payment's refund, until the refund has been sent. The hosted page cannot change an account set \
            here. It takes effect at once: a payment that is on hold for a refund destination is refunded. The answer is the payment.",
    access: Access::Token,
    path_field: None,
    query: &[],
    body: BodyKind::Json(FIELDS),
    idempotency: Idempotency::ByKey,
    codes: &[ErrorCode::PaymentNotFound, ErrorCode::InvalidBankAccount],
    envelope: Envelope::Ok,
    data: described::<responses::PaymentView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let fields = &mut context.fields;
    let request = SetRefundAccount { payment_id: fields.take("payment_id"), refund_account: fields.take("refund_account") };
    let answer = partner_api::set_refund_account(&web.app, context.caller()?, request, context.key()).await?;
    Ok(CallResponse::ok_json(&answer.data, answer.replayed))
}
