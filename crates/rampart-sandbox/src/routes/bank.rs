//! `/sandbox/bank/…`: incoming transfers, recalls, returned payouts and statements.

use rampart_core::ledger::Rail;
use rampart_core::money::asset::Currency;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::time::Timestamp;

use super::input::{self, Decimal, SandboxCall};
use super::response::{SandboxAnswer, refusal};
use super::{RouteState, SandboxCaller, normalize, statement};
use crate::bank::{BankTransfer, Booked};

/// A bank transfer of a third party to one of the ramp's accounts.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxTransferRequest {
    /// The account to credit: an account of the ramp, or a virtual account of one of your customers.
    #[schema(max_length = 64)]
    account: String,
    /// The amount in major units.
    amount: Decimal,
    /// The currency of the account.
    #[schema(max_length = 4, example = "EUR")]
    currency: String,
    /// The remittance text.
    #[schema(max_length = 140)]
    concept: Option<String>,
    /// The name of the payer.
    #[schema(max_length = 140)]
    sender_name: Option<String>,
    /// The account of the payer.
    #[schema(max_length = 64)]
    sender_account: Option<String>,
    /// The booking time that the bank reports: a time (RFC 3339), or only a date (`2026-01-31`). Default: the time of arrival.
    #[schema(max_length = 40)]
    booked_at: Option<String>,
}

fn booked(text: Option<&str>) -> Result<Booked, Refusal> {
    let is_date = |text: &str| text.len() == 10 && format!("{text}T00:00:00Z").parse::<Timestamp>().is_ok();
    match text {
        None => Ok(Booked::Now),
        Some(text) if is_date(text) => Ok(Booked::DateOnly),
        Some(text) => text.parse().map(Booked::At).map_err(|_| {
            Refusal::field(
                ErrorCode::ValidationFailed,
                "booked_at",
                "must be a moment such as 2026-01-31T12:00:00Z or a date such as 2026-01-31",
            )
        }),
    }
}

/// The statement line of an incoming transfer.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxTransfer {
    /// The reference of the statement line.
    line: String,
    rail: String,
    account: String,
    /// The amount in major units.
    amount: String,
    currency: String,
}

/// The recall of a transfer.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxRecallRequest {
    /// The amount in major units. Default: the whole amount of the transfer.
    amount: Option<Decimal>,
    #[schema(max_length = 200)]
    reason: Option<String>,
}

/// A recalled transfer.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxRecall {
    /// The reference of the new statement line.
    line: String,
    /// The statement line of the recalled transfer.
    of: String,
    /// The amount in major units.
    amount: String,
    reason: String,
}

/// The ramp-off whose payout the bank returns.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxReturnRequest {
    rampoff_id: String,
    /// The reason that the bank reports.
    #[schema(max_length = 200)]
    reason: Option<String>,
}

/// A returned payout.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxReturn {
    rampoff_id: String,
    payout_id: String,
    reason: String,
}

/// The account, and the page of its statement.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BankStatementParams {
    /// An account of the ramp, or a virtual account of one of your customers.
    #[param(max_length = 64)]
    account: String,
    /// Return only lines older than this `line` of an earlier response.
    #[param(max_length = 40)]
    before: Option<String>,
    /// The maximum number of lines. Default: 100.
    #[param(minimum = 1, maximum = 1000)]
    #[serde(default, deserialize_with = "normalize::optional_integer")]
    limit: Option<u32>,
}

/// A line of a bank statement.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxStatementLine {
    line: String,
    /// The credited account: an account of the ramp, or a virtual account of a customer.
    account: Option<String>,
    /// `credit`, `reversal`, `payout_settled`, `payout_failed` or `payout_returned`.
    kind: String,
    /// The amount in major units.
    amount: String,
    currency: String,
    concept: Option<String>,
    counterparty_name: Option<String>,
    counterparty_account: Option<String>,
    payout_id: Option<String>,
    /// For a settled payout, the reference of the rail, which the partner API returns as `bank_reference`. For a reversal, the line that it takes back.
    reference: Option<String>,
    /// Business time (RFC 3339).
    at: String,
}

fn currency(code: &str) -> Result<Currency, Refusal> {
    let unknown = || Refusal::field(ErrorCode::ValidationFailed, "currency", "is not a currency of this installation");
    code.to_ascii_uppercase().parse().map_err(|_| unknown())
}

async fn rail_of(state: &RouteState, caller: SandboxCaller, account: &str) -> Result<Rail, Refusal> {
    let found = match state.world.rail_of_account(account) {
        Some(rail) => Some(rail),
        None => state.engine.rail_of_account(caller.partner, account).await?,
    };
    found.ok_or_else(|| Refusal::field(ErrorCode::ValidationFailed, "account", "is not an account of the ramp or of one of your customers"))
}

#[utoipa::path(post, path = "/sandbox/bank/transfers", operation_id = "sandboxTransfer", tag = "Sandbox",
    request_body = SandboxTransferRequest, responses((status = 200, description = "The transfer has arrived", body = SandboxAnswer<SandboxTransfer>)))]
/// Simulate an incoming bank transfer
pub(super) async fn transfer(
    SandboxCall { state, caller, input: body, .. }: SandboxCall<SandboxTransferRequest>,
) -> Result<SandboxTransfer, Refusal> {
    let account = input::required("account", body.account, 64)?;
    let rail = rail_of(&state, caller, &account).await?;
    let currency = currency(&body.currency)?;
    let decimals = state.world.config().rail(rail).map_or(2, |rail| rail.decimals);
    let amount = body.amount.amount("amount", decimals)?;
    let transfer = BankTransfer {
        rail,
        account: account.clone(),
        amount,
        currency,
        concept: input::text("concept", body.concept, 140)?,
        sender_name: input::text("sender_name", body.sender_name, 140)?,
        sender_account: input::text("sender_account", body.sender_account, 64)?,
        booked: booked(input::text("booked_at", body.booked_at, 40)?.as_deref())?,
    };
    let line = state.world.transfer_by(Some(caller.partner), transfer).await.map_err(refusal)?;
    let (rail, currency) = (rail.to_string(), currency.to_string());
    Ok(SandboxTransfer { line, rail, account, amount: amount.to_major(decimals), currency })
}

#[utoipa::path(post, path = "/sandbox/bank/transfers/{line}/recall", operation_id = "sandboxRecall", tag = "Sandbox",
    params(("line" = String, Path, description = "The statement line of the transfer, as returned by the transfer and the statement")),
    request_body = Option<SandboxRecallRequest>, responses((status = 200, description = "The transfer has been recalled", body = SandboxAnswer<SandboxRecall>)))]
/// Simulate the recall of a bank transfer by the payer's bank
pub(super) async fn recall(
    SandboxCall { state, caller, path: of, input: body }: SandboxCall<SandboxRecallRequest>,
) -> Result<SandboxRecall, Refusal> {
    let decimals = of.rsplit_once('-').and_then(|(rail, _)| {
        let rails = &state.world.config().rails;
        rails.iter().find(|known| known.name.as_str().eq_ignore_ascii_case(rail)).map(|rail| rail.decimals)
    });
    let decimals = decimals.unwrap_or(2);
    let amount = body.amount.map(|amount| amount.amount("amount", decimals)).transpose()?;
    let reason = input::text("reason", body.reason, 200)?.unwrap_or_else(|| "sent in error".to_owned());
    let (line, amount) = state.world.recall_by(Some(caller.partner), &of, amount, reason.clone()).await.map_err(refusal)?;
    Ok(SandboxRecall { line, of, amount: amount.to_major(decimals), reason })
}

#[utoipa::path(post, path = "/sandbox/bank/returns", operation_id = "sandboxReturn", tag = "Sandbox",
    request_body = SandboxReturnRequest, responses((status = 200, description = "The payout has been returned", body = SandboxAnswer<SandboxReturn>)))]
/// Simulate the return of a ramp-off's payout by the bank
pub(super) async fn return_payout(
    SandboxCall { state, caller, input: body, .. }: SandboxCall<SandboxReturnRequest>,
) -> Result<SandboxReturn, Refusal> {
    let view = state.engine.rampoff(caller.partner, &body.rampoff_id).await?;
    let reason = input::text("reason", body.reason, 200)?.unwrap_or_else(|| "account closed".to_owned());
    let no_payout = || Refusal::new(ErrorCode::ValidationFailed, "the bank has not received a payout of this ramp-off yet");
    let payout = *view.payouts.first().ok_or_else(no_payout)?;
    state.world.return_payout(payout, reason.clone()).await.map_err(refusal)?;
    Ok(SandboxReturn { rampoff_id: body.rampoff_id, payout_id: payout.to_string(), reason })
}

#[utoipa::path(get, path = "/sandbox/bank/statement", operation_id = "sandboxStatement", tag = "Sandbox",
    params(BankStatementParams), responses((status = 200, description = "The lines, newest first", body = SandboxAnswer<Vec<SandboxStatementLine>>)))]
/// The statement of a bank account: your own lines, and without names the lines of no partner
pub(super) async fn statement(
    SandboxCall { state, caller, input: params, .. }: SandboxCall<BankStatementParams>,
) -> Result<Vec<SandboxStatementLine>, Refusal> {
    let account = input::required("account", params.account, 64)?;
    let rail = rail_of(&state, caller, &account).await?;
    let decimals = state.world.config().rail(rail).map_or(2, |rail| rail.decimals);
    let (limit, before) = (input::limit(params.limit)?, input::text("before", params.before, 40)?);
    let entries = statement::entries(&state, caller.partner, rail, &account, before, limit).await?;
    // Names and accounts are what a statement is read for.
    let reveal = |text: rampart_core::text::redacted::Redacted| text.reveal().to_owned();
    let lines = entries.into_iter().map(|entry| SandboxStatementLine {
        line: entry.line,
        account: entry.account,
        kind: entry.kind.to_owned(),
        amount: entry.amount.to_major(decimals),
        currency: entry.currency,
        concept: entry.concept,
        counterparty_name: entry.counterparty_name.map(reveal),
        counterparty_account: entry.counterparty_account.map(reveal),
        payout_id: entry.payout,
        reference: entry.reference,
        at: entry.at.to_string(),
    });
    Ok(lines.collect())
}
