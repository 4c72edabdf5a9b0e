//! `POST /api/setPayoutAccount`: another account for a payout that the bank refused or returned.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_app::{AppError, SetPayoutAccount};
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::field::{FieldKind, FieldSpec, required};
use crate::state::Web;

use super::{ACCOUNT_TYPE, BANK_CODE, BANK_NAME, IDENTIFIER};

const FIELDS: &[FieldSpec] = &[
    required("rampoff_id", IDENTIFIER, "The identifier of the ramp-off.").example(r#""8DtY4Wlq0YclbFQGltbnJRC9s""#),
    required("iban", FieldKind::Text(64), "The customer's bank account for the payout: an IBAN or the local account number.")
        .example(r#""ES9121000418450200051332""#),
    BANK_NAME,
    BANK_CODE,
    ACCOUNT_TYPE,
];

pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/setPayoutAccount",
    also_at: None,
    id: "setPayoutAccount",
    group: "OffRamp",
    summary: "Set another account for a payout",
    about: "Sets another account for a payout that the bank did not accept (`on_hold` with reason `bank`); the payout is then sent at once. A \
            payout that was returned after the ramp-off was `finished` is sent after a manual review. The answer is the ramp-off.",
    access: Access::Token,
    path_field: None,
    query: &[],
    body: BodyKind::Json(FIELDS),
    idempotency: Idempotency::ByKey,
    codes: &[ErrorCode::RampoffNotFound, ErrorCode::InvalidBankAccount],
    envelope: Envelope::Ok,
    data: described::<responses::RampoffView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let fields = &mut context.fields;
    let request = SetPayoutAccount {
        rampoff_id: fields.take("rampoff_id"),
        iban: fields.take("iban"),
        bank_name: fields.take("bank_name"),
        bank_code: fields.take("bank_code"),
        account_type: fields.take("account_type"),
    };
    let answer = partner_api::set_payout_account(&web.app, context.caller()?, request, context.key()).await?;
    Ok(CallResponse::ok_json(&answer.data, answer.replayed))
}
