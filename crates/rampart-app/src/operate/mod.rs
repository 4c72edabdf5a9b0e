//! Commands of operators. Every change uses the same commit path as all others, with an audit entry of who did it and
//! why.

pub mod chains;
pub mod customers;
pub mod doctor;
pub mod health;
pub mod jobs;
pub mod keys;
pub mod metrics;
pub mod opening;
pub mod orders;
pub mod partners;
pub mod payouts;
pub mod required_configuration;
pub mod reviews;
pub mod transfers;
pub mod treasury;
pub mod wallets;
pub mod webhooks;

pub use rampart_core::review::Operator;

use std::future::Future;

use rampart_core::id::AuditId;
use rampart_core::ledger::Account;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_core::review::AuditEntry;
use rampart_core::step::Step;
use rampart_store::CommitError;
use serde::Serialize;

use crate::app::App;
use crate::error::{AppError, AppResult, refuse};
use crate::retry::retry_unless;

/// An audit entry, for display.
#[derive(Debug, Clone, Serialize)]
pub struct AuditLine {
    pub id: String,
    /// Business time, RFC 3339.
    pub at: String,
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub reason: String,
    /// Details that the action does not contain; may be empty.
    pub detail: String,
}

impl From<AuditEntry> for AuditLine {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { id, actor, action, subject, reason, detail, at, .. } = entry;
        Self { id: id.to_string(), at: at.to_string(), actor, action, subject, reason, detail }
    }
}

const MAX_AUDIT_ROWS: u32 = 50;

async fn audit_lines(app: &App, subject: &str) -> AppResult<Vec<AuditLine>> {
    Ok(app.store.audit_of(subject, None, MAX_AUDIT_ROWS).await?.into_iter().map(AuditLine::from).collect())
}

/// The audit log, newest first, below `below`: all of it, or of one subject (an order, customer, partner, review item
/// or account).
pub async fn audit_log(app: &App, subject: Option<&str>, below: Option<AuditId>, limit: u32) -> AppResult<Vec<AuditLine>> {
    let entries = match subject {
        Some(subject) => app.store.audit_of(subject, below, limit).await?,
        None => app.store.audit(below, limit).await?,
    };
    Ok(entries.into_iter().map(AuditLine::from).collect())
}

/// Adds an audit entry to a step.
fn audit(app: &App, operator: &Operator, action: &str, subject: impl ToString, step: &mut Step) {
    audit_about(app, operator, (action, String::new()), subject, step);
}

/// Adds an audit entry with details.
fn audit_about(app: &App, operator: &Operator, (action, detail): (&str, String), subject: impl ToString, step: &mut Step) {
    let mint = app.mint();
    step.write(AuditEntry {
        id: mint.id(),
        version: 0,
        actor: operator.actor.clone(),
        action: action.to_owned(),
        subject: subject.to_string(),
        reason: operator.reason.clone(),
        detail,
        at: mint.now,
    });
}

/// Decides on an operator's command and commits it ([`retry`]).
async fn operators_retry<T, F>(app: &App, what: &str, decide: impl Fn() -> F) -> AppResult<T>
where
    F: Future<Output = AppResult<(Step, T)>>,
{
    retry_unless(app, what, decide, |error| Err(commit_refused(error))).await
}

/// The result of committing an operator's step.
fn commit_result(outcome: Result<rampart_store::Committed, CommitError>) -> AppResult<()> {
    outcome.map(|_| ()).map_err(commit_refused)
}

/// Why an operator's step was not committed. A floor is reported in the operator's terms.
fn commit_refused(error: CommitError) -> AppError {
    match error {
        CommitError::InsufficientFunds { account: Account::Capital, asset } => refuse(format!(
            "these are not the company's own funds: what is left of {asset} is owed to customers, in suspense, on hold, or on its way"
        )),
        CommitError::InsufficientFunds { account, asset } => refuse(format!("there is not enough {asset} available on {account}")),
        error => error.into(),
    }
}

/// Formats an amount in major units with all decimals.
fn major(app: &App, amount: Amount, asset: Asset) -> String {
    app.catalogue.decimals(asset).map_or_else(|| amount.to_string(), |decimals| amount.to_major(decimals))
}

/// A part of an order.
#[derive(Debug, Clone, Serialize)]
pub struct OrderFileLine {
    pub id: String,
    pub what: String,
    pub state: String,
}

pub(crate) fn job_line(job: rampart_core::step::job::Job) -> OrderFileLine {
    let error = job.last_error.map(|error| format!(", last: {error}")).unwrap_or_default();
    let state = format!("due {}, attempts {}{error}", job.due_at, job.attempts);
    OrderFileLine { id: job.id.to_string(), what: job.kind.as_str().to_owned(), state }
}
