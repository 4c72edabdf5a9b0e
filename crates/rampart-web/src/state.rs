//! The state shared by all handlers.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use axum::body::Bytes;
use rampart_app::App;

use crate::context::RequestIds;
use crate::http::concurrency::ConcurrencyLimiter;
use crate::http::config::WebConfig;
use crate::http::rate_limit::RateLimiter;
use crate::metrics::RequestMetrics;

/// The state shared by all handlers. One pointer, because every request clones it several times.
#[derive(Clone)]
pub struct Web(pub(crate) Arc<WebState>);

impl Deref for Web {
    type Target = WebState;

    fn deref(&self) -> &WebState {
        &self.0
    }
}

/// The contents of [`Web`].
pub struct WebState {
    pub app: App,
    pub config: WebConfig,
    pub(crate) limiter: RateLimiter,
    pub(crate) metrics: RequestMetrics,
    pub(crate) request_ids: RequestIds,
    pub(crate) requests_in_progress: AtomicUsize,
    /// Limits the requests whose bodies are still arriving.
    pub(crate) arriving_bodies: Arc<ConcurrencyLimiter>,
    /// Whether the public URL is an https URL.
    pub(crate) is_secure: bool,
    /// `/openapi.json`, rendered once.
    pub(crate) openapi: Bytes,
    /// `/docs`, rendered once.
    pub(crate) docs: Bytes,
}
