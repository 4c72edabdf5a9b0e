//! `GET /api/quote`: the terms of a purchase.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_app::{AppError, QuoteRequest};
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::field::{FieldKind, FieldSpec, optional, required};
use crate::state::Web;

use super::{COIN, COUNTRY, CURRENCY, NAME};

const FIELDS: &[FieldSpec] = &[
    required("amount", FieldKind::Money, "The amount, in major units of the currency, or in whole coins with `amount_in=coin`.")
        .example(r#"100"#),
    required("symbol", COIN, "The coin.").example(r#""USDC""#),
    optional("chain", NAME, "The chain of the coin. Default: the coin's default chain.").example(r#""polygon""#),
    required("payment_type", NAME, "The payment method. Upper and lower case are the same.").example(r#""card""#),
    optional(
        "fiat_symbol",
        CURRENCY,
        "The currency, if several countries have a method with this name. Default: EUR if `country` is absent too.",
    )
    .example(r#""EUR""#),
    optional("amount_in", FieldKind::Choice(&["fiat", "coin"]), "Whether `amount` is in the currency or in coins. Default: `fiat`.")
        .example(r#""fiat""#),
    optional(
        "country",
        COUNTRY,
        "The customer's country, if several countries have a method with this name. Required if EUR does not identify the method.",
    ),
];

pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/quote",
    also_at: None,
    id: "quote",
    group: "OnRamp",
    summary: "Get Quote",
    about: "Returns the terms of a purchase. `total_fiat` is the amount that the customer pays, fees included; `tokens` is the amount that the customer receives. `quote_id` fixes these terms for one `createPayment` until `expires_at`.",
    access: Access::Token,
    path_field: None,
    query: FIELDS,
    body: BodyKind::None,
    idempotency: Idempotency::None,
    codes: &[
        ErrorCode::MethodNotAllowed,
        ErrorCode::CoinNotSupported,
        ErrorCode::MinPurchase,
        ErrorCode::MaxPurchase,
        ErrorCode::PriceUnavailable,
    ],
    envelope: Envelope::Ok,
    data: described::<responses::QuoteView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let fields = &mut context.fields;
    let request = QuoteRequest {
        amount: fields.take_amount("amount"),
        symbol: fields.take("symbol"),
        chain: fields.take("chain"),
        payment_type: fields.take("payment_type"),
        fiat_symbol: fields.take("fiat_symbol"),
        amount_in: fields.take("amount_in"),
        country: fields.take("country"),
    };
    CallResponse::ok(&partner_api::quote(&web.app, context.caller()?, &request).await?)
}
