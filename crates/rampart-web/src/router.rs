//! Assembles the server's routes.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use axum::Router;
use rampart_app::App;
use rampart_http::{BoundCall, CallTable};

use crate::calls;
use crate::context::RequestIds;
use crate::front::Front;
use crate::http::concurrency::ConcurrencyLimiter;
use crate::http::config::WebConfig;
use crate::http::rate_limit::RateLimiter;
use crate::metrics::{RequestMetrics, RouteLabel};
use crate::operations::{method_not_allowed, not_found};
use crate::state::{Web, WebState};

/// The partner API, the hosted pages and the operators' routes, together with additional calls and their descriptions.
pub fn router(app: App, config: WebConfig, extra: Vec<(Vec<BoundCall>, utoipa::openapi::OpenApi)>) -> Front {
    let (mounted, descriptions): (Vec<Vec<BoundCall>>, Vec<_>) = extra.into_iter().unzip();
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
    let calls = calls::ALL.iter().map(|call| call.on(&web)).chain(mounted.into_iter().flatten());
    let calls = CallTable::new(calls, |call| web.metrics.of_route(RouteLabel::of_call(&call.method, call.paths[0])));
    let others = crate::route::table().into_iter().fold(Router::new(), |router, route| router.route(route.info.path, route.handler));
    let others = others.with_state(web.clone()).fallback(not_found).method_not_allowed_fallback(method_not_allowed);
    Front::new(web, calls, others)
}
