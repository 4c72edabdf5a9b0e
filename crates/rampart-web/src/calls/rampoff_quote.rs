//! `GET /api/rampoffQuote`: the terms of a sale.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_app::{AppError, RampoffQuoteRequest};
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::field::{FieldKind, FieldSpec, optional, required};
use crate::state::Web;

use super::{COIN, COUNTRY, CURRENCY, NAME};

const FIELDS: &[FieldSpec] = &[
    required("amount", FieldKind::Money, "The amount that the customer sells, in whole coins.").example(r#"50"#),
    required("symbol", COIN, "The coin.").example(r#""USDC""#),
    optional("blockchain", NAME, "The chain of the coin. Default: the coin's default chain.").example(r#""polygon""#),
    optional("fiat_symbol", CURRENCY, "The currency of the payout. Default: EUR if `country` is absent too.").example(r#""EUR""#),
    optional(
        "country",
        COUNTRY,
        "The customer's country, if several countries have this currency. Required if EUR does not identify the payout.",
    ),
];

pub(crate) static CALL: Call = Call {
    method: Method::GET,
    path: "/api/rampoffQuote",
    also_at: None,
    id: "rampoffQuote",
    group: "OffRamp",
    summary: "Get quote",
    about: "Returns the terms of a sale. `fiat_amount` is the amount that the customer receives. `quote_id` fixes these terms for one `createRampoff` until `expires_at`.",
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
    data: described::<responses::RampoffQuoteView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let fields = &mut context.fields;
    let request = RampoffQuoteRequest {
        amount: fields.take_amount("amount"),
        symbol: fields.take("symbol"),
        blockchain: fields.take("blockchain"),
        fiat_symbol: fields.take("fiat_symbol"),
        country: fields.take("country"),
    };
    CallResponse::ok(&partner_api::rampoff_quote(&web.app, context.caller()?, &request).await?)
}
