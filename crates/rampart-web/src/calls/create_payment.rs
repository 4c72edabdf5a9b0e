//! `POST /api/createPayment`: an order to buy coins.

use axum::http::Method;
use rampart_app::{AppError, CreatePayment};
use rampart_core::refusal::ErrorCode;
use rampart_core::step::ClaimScope;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Field, Kind, optional, required};
use crate::reply::Reply;
use crate::state::Web;

use super::{COIN, CURRENCY, EXTERNAL_ID, NAME, QUOTE, USER};

const FIELDS: &[Field] = &[
    required("user_id", USER, "The customer.").example(r#"106"#),
    optional(
        "external_id",
        EXTERNAL_ID,
        "Your own name for the order, unique among your payments. The same request with the same name returns the same payment.",
    )
    .example(r#""23232323231""#),
    required("payment_type", NAME, "The payment method; case does not matter.").example(r#""KHIPU""#),
    required("fiat_symbol", CURRENCY, "The currency.").example(r#""ARS""#),
    required("fiat_amount", Kind::Money, "What the customer pays, in major units: a multiple of the `step` of `paymentMethods`.")
        .example(r#"240"#),
    required("coin_symbol", COIN, "The coin.").example(r#""ETH""#),
    optional("coin_chain", NAME, "Its chain. Not needed for Latin American customers: the coin's default chain is taken.")
        .example(r#""polygon""#),
    required("wallet", Kind::Wallet, "Where the coins go; checked by the chain's own rules.")
        .example(r#""0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55""#),
    optional("callback_url", Kind::Link, "Where the browser goes afterwards."),
    optional("quote_id", QUOTE, "The quote whose terms these are."),
    optional("refund_account", Kind::Text(64), "An account that money may go back to."),
];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/createPayment",
    also_at: None,
    id: "createPayment",
    group: "OnRamp",
    summary: "Create Payment Intend",
    about: "Makes an order to buy coins. Redirect methods answer with the page where the customer pays, transfers with the account to pay to and the `concept` to quote.",
    access: Access::Token,
    path_field: None,
    query: &[],
    takes: Takes::Json(FIELDS),
    repeats: Repeats::ByKeyOrName(ClaimScope::PaymentExternalId),
    codes: &[
        ErrorCode::UserNotFound,
        ErrorCode::UserBanned,
        ErrorCode::RequireKyc,
        ErrorCode::InvalidIdentification,
        ErrorCode::MethodNotAllowed,
        ErrorCode::CoinNotSupported,
        ErrorCode::InvalidWallet,
        ErrorCode::InvalidBankAccount,
        ErrorCode::QuoteExpired,
        ErrorCode::QuoteUsed,
        ErrorCode::QuoteMismatch,
        ErrorCode::MinPurchase,
        ErrorCode::MaxPurchase,
        ErrorCode::KycReinforcedRequired,
        ErrorCode::LimitExceded,
        ErrorCode::TooManyOpen,
        ErrorCode::PriceUnavailable,
        ErrorCode::NoLiquidity,
        ErrorCode::ExternalIdConflict,
    ],
    envelope: Envelope::PaymentCreated,
    data: described::<replies::PaymentCreated>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let fields = &mut ask.fields;
    let request = CreatePayment {
        user_id: fields.take("user_id"),
        external_id: fields.take("external_id"),
        payment_type: fields.take("payment_type"),
        fiat_symbol: fields.take("fiat_symbol"),
        fiat_amount: fields.take_amount("fiat_amount"),
        coin_symbol: fields.take("coin_symbol"),
        coin_chain: fields.take("coin_chain"),
        wallet: fields.take("wallet"),
        callback_url: fields.take("callback_url"),
        quote_id: fields.take("quote_id"),
        refund_account: fields.take("refund_account"),
    };
    let answer = web.app.create_payment(ask.caller()?, &request, ask.key()).await?;
    Ok(Reply::payment_created(&answer.data, answer.replayed))
}
