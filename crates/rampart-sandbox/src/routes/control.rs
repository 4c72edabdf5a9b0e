//! Time, market, screening list and faults.

use axum::extract::State;
use rampart_core::refusal::{ErrorCode, Refusal};

use super::input::{self, Decimal, SandboxBody};
use super::response::{SandboxAnswer, SandboxResult, refusal};
use super::{RouteState, SandboxCaller};
use crate::faults::{Calls, FaultOutcome, FaultPort, FaultRule};

/// How far business time moves.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxClockRequest {
    /// In seconds; 0 only asks what time it is.
    #[schema(minimum = 0, maximum = 31622400)]
    advance_seconds: u64,
}

/// Business time.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxTime {
    /// RFC 3339.
    now: String,
}

/// The market: a price, or silence.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxPriceRequest {
    #[schema(max_length = 12, example = "USDC")]
    symbol: Option<String>,
    #[schema(max_length = 4, example = "EUR")]
    fiat_symbol: Option<String>,
    /// The new price; without it the market moves by itself again.
    price: Option<Decimal>,
    /// Whether the price source is silent.
    silence: Option<bool>,
}

/// What was set.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxMarket {
    symbol: Option<String>,
    fiat_symbol: Option<String>,
    /// Absent where the market moves by itself.
    price: Option<String>,
    /// Whether the price source is silent.
    silence: Option<bool>,
}

/// What the screening provider says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ScreeningAnswer {
    /// Nothing is known.
    Clear,
    /// It is on a list.
    Hit,
}

/// An entry of the screening provider's list: either a wallet or a name.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxScreeningRequest {
    #[schema(max_length = 140)]
    wallet: Option<String>,
    #[schema(max_length = 140)]
    name: Option<String>,
    answer: ScreeningAnswer,
}

/// An entry of the list.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxScreening {
    wallet: Option<String>,
    name: Option<String>,
    answer: ScreeningAnswer,
}

/// Calls that go wrong.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxFaultRequest {
    port: FaultPort,
    outcome: FaultOutcome,
    /// How many calls; one when absent, none takes the provider's faults back.
    #[schema(minimum = 0, maximum = 100000)]
    count: Option<u32>,
    /// How much later the answer comes, in seconds of business time.
    #[schema(minimum = 0, maximum = 3600)]
    delay_seconds: Option<u32>,
    /// Which calls; those that do something when absent.
    calls: Option<Calls>,
}

/// Calls that will go wrong.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxFault {
    port: FaultPort,
    calls: Calls,
    outcome: FaultOutcome,
    count: u32,
    delay_seconds: u32,
}

#[utoipa::path(post, path = "/sandbox/clock", operation_id = "sandboxClock", tag = "Sandbox",
    request_body = SandboxClockRequest, responses((status = 200, description = "Business time", body = SandboxAnswer<SandboxTime>)))]
/// Business time moves forward, for the ramp and the world
pub(super) async fn clock(
    State(state): State<RouteState>,
    caller: SandboxCaller,
    SandboxBody(body): SandboxBody<SandboxClockRequest>,
) -> SandboxResult<SandboxTime> {
    let work = async {
        let now = state.world.advance(body?.advance_seconds).await.map_err(refusal)?;
        Ok(SandboxTime { now: now.to_string() })
    };
    caller.respond(work.await)
}

#[utoipa::path(post, path = "/sandbox/prices", operation_id = "sandboxPrices", tag = "Sandbox",
    request_body = SandboxPriceRequest, responses((status = 200, description = "As told", body = SandboxAnswer<SandboxMarket>)))]
/// The market moves, or falls silent
pub(super) async fn prices(
    State(state): State<RouteState>,
    caller: SandboxCaller,
    SandboxBody(body): SandboxBody<SandboxPriceRequest>,
) -> SandboxResult<SandboxMarket> {
    let work = async {
        let body = body?;
        if body.symbol.is_none() && body.fiat_symbol.is_none() && body.price.is_none() {
            let silent = body.silence.ok_or_else(|| {
                Refusal::new(ErrorCode::FailMandatoryField, "either symbol, fiat_symbol and price are required, or silence")
            })?;
            state.world.silence_prices(silent).await.map_err(refusal)?;
            return Ok(SandboxMarket { symbol: None, fiat_symbol: None, price: None, silence: Some(silent) });
        }
        let absent = |field| Refusal::field(ErrorCode::FailMandatoryField, field, "is required");
        let symbol = body.symbol.ok_or_else(|| absent("symbol"))?.to_ascii_uppercase();
        let fiat_symbol = body.fiat_symbol.ok_or_else(|| absent("fiat_symbol"))?.to_ascii_uppercase();
        let no_market = |field| Refusal::field(ErrorCode::ValidationFailed, field, "has no market");
        let (coin, fiat) = (symbol.parse().map_err(|_| no_market("symbol"))?, fiat_symbol.parse().map_err(|_| no_market("fiat_symbol"))?);
        let rate = match &body.price {
            Some(price) => {
                let fault = |fault: rampart_core::rate::RateError| Refusal::field(ErrorCode::ValidationFailed, "price", fault.to_string());
                Some(price.text("price")?.parse().map_err(fault)?)
            }
            None => None,
        };
        state.world.set_price(coin, fiat, rate).await.map_err(refusal)?;
        if let Some(silent) = body.silence {
            state.world.silence_prices(silent).await.map_err(refusal)?;
        }
        let price = rate.map(|rate: rampart_core::rate::Rate| rate.to_string());
        Ok(SandboxMarket { symbol: Some(symbol), fiat_symbol: Some(fiat_symbol), price, silence: body.silence })
    };
    caller.respond(work.await)
}

#[utoipa::path(post, path = "/sandbox/screening", operation_id = "sandboxScreening", tag = "Sandbox",
    request_body = SandboxScreeningRequest, responses((status = 200, description = "As told", body = SandboxAnswer<SandboxScreening>)))]
/// The screening provider's list changes
pub(super) async fn screening(
    State(state): State<RouteState>,
    caller: SandboxCaller,
    SandboxBody(body): SandboxBody<SandboxScreeningRequest>,
) -> SandboxResult<SandboxScreening> {
    let work = async {
        let body = body?;
        let wallet = input::text("wallet", body.wallet, 140)?;
        let name = input::text("name", body.name, 140)?;
        let subject = match (&wallet, &name) {
            (Some(subject), None) | (None, Some(subject)) => subject,
            _ => return Err(Refusal::new(ErrorCode::ValidationFailed, "either wallet or name is required, and not both")),
        };
        state.world.list_for_screening(subject, body.answer == ScreeningAnswer::Hit).await.map_err(refusal)?;
        Ok(SandboxScreening { wallet, name, answer: body.answer })
    };
    caller.respond(work.await)
}

#[utoipa::path(post, path = "/sandbox/faults", operation_id = "sandboxFaults", tag = "Sandbox",
    request_body = SandboxFaultRequest,
    responses((status = 200, description = "All that will go wrong", body = SandboxAnswer<Vec<SandboxFault>>)))]
/// The next calls to a provider go wrong
pub(super) async fn faults(
    State(state): State<RouteState>,
    caller: SandboxCaller,
    SandboxBody(body): SandboxBody<SandboxFaultRequest>,
) -> SandboxResult<Vec<SandboxFault>> {
    let work = async {
        let body = body?;
        let rule = FaultRule {
            port: body.port,
            calls: body.calls.unwrap_or_default(),
            outcome: body.outcome,
            count: body.count.unwrap_or(1),
            delay_seconds: body.delay_seconds.unwrap_or(0),
        };
        state.world.add_fault(rule).await.map_err(refusal)?;
        let waiting = state.world.faults().into_iter().map(|rule| SandboxFault {
            port: rule.port,
            calls: rule.calls,
            outcome: rule.outcome,
            count: rule.count,
            delay_seconds: rule.delay_seconds,
        });
        Ok(waiting.collect())
    };
    caller.respond(work.await)
}
