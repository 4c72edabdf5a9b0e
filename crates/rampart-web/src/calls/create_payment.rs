//! `POST /api/createPayment`: an order to buy coins.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_app::{AppError, CreatePayment};
use rampart_core::refusal::ErrorCode;
use rampart_core::step::ClaimScope;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::field::{FieldKind, FieldSpec, optional, required};
use crate::state::Web;

use super::{COIN, CURRENCY, EXTERNAL_ID, NAME, QUOTE, USER};

const FIELDS: &[FieldSpec] = &[
    required("user_id", USER, "The customer.").example(r#"106"#),
    optional(
        "external_id",
        EXTERNAL_ID,
        "Your own identifier of the order, unique among your payments. The same request with the same `external_id` returns the same payment.",
    )
    .example(r#""23232323231""#),
    required("payment_type", NAME, "The payment method. Upper and lower case are the same.").example(r#""KHIPU""#),
    required("fiat_symbol", CURRENCY, "The currency.").example(r#""ARS""#),
    required("fiat_amount", FieldKind::Money, "The amount that the customer pays, in major units. It must be a multiple of the `step` that `paymentMethods` returns.")
        .example(r#"240"#),
    required("coin_symbol", COIN, "The coin.").example(r#""ETH""#),
    optional("coin_chain", NAME, "The chain of the coin. Optional for Latin American customers, for whom the coin's default chain is used.")
        .example(r#""polygon""#),
    required("wallet", FieldKind::Wallet, "The wallet address that receives the coins. It is checked by the rules of its chain.")
        .example(r#""0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55""#),
    optional("callback_url", FieldKind::Link, "The URL to which the customer's browser is sent after the payment."),
    optional("quote_id", QUOTE, "The `quote_id` of a quote with the same terms."),
    optional("refund_account", FieldKind::Text(64), "The customer's bank account for a refund."),
];

pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/createPayment",
    also_at: None,
    id: "createPayment",
    group: "OnRamp",
    summary: "Create Payment Intend",
    about: "Creates an order to buy coins. For a redirect method, the answer contains the page where the customer pays; for a bank transfer, it also contains the account to pay to and the `concept` that the customer must give as the reference.",
    access: Access::Token,
    path_field: None,
    query: &[],
    body: BodyKind::Json(FIELDS),
    idempotency: Idempotency::ByKeyOrExternalId(ClaimScope::PaymentExternalId),
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
    data: described::<responses::TransferView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let fields = &mut context.fields;
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
    let answer = partner_api::create_payment(&web.app, context.caller()?, &request, context.key()).await?;
    Ok(CallResponse::payment_created(&answer.data, answer.replayed))
}
