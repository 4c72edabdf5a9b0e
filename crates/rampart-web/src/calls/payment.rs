//! `GET /api/payment/{payment_id}`: one payment.

use axum::http::Method;
use rampart_app::AppError;
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::required;
use crate::reply::Reply;
use crate::state::Web;

use super::IDENTIFIER;

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/payment/{payment_id}",
    also_at: None,
    id: "payment",
    group: "OnRamp",
    summary: "Get Payment",
    about: "A payment as it stands. `txid` is there from `coins_sent` on.",
    access: Access::Token,
    path_field: Some(required("payment_id", IDENTIFIER, "The payment.")),
    query: &[],
    takes: Takes::Nothing,
    repeats: Repeats::Unknown,
    codes: &[ErrorCode::PaymentNotFound],
    envelope: Envelope::Ok,
    data: described::<replies::Payment>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, ask: Ask) -> Result<Reply, AppError> {
    Reply::ok(&web.app.payment(ask.caller()?, &ask.path).await?)
}
