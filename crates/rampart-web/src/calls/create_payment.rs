//! `POST /api/createPayment`: an order to buy coins.

use axum::http::Method;
use rampart_app::{CreatePayment, partner_api};
use rampart_core::step::ClaimScope;
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::POST,
    paths: &["/api/createPayment"],
    id: "createPayment",
    group: "OnRamp",
    summary: "Create Payment Intend",
    about: "Creates an order to buy coins. For a redirect method, the answer contains the page where the customer pays; for a bank transfer, it also contains the account to pay to and the `concept` that the customer must give as the reference.",
    access: Access::Token,
    takes: FieldSource::Json(CreatePayment::FIELDS),
    idempotency: Idempotency::ByKeyOrExternalId(ClaimScope::PaymentExternalId),
    codes: CreatePayment::CODES,
    envelope: Envelope::PaymentCreated,
    data: described::<responses::TransferView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    let request = CreatePayment::of(&context.fields)?;
    let answer = partner_api::create_payment(&web.app, context.caller()?, &request, context.key()).await?;
    Ok(CallResponse::payment_created(&answer.data, answer.replayed))
}
