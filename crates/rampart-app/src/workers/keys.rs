//! Follows the installation keys in the database: an operator sets the newest key and retires old ones from any node.

use std::time::Duration;

use super::supervisor::{TurnOutcome, Worker, WorkerFuture};
use crate::app::App;

/// A value sealed with the previous key in between can still be opened.
const FOLLOW_INTERVAL: Duration = Duration::from_secs(5);

/// Follows the keys. On a node that lacks the newest key the turn fails, and readiness reports it.
pub(crate) struct FollowKeys {
    app: App,
}

impl FollowKeys {
    pub(crate) const fn new(app: App) -> Self {
        Self { app }
    }
}

impl Worker for FollowKeys {
    fn name(&self) -> String {
        "keys".to_owned()
    }

    fn turn(&self) -> WorkerFuture<'_, crate::error::AppResult<TurnOutcome>> {
        Box::pin(async {
            self.app.keys.follow(&self.app.store.installation_keys().await?)?;
            Ok(TurnOutcome::Idle)
        })
    }

    fn interval(&self) -> Option<Duration> {
        Some(FOLLOW_INTERVAL)
    }
}
