//! `POST /api/createRampoff`: an order to sell coins.

use axum::http::Method;
use rampart_app::partner_api;
use rampart_app::{AppError, CreateRampoff};
use rampart_core::refusal::ErrorCode;
use rampart_core::step::ClaimScope;

use crate::call::{Access, BodyKind, Call, CallContext, CallFuture, Envelope, Idempotency};
use crate::call_response::CallResponse;
use crate::describe::described;
use crate::describe::responses;
use crate::field::{FieldKind, FieldSpec, optional, required};
use crate::state::Web;

use super::{ACCOUNT_TYPE, BANK_CODE, BANK_NAME, COIN, EXTERNAL_ID, NAME, QUOTE, USER};

const FIELDS: &[FieldSpec] = &[
    required("user_id", USER, "The customer.").example(r#"106"#),
    required("amount", FieldKind::Money, "The amount that the customer sells, in whole coins.").example(r#"50"#),
    optional("blockchain", NAME, "The chain of the coin. Optional for Latin American customers, for whom the coin's default chain is used.")
        .example(r#""polygon""#),
    required("symbol", COIN, "The coin.").example(r#""USDC""#),
    optional(
        "iban",
        FieldKind::Text(64),
        "The bank account that receives the payout. For Latin American customers it is optional and overrides the account given at registration.",
    )
    .example(r#""ES9121000418450200051332""#),
    BANK_NAME,
    BANK_CODE,
    ACCOUNT_TYPE,
    optional(
        "external_id",
        EXTERNAL_ID,
        "Your own identifier of the order, unique among your ramp-offs. The same request with the same `external_id` returns the same ramp-off.",
    )
    .example(r#""sale-1""#),
    optional("quote_id", QUOTE, "The `quote_id` of a quote with the same terms."),
    optional("refund_wallet", FieldKind::Wallet, "The customer's wallet for a refund. The network fee is deducted from a refund."),
];

pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/createRampoff",
    also_at: None,
    id: "createRampoff",
    group: "OffRamp",
    summary: "Create rampoff operation",
    about: "Creates an order to sell coins. The answer contains the deposit address. The amount that arrives there is exchanged.",
    access: Access::Token,
    path_field: None,
    query: &[],
    body: BodyKind::Json(FIELDS),
    idempotency: Idempotency::ByKeyOrExternalId(ClaimScope::RampoffExternalId),
    codes: &[
        ErrorCode::UserNotFound,
        ErrorCode::UserBanned,
        ErrorCode::RequireKyc,
        ErrorCode::InvalidIdentification,
        ErrorCode::MethodNotAllowed,
        ErrorCode::CoinNotSupported,
        ErrorCode::InvalidWallet,
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
        ErrorCode::InvalidBankAccount,
    ],
    envelope: Envelope::Ok,
    data: described::<responses::RampoffCreatedView>,
    run: |web, context| Box::pin(run(web, context)) as CallFuture,
};

async fn run(web: Web, mut context: CallContext) -> Result<CallResponse, AppError> {
    let fields = &mut context.fields;
    let request = CreateRampoff {
        user_id: fields.take("user_id"),
        amount: fields.take_amount("amount"),
        blockchain: fields.take("blockchain"),
        symbol: fields.take("symbol"),
        iban: fields.take("iban"),
        bank_name: fields.take("bank_name"),
        bank_code: fields.take("bank_code"),
        account_type: fields.take("account_type"),
        external_id: fields.take("external_id"),
        quote_id: fields.take("quote_id"),
        refund_wallet: fields.take("refund_wallet"),
    };
    let answer = partner_api::create_rampoff(&web.app, context.caller()?, &request, context.key()).await?;
    Ok(CallResponse::ok_json(&answer.data, answer.replayed))
}
