//! `POST /api/createRampoff`: an order to sell coins.

use axum::http::Method;
use rampart_app::{AppError, CreateRampoff};
use rampart_core::refusal::ErrorCode;
use rampart_core::step::ClaimScope;

use crate::call::{Access, Answering, Ask, Call, Envelope, Repeats, Takes};
use crate::describe::described;
use crate::describe::replies;
use crate::field::{Field, Kind, optional, required};
use crate::reply::Reply;
use crate::state::Web;

use super::{ACCOUNT_TYPE, BANK_CODE, BANK_NAME, COIN, EXTERNAL_ID, NAME, QUOTE, USER};

const FIELDS: &[Field] = &[
    required("user_id", USER, "The customer.").example(r#"106"#),
    required("amount", Kind::Money, "How many coins.").example(r#"50"#),
    optional("blockchain", NAME, "The chain. Not needed for Latin American customers: the coin's default chain is taken.")
        .example(r#""polygon""#),
    required("symbol", COIN, "The coin.").example(r#""USDC""#),
    optional(
        "iban",
        Kind::Text(64),
        "The account to pay to; for Latin American customers the one given at registration, which this overrides.",
    )
    .example(r#""ES9121000418450200051332""#),
    BANK_NAME,
    BANK_CODE,
    ACCOUNT_TYPE,
    optional(
        "external_id",
        EXTERNAL_ID,
        "Your own name for the order, unique among your ramp-offs. The same request with the same name returns the same ramp-off.",
    )
    .example(r#""sale-1""#),
    optional("quote_id", QUOTE, "The quote whose terms these are."),
    optional("refund_wallet", Kind::Wallet, "Where coins may go back to, less the network fee."),
];

/// The call.
pub(crate) static CALL: Call = Call {
    method: Method::POST,
    path: "/api/createRampoff",
    also_at: None,
    id: "createRampoff",
    group: "OffRamp",
    summary: "Create rampoff operation",
    about: "Makes an order to sell coins: the answer holds the address to send them to. What counts is what arrives there.",
    access: Access::Token,
    path_field: None,
    query: &[],
    takes: Takes::Json(FIELDS),
    repeats: Repeats::ByKeyOrName(ClaimScope::RampoffExternalId),
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
    data: described::<replies::RampoffCreated>,
    run: |web, ask| Box::pin(run(web, ask)) as Answering,
};

async fn run(web: Web, mut ask: Ask) -> Result<Reply, AppError> {
    let fields = &mut ask.fields;
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
    let answer = web.app.create_rampoff(ask.caller()?, &request, ask.key()).await?;
    Ok(Reply::ok_json(&answer.data, answer.replayed))
}
