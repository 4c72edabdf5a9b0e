//! Checks of the ledger. The last result is stored in the database, so that all processes report the same, whichever
//! ran the check: a serving process's worker, `rampart doctor` or `rampart ledger verify`.

use std::time::{Duration, Instant};

use rampart_core::catalogue::AccountNotConfigured;
use rampart_core::id::ReviewId;
use rampart_core::ledger::PostingKind;
use rampart_core::review::{ReviewItem, ReviewSubject};
use rampart_core::step::Step;
use rampart_core::step::watch::{Cursor, CursorName};
use rampart_core::time::Timestamp;
use rampart_store::{AccountBalance, CommitError, Inconsistency, VerifyReport};

use crate::app::{App, MAX_COMMIT_ATTEMPTS};
use crate::error::{AppError, AppResult};
use crate::state::ledger_check::LedgerCheck;

const PAGE_ROWS: u32 = 1_000;

/// The cursor record that stores the result.
const CURSOR: CursorName = CursorName::literal("ledger-check");

/// The result of the last check.
pub async fn last(app: &App) -> AppResult<LedgerCheck> {
    Ok(load(app).await?.1)
}

/// Checks the ledger now and stores the result.
///
/// # Errors
/// [`AppError::Unavailable`] when the database cannot be read or written. Inconsistencies are in the report.
pub async fn verify(app: &App) -> AppResult<VerifyReport> {
    let begun = Instant::now();
    let report = examine(app).await?;
    record(app, &report, begun.elapsed()).await?;
    Ok(report)
}

/// Checks the ledger and that the configuration has its accounts.
pub(crate) async fn examine(app: &App) -> AppResult<VerifyReport> {
    let mut report = app.store.verify().await?;
    examine_accounts(app, &mut report).await?;
    Ok(report)
}

/// The cursor record and the result in it.
async fn load(app: &App) -> AppResult<(Cursor, LedgerCheck)> {
    let none = || Cursor { id: CURSOR, version: 0, position: String::new(), moved_at: app.real.now(), read_at: None };
    let cursor = app.store.cursor(CURSOR).await?.unwrap_or_else(none);
    // An unreadable text only means that a check is due.
    let known = serde_json::from_str(&cursor.position).unwrap_or_default();
    Ok((cursor, known))
}

/// Adds the result to a step and commits it. `false` on a version conflict.
async fn save(app: &App, mut step: Step, cursor: Cursor, known: &LedgerCheck) -> AppResult<bool> {
    let position = serde_json::to_string(known).map_err(|fault| AppError::Defect(Box::new(fault)))?;
    step.write(Cursor { position, moved_at: app.real.now(), ..cursor });
    match app.commit(step).await {
        Ok(_) => Ok(true),
        Err(CommitError::Conflict(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Sets the lease of the check as `change` decides; unchanged when it returns `None`. Returns whether it was set.
pub(crate) async fn lease(app: &App, change: impl Fn(&LedgerCheck) -> Option<Option<Timestamp>>) -> AppResult<bool> {
    let (cursor, known) = load(app).await?;
    match change(&known) {
        Some(leased_until) => save(app, Step::new(), cursor, &LedgerCheck { leased_until, ..known }).await,
        None => Ok(false),
    }
}

/// Stores the result of a check and creates a review item when the ledger is inconsistent.
pub(crate) async fn record(app: &App, report: &VerifyReport, took: Duration) -> AppResult<()> {
    if let Some(first) = report.findings.first() {
        let findings = report.findings.len();
        tracing::error!(findings, check = first.check, subject = first.subject, fault = first.fault, "the ledger is inconsistent");
    }
    for _ in 0..MAX_COMMIT_ATTEMPTS {
        let (cursor, before) = load(app).await?;
        let mut step = Step::new();
        let review = match report.findings.first() {
            Some(first) => Some(review_item(app, &mut step, before.review, report.findings.len(), first).await?),
            None => before.review,
        };
        let known = LedgerCheck {
            checks: before.checks.saturating_add(1),
            ended_at: Some(app.real.now()),
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

/// The open review item of an earlier check, or a new one.
async fn review_item(app: &App, step: &mut Step, known: Option<ReviewId>, findings: usize, first: &Inconsistency) -> AppResult<ReviewId> {
    if let Some(id) = known
        && app.store.review(id).await?.is_some_and(|item| item.resolution.is_none())
    {
        return Ok(id);
    }
    let Inconsistency { check, subject, fault } = first;
    let reason =
        format!("the ledger is inconsistent in {findings} places; the first: {check} {subject}: {fault}. See `rampart ledger verify`");
    let item = ReviewItem::new(&app.mint(), ReviewSubject::Ledger(()), reason);
    let id = item.id;
    step.write(item);
    Ok(id)
}

/// Adds a warning to the report for each own account with a balance that is not in the configuration: a rail that was
/// removed leaves its money behind, and money may arrive in unexpected currencies. Capital in a currency that the
/// rail's account cannot have is a finding: only a mistake can have booked it.
async fn examine_accounts(app: &App, report: &mut VerifyReport) -> AppResult<()> {
    for balance in app.store.own_balances().await? {
        let Err(reason) = app.catalogue.has_account(balance.account, balance.asset) else { continue };
        if balance.posted.is_zero() && balance.held.is_zero() {
            continue;
        }
        let subject = format!("{} {}", balance.account, balance.asset);
        match reason {
            // Reported by the store's own check.
            AccountNotConfigured::Never(..) => {}
            AccountNotConfigured::Currency { .. } if has_capital(app, &balance).await? => {
                let fault = format!("capital was booked there, and {reason}; `rampart treasury withdraw` books it back");
                report.findings.push(Inconsistency { check: "account", subject, fault });
            }
            _ => {
                let fault = format!("{reason}, and it has a balance");
                report.warnings.push(Inconsistency { check: "account", subject, fault });
            }
        }
    }
    Ok(())
}

/// Whether capital was ever booked on an account.
async fn has_capital(app: &App, balance: &AccountBalance) -> AppResult<bool> {
    let mut below = None;
    loop {
        let lines = app.store.entries(balance.account, balance.asset, below, PAGE_ROWS).await?;
        if lines.iter().any(|line| line.kind == PostingKind::CapitalFunded) {
            return Ok(true);
        }
        match lines.last() {
            Some(last) => below = Some(last.number),
            None => return Ok(false),
        }
    }
}
