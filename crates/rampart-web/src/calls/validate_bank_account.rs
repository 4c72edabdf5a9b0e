//! `GET /api/validate/bankAccount`: whether a bank account holds.

use axum::http::Method;
use rampart_app::{AppError, ValidateBankAccount};

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Field, Kind, required};
use crate::reply::Reply;
use crate::state::Web;

use super::{ACCOUNT_TYPE, BANK_CODE, COUNTRY};

const FIELDS: &[Field] = &[
    required("country", COUNTRY, "The customer's country, by name or ISO code.").example(r#""ESP""#),
    required(
        "account",
        Kind::Text(200),
        "The account as it was typed: an IBAN, CBU or CVU, CLABE, CCI, or `bank/type/number`. Over 64 characters it holds no more.",
    )
    .example(r#""ES91 2100 0418 4502 0005 1332""#),
    BANK_CODE,
    ACCOUNT_TYPE,
];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/validate/bankAccount",
    also_at: None,
    id: "validateBankAccount",
    group: "Validation",
    summary: "Check a bank account",
    about: "Whether an account of a country's customer can be paid to, as far as its number tells: kind, check digits and bank. An account that does not hold is an answer: 200 with `valid` false.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    takes: Takes::Nothing,
    repeats: Repeats::Unknown,
    codes: &[],
    envelope: Envelope::Ok,
    data: described::<replies::ValidatedBankAccount>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let [country, account, bank_code, account_type] = ["country", "account", "bank_code", "account_type"].map(|name| ask.fields.take(name));
    let request = ValidateBankAccount { country, account, bank_code, account_type };
    Reply::ok(&web.app.validate_bank_account(ask.caller()?, &request)?)
}
