//! Rate limits for routers that are mounted beside the partner API. They authenticate callers themselves, but share the
//! partner's rate limit.

use axum::Extension;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use rampart_app::partner_api;

use crate::call::token;
use crate::context::RequestContext;
use crate::failure;
use crate::state::Web;

/// Counts a call of a mounted router against its partner's limit. Invalid tokens are left to the router to refuse.
pub(crate) async fn rate_limited(
    State(web): State<Web>,
    Extension(context): Extension<RequestContext>,
    request: Request,
    next: Next,
) -> Response {
    if let Ok(token) = token(request.headers())
        && let Ok(caller) = partner_api::caller(&web.app, token, context.client).await
        && let Err(limited) = web.limiter.partner(caller.partner.id)
    {
        return failure::answer(&limited.into(), caller.partner.http_errors, &context.request_id);
    }
    next.run(request).await
}
