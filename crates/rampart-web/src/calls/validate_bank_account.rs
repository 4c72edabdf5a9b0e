//! `GET /api/validate/bankAccount`: whether a bank account number is valid.

use axum::http::Method;
use rampart_app::{ValidateBankAccount, partner_api};
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
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

async fn run(_web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    CallResponse::ok(&partner_api::validate_bank_account(&ValidateBankAccount::of(&context.fields)?))
}
