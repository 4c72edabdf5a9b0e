//! What every handler can reach.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use axum::body::Bytes;
use rampart_app::App;

use crate::config::WebConfig;
use crate::context::RequestIds;
use crate::crowd::Crowd;
use crate::metrics::RequestMetrics;
use crate::rate_limit::RateLimiter;

/// What every handler can reach. Cheap to clone: it is one pointer, because every request clones it a few times.
#[derive(Clone)]
pub struct Web(pub(crate) Arc<Parts>);

impl Deref for Web {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What [`Web`] leads to.
pub struct Parts {
    /// The use cases.
    pub app: App,
    /// The server's settings.
    pub config: WebConfig,
    pub(crate) limiter: RateLimiter,
    pub(crate) metrics: RequestMetrics,
    pub(crate) request_ids: RequestIds,
    /// How many requests are worked on.
    pub(crate) under_way: AtomicUsize,
    /// Requests whose bodies are still arriving, by address.
    pub(crate) bodies: Arc<Crowd>,
    /// Whether the public address is one of https.
    pub(crate) is_secure: bool,
    /// `/openapi.json`, written once.
    pub(crate) openapi: Bytes,
    /// `/docs`, written once.
    pub(crate) docs: Bytes,
}
