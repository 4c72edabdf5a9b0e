//! `/sandbox/bank/…`: money arrives, payouts come back, and the bank's own books.

use axum::extract::State;
use rampart_core::asset::Currency;
use rampart_core::ledger::Rail;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::time::Timestamp;

use super::input::{self, Decimal, SandboxBody, SandboxPath, SandboxQuery};
use super::response::{SandboxAnswer, SandboxResult, refusal};
use super::{RouteState, SandboxCaller, normalize, statement};
use crate::bank::{BankTransfer, Booked};

/// A transfer to an account of ours.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxTransferRequest {
    /// One of our accounts, or a customer's own one that leads to ours.
    #[schema(max_length = 64)]
    account: String,
    /// How much, in major units.
    amount: Decimal,
    /// The account's currency.
    #[schema(max_length = 4, example = "EUR")]
    currency: String,
    /// The remittance text.
    #[schema(max_length = 140)]
    concept: Option<String>,
    /// The payer's name.
    #[schema(max_length = 140)]
    sender_name: Option<String>,
    /// The payer's account.
    #[schema(max_length = 64)]
    sender_account: Option<String>,
    /// When the bank says that it booked it: a moment (RFC 3339), or only a date (`2026-01-31`). The moment it arrives when absent.
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

/// A line that a transfer made.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxTransfer {
    /// The statement line's reference.
    line: String,
    rail: String,
    account: String,
    /// In major units.
    amount: String,
    currency: String,
}

/// How much is taken back, and why.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxRecallRequest {
    /// In major units; all of it when absent.
    amount: Option<Decimal>,
    #[schema(max_length = 200)]
    reason: Option<String>,
}

/// Money that was taken back.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxRecall {
    /// The statement line's reference.
    line: String,
    /// The line of the money that was taken back.
    of: String,
    /// In major units.
    amount: String,
    reason: String,
}

/// Which payout comes back.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxReturnRequest {
    rampoff_id: String,
    /// Why.
    #[schema(max_length = 200)]
    reason: Option<String>,
}

/// A payout that came back.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxReturn {
    rampoff_id: String,
    payout_id: String,
    reason: String,
}

/// Which statement.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StatementParams {
    /// The account, ours or a customer's own one.
    #[param(max_length = 64)]
    account: String,
    /// Only those older than this `line` of an earlier answer.
    #[param(max_length = 40)]
    before: Option<String>,
    /// At most so many lines, 100 when absent.
    #[param(minimum = 1, maximum = 1000)]
    #[serde(default, deserialize_with = "normalize::optional_integer")]
    limit: Option<u32>,
}

/// A line of the bank's own books.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxStatementLine {
    line: String,
    /// The account credited; a customer's own one where it leads to ours.
    account: Option<String>,
    /// `credit`, `reversal`, `payout_settled`, `payout_failed` or `payout_returned`.
    kind: String,
    /// In major units.
    amount: String,
    currency: String,
    concept: Option<String>,
    counterparty_name: Option<String>,
    counterparty_account: Option<String>,
    payout_id: Option<String>,
    /// The rail's reference of a settled payout, which the ramp shows as `bank_reference`; the line that a reversal takes back.
    reference: Option<String>,
    /// RFC 3339, business time.
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
    found.ok_or_else(|| Refusal::field(ErrorCode::ValidationFailed, "account", "is not an account of ours"))
}

#[utoipa::path(post, path = "/sandbox/bank/transfers", operation_id = "sandboxTransfer", tag = "Sandbox",
    request_body = SandboxTransferRequest, responses((status = 200, description = "The money is there", body = SandboxAnswer<SandboxTransfer>)))]
/// Somebody transfers money to one of our accounts
pub(super) async fn transfer(
    State(state): State<RouteState>,
    caller: SandboxCaller,
    SandboxBody(body): SandboxBody<SandboxTransferRequest>,
) -> SandboxResult<SandboxTransfer> {
    let work = async {
        let body = body?;
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
    };
    caller.respond(work.await)
}

#[utoipa::path(post, path = "/sandbox/bank/transfers/{line}/recall", operation_id = "sandboxRecall", tag = "Sandbox",
    params(("line" = String, Path, description = "The line of the money, as the transfer's answer and the statement give it")),
    request_body = Option<SandboxRecallRequest>, responses((status = 200, description = "Taken back", body = SandboxAnswer<SandboxRecall>)))]
/// The payer's bank takes a transfer back
pub(super) async fn recall(
    State(state): State<RouteState>,
    caller: SandboxCaller,
    SandboxPath(of): SandboxPath,
    SandboxBody(body): SandboxBody<SandboxRecallRequest>,
) -> SandboxResult<SandboxRecall> {
    let work = async {
        let body = body?;
        let decimals = of.rsplit_once('-').and_then(|(rail, _)| {
            let rails = &state.world.config().rails;
            rails.iter().find(|known| known.name.as_str().eq_ignore_ascii_case(rail)).map(|rail| rail.decimals)
        });
        let decimals = decimals.unwrap_or(2);
        let amount = body.amount.map(|amount| amount.amount("amount", decimals)).transpose()?;
        let reason = input::text("reason", body.reason, 200)?.unwrap_or_else(|| "sent in error".to_owned());
        let (line, amount) = state.world.recall_by(Some(caller.partner), &of, amount, reason.clone()).await.map_err(refusal)?;
        Ok(SandboxRecall { line, of, amount: amount.to_major(decimals), reason })
    };
    caller.respond(work.await)
}

#[utoipa::path(post, path = "/sandbox/bank/returns", operation_id = "sandboxReturn", tag = "Sandbox",
    request_body = SandboxReturnRequest, responses((status = 200, description = "The payout came back", body = SandboxAnswer<SandboxReturn>)))]
/// The bank returns a ramp-off's payout
pub(super) async fn return_payout(
    State(state): State<RouteState>,
    caller: SandboxCaller,
    SandboxBody(body): SandboxBody<SandboxReturnRequest>,
) -> SandboxResult<SandboxReturn> {
    let work = async {
        let body = body?;
        let view = state.engine.rampoff(caller.partner, &body.rampoff_id).await?;
        let reason = input::text("reason", body.reason, 200)?.unwrap_or_else(|| "account closed".to_owned());
        let nothing = || Refusal::new(ErrorCode::ValidationFailed, "the bank has not been told to pay this ramp-off yet");
        let payout = *view.payouts.first().ok_or_else(nothing)?;
        state.world.return_payout(payout, reason.clone()).await.map_err(refusal)?;
        Ok(SandboxReturn { rampoff_id: body.rampoff_id, payout_id: payout.to_string(), reason })
    };
    caller.respond(work.await)
}

#[utoipa::path(get, path = "/sandbox/bank/statement", operation_id = "sandboxStatement", tag = "Sandbox",
    params(StatementParams), responses((status = 200, description = "Newest first", body = SandboxAnswer<Vec<SandboxStatementLine>>)))]
/// The bank's own books: the caller's own lines, and without names those that are nobody's
pub(super) async fn statement(
    State(state): State<RouteState>,
    caller: SandboxCaller,
    SandboxQuery(params): SandboxQuery<StatementParams>,
) -> SandboxResult<Vec<SandboxStatementLine>> {
    let work = async {
        let params = params?;
        let account = input::required("account", params.account, 64)?;
        let rail = rail_of(&state, caller, &account).await?;
        let decimals = state.world.config().rail(rail).map_or(2, |rail| rail.decimals);
        let (limit, before) = (input::limit(params.limit)?, input::text("before", params.before, 40)?);
        let entries = statement::entries(&state, caller.partner, rail, &account, before, limit).await?;
        // Who paid is what these books are read for.
        let shown = |text: rampart_core::redacted::Redacted| text.reveal().to_owned();
        let lines = entries.into_iter().map(|entry| SandboxStatementLine {
            line: entry.line,
            account: entry.account,
            kind: entry.kind.to_owned(),
            amount: entry.amount.to_major(decimals),
            currency: entry.currency,
            concept: entry.concept,
            counterparty_name: entry.counterparty_name.map(shown),
            counterparty_account: entry.counterparty_account.map(shown),
            payout_id: entry.payout,
            reference: entry.reference,
            at: entry.at.to_string(),
        });
        Ok(lines.collect())
    };
    caller.respond(work.await)
}
