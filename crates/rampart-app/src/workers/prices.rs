//! Keeps the price board up to date, so that no request has to call the price source.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rampart_core::ports::Unavailable;
use rampart_core::step::Step;
use rampart_core::step::watch::Cursor;

use super::supervisor::{TurnOutcome, Worker, WorkerFuture};
use super::timeouts::in_time;
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::state::prices::CURSOR;

/// The shortest interval between two stored copies (real time).
const STORE_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) struct PriceRefresher {
    app: App,
    /// Whether the last call failed. Quotes report stale prices themselves and everything else works, so the process stays ready.
    is_silent: AtomicBool,
}

impl PriceRefresher {
    pub(crate) const fn new(app: App) -> Self {
        Self { app, is_silent: AtomicBool::new(false) }
    }

    async fn refresh(&self) -> AppResult<TurnOutcome> {
        let app = &self.app;
        let answer = in_time(app, app.ports.prices.prices()).await;
        let answer = answer.unwrap_or_else(|| Err(Unavailable("no answer in time".to_owned())));
        let was_silent = self.is_silent.swap(answer.is_err(), Ordering::Relaxed);
        match answer {
            Ok(prices) => {
                app.prices.set(prices);
                self.store().await?;
            }
            Err(reason) if !was_silent => tracing::warn!(%reason, "the price source does not answer"),
            Err(_) => {}
        }
        Ok(TurnOutcome::Idle)
    }
}

impl PriceRefresher {
    /// Stores the board for processes that do not call the price source, such as an operator's command.
    async fn store(&self) -> AppResult<()> {
        let (app, now) = (&self.app, self.app.real.now());
        let stored = app.store.cursor(CURSOR).await?;
        if stored.as_ref().is_some_and(|stored| stored.moved_at.until(now) < STORE_INTERVAL) {
            return Ok(());
        }
        let version = stored.map_or(0, |stored| stored.version);
        let position = serde_json::to_string(&app.prices.all()).map_err(|fault| AppError::Defect(Box::new(fault)))?;
        let mut step = Step::new();
        step.write(Cursor { id: CURSOR, version, position, moved_at: now, read_at: Some(app.business.now()) });
        // Another process has stored its own copy.
        app.commit_if_unchanged(step).await
    }
}

impl Worker for PriceRefresher {
    fn name(&self) -> String {
        "prices".to_owned()
    }

    fn turn(&self) -> WorkerFuture<'_, AppResult<TurnOutcome>> {
        Box::pin(self.refresh())
    }

    fn woken(&self) -> WorkerFuture<'_, ()> {
        let known = self.app.prices.newest().unwrap_or_default();
        // A source that fails has no news to wait for: it is polled until it answers.
        let is_silent = self.is_silent.load(Ordering::Relaxed);
        Box::pin(async move {
            match is_silent {
                true => std::future::pending().await,
                false => self.app.ports.prices.news(known).await,
            }
        })
    }

    fn interval(&self) -> Option<Duration> {
        Some(self.app.config.workers.interval().max(Duration::from_secs(1)))
    }
}
