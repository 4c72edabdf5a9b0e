//! `GET /api/tokenPrice`: the market price of a coin, and the prices for customers.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_app::{AppError, TokenPriceRequest};
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::field::{FieldSpec, optional, required};
use crate::state::Web;

use super::{COIN, CURRENCY, NAME};

const FIELDS: &[FieldSpec] = &[
    required("symbol", COIN, "The coin.").example(r#""USDC""#),
    required("fiat_symbol", CURRENCY, "The currency.").example(r#""EUR""#),
    optional("chain", NAME, "The chain of the coin. Default: the coin's default chain.").example(r#""polygon""#),
];

pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/tokenPrice",
    also_at: None,
    id: "tokenPrice",
    group: "Common",
    summary: "Token Price",
    about: "Returns the mid-market price of a coin and the prices at which customers buy and sell it, without fees.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    body: BodyKind::None,
    idempotency: Idempotency::None,
    codes: &[ErrorCode::CoinNotSupported, ErrorCode::PriceUnavailable],
    envelope: Envelope::Ok,
    data: described::<responses::TokenPriceView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let fields = &mut context.fields;
    let request = TokenPriceRequest { symbol: fields.take("symbol"), fiat_symbol: fields.take("fiat_symbol"), chain: fields.take("chain") };
    CallResponse::ok(&partner_api::token_price(&web.app, context.caller()?, &request).await?)
}
