//! Deciding on what is stored and making the decision durable, again and again until nobody was faster.

use std::future::Future;

use rampart_core::arrival::Grade;
use rampart_core::record::RecordKey;
use rampart_core::step::Step;
use rampart_store::CommitError;

use super::observe;
use crate::app::{App, MOST_TRIES};
use crate::error::{AppError, AppResult};

/// What became of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It is durable.
    Done,
    /// There was nothing to decide any more, or somebody else holds the fence.
    Lost,
}

/// Decides and commits. When a record has changed meanwhile, it is decided again on what is stored now; when that record
/// is the `fence` (the lease of a job), somebody else has taken over and this decision is dropped.
pub(crate) async fn settle<D, F>(app: &App, fence: Option<RecordKey>, decide: D) -> AppResult<Settled>
where
    D: Fn() -> F,
    F: Future<Output = AppResult<Option<Step>>>,
{
    settle_graded(app, fence, |_| decide()).await
}

/// The same for what asks for something: what limits or balances refuse is decided again with less.
pub(crate) async fn settle_graded<D, F>(app: &App, fence: Option<RecordKey>, decide: D) -> AppResult<Settled>
where
    D: Fn(Grade) -> F,
    F: Future<Output = AppResult<Option<Step>>>,
{
    let mut grade = Grade::All;
    for _ in 0..MOST_TRIES {
        let Some(step) = decide(grade).await? else { return Ok(Settled::Lost) };
        match app.commit(step).await {
            Ok(_) => return Ok(Settled::Done),
            Err(CommitError::Conflict(key)) if Some(key) == fence => return Ok(Settled::Lost),
            Err(CommitError::Conflict(_)) => {}
            Err(error) => grade = observe::less(grade, &error).ok_or(error)?,
        }
    }
    Err(AppError::Unavailable("the record is changing too fast".to_owned()))
}
