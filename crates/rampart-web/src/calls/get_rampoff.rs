//! `GET /api/getRampoff`: one ramp-off.

use axum::http::Method;
use rampart_app::AppError;
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Field, required};
use crate::reply::Reply;
use crate::state::Web;

use super::IDENTIFIER;

const FIELDS: &[Field] = &[required("id", IDENTIFIER, "The ramp-off.")];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/getRampoff",
    also_at: None,
    id: "getRampoff",
    group: "OffRamp",
    summary: "Get rampoff status",
    about: "A ramp-off as it stands.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    takes: Takes::Nothing,
    repeats: Repeats::Unknown,
    codes: &[ErrorCode::RampoffNotFound],
    envelope: Envelope::Ok,
    data: described::<replies::Rampoff>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let id = ask.fields.need("id");
    Reply::ok(&web.app.rampoff(ask.caller()?, &id).await?)
}
