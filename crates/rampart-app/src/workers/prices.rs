//! Keeping the price board up to date, so that no request has to ask outside.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rampart_core::ports::Unavailable;

use super::jobs::in_time;
use super::supervisor::{Task, Turn, Worker};
use crate::app::App;
use crate::error::Reply;

/// Refreshes the price board.
pub(crate) struct Prices {
    app: App,
    /// Whether the source is silent. Quotes say so themselves, and everything else goes on, so this process stays ready.
    is_silent: AtomicBool,
}

impl Prices {
    pub(crate) const fn new(app: App) -> Self {
        Self { app, is_silent: AtomicBool::new(false) }
    }

    async fn refresh(&self) -> Reply<Turn> {
        let app = &self.app;
        let answer = in_time(app, app.ports().prices.prices()).await;
        let answer = answer.unwrap_or_else(|| Err(Unavailable("no answer in time".to_owned())));
        let was_silent = self.is_silent.swap(answer.is_err(), Ordering::Relaxed);
        match answer {
            Ok(prices) => app.prices().set(prices),
            Err(reason) if !was_silent => tracing::warn!(%reason, "the source of prices is silent"),
            Err(_) => {}
        }
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
