//! `GET /api/validate/identification`: whether an identification number is valid.

use axum::http::Method;
use rampart_app::{ValidateIdentification, partner_api};
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::GET,
    paths: &["/api/validate/identification"],
    id: "validateIdentification",
    group: "Validation",
    summary: "Check an identification number",
    about: "Checks whether a number is valid for its document type. Returns what the number says about its holder, and messages for the customer in English and Spanish. An invalid number is answered with 200 and `valid` false.",
    access: Access::Token,
    takes: FieldSource::Query(ValidateIdentification::FIELDS),
    idempotency: Idempotency::None,
    codes: ValidateIdentification::CODES,
    envelope: Envelope::Ok,
    data: described::<responses::IdentificationView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    CallResponse::ok(&partner_api::validate_identification(&web.app, &ValidateIdentification::of(&context.fields)?)?)
}
