//! `GET /api/validate/identification`: whether an identification's number holds.

use axum::http::Method;
use rampart_app::AppError;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Field, Kind, required};
use crate::reply::Reply;
use crate::state::Web;

use super::COUNTRY;

const FIELDS: &[Field] = &[
    required("country", COUNTRY, "The country, by name or ISO code.").example(r#""MEX""#),
    required("type", Kind::Code(40), "The document, spelled as the \"Table of documents\" in docs/documents.md lists it for the country.")
        .example(r#""CURP""#),
    required("number", Kind::Text(200), "The number as it was typed. Over 64 characters it holds no more.")
        .example(r#""QAQX800101HDFQQX08""#),
];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/validate/identification",
    also_at: None,
    id: "validateIdentification",
    group: "Validation",
    summary: "Check an identification number",
    about: "Whether a number is one of its document, what it tells of its holder, and what to tell whoever typed it, in English and Spanish. A number that does not hold is an answer: 200 with `valid` false.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    takes: Takes::Nothing,
    repeats: Repeats::Unknown,
    codes: &[],
    envelope: Envelope::Ok,
    data: described::<replies::ValidatedIdentification>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let [country, document, number] = ["country", "type", "number"].map(|name| ask.fields.take(name));
    Reply::ok(&web.app.validate_identification(ask.caller()?, &country, &document, &number)?)
}
