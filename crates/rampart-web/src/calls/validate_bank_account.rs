//! `GET /api/validate/bankAccount`: whether a bank account number is valid.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_app::{AppError, ValidateBankAccount};

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::field::{FieldKind, FieldSpec, required};
use crate::state::Web;

use super::{ACCOUNT_TYPE, BANK_CODE, COUNTRY};

const FIELDS: &[FieldSpec] = &[
    required("country", COUNTRY, "The customer's country, by name or ISO code.").example(r#""ESP""#),
    required(
        "account",
        FieldKind::Text(200),
        "The account as the customer typed it: an IBAN, CBU or CVU, CLABE, CCI, or `bank/type/number`. An account of more than 64 characters is invalid.",
    )
    .example(r#""ES91 2100 0418 4502 0005 1332""#),
    BANK_CODE,
    ACCOUNT_TYPE,
];

pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/validate/bankAccount",
    also_at: None,
    id: "validateBankAccount",
    group: "Validation",
    summary: "Check a bank account",
    about: "Checks whether payouts to a bank account are possible for customers of a country, by its number alone: kind, check digits and bank. An invalid account is answered with 200 and `valid` false.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    body: BodyKind::None,
    idempotency: Idempotency::None,
    codes: &[],
    envelope: Envelope::Ok,
    data: described::<responses::BankAccountView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(_web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let [country, account, bank_code, account_type] =
        ["country", "account", "bank_code", "account_type"].map(|name| context.fields.take(name));
    let request = ValidateBankAccount { country, account, bank_code, account_type };
    CallResponse::ok(&partner_api::validate_bank_account(context.caller()?, &request)?)
}
