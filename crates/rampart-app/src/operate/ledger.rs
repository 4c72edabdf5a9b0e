//! Checks of the ledger. What is known of the last one is kept in the database, so that every process of an installation
//! tells the same of it, whichever made it: the worker of a serving process, `rampart doctor` or `rampart ledger verify`.

use std::time::{Duration, Instant};

use rampart_core::id::ReviewId;
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_core::step::Step;
use rampart_core::time::Timestamp;
use rampart_core::watch::{Cursor, CursorName};
use rampart_store::{CommitError, Inconsistency, VerifyReport};
use serde::{Deserialize, Serialize};

use crate::app::{App, MOST_TRIES};
use crate::error::{AppError, AppResult};

/// The record that it is kept in.
const CURSOR: CursorName = CursorName::literal("ledger-check");

/// What is known of the checks of an installation's ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LedgerCheck {
    /// How many have ended.
    pub checks: u64,
    /// When the last one ended (real time); nothing before the first.
    pub ended_at: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub took_milliseconds: u64,
    /// How many entries it added up.
    pub entries: u64,
    /// How much it found wrong.
    pub findings: u64,
    /// The item by which a person was told, if ever one had to be.
    pub review: Option<ReviewId>,
    /// Until when a serving process has one under way (real time).
    pub leased_until: Option<Timestamp>,
}

/// What is known of the last check.
pub async fn last(app: &App) -> AppResult<LedgerCheck> {
    Ok(load(app).await?.1)
}

/// Checks the ledger now and notes what came of it.
///
/// # Errors
/// [`AppError::Unavailable`] when the database cannot be read or written; what is wrong with the books is in the report.
pub async fn verify(app: &App) -> AppResult<VerifyReport> {
    let begun = Instant::now();
    let report = examine(app).await?;
    record(app, &report, begun.elapsed()).await?;
    Ok(report)
}

/// Looks at the books, and at which accounts the configuration has.
pub(crate) async fn examine(app: &App) -> AppResult<VerifyReport> {
    let mut report = app.store().verify().await?;
    super::accounts::examine(app, &mut report).await?;
    Ok(report)
}

/// The record at its version, with what it says.
async fn load(app: &App) -> AppResult<(Cursor, LedgerCheck)> {
    let none = || Cursor { id: CURSOR, version: 0, position: String::new(), moved_at: app.real().now(), read_at: None };
    let cursor = app.store().cursor(CURSOR).await?.unwrap_or_else(none);
    // A text that cannot be read only means that a check is due.
    let known = serde_json::from_str(&cursor.position).unwrap_or_default();
    Ok((cursor, known))
}

/// Writes what is known beside everything else in a step. Tells whether nobody else was faster.
async fn save(app: &App, mut step: Step, cursor: Cursor, known: &LedgerCheck) -> AppResult<bool> {
    let position = serde_json::to_string(known).map_err(|fault| AppError::Defect(Box::new(fault)))?;
    step.write(Cursor { position, moved_at: app.real().now(), ..cursor });
    match app.commit(step).await {
        Ok(_) => Ok(true),
        Err(CommitError::Conflict(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Changes the lease of the check as `change` says of what is known; nothing when it says nothing. Tells whether it was
/// changed.
pub(crate) async fn lease(app: &App, change: impl Fn(&LedgerCheck) -> Option<Option<Timestamp>>) -> AppResult<bool> {
    let (cursor, known) = load(app).await?;
    match change(&known) {
        Some(leased_until) => save(app, Step::new(), cursor, &LedgerCheck { leased_until, ..known }).await,
        None => Ok(false),
    }
}

/// Notes what came of a check, and tells a person when the books do not hold.
pub(crate) async fn record(app: &App, report: &VerifyReport, took: Duration) -> AppResult<()> {
    if let Some(first) = report.findings.first() {
        let findings = report.findings.len();
        tracing::error!(findings, check = first.check, subject = first.subject, fault = first.fault, "the ledger does not hold");
    }
    for _ in 0..MOST_TRIES {
        let (cursor, before) = load(app).await?;
        let mut step = Step::new();
        let review = match report.findings.first() {
            Some(first) => Some(review_item(app, &mut step, before.review, report.findings.len(), first).await?),
            None => before.review,
        };
        let known = LedgerCheck {
            checks: before.checks.saturating_add(1),
            ended_at: Some(app.real().now()),
            took_milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            entries: report.entries,
            findings: u64::try_from(report.findings.len()).unwrap_or(u64::MAX),
            review,
            leased_until: None,
        };
        if save(app, step, cursor, &known).await? {
            return Ok(());
        }
    }
    Err(AppError::Unavailable("the note of the last check is changing too fast".to_owned()))
}

/// The item on a person's list: the one of an earlier check while it waits, or else a new one.
async fn review_item(app: &App, step: &mut Step, known: Option<ReviewId>, findings: usize, first: &Inconsistency) -> AppResult<ReviewId> {
    if let Some(id) = known
        && app.store().review(id).await?.is_some_and(|item| item.resolution.is_none())
    {
        return Ok(id);
    }
    let Inconsistency { check, subject, fault } = first;
    let reason =
        format!("the ledger does not hold in {findings} places; the first: {check} {subject}: {fault}. See `rampart ledger verify`");
    let item = ReviewItem::new(&app.mint(), ReviewKind::Ledger, reason);
    let id = item.id;
    step.write(item);
    Ok(id)
}
