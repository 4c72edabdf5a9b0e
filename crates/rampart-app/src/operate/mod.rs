//! What operators do, so that money that is stuck gets unstuck. Every change goes through the same commit path as
//! everything else, with a line in the audit log that says who did it and why.

pub mod customers;
pub mod doctor;
pub mod opening;
pub mod orders;
pub mod reviews;
pub mod treasury;
pub mod webhooks;

use rampart_core::amount::Amount;
use rampart_core::asset::Asset;
use rampart_core::refusal::{Code, Refusal};
use rampart_core::review::AuditEntry;
use rampart_core::step::Step;
use rampart_store::CommitError;
use serde::Serialize;

use crate::app::App;
use crate::error::{AppError, Reply};

/// Who asks, and why: both go into the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Who asks.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// A line of the audit log, as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct AuditLine {
    /// When (business time, RFC 3339).
    pub at: String,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// Why.
    pub reason: String,
}

impl From<AuditEntry> for AuditLine {
    fn from(entry: AuditEntry) -> Self {
        Self { at: entry.at.to_string(), actor: entry.actor, action: entry.action, reason: entry.reason }
    }
}

/// How many lines of the audit log are shown with a subject.
const AUDIT_LINES: u32 = 50;

async fn audit_lines(app: &App, subject: &str) -> Reply<Vec<AuditLine>> {
    Ok(app.store().audit_of(subject, None, AUDIT_LINES).await?.into_iter().map(AuditLine::from).collect())
}

/// Adds to a step who does what to whom, and why.
fn audit(app: &App, operator: &Operator, action: &str, subject: impl ToString, step: &mut Step) {
    let mint = app.mint();
    step.write(AuditEntry {
        id: mint.id(),
        version: 0,
        actor: operator.actor.clone(),
        action: action.to_owned(),
        subject: subject.to_string(),
        reason: operator.reason.clone(),
        at: mint.now,
    });
}

/// What is not possible, in a sentence for the operator.
fn refuse(sentence: impl Into<String>) -> AppError {
    AppError::Refusal(Refusal::new(Code::ValidationFailed, sentence))
}

/// The outcome of a commit of an operator's step. A floor is told in the operator's own terms.
fn told(outcome: Result<rampart_store::Committed, CommitError>) -> Reply<()> {
    match outcome {
        Ok(_) => Ok(()),
        Err(CommitError::InsufficientFunds { account, asset }) => {
            Err(refuse(format!("there is not enough {asset} available on {account}")))
        }
        Err(error) => Err(error.into()),
    }
}

/// An amount in major units with all its decimals.
fn major(app: &App, amount: Amount, asset: Asset) -> String {
    app.catalogue().decimals(asset).map_or_else(|| amount.to_string(), |decimals| amount.to_major(decimals))
}
