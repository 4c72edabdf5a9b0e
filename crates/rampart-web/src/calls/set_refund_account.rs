//! `POST /api/setRefundAccount`: where a payment's money may go back to.

use axum::http::Method;
use rampart_app::{AppError, SetRefundAccount};
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Field, Kind, required};
use crate::reply::Reply;
use crate::state::Web;

use super::IDENTIFIER;

const FIELDS: &[Field] = &[
    required("payment_id", IDENTIFIER, "The payment.").example(r#""8DtY4Wlq0YclbFQGltbnJRC9s""#),
    required("refund_account", Kind::Text(64), "An account of the customer's that money may go back to.")
        .example(r#""ES9121000418450200051332""#),
];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/setRefundAccount",
    also_at: None,
    id: "setRefundAccount",
    group: "OnRamp",
    summary: "Set the account for a refund",
    about: "Sets or changes the account that a payment's money may go back to, until it is on its way there. What you say here is \
            final for the hosted page, and followed at once: a payment that is on hold for a destination is refunded. The answer is the \
            payment.",
    access: Access::Token,
    path_field: None,
    query: &[],
    takes: Takes::Json(FIELDS),
    repeats: Repeats::ByKey,
    codes: &[ErrorCode::PaymentNotFound, ErrorCode::InvalidBankAccount],
    envelope: Envelope::Ok,
    data: described::<replies::Payment>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let fields = &mut ask.fields;
    let request = SetRefundAccount { payment_id: fields.take("payment_id"), refund_account: fields.take("refund_account") };
    let answer = web.app.set_refund_account(ask.caller()?, request, ask.key()).await?;
    Ok(Reply::ok_json(&answer.data, answer.replayed))
}
