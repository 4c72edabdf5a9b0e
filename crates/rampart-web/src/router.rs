//! Everything that is served, put together.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use axum::Router;
use axum::extract::Extension;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use rampart_app::App;
use rampart_core::partner::HttpErrors;
use rampart_core::refusal::ErrorCode;

use crate::config::WebConfig;
use crate::context::{RequestContext, RequestIds};
use crate::crowd::Crowd;
use crate::failure;
use crate::front::Front;
use crate::metrics::RequestMetrics;
use crate::mounted::counted;
use crate::rate_limit::RateLimiter;
use crate::state::{Parts, Web};

/// The partner API, the hosted pages and the operators' routes, together with routers that are mounted beside them (each
/// with its own way of telling who calls) and their descriptions. Their calls count against the same limits.
pub fn router(app: App, config: WebConfig, extra: Vec<(Router, utoipa::openapi::OpenApi)>) -> Front {
    let (mounted, descriptions): (Vec<Router>, Vec<_>) = extra.into_iter().unzip();
    let openapi = crate::describe::openapi(descriptions);
    let docs = crate::docs::page(&openapi, &app.config().public_url, !mounted.is_empty());
    let web = Web(Arc::new(Parts {
        limiter: RateLimiter::new(&app.config().rate_limits),
        metrics: RequestMetrics::registered_in(app.metrics()),
        request_ids: RequestIds::new(),
        under_way: AtomicUsize::new(0),
        bodies: Crowd::new(config.bodies, config.bodies_of_one()),
        is_secure: app.config().public_url.get(.."https:".len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:")),
        openapi: openapi.into(),
        docs: docs.into(),
        config,
        app,
    }));
    let own = crate::route::table().into_iter().fold(Router::new(), |router, route| router.route(route.info.path, route.handler));
    let mounted = mounted.into_iter().map(|router| router.layer(from_fn_with_state(web.clone(), counted)));
    let all = mounted.fold(own.with_state(web.clone()), Router::merge);
    Front::new(web, all.fallback(not_found).method_not_allowed_fallback(method_not_allowed))
}

pub(crate) async fn not_found(Extension(context): Extension<RequestContext>) -> Response {
    failure::refused(&ErrorCode::NotFound.into(), HttpErrors::Rest, &context.request_id)
}

pub(crate) async fn method_not_allowed(Extension(context): Extension<RequestContext>) -> Response {
    failure::refused(&ErrorCode::HttpMethodNotAllowed.into(), HttpErrors::Rest, &context.request_id)
}
