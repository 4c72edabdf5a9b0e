//! `/sandbox/bank/…`: incoming transfers, recalls, returned payouts and statements.

use axum::http::Method;
use rampart_core::id::PartnerId;
use rampart_core::ledger::Rail;
use rampart_core::money::amount::AmountSent;
use rampart_core::money::asset::Currency;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::time::Timestamp;
use rampart_http::describe::{described, described_list};
use rampart_http::request::field::{FieldKind, FieldSpec, optional, required};
use rampart_http::{Access, Call, CallContext, CallFuture, CallResponse, Envelope, FieldSource, Idempotency, request};

use super::{GROUP, PAGE_LINES, SandboxAnswer, SandboxState, statement};
use crate::bank::{BankTransfer, Booked};

request! {
    /// A bank transfer of a third party to one of the ramp's accounts.
    Transfer refused by [] {
        account: &'a str = required(ACCOUNT, "The account to credit: an account of the ramp, or a virtual account of one of your customers.").example(r#""ES9121000418450200051332""#);
        amount: &'a AmountSent = required(FieldKind::Money, "The amount in major units.").example(r#""100.50""#);
        currency: &'a str = required(FieldKind::Code(4), "The currency of the account.").example(r#""EUR""#);
        concept: Option<&'a str> = optional(FieldKind::AsTyped(140), "The remittance text.");
        sender_name: Option<&'a str> = optional(FieldKind::AsTyped(140), "The name of the payer.");
        sender_account: Option<&'a str> = optional(ACCOUNT, "The account of the payer.");
        booked_at: Option<&'a str> = optional(FieldKind::Moment, "The booking time that the bank reports: a time (RFC 3339), or only a date (`2026-01-31`). Default: the time of arrival.");
    }
}

request! {
    /// The recall of a transfer.
    Recall refused by [] {
        amount: Option<&'a AmountSent> = optional(FieldKind::Money, "The amount in major units. Default: the whole amount of the transfer.");
        reason: Option<&'a str> = optional(REASON, "The reason that the bank reports.");
    }
}

request! {
    /// The ramp-off whose payout the bank returns.
    ReturnPayout refused by [RampoffNotFound] {
        rampoff_id: &'a str = required(FieldKind::AsTyped(128), "The ramp-off.").example(r#""0Do000000000000000000000a""#);
        reason: Option<&'a str> = optional(REASON, "The reason that the bank reports.");
    }
}

request! {
    /// The account, and the page of its statement.
    Statement refused by [] {
        account: &'a str = required(ACCOUNT, "An account of the ramp, or a virtual account of one of your customers.");
        before: Option<&'a str> = optional(FieldKind::AsTyped(40), "Return only lines older than this `line` of an earlier response.");
        limit: Option<u32> = PAGE_LINES;
    }
}

const ACCOUNT: FieldKind = FieldKind::AsTyped(64);
const REASON: FieldKind = FieldKind::AsTyped(200);
const LINE: FieldSpec =
    required(FieldKind::AsTyped(40), "The statement line of the transfer, as returned by the transfer and the statement.").named("line");

/// A time, or only a date, which has no time of its own.
fn booked(text: &str) -> Option<Booked> {
    if text.len() == "2026-01-31".len() { Some(Booked::DateOnly) } else { text.parse::<Timestamp>().ok().map(Booked::At) }
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

/// A returned payout.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxReturn {
    rampoff_id: String,
    payout_id: String,
    reason: String,
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

async fn rail_of(state: &SandboxState, partner: PartnerId, account: &str) -> Result<Rail, Refusal> {
    let found = match state.world.rail_of_account(account) {
        Some(rail) => Some(rail),
        None => state.engine.rail_of_account(partner, account).await?,
    };
    found.ok_or_else(|| Refusal::field(ErrorCode::ValidationFailed, "account", "is not an account of the ramp or of one of your customers"))
}

pub(super) static TRANSFER: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/bank/transfers"],
    id: "sandboxTransfer",
    group: GROUP,
    summary: "Simulate an incoming bank transfer",
    about: "The transfer has arrived when the call answers.",
    access: Access::Token,
    takes: FieldSource::Json(Transfer::FIELDS),
    idempotency: Idempotency::None,
    codes: Transfer::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxTransfer>,
    run: |state, context| Box::pin(transfer(state, context)) as CallFuture,
};

async fn transfer(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let (request, partner) = (Transfer::of(&context.fields)?, context.caller()?.partner.id);
    let rail = rail_of(&state, partner, request.account).await?;
    let currency = currency(request.currency)?;
    let decimals = state.world.config().rail(rail).map_or(2, |rail| rail.decimals);
    let amount = super::amount(request.amount, decimals)?;
    let transfer = BankTransfer {
        rail,
        account: request.account.to_owned(),
        amount,
        currency,
        concept: request.concept.map(str::to_owned),
        sender_name: request.sender_name.map(str::to_owned),
        sender_account: request.sender_account.map(str::to_owned),
        booked: request.booked_at.and_then(booked).unwrap_or(Booked::Now),
    };
    let line = state.world.transfer_by(Some(partner), transfer).await?;
    let (rail, account, currency) = (rail.to_string(), request.account.to_owned(), currency.to_string());
    CallResponse::ok(&SandboxTransfer { line, rail, account, amount: amount.to_major(decimals), currency })
}

pub(super) static RECALL: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/bank/transfers/{line}/recall"],
    id: "sandboxRecall",
    group: GROUP,
    summary: "Simulate the recall of a bank transfer by the payer's bank",
    about: "The transfer has been recalled when the call answers.",
    access: Access::Token,
    takes: FieldSource::Path(LINE, &FieldSource::Json(Recall::FIELDS)),
    idempotency: Idempotency::None,
    codes: Recall::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxRecall>,
    run: |state, context| Box::pin(recall(state, context)) as CallFuture,
};

async fn recall(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let (request, partner, of) = (Recall::of(&context.fields)?, context.caller()?.partner.id, context.path.clone());
    let decimals = of.rsplit_once('-').and_then(|(rail, _)| {
        let rails = &state.world.config().rails;
        rails.iter().find(|known| known.name.as_str().eq_ignore_ascii_case(rail)).map(|rail| rail.decimals)
    });
    let decimals = decimals.unwrap_or(2);
    let amount = request.amount.map(|amount| super::amount(amount, decimals)).transpose()?;
    let reason = request.reason.unwrap_or("sent in error").to_owned();
    let (line, amount) = state.world.recall_by(Some(partner), &of, amount, reason.clone()).await?;
    CallResponse::ok(&SandboxRecall { line, of, amount: amount.to_major(decimals), reason })
}

pub(super) static RETURN_PAYOUT: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/bank/returns"],
    id: "sandboxReturn",
    group: GROUP,
    summary: "Simulate the return of a ramp-off's payout by the bank",
    about: "The payout has been returned when the call answers.",
    access: Access::Token,
    takes: FieldSource::Json(ReturnPayout::FIELDS),
    idempotency: Idempotency::None,
    codes: ReturnPayout::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxReturn>,
    run: |state, context| Box::pin(return_payout(state, context)) as CallFuture,
};

async fn return_payout(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = ReturnPayout::of(&context.fields)?;
    let view = state.engine.rampoff(context.caller()?.partner.id, request.rampoff_id).await?;
    let reason = request.reason.unwrap_or("account closed").to_owned();
    let no_payout = || Refusal::new(ErrorCode::ValidationFailed, "the bank has not received a payout of this ramp-off yet");
    let payout = *view.payouts.first().ok_or_else(no_payout)?;
    state.world.return_payout(payout, reason.clone()).await?;
    CallResponse::ok(&SandboxReturn { rampoff_id: request.rampoff_id.to_owned(), payout_id: payout.to_string(), reason })
}

pub(super) static STATEMENT: Call<SandboxState> = Call {
    method: Method::GET,
    paths: &["/sandbox/bank/statement"],
    id: "sandboxStatement",
    group: GROUP,
    summary: "The statement of a bank account",
    about: "Returns your own lines, and without names the lines of no partner, newest first.",
    access: Access::Token,
    takes: FieldSource::Query(Statement::FIELDS),
    idempotency: Idempotency::None,
    codes: Statement::CODES,
    envelope: Envelope::Ok,
    data: described_list::<SandboxStatementLine>,
    run: |state, context| Box::pin(show_statement(state, context)) as CallFuture,
};

async fn show_statement(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let (request, partner) = (Statement::of(&context.fields)?, context.caller()?.partner.id);
    let rail = rail_of(&state, partner, request.account).await?;
    let decimals = state.world.config().rail(rail).map_or(2, |rail| rail.decimals);
    let limit = super::page_lines(request.limit);
    let entries = statement::entries(&state, partner, rail, request.account, request.before, limit).await?;
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
    CallResponse::ok(&lines.collect::<Vec<_>>())
}
