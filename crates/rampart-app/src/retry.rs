//! The one way to decide on stored records and commit: load, decide, commit, and again when a record changed in between.

use std::future::Future;

use parking_lot::Mutex;
use rampart_core::order::HoldReason;
use rampart_core::order::arrival::Grade;
use rampart_core::step::Step;
use rampart_core::step::record::RecordKey;
use rampart_store::CommitError;

use crate::app::{App, MAX_COMMIT_ATTEMPTS};
use crate::error::{AppError, AppResult};

/// A record that was loaded or written a moment ago. The first decision is taken on it, and the commit refuses it if it has changed;
/// every further decision is taken on the stored one.
///
/// Only for a record that the decided step writes.
pub(crate) struct InHand<T>(Mutex<Option<T>>);

impl<T> InHand<T> {
    pub(crate) const fn new(record: T) -> Self {
        Self(Mutex::new(Some(record)))
    }

    pub(crate) async fn or_load<F>(&self, load: impl FnOnce() -> F) -> AppResult<T>
    where
        F: Future<Output = AppResult<T>>,
    {
        let known = self.0.lock().take();
        match known {
            Some(record) => Ok(record),
            None => load().await,
        }
    }
}

/// Commits the decided step and returns the result beside it; an empty step is nothing to commit. Decides again on the records
/// as now stored when one of them changed. `what` begins the error after too many attempts: "order is".
pub(crate) async fn retry<T, F>(app: &App, what: &str, decide: impl Fn() -> F) -> AppResult<T>
where
    F: Future<Output = AppResult<(Step, T)>>,
{
    retry_unless(app, what, decide, |error| Err(error.into())).await
}

/// Like [`retry`]; `refused` says what any failure but a changed record means: a result, an error, or `None` to decide again.
pub(crate) async fn retry_unless<T, F>(
    app: &App,
    what: &str,
    decide: impl Fn() -> F,
    refused: impl Fn(CommitError) -> AppResult<Option<T>>,
) -> AppResult<T>
where
    F: Future<Output = AppResult<(Step, T)>>,
{
    let failed = |_: &mut Grade, error| if matches!(error, CommitError::Conflict(_)) { Ok(None) } else { refused(error) };
    attempt(app, what, |_| decide(), failed).await
}

/// Decides what follows from a fact and commits it, at a reduced grade where limits or balances refuse it. If the record that
/// changed is the `fence` (a job's lease), another process has taken over and the decision is dropped.
pub(crate) async fn retry_with_grade<F>(app: &App, fence: Option<RecordKey>, decide: impl Fn(Grade) -> F) -> AppResult<()>
where
    F: Future<Output = AppResult<Step>>,
{
    let decide = &decide;
    let decide = |grade| async move { Ok((decide(grade).await?, ())) };
    let failed = |grade: &mut Grade, error| match error {
        CommitError::Conflict(key) => Ok((Some(key) == fence).then_some(())),
        error => {
            *grade = reduce_grade(*grade, &error).ok_or(error)?;
            Ok(None)
        }
    };
    attempt(app, "record is", decide, failed).await
}

/// The loop behind all of them; `failed` ends it with a result or an error, or lets it decide again.
async fn attempt<T, F>(
    app: &App,
    what: &str,
    decide: impl Fn(Grade) -> F,
    failed: impl Fn(&mut Grade, CommitError) -> AppResult<Option<T>>,
) -> AppResult<T>
where
    F: Future<Output = AppResult<(Step, T)>>,
{
    let mut grade = Grade::All;
    for _ in 0..MAX_COMMIT_ATTEMPTS {
        let (step, result) = decide(grade).await?;
        if step.is_empty() {
            return Ok(result);
        }
        match app.commit(step).await {
            Ok(_) => return Ok(result),
            Err(error) => {
                if let Some(result) = failed(&mut grade, error)? {
                    return Ok(result);
                }
            }
        }
    }
    Err(AppError::Unavailable(format!("the {what} changing too fast")))
}

/// The reduced grade after a limit or balance refused a commit; `None` after any other refusal.
pub(crate) fn reduce_grade(grade: Grade, error: &CommitError) -> Option<Grade> {
    match error {
        CommitError::OverCeiling { .. } => grade.less(HoldReason::Limit),
        CommitError::InsufficientFunds { .. } => grade.less(HoldReason::Liquidity),
        _ => None,
    }
}
