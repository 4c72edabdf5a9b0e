//! Assembles the server's routes.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use axum::Router;
use axum::middleware::from_fn_with_state;
use rampart_app::App;

use crate::concurrency::ConcurrencyLimiter;
use crate::config::WebConfig;
use crate::context::RequestIds;
use crate::front::Front;
use crate::metrics::RequestMetrics;
use crate::mounted::rate_limited;
use crate::operations::{method_not_allowed, not_found};
use crate::rate_limit::RateLimiter;
use crate::state::{Web, WebState};

/// The partner API, the hosted pages and the operators' routes, together with additional routers and their descriptions.
/// Additional routers authenticate their callers themselves; their calls count against the same rate limits.
pub fn router(app: App, config: WebConfig, extra: Vec<(Router, utoipa::openapi::OpenApi)>) -> Front {
    let (mounted, descriptions): (Vec<Router>, Vec<_>) = extra.into_iter().unzip();
    let openapi = crate::route::openapi(descriptions);
    let docs = crate::docs::page(&openapi, &app.config.public_url, !mounted.is_empty());
    let web = Web(Arc::new(WebState {
        limiter: RateLimiter::new(&app.config.rate_limits),
        metrics: RequestMetrics::registered_in(&app.metrics),
        request_ids: RequestIds::new(),
        requests_in_progress: AtomicUsize::new(0),
        arriving_bodies: ConcurrencyLimiter::new(config.bodies, config.max_bodies_per_address()),
        is_secure: app.config.public_url.get(.."https:".len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:")),
        openapi: openapi.into(),
        docs: docs.into(),
        config,
        app,
    }));
    let own = crate::route::table().into_iter().fold(Router::new(), |router, route| router.route(route.info.path, route.handler));
    let mounted = mounted.into_iter().map(|router| router.layer(from_fn_with_state(web.clone(), rate_limited)));
    let all = mounted.fold(own.with_state(web.clone()), Router::merge);
    Front::new(web, all.fallback(not_found).method_not_allowed_fallback(method_not_allowed))
}
