//! `GET /api/quote`: the terms of a purchase.

use axum::http::Method;
use rampart_app::{AppError, QuoteRequest};
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Field, Kind, optional, required};
use crate::reply::Reply;
use crate::state::Web;

use super::{COIN, COUNTRY, CURRENCY, NAME};

const FIELDS: &[Field] = &[
    required("amount", Kind::Money, "How much, in major units of the currency, or of the coin with `amount_in=coin`.").example(r#"100"#),
    required("symbol", COIN, "The coin.").example(r#""USDC""#),
    optional("chain", NAME, "The chain; the coin's default chain when absent.").example(r#""polygon""#),
    required("payment_type", NAME, "The payment method; case does not matter.").example(r#""card""#),
    optional(
        "fiat_symbol",
        CURRENCY,
        "The currency, where several countries have a method of this name; EUR when neither it nor `country` is there.",
    )
    .example(r#""EUR""#),
    optional("amount_in", Kind::Choice(&["fiat", "coin"]), "What `amount` counts; `fiat` when absent.").example(r#""fiat""#),
    optional(
        "country",
        COUNTRY,
        "The customer's country, where several have a method of this name. Required where nothing in EUR can be meant.",
    ),
];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/quote",
    also_at: None,
    id: "quote",
    group: "OnRamp",
    summary: "Get Quote",
    about: "The terms of a purchase: `total_fiat` is all that the customer pays, fees are inside it, `tokens` is what the customer receives. `quote_id` fixes these terms for one `createPayment` until `expires_at`.",
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
    data: described::<replies::Quote>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let fields = &mut ask.fields;
    let request = QuoteRequest {
        amount: fields.take_amount("amount"),
        symbol: fields.take("symbol"),
        chain: fields.take("chain"),
        payment_type: fields.take("payment_type"),
        fiat_symbol: fields.take("fiat_symbol"),
        amount_in: fields.take("amount_in"),
        country: fields.take("country"),
    };
    Reply::ok(&web.app.quote(ask.caller()?, &request).await?)
}
