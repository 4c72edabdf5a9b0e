//! `POST /api/registerUser`: registers a customer.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_app::{AppError, RegisterUser};
use rampart_core::identity::phone;
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::field::{FieldKind, FieldSpec, optional, required};
use crate::state::Web;

use super::{ACCOUNT_TYPE, BANK_CODE, COUNTRY};

const FIELDS: &[FieldSpec] = &[
    required("name", FieldKind::Text(100), "Given name, or a company's name.").example(r#""Alvaro""#),
    optional("last_name", FieldKind::Text(100), "First family name.").example(r#""Iglesia""#),
    optional("last_name2", FieldKind::Text(100), "Second family name.").example(r#""Vicente""#),
    optional("phone", FieldKind::Text(phone::MAX_CHARACTERS), "Telephone number. An invalid number is stored and reported in `warnings`.").example(r#""+54xxxxxxxxx""#),
    optional("country", COUNTRY, "The country of residence: its name in Spanish or English, or its ISO code. Either this or `country_code` is required; if both are sent, they must name the same country.").example(r#""Argentina""#),
    optional("country_code", COUNTRY, "The country of residence by its ISO code.").example(r#""ARG""#),
    optional("city", FieldKind::Text(100), "City.").example(r#""Buenos Aires""#),
    optional("address", FieldKind::Text(200), "Street and number.").example(r#""Fray Justo St. María de Oro 2121""#),
    required("email", FieldKind::Email, "E-mail address, unique among your customers.").example(r#""email@gmail.com""#),
    optional("identification_number", FieldKind::Text(40), "The number of the identification document. It needs `identification_type`. Required before any Latin American operation.").example(r#""11111111""#),
    optional("password", FieldKind::Secret(6), "Accepted for compatibility. Its length is checked; it is not stored and not used.").example(r#""123456""#),
    optional("professional_activity", FieldKind::Text(100), "The customer's occupation.").example(r#""Developer""#),
    optional("address_state", FieldKind::Text(100), "State or province.").example(r#""CABA""#),
    optional("zipcode", FieldKind::Text(20), "Postal code.").example(r#""1425""#),
    optional("dob", FieldKind::Date, "Date of birth.").example(r#""1986-05-03""#),
    optional("identification_type", FieldKind::Text(40), "The document type, spelled as the \"Table of documents\" in docs/documents.md lists it for the country.").example(r#""DNI""#),
    optional("iban", FieldKind::Text(64), "The bank account for payouts: an IBAN, CBU or CVU, CLABE, CCI, or `bank/type/number`. An invalid account is stored and reported in `warnings`.").example(r#""123123123""#),
    BANK_CODE,
    ACCOUNT_TYPE,
    optional("callback_url", FieldKind::Link, "The URL to which the customer is sent after the identity form."),
];

pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/registerUser",
    also_at: None,
    id: "registerUser",
    group: "Common",
    summary: "User Registration",
    about: "Registers a customer. The answer contains the link to the identity form. An invalid telephone number or bank account is stored anyway and reported in `warnings`.",
    access: Access::Token,
    path_field: None,
    query: &[],
    body: BodyKind::Json(FIELDS),
    idempotency: Idempotency::ByKey,
    codes: &[ErrorCode::UserAlreadyExists, ErrorCode::EmailNotAllowed, ErrorCode::InvalidIdentification, ErrorCode::InvalidBankAccount],
    envelope: Envelope::Ok,
    data: described::<responses::RegisteredView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let fields = &mut context.fields;
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
    let answer = partner_api::register_user(&web.app, context.caller()?, &request, context.key()).await?;
    Ok(CallResponse::ok_json(&answer.data, answer.replayed))
}
