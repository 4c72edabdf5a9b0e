//! The metrics of this process as text.

use std::time::Duration;

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::ledger_check;
use crate::operate::health::DATABASE_TIMEOUT;
use crate::state::metrics::{DatabaseMetrics, MetricsSnapshot};

/// How long values from the database are cached, however often the metrics are read.
const DATABASE_METRICS_TTL: Duration = Duration::from_secs(5);
/// Limit of the caching time when the database is slow.
const DATABASE_METRICS_MAX_TTL: Duration = Duration::from_secs(15);

/// All metrics in the OpenMetrics text format. This process's counters are current; values from the database are a few
/// seconds old and missing while it does not answer, so that the other metrics stay readable just then.
///
/// # Errors
/// [`AppError::Defect`] when the text cannot be written.
pub async fn render(app: &App) -> AppResult<String> {
    let from_database = app
        .metrics
        .from_database
        .get(app.real.as_ref(), DATABASE_METRICS_TTL..=DATABASE_METRICS_MAX_TTL, |_| true, async |_| query_database(app).await)
        .await;
    let metrics = &app.metrics;
    *metrics.snapshot.lock() = Some(MetricsSnapshot { from_database, stats: app.store.stats(), workers: metrics.health().ages() });
    let mut text = String::with_capacity(8_192);
    prometheus_client::encoding::text::encode(&mut text, &metrics.registry.lock()).map_err(|fault| AppError::Defect(Box::new(fault)))?;
    Ok(text)
}

async fn query_database(app: &App) -> Option<DatabaseMetrics> {
    match tokio::time::timeout(DATABASE_TIMEOUT, read_database(app)).await {
        Ok(Ok(from_database)) => Some(from_database),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the metrics lack the values from the database");
            None
        }
        Err(_) => {
            tracing::warn!("the metrics lack the values from the database: it does not answer in time");
            None
        }
    }
}

async fn read_database(app: &App) -> AppResult<DatabaseMetrics> {
    let counts = app.store.order_counts().await?;
    let lag = counts.oldest_delivery_due_at.map_or(Duration::ZERO, |due| due.until(app.business.now()));
    Ok(DatabaseMetrics { counts, lag, ledger: ledger_check::last(app).await? })
}
