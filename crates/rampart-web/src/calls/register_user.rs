//! `POST /api/registerUser`: a new customer.

use axum::http::Method;
use rampart_app::{AppError, RegisterUser};
use rampart_core::phone;
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Field, Kind, optional, required};
use crate::reply::Reply;
use crate::state::Web;

use super::{ACCOUNT_TYPE, BANK_CODE, COUNTRY};

const FIELDS: &[Field] = &[
    required("name", Kind::Text(100), "Given name, or a company's name.").example(r#""Alvaro""#),
    optional("last_name", Kind::Text(100), "First family name.").example(r#""Iglesia""#),
    optional("last_name2", Kind::Text(100), "Second family name.").example(r#""Vicente""#),
    optional("phone", Kind::Text(phone::MAX_CHARACTERS), "Telephone number. One that does not hold is stored and told among `warnings`.").example(r#""+54xxxxxxxxx""#),
    optional("country", COUNTRY, "The country of residence: its name in Spanish or English, or its ISO code. This or `country_code` is required; when both are sent they must agree.").example(r#""Argentina""#),
    optional("country_code", COUNTRY, "The same by its ISO code.").example(r#""ARG""#),
    optional("city", Kind::Text(100), "City.").example(r#""Buenos Aires""#),
    optional("address", Kind::Text(200), "Street and number.").example(r#""Fray Justo St. María de Oro 2121""#),
    required("email", Kind::Email, "E-mail address, unique among the partner's customers.").example(r#""email@gmail.com""#),
    optional("identification_number", Kind::Text(40), "National identification. Goes with `identification_type`; required before any Latin American operation.").example(r#""11111111""#),
    optional("password", Kind::Secret(6), "Checked and not kept: nothing logs in with it.").example(r#""123456""#),
    optional("professional_activity", Kind::Text(100), "What the customer does for a living.").example(r#""Developer""#),
    optional("address_state", Kind::Text(100), "State or province.").example(r#""CABA""#),
    optional("zipcode", Kind::Text(20), "Postal code.").example(r#""1425""#),
    optional("dob", Kind::Date, "Date of birth.").example(r#""1986-05-03""#),
    optional("identification_type", Kind::Text(40), "The document, spelled as the \"Table of documents\" in docs/documents.md lists it for the country.").example(r#""DNI""#),
    optional("iban", Kind::Text(64), "The bank account for payouts: an IBAN, CBU or CVU, CLABE, CCI, or `bank/type/number`. One that does not hold is stored and told among `warnings`.").example(r#""123123123""#),
    BANK_CODE,
    ACCOUNT_TYPE,
    optional("callback_url", Kind::Link, "Where the identity form sends the customer afterwards."),
];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/registerUser",
    also_at: None,
    id: "registerUser",
    group: "Common",
    summary: "User Registration",
    about: "Registers a customer. The answer holds the link of the form that checks the identity. Telephone number and bank account are stored even if they do not hold; `warnings` says so.",
    access: Access::Token,
    path_field: None,
    query: &[],
    takes: Takes::Json(FIELDS),
    repeats: Repeats::ByKey,
    codes: &[ErrorCode::UserAlreadyExists, ErrorCode::EmailNotAllowed, ErrorCode::InvalidIdentification, ErrorCode::InvalidBankAccount],
    envelope: Envelope::Ok,
    data: described::<replies::Registered>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let fields = &mut ask.fields;
    let request = RegisterUser {
        name: fields.take("name"),
        last_name: fields.take("last_name"),
        last_name2: fields.take("last_name2"),
        phone: fields.take("phone"),
        country: fields.take("country"),
        country_code: fields.take("country_code"),
        city: fields.take("city"),
        address: fields.take("address"),
        email: fields.take("email"),
        identification_number: fields.take("identification_number"),
        identification_type: fields.take("identification_type"),
        password: fields.take("password"),
        professional_activity: fields.take("professional_activity"),
        address_state: fields.take("address_state"),
        zipcode: fields.take("zipcode"),
        dob: fields.take("dob"),
        iban: fields.take("iban"),
        bank_code: fields.take("bank_code"),
        account_type: fields.take("account_type"),
        callback_url: fields.take("callback_url"),
    };
    let answer = web.app.register_user(ask.caller()?, &request, ask.key()).await?;
    Ok(Reply::ok_json(&answer.data, answer.replayed))
}
