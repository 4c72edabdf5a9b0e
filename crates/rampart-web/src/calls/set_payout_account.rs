//! `POST /api/setPayoutAccount`: another account for a payout that the bank refused or returned.

use axum::http::Method;
use rampart_app::{SetPayoutAccount, partner_api};
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::POST,
    paths: &["/api/setPayoutAccount"],
    id: "setPayoutAccount",
    group: "OffRamp",
    summary: "Set another account for a payout",
    about: "Sets another account for a payout that the bank did not accept (`on_hold` with reason `bank`); the payout is then sent at once. A \
            payout that was returned after the ramp-off was `finished` is sent after a manual review. The answer is the ramp-off.",
    access: Access::Token,
    takes: FieldSource::Json(SetPayoutAccount::FIELDS),
    idempotency: Idempotency::ByKey,
    codes: SetPayoutAccount::CODES,
    envelope: Envelope::Ok,
    data: described::<responses::RampoffView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    let request = SetPayoutAccount::of(&context.fields)?;
    let answer = partner_api::set_payout_account(&web.app, context.caller()?, &request, context.key()).await?;
    Ok(CallResponse::ok_json(&answer.data, answer.replayed))
}
