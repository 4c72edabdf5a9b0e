//! `GET /api/kyc/check`: the status of a customer's identity check.

use axum::http::Method;
use rampart_app::AppError;
use rampart_app::partner_api;
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::field::{FieldSpec, required};
use crate::state::Web;

use super::USER;

const FIELDS: &[FieldSpec] = &[required("user_id", USER, "The customer.").example("106")];

pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/kyc/check",
    also_at: None,
    id: "kycCheck",
    group: "Common",
    summary: "Check KYC Verification",
    about: "Returns the status of a customer's identity check and the link to the identity form.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    body: BodyKind::None,
    idempotency: Idempotency::None,
    codes: &[ErrorCode::UserNotFound],
    envelope: Envelope::Ok,
    data: described::<responses::KycView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let user = context.fields.take("user_id");
    CallResponse::ok(&partner_api::kyc_check(&web.app, context.caller()?, user).await?)
}
