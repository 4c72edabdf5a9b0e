//! `GET /api/kyc/check`: the status of a customer's identity check.

use axum::http::Method;
use rampart_app::{AppError, KycCheck, partner_api};

use crate::call::{Access, Call, CallContext, CallFuture, Envelope, FieldSource, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::{described, responses};
use crate::state::Web;

pub(crate) static CALL: Call = Call {
    method: Method::GET,
    paths: &["/api/kyc/check"],
    id: "kycCheck",
    group: "Common",
    summary: "Check KYC Verification",
    about: "Returns the status of a customer's identity check and the link to the identity form.",
    access: Access::Token,
    takes: FieldSource::Query(KycCheck::FIELDS),
    idempotency: Idempotency::None,
    codes: KycCheck::CODES,
    envelope: Envelope::Ok,
    data: described::<responses::KycView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, AppError> {
    let request = KycCheck::of(&context.fields)?;
    CallResponse::ok(&partner_api::kyc_check(&web.app, context.caller()?, &request).await?)
}
