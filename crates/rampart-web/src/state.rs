//! What every handler can reach.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use rampart_app::App;

use crate::config::WebConfig;
use crate::context::RequestIds;
use crate::metrics::RequestMetrics;
use crate::rate_limit::RateLimiter;

/// What every handler can reach; cheap to clone.
#[derive(Clone)]
pub struct Web {
    /// The use cases.
    pub app: App,
    /// The server's settings.
    pub config: Arc<WebConfig>,
    pub(crate) limiter: Arc<RateLimiter>,
    pub(crate) metrics: RequestMetrics,
    pub(crate) request_ids: Arc<RequestIds>,
    /// How many requests are under way.
    pub(crate) under_way: Arc<AtomicUsize>,
    /// `/openapi.json`, written once.
    pub(crate) openapi: Arc<str>,
    /// `/docs`, written once.
    pub(crate) docs: Arc<str>,
}
