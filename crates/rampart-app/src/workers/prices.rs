//! Keeping the price board up to date, so that no request has to ask outside.

use std::time::Duration;

use super::jobs::in_time;
use super::supervisor::{Task, Turn, Worker};
use crate::app::App;
use crate::error::{AppError, Reply};

/// Refreshes the price board.
pub(crate) struct Prices {
    app: App,
}

impl Prices {
    pub(crate) const fn new(app: App) -> Self {
        Self { app }
    }

    async fn refresh(&self) -> Reply<Turn> {
        let app = &self.app;
        let answer = in_time(app, app.ports().prices.prices()).await;
        let answer = answer.ok_or_else(|| AppError::Unavailable("the source of prices did not answer in time".to_owned()))?;
        app.prices().set(answer.map_err(|fault| AppError::Unavailable(fault.0))?);
        Ok(Turn::Idle)
    }
}

impl Worker for Prices {
    fn name(&self) -> String {
        "prices".to_owned()
    }

    fn turn(&self) -> Task<'_, Reply<Turn>> {
        Box::pin(self.refresh())
    }

    fn woken(&self) -> Task<'_, ()> {
        let known = self.app.prices().newest().unwrap_or_default();
        Box::pin(async move { self.app.ports().prices.news(known).await })
    }

    fn interval(&self) -> Option<Duration> {
        Some(self.app.config().workers.interval().max(Duration::from_secs(1)))
    }
}
