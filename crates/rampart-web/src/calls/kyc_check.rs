//! `GET /api/kyc/check`: where a customer's identity check stands.

use axum::http::Method;
use rampart_app::AppError;
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Field, required};
use crate::reply::Reply;
use crate::state::Web;

use super::USER;

const FIELDS: &[Field] = &[required("user_id", USER, "The customer.").example("106")];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/kyc/check",
    also_at: None,
    id: "kycCheck",
    group: "Common",
    summary: "Check KYC Verification",
    about: "Where a customer's identity check stands, and the link of its form.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    takes: Takes::Nothing,
    repeats: Repeats::Unknown,
    codes: &[ErrorCode::UserNotFound],
    envelope: Envelope::Ok,
    data: described::<replies::Kyc>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let user = ask.fields.take("user_id");
    Reply::ok(&web.app.kyc_check(ask.caller()?, user).await?)
}
