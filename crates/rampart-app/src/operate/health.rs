//! Readiness: the reasons that `/readyz` gives.

use std::sync::Arc;
use std::time::Duration;

use rampart_store::{Failing, Stats};

use crate::app::App;

pub(crate) const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the reasons are cached, however long it took to find them: a load balancer must see a change soon, and
/// frequent probes must cost nothing.
const READINESS_TTL: Duration = Duration::from_secs(1);

/// The reasons why this process should get no traffic; empty when it is ready. Cached for a second, and found anew
/// while writes fail. A change is logged, because a probe's caller may not log it.
pub async fn reasons(app: &App) -> Arc<[String]> {
    let health = app.metrics.health();
    let find_reasons = async |before: Option<Arc<[String]>>| {
        let reasons: Arc<[String]> = find_reasons(app).await.into();
        let was_ready = before.is_none_or(|before| before.is_empty());
        match (was_ready, reasons.is_empty()) {
            (true, false) => tracing::warn!(reasons = reasons.join("; "), "this process should get no traffic"),
            (false, true) => tracing::info!("this process may get traffic again"),
            _ => {}
        }
        reasons
    };
    let stats = app.store.stats();
    let writes = stats.running && stats.failing.is_none();
    health.reasons.get(app.real.as_ref(), READINESS_TTL..=READINESS_TTL, |reasons| writes || !reasons.is_empty(), find_reasons).await
}

async fn find_reasons(app: &App) -> Vec<String> {
    let mut reasons = Vec::new();
    let stuck_after = app.config.workers.stuck_after();
    let mut answers = false;
    match tokio::time::timeout(DATABASE_TIMEOUT, app.store.ping()).await {
        Ok(Ok(())) => answers = true,
        Ok(Err(error)) => reasons.push(format!("the database does not answer: {error}")),
        Err(_) => reasons.push(format!("the database does not answer within {} s", DATABASE_TIMEOUT.as_secs())),
    }
    let stats = app.store.stats();
    if !stats.running {
        reasons.push("the writer is not running".to_owned());
    } else if let Some(busy) = stats.busy_for.filter(|busy| *busy > stuck_after) {
        reasons.push(format!("the writer has been busy with one transaction for {} s", busy.as_secs()));
    } else if let Some(failing) = write_failure(app, stats).await {
        reasons.push(format!("nothing has been written for {} s: {}", failing.lasting.as_secs(), failing.reason));
    }
    reasons.extend(app.metrics.health().stuck(stuck_after));
    if app.keys.lacks_newest() {
        reasons.push("the newest key of the installation was not in the key file when this node started".to_owned());
    }
    if answers {
        reasons.extend(stalled_cursors(app, stuck_after).await);
    }
    reasons
}

/// Why writes fail. A process without traffic commits little and would not notice its recovery: after a failed attempt,
/// with none under way, a small write is tried.
async fn write_failure(app: &App, stats: Stats) -> Option<Failing> {
    let failing = stats.failing?;
    if stats.busy_for.is_some() {
        return Some(failing);
    }
    match tokio::time::timeout(DATABASE_TIMEOUT, app.store.reserve_numbers("readiness", 1)).await {
        Ok(Ok(_)) => None,
        Ok(Err(_)) | Err(_) => app.store.stats().failing.or(Some(failing)),
    }
}

/// Workers confirm their cursors while they work, on whichever node. A cursor without confirmation is stalled, however
/// healthy its worker looks.
async fn stalled_cursors(app: &App, stuck_after: Duration) -> Vec<String> {
    if app.metrics.health().ages().is_empty() {
        return Vec::new();
    }
    let names = crate::workers::cursors(app);
    let Ok(Ok(cursors)) = tokio::time::timeout(DATABASE_TIMEOUT, app.store.cursors_by_name(&names)).await else {
        return vec!["the cursors cannot be read".to_owned()];
    };
    let now = app.real.now();
    let stalled = cursors.iter().filter(|cursor| cursor.moved_at.until(now) > stuck_after);
    stalled.map(|cursor| format!("the cursor {} has not moved for {} s", cursor.id, cursor.moved_at.until(now).as_secs())).collect()
}
