//! Following the database's keys: which is the newest and which are retired, as an operator says on any node.

use std::time::Duration;

use super::supervisor::{Task, Turn, Worker};
use crate::app::App;

/// How often it is looked at. A value that was sealed with the key before meanwhile is read all the same.
const EVERY: Duration = Duration::from_secs(5);

/// Follows the keys. A node that lacks the newest fails here, and says so when it is asked whether it is ready.
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

    fn turn(&self) -> Task<'_, crate::error::AppResult<Turn>> {
        Box::pin(async {
            self.app.keys().follow(&self.app.store().installation_keys().await?)?;
            Ok(Turn::Idle)
        })
    }

    fn woken(&self) -> Task<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn interval(&self) -> Option<Duration> {
        Some(EVERY)
    }
}
