//! Calls outside end in time.

use rampart_core::ports::Unavailable;

use crate::app::App;
use crate::error::{AppError, AppResult};

/// The answer of a call; `None` after the configured timeout.
pub(crate) async fn in_time<T>(app: &App, call: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(app.config.workers.call(), call).await.ok()
}

/// The answer of a provider within the configured timeout.
///
/// # Errors
/// [`AppError::Unavailable`] when it does not answer, or not in time.
pub(crate) async fn answer_in_time<T>(app: &App, call: impl Future<Output = Result<T, Unavailable>>) -> AppResult<T> {
    let late = || AppError::Unavailable("it did not answer in time".to_owned());
    in_time(app, call).await.ok_or_else(late)?.map_err(|fault| AppError::Unavailable(fault.0))
}
