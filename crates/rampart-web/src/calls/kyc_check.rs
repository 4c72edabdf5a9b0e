//! `GET /api/kyc/check`: the status of a customer's identity check.

use axum::http::Method;
use rampart_app::{KycCheck, partner_api};
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
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

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    let request = KycCheck::of(&context.fields)?;
    CallResponse::ok(&partner_api::kyc_check(&web.app, context.caller()?, &request).await?)
}
