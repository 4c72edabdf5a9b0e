//! `POST /api/setPayoutAccount`: another account for a payout that did not arrive.

use axum::http::Method;
use rampart_app::{AppError, SetPayoutAccount};
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Field, Kind, required};
use crate::reply::Reply;
use crate::state::Web;

use super::{ACCOUNT_TYPE, BANK_CODE, BANK_NAME, IDENTIFIER};

const FIELDS: &[Field] = &[
    required("rampoff_id", IDENTIFIER, "The ramp-off.").example(r#""8DtY4Wlq0YclbFQGltbnJRC9s""#),
    required("iban", Kind::Text(64), "The customer's account to pay to: an IBAN, or the local account.")
        .example(r#""ES9121000418450200051332""#),
    BANK_NAME,
    BANK_CODE,
    ACCOUNT_TYPE,
];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/setPayoutAccount",
    also_at: None,
    id: "setPayoutAccount",
    group: "OffRamp",
    summary: "Set another account for a payout",
    about: "Gives another account for a payout that the bank did not accept (`on_hold` for `bank`): it is paid there at once. A payout \
            that came back after it was `finished` is paid there once a person has looked at it. The answer is the ramp-off.",
    access: Access::Token,
    path_field: None,
    query: &[],
    takes: Takes::Json(FIELDS),
    repeats: Repeats::ByKey,
    codes: &[ErrorCode::RampoffNotFound, ErrorCode::InvalidBankAccount],
    envelope: Envelope::Ok,
    data: described::<replies::Rampoff>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let fields = &mut ask.fields;
    let request = SetPayoutAccount {
        rampoff_id: fields.take("rampoff_id"),
        iban: fields.take("iban"),
        bank_name: fields.take("bank_name"),
        bank_code: fields.take("bank_code"),
        account_type: fields.take("account_type"),
    };
    let answer = web.app.set_payout_account(ask.caller()?, request, ask.key()).await?;
    Ok(Reply::ok_json(&answer.data, answer.replayed))
}
