//! `GET /api/tokenPrice`: the market price of a coin, and the prices for customers.

use axum::http::Method;
use rampart_app::{TokenPriceRequest, partner_api};
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallContext, CallFailure, CallFuture, CallResponse, Envelope, FieldSource, Idempotency};

use crate::describe::responses;
use crate::state::Web;

pub(crate) static CALL: Call<Web> = Call {
    method: Method::GET,
    paths: &["/api/tokenPrice"],
    id: "tokenPrice",
    group: "Common",
    summary: "Token Price",
    about: "Returns the mid-market price of a coin and the prices at which customers buy and sell it, without fees.",
    access: Access::Token,
    takes: FieldSource::Query(TokenPriceRequest::FIELDS),
    idempotency: Idempotency::None,
    codes: TokenPriceRequest::CODES,
    envelope: Envelope::Ok,
    data: described::<responses::TokenPriceView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, context: CallContext) -> Result<CallResponse, CallFailure> {
    CallResponse::ok(&partner_api::token_price(&web.app, &TokenPriceRequest::of(&context.fields)?).await?)
}
