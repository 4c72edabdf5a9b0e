//! `GET /api/validate/bankAccount`: whether a bank account number is valid.

use axum::http::Method;
use rampart_app::{AppError, ValidateBankAccount, partner_api};

use crate::call::{Access, Call, CallContext, CallFuture, Envelope, FieldSource, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::{described, responses};
use crate::state::Web;

pub(crate) static CALL: Call = Call {
    method: Method::GET,
    paths: &["/api/validate/bankAccount"],
    id: "validateBankAccount",
    group: "Validation",
    summary: "Check a bank account",
    about: "Checks whether payouts to a bank account are possible for customers of a country, by its number alone: kind, check digits and bank. An invalid account is answered with 200 and `valid` false.",
    access: Access::Token,
    takes: FieldSource::Query(ValidateBankAccount::FIELDS),
    idempotency: Idempotency::None,
    codes: ValidateBankAccount::CODES,
    envelope: Envelope::Ok,
    data: described::<responses::BankAccountView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(_web: Web, context: CallContext) -> Result<CallResponse, AppError> {
    CallResponse::ok(&partner_api::validate_bank_account(&ValidateBankAccount::of(&context.fields)?))
}
