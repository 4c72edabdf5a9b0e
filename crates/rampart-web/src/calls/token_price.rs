//! `GET /api/tokenPrice`: the market's price of a coin, and ours.

use axum::http::Method;
use rampart_app::{AppError, TokenPriceRequest};
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Field, optional, required};
use crate::reply::Reply;
use crate::state::Web;

use super::{COIN, CURRENCY, NAME};

const FIELDS: &[Field] = &[
    required("symbol", COIN, "The coin.").example(r#""USDC""#),
    required("fiat_symbol", CURRENCY, "The currency.").example(r#""EUR""#),
    optional("chain", NAME, "The chain; the coin's default chain when absent.").example(r#""polygon""#),
];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/tokenPrice",
    also_at: None,
    id: "tokenPrice",
    group: "Common",
    summary: "Token Price",
    about: "The middle of the market, and what customers pay and get for a coin without fees.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    takes: Takes::Nothing,
    repeats: Repeats::Unknown,
    codes: &[ErrorCode::CoinNotSupported, ErrorCode::PriceUnavailable],
    envelope: Envelope::Ok,
    data: described::<replies::TokenPrice>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let fields = &mut ask.fields;
    let request = TokenPriceRequest { symbol: fields.take("symbol"), fiat_symbol: fields.take("fiat_symbol"), chain: fields.take("chain") };
    Reply::ok(&web.app.token_price(ask.caller()?, &request).await?)
}
