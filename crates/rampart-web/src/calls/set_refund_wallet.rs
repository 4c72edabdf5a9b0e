//! `POST /api/setRefundWallet`: the wallet for a ramp-off's refund.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_app::{AppError, SetRefundWallet};
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::field::{FieldKind, FieldSpec, required};
use crate::state::Web;

use super::IDENTIFIER;

const FIELDS: &[FieldSpec] = &[
    required("rampoff_id", IDENTIFIER, "The identifier of the ramp-off.").example(r#""8DtY4Wlq0YclbFQGltbnJRC9s""#),
    required("refund_wallet", FieldKind::Wallet, "The customer's wallet for the refund. The network fee is deducted.")
        .example(r#""0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55""#),
];

pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/setRefundWallet",
    also_at: None,
    id: "setRefundWallet",
    group: "OffRamp",
    summary: "Set the wallet for a refund",
    about: "Sets or changes the wallet for a ramp-off's refund, until the refund has been sent. The hosted page cannot change a wallet set here. \
            It takes effect at once: a ramp-off that is on hold for a refund destination is refunded. The answer is the ramp-off.",
    access: Access::Token,
    path_field: None,
    query: &[],
    body: BodyKind::Json(FIELDS),
    idempotency: Idempotency::ByKey,
    codes: &[ErrorCode::RampoffNotFound, ErrorCode::InvalidWallet],
    envelope: Envelope::Ok,
    data: described::<responses::RampoffView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let fields = &mut context.fields;
    let request = SetRefundWallet { rampoff_id: fields.take("rampoff_id"), refund_wallet: fields.take("refund_wallet") };
    let answer = partner_api::set_refund_wallet(&web.app, context.caller()?, request, context.key()).await?;
    Ok(CallResponse::ok_json(&answer.data, answer.replayed))
}
