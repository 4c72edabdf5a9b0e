//! `GET /api/quote`: the terms of a purchase.

use axum::http::Method;
use rampart_app::{QuoteRequest, partner_api};
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::GET,
    paths: &["/api/quote"],
    id: "quote",
    group: "OnRamp",
    summary: "Get Quote",
    about: "Returns the terms of a purchase. `total_fiat` is the amount that the customer pays, fees included; `tokens` is the amount that the customer receives. `quote_id` fixes these terms for one `createPayment` until `expires_at`.",
    access: Access::Token,
    takes: FieldSource::Query(QuoteRequest::FIELDS),
    idempotency: Idempotency::None,
    codes: QuoteRequest::CODES,
    envelope: Envelope::Ok,
    data: described::<responses::QuoteView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    let request = QuoteRequest::of(&context.fields)?;
    CallResponse::ok(&partner_api::quote(&web.app, context.caller()?, &request).await?)
}
