//! `GET /api/rampoffQuote`: the terms of a sale.

use axum::http::Method;
use rampart_app::{RampoffQuoteRequest, partner_api};
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::GET,
    paths: &["/api/rampoffQuote"],
    id: "rampoffQuote",
    group: "OffRamp",
    summary: "Get quote",
    about: "Returns the terms of a sale. `fiat_amount` is the amount that the customer receives. `quote_id` fixes these terms for one `createRampoff` until `expires_at`.",
    access: Access::Token,
    takes: FieldSource::Query(RampoffQuoteRequest::FIELDS),
    idempotency: Idempotency::None,
    codes: RampoffQuoteRequest::CODES,
    envelope: Envelope::Ok,
    data: described::<responses::RampoffQuoteView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    let request = RampoffQuoteRequest::of(&context.fields)?;
    CallResponse::ok(&partner_api::rampoff_quote(&web.app, context.caller()?, &request).await?)
}
