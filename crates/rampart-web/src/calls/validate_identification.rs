//! `GET /api/validate/identification`: whether an identification number is valid.

use axum::http::Method;
use rampart_app::AppError;
use rampart_app::partner_api;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::field::{FieldKind, FieldSpec, required};
use crate::state::Web;

use super::COUNTRY;

const FIELDS: &[FieldSpec] = &[
    required("country", COUNTRY, "The country, by name or ISO code.").example(r#""MEX""#),
    required(
        "type",
        FieldKind::Code(40),
        "The document type, spelled as the \"Table of documents\" in docs/documents.md lists it for the country.",
    )
    .example(r#""CURP""#),
    required("number", FieldKind::Text(200), "The number as the customer typed it. A number of more than 64 characters is invalid.")
        .example(r#""QAQX800101HDFQQX08""#),
];

pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/validate/identification",
    also_at: None,
    id: "validateIdentification",
    group: "Validation",
    summary: "Check an identification number",
    about: "Checks whether a number is valid for its document type. Returns what the number says about its holder, and messages for the customer in English and Spanish. An invalid number is answered with 200 and `valid` false.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    body: BodyKind::None,
    idempotency: Idempotency::None,
    codes: &[],
    envelope: Envelope::Ok,
    data: described::<responses::IdentificationView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let [country, document, number] = ["country", "type", "number"].map(|name| context.fields.take(name));
    CallResponse::ok(&partner_api::validate_identification(&web.app, context.caller()?, &country, &document, &number)?)
}
