//! `POST /api/setRefundWallet`: where a ramp-off's coins may go back to.

use axum::http::Method;
use rampart_app::{AppError, SetRefundWallet};
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Field, Kind, required};
use crate::reply::Reply;
use crate::state::Web;

use super::IDENTIFIER;

const FIELDS: &[Field] = &[
    required("rampoff_id", IDENTIFIER, "The ramp-off.").example(r#""8DtY4Wlq0YclbFQGltbnJRC9s""#),
    required("refund_wallet", Kind::Wallet, "A wallet of the customer's that coins may go back to, less the network fee.")
        .example(r#""0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55""#),
];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/setRefundWallet",
    also_at: None,
    id: "setRefundWallet",
    group: "OffRamp",
    summary: "Set the wallet for a refund",
    about: "Sets or changes the wallet that a ramp-off's coins may go back to, until they are on their way there. What you say here is \
            final for the hosted page, and followed at once: a ramp-off that is on hold for a destination is refunded. The answer is the \
            ramp-off.",
    access: Access::Token,
    path_field: None,
    query: &[],
    takes: Takes::Json(FIELDS),
    repeats: Repeats::ByKey,
    codes: &[ErrorCode::RampoffNotFound, ErrorCode::InvalidWallet],
    envelope: Envelope::Ok,
    data: described::<replies::Rampoff>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let fields = &mut ask.fields;
    let request = SetRefundWallet { rampoff_id: fields.take("rampoff_id"), refund_wallet: fields.take("refund_wallet") };
    let answer = web.app.set_refund_wallet(ask.caller()?, request, ask.key()).await?;
    Ok(Reply::ok_json(&answer.data, answer.replayed))
}
