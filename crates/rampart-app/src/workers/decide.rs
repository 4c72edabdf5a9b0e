//! Decides on the stored records and commits; repeats when another process was faster.

use std::future::Future;

use rampart_core::order::arrival::Grade;
use rampart_core::step::Step;
use rampart_core::step::record::RecordKey;
use rampart_store::CommitError;

use super::observe;
use crate::app::{App, MAX_COMMIT_ATTEMPTS};
use crate::error::{AppError, AppResult};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecisionOutcome {
    Committed,
    /// Nothing was left to decide, or another process took over the fence.
    Superseded,
}

/// Decides and commits. After a conflict it decides again on the records as now stored. If the conflicting record is the `fence` (a job's
/// lease), another process has taken over and this decision is dropped.
pub(crate) async fn decide_and_commit<D, F>(app: &App, fence: Option<RecordKey>, decide: D) -> AppResult<DecisionOutcome>
where
    D: Fn() -> F,
    F: Future<Output = AppResult<Option<Step>>>,
{
    decide_with_grade(app, fence, |_| decide()).await
}

/// Like [`decide_and_commit`] for a decision that limits or balances may refuse: it is repeated with a reduced grade.
pub(crate) async fn decide_with_grade<D, F>(app: &App, fence: Option<RecordKey>, decide: D) -> AppResult<DecisionOutcome>
where
    D: Fn(Grade) -> F,
    F: Future<Output = AppResult<Option<Step>>>,
{
    let mut grade = Grade::All;
    for _ in 0..MAX_COMMIT_ATTEMPTS {
        let Some(step) = decide(grade).await? else { return Ok(DecisionOutcome::Superseded) };
        match app.commit(step).await {
            Ok(_) => return Ok(DecisionOutcome::Committed),
            Err(CommitError::Conflict(key)) if Some(key) == fence => return Ok(DecisionOutcome::Superseded),
            Err(CommitError::Conflict(_)) => {}
            Err(error) => grade = observe::reduce_grade(grade, &error).ok_or(error)?,
        }
    }
    Err(AppError::Unavailable("the record is changing too fast".to_owned()))
}
