//! Control of the clock, market prices, the screening list and faults.

use rampart_core::money::rate::{Rate, RateError};
use rampart_core::refusal::{ErrorCode, Refusal};

use super::input::{self, Decimal, SandboxCall};
use super::response::{SandboxAnswer, refusal};
use crate::file::{FaultCalls, FaultOutcome, FaultPort, FaultRule};

/// How far to advance business time.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxClockRequest {
    /// Seconds to advance. 0 only returns the current time.
    #[schema(minimum = 0, maximum = 31622400)]
    advance_seconds: u64,
}

/// Business time.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxTime {
    /// The current business time (RFC 3339).
    now: String,
}

/// A market price to fix, or the availability of the price source.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxPriceRequest {
    #[schema(max_length = 12, example = "USDC")]
    symbol: Option<String>,
    #[schema(max_length = 4, example = "EUR")]
    fiat_symbol: Option<String>,
    /// The fixed price. Without it the market price moves again.
    price: Option<Decimal>,
    /// `true` makes the price source unavailable, `false` makes it available again.
    silence: Option<bool>,
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

/// An entry of the screening list: either a wallet or a name.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxScreeningRequest {
    #[schema(max_length = 140)]
    wallet: Option<String>,
    #[schema(max_length = 140)]
    name: Option<String>,
    answer: ScreeningAnswer,
}

/// The entry that was added or changed.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxScreening {
    wallet: Option<String>,
    name: Option<String>,
    answer: ScreeningAnswer,
}

/// Calls to a provider that fail.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxFaultRequest {
    port: FaultPort,
    outcome: FaultOutcome,
    /// The number of calls that fail. Default: 1. With 0 all faults of the provider are removed.
    #[schema(minimum = 0, maximum = 100000)]
    count: Option<u32>,
    /// The delay before each call, in seconds of business time. Default: 0.
    #[schema(minimum = 0, maximum = 3600)]
    delay_seconds: Option<u32>,
    /// Which calls fail. Default: `actions`.
    calls: Option<FaultCalls>,
}

#[utoipa::path(post, path = "/sandbox/clock", operation_id = "sandboxClock", tag = "Sandbox",
    request_body = SandboxClockRequest, responses((status = 200, description = "The new business time", body = SandboxAnswer<SandboxTime>)))]
/// Advance business time for the ramp and the simulated world
pub(super) async fn clock(SandboxCall { state, input: body, .. }: SandboxCall<SandboxClockRequest>) -> Result<SandboxTime, Refusal> {
    let now = state.world.advance(body.advance_seconds).await.map_err(refusal)?;
    Ok(SandboxTime { now: now.to_string() })
}

#[utoipa::path(post, path = "/sandbox/prices", operation_id = "sandboxPrices", tag = "Sandbox",
    request_body = SandboxPriceRequest, responses((status = 200, description = "The market as it was set", body = SandboxAnswer<SandboxMarket>)))]
/// Fix a market price, or make the price source unavailable
pub(super) async fn prices(SandboxCall { state, input: body, .. }: SandboxCall<SandboxPriceRequest>) -> Result<SandboxMarket, Refusal> {
    if body.symbol.is_none() && body.fiat_symbol.is_none() && body.price.is_none() {
        let silent = body
            .silence
            .ok_or_else(|| Refusal::new(ErrorCode::FailMandatoryField, "either symbol, fiat_symbol and price are required, or silence"))?;
        state.world.silence_prices(silent).await.map_err(refusal)?;
        return Ok(SandboxMarket { symbol: None, fiat_symbol: None, price: None, silence: Some(silent) });
    }
    let absent = |field| Refusal::field(ErrorCode::FailMandatoryField, field, "is required");
    let symbol = body.symbol.ok_or_else(|| absent("symbol"))?.to_ascii_uppercase();
    let fiat_symbol = body.fiat_symbol.ok_or_else(|| absent("fiat_symbol"))?.to_ascii_uppercase();
    let no_market = |field| Refusal::field(ErrorCode::ValidationFailed, field, "has no market");
    let (coin, fiat) = (symbol.parse().map_err(|_| no_market("symbol"))?, fiat_symbol.parse().map_err(|_| no_market("fiat_symbol"))?);
    let fault = |fault: RateError| Refusal::field(ErrorCode::ValidationFailed, "price", fault.to_string());
    let read = |price: &Decimal| price.text("price")?.parse::<Rate>().map_err(fault);
    let rate = body.price.as_ref().map(read).transpose()?;
    state.world.set_price(coin, fiat, rate).await.map_err(refusal)?;
    if let Some(silent) = body.silence {
        state.world.silence_prices(silent).await.map_err(refusal)?;
    }
    let price = rate.map(|rate| rate.to_string());
    Ok(SandboxMarket { symbol: Some(symbol), fiat_symbol: Some(fiat_symbol), price, silence: body.silence })
}

#[utoipa::path(post, path = "/sandbox/screening", operation_id = "sandboxScreening", tag = "Sandbox",
    request_body = SandboxScreeningRequest, responses((status = 200, description = "The entry that was added or changed", body = SandboxAnswer<SandboxScreening>)))]
/// Add or change an entry of the screening list
pub(super) async fn screening(
    SandboxCall { state, input: body, .. }: SandboxCall<SandboxScreeningRequest>,
) -> Result<SandboxScreening, Refusal> {
    let wallet = input::text("wallet", body.wallet, 140)?;
    let name = input::text("name", body.name, 140)?;
    let subject = match (&wallet, &name) {
        (Some(subject), None) | (None, Some(subject)) => subject,
        _ => return Err(Refusal::new(ErrorCode::ValidationFailed, "either wallet or name is required, and not both")),
    };
    state.world.list_for_screening(subject, body.answer == ScreeningAnswer::Hit).await.map_err(refusal)?;
    Ok(SandboxScreening { wallet, name, answer: body.answer })
}

#[utoipa::path(post, path = "/sandbox/faults", operation_id = "sandboxFaults", tag = "Sandbox",
    request_body = SandboxFaultRequest,
    responses((status = 200, description = "All faults that have not been used up", body = SandboxAnswer<Vec<FaultRule>>)))]
/// Make the next calls to a provider fail
pub(super) async fn faults(SandboxCall { state, input: body, .. }: SandboxCall<SandboxFaultRequest>) -> Result<Vec<FaultRule>, Refusal> {
    let rule = FaultRule {
        port: body.port,
        calls: body.calls.unwrap_or_default(),
        outcome: body.outcome,
        count: body.count.unwrap_or(1),
        delay_seconds: body.delay_seconds.unwrap_or(0),
    };
    state.world.add_fault(rule).await.map_err(refusal)?;
    Ok(state.world.faults())
}
