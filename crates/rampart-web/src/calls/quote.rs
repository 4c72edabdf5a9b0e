//! `GET /api/quote`: the terms of a purchase.

use axum::http::Method;
use rampart_app::{AppError, QuoteRequest, partner_api};

use crate::call::{Access, Call, CallContext, CallFuture, Envelope, FieldSource, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::{described, responses};
use crate::state::Web;

pub(crate) static CALL: Call = Call {
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

async fn run(web: Web, context: CallContext) -> Result<CallResponse, AppError> {
    let request = QuoteRequest::of(&context.fields)?;
    CallResponse::ok(&partner_api::quote(&web.app, context.caller()?, &request).await?)
}
