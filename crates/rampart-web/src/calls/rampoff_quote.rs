//! `GET /api/rampoffQuote`: the terms of a sale.

use axum::http::Method;
use rampart_app::{AppError, RampoffQuoteRequest};
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Field, Kind, optional, required};
use crate::reply::Reply;
use crate::state::Web;

use super::{COIN, COUNTRY, CURRENCY, NAME};

const FIELDS: &[Field] = &[
    required("amount", Kind::Money, "How many coins.").example(r#"50"#),
    required("symbol", COIN, "The coin.").example(r#""USDC""#),
    optional("blockchain", NAME, "Its chain; the coin's default chain when absent.").example(r#""polygon""#),
    optional("fiat_symbol", CURRENCY, "The currency to be paid in; EUR when neither it nor `country` is there.").example(r#""EUR""#),
    optional("country", COUNTRY, "The customer's country, where several have this currency. Required where nothing in EUR can be meant."),
];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/rampoffQuote",
    also_at: None,
    id: "rampoffQuote",
    group: "OffRamp",
    summary: "Get quote",
    about: "The terms of a sale: `fiat_amount` is what the customer receives. `quote_id` fixes these terms for one `createRampoff` until `expires_at`.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    takes: Takes::Nothing,
    repeats: Repeats::Unknown,
    codes: &[
        ErrorCode::MethodNotAllowed,
        ErrorCode::CoinNotSupported,
        ErrorCode::MinPurchase,
        ErrorCode::MaxPurchase,
        ErrorCode::PriceUnavailable,
    ],
    envelope: Envelope::Ok,
    data: described::<replies::RampoffQuote>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let fields = &mut ask.fields;
    let request = RampoffQuoteRequest {
        amount: fields.take_amount("amount"),
        symbol: fields.take("symbol"),
        blockchain: fields.take("blockchain"),
        fiat_symbol: fields.take("fiat_symbol"),
        country: fields.take("country"),
    };
    Reply::ok(&web.app.rampoff_quote(ask.caller()?, &request).await?)
}
