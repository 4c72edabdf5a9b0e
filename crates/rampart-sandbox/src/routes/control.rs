//! Control of the clock, market prices, the screening list and faults.

use axum::http::Method;
use rampart_core::money::amount::AmountSent;
use rampart_core::money::rate::{Rate, RateError};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_http::describe::{described, described_list};
use rampart_http::request::field::{FieldKind, optional, required};
use rampart_http::{Access, Call, CallContext, CallFuture, CallResponse, Envelope, FieldSource, Idempotency, request};

use super::{GROUP, SandboxAnswer, SandboxState};
use crate::file::{FaultCalls, FaultOutcome, FaultPort, FaultRule};

/// The words of [`ScreeningAnswer`], [`FaultPort`], [`FaultOutcome`] and [`FaultCalls`].
const ANSWERS: &[&str] = &["clear", "hit"];
const PORTS: &[&str] = &["bank", "card", "chain", "kyc", "screening", "prices"];
const OUTCOMES: &[&str] = &["refuse", "fail", "unknown_done", "unknown_not_done", "delay"];
const CALLS: &[&str] = &["actions", "questions"];

impl_word!(ScreeningAnswer, FaultPort, FaultOutcome, FaultCalls);

request! {
    /// How far to advance business time.
    Advance refused by [] {
        advance_seconds: u32 = required(FieldKind::Integer(0, 31_622_400), "Seconds to advance. 0 only returns the current time.").example("60");
    }
}

request! {
    /// A market price to fix, or the availability of the price source.
    SetPrice refused by [FailMandatoryField] {
        symbol: Option<&'a str> = optional(FieldKind::Code(12), "The coin.").example(r#""USDC""#);
        fiat_symbol: Option<&'a str> = optional(FieldKind::Code(4), "The currency.").example(r#""EUR""#);
        price: Option<&'a AmountSent> = optional(FieldKind::Money, "The fixed price. Without it the market price moves again.");
        silence: Option<bool> = optional(FieldKind::Boolean, "`true` makes the price source unavailable, `false` makes it available again.");
    }
}

request! {
    /// An entry of the screening list: either a wallet or a name.
    Screen refused by [] {
        wallet: Option<&'a str> = optional(FieldKind::AsTyped(140), "The wallet.");
        name: Option<&'a str> = optional(FieldKind::AsTyped(140), "The name.").example(r#""Ana Ruiz""#);
        answer: ScreeningAnswer = required(FieldKind::Choice(ANSWERS), "The result of screening it.").example(r#""hit""#);
    }
}

request! {
    /// Calls to a provider that fail.
    Fault refused by [] {
        port: FaultPort = required(FieldKind::Choice(PORTS), "The provider whose calls fail.").example(r#""bank""#);
        outcome: FaultOutcome = required(FieldKind::Choice(OUTCOMES), "How the calls fail.").example(r#""refuse""#);
        count: Option<u32> = optional(FieldKind::Integer(0, 100_000), "The number of calls that fail. Default: 1. With 0 all faults of the provider are removed.");
        delay_seconds: Option<u32> = optional(FieldKind::Integer(0, 3_600), "The delay before each call, in seconds of business time. Default: 0.");
        calls: Option<FaultCalls> = optional(FieldKind::Choice(CALLS), "Which calls fail. Default: `actions`.");
    }
}

/// Business time.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxTime {
    /// The current business time (RFC 3339).
    now: String,
}

/// The market as it was set.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxMarket {
    symbol: Option<String>,
    fiat_symbol: Option<String>,
    /// The fixed price. Absent when the market price moves.
    price: Option<String>,
    /// Whether the price source is unavailable, where the request set it.
    silence: Option<bool>,
}

/// The result of a screening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ScreeningAnswer {
    /// There is no hit.
    Clear,
    /// The name or wallet is on a sanctions list.
    Hit,
}

/// The entry that was added or changed.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxScreening {
    wallet: Option<String>,
    name: Option<String>,
    answer: ScreeningAnswer,
}

pub(super) static CLOCK: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/clock"],
    id: "sandboxClock",
    group: GROUP,
    summary: "Advance business time for the ramp and the simulated world",
    about: "Returns the new business time.",
    access: Access::Token,
    takes: FieldSource::Json(Advance::FIELDS),
    idempotency: Idempotency::None,
    codes: Advance::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxTime>,
    run: |state, context| Box::pin(clock(state, context)) as CallFuture,
};

async fn clock(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let now = state.world.advance(Advance::of(&context.fields)?.advance_seconds.into()).await?;
    CallResponse::ok(&SandboxTime { now: now.to_string() })
}

pub(super) static PRICES: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/prices"],
    id: "sandboxPrices",
    group: GROUP,
    summary: "Fix a market price, or make the price source unavailable",
    about: "Returns the market as it was set.",
    access: Access::Token,
    takes: FieldSource::Json(SetPrice::FIELDS),
    idempotency: Idempotency::None,
    codes: SetPrice::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxMarket>,
    run: |state, context| Box::pin(prices(state, context)) as CallFuture,
};

async fn prices(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = SetPrice::of(&context.fields)?;
    if request.symbol.is_none() && request.fiat_symbol.is_none() && request.price.is_none() {
        let absent = || Refusal::new(ErrorCode::FailMandatoryField, "either symbol, fiat_symbol and price are required, or silence");
        let silent = request.silence.ok_or_else(absent)?;
        state.world.silence_prices(silent).await?;
        return CallResponse::ok(&SandboxMarket { symbol: None, fiat_symbol: None, price: None, silence: Some(silent) });
    }
    let absent = |field| Refusal::field(ErrorCode::FailMandatoryField, field, "is required");
    let symbol = request.symbol.ok_or_else(|| absent("symbol"))?.to_ascii_uppercase();
    let fiat_symbol = request.fiat_symbol.ok_or_else(|| absent("fiat_symbol"))?.to_ascii_uppercase();
    let no_market = |field| Refusal::field(ErrorCode::ValidationFailed, field, "has no market");
    let (coin, fiat) = (symbol.parse().map_err(|_| no_market("symbol"))?, fiat_symbol.parse().map_err(|_| no_market("fiat_symbol"))?);
    let fault = |fault: RateError| Refusal::field(ErrorCode::ValidationFailed, "price", fault.to_string());
    let rate = request.price.map(|price| price.as_str().parse::<Rate>().map_err(fault)).transpose()?;
    state.world.set_price(coin, fiat, rate).await?;
    if let Some(silent) = request.silence {
        state.world.silence_prices(silent).await?;
    }
    let price = rate.map(|rate| rate.to_string());
    CallResponse::ok(&SandboxMarket { symbol: Some(symbol), fiat_symbol: Some(fiat_symbol), price, silence: request.silence })
}

pub(super) static SCREENING: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/screening"],
    id: "sandboxScreening",
    group: GROUP,
    summary: "Add or change an entry of the screening list",
    about: "An entry is either a wallet or a name. Returns the entry that was added or changed.",
    access: Access::Token,
    takes: FieldSource::Json(Screen::FIELDS),
    idempotency: Idempotency::None,
    codes: Screen::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxScreening>,
    run: |state, context| Box::pin(screening(state, context)) as CallFuture,
};

async fn screening(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = Screen::of(&context.fields)?;
    let subject = match (request.wallet, request.name) {
        (Some(subject), None) | (None, Some(subject)) => subject,
        _ => return Err(Refusal::new(ErrorCode::ValidationFailed, "either wallet or name is required, and not both").into()),
    };
    state.world.list_for_screening(subject, request.answer == ScreeningAnswer::Hit).await?;
    let (wallet, name) = (request.wallet.map(str::to_owned), request.name.map(str::to_owned));
    CallResponse::ok(&SandboxScreening { wallet, name, answer: request.answer })
}

pub(super) static FAULTS: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/faults"],
    id: "sandboxFaults",
    group: GROUP,
    summary: "Make the next calls to a provider fail",
    about: "Returns all faults that have not been used up.",
    access: Access::Token,
    takes: FieldSource::Json(Fault::FIELDS),
    idempotency: Idempotency::None,
    codes: Fault::CODES,
    envelope: Envelope::Ok,
    data: described_list::<FaultRule>,
    run: |state, context| Box::pin(faults(state, context)) as CallFuture,
};

async fn faults(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = Fault::of(&context.fields)?;
    let rule = FaultRule {
        port: request.port,
        calls: request.calls.unwrap_or_default(),
        outcome: request.outcome,
        count: request.count.unwrap_or(1),
        delay_seconds: request.delay_seconds.unwrap_or(0),
    };
    state.world.add_fault(rule).await?;
    CallResponse::ok(&state.world.faults())
}
