//! Routers that are mounted beside the partner API tell who calls in their own way; what one partner may call in a second counts
//! over all of them together.

use axum::Extension;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::call::token;
use crate::context::RequestContext;
use crate::failure;
use crate::state::Web;

/// Counts a call of a mounted router against its partner's limit. Whose token does not hold is the router's own to refuse.
pub(crate) async fn counted(
    State(web): State<Web>,
    Extension(context): Extension<RequestContext>,
    request: Request,
    next: Next,
) -> Response {
    if let Ok(token) = token(request.headers())
        && let Ok(caller) = web.app.caller(token, context.client).await
        && let Err(limited) = web.limiter.partner(caller.partner.id)
    {
        return failure::answer(&limited.into(), caller.partner.http_errors, &context.request_id);
    }
    next.run(request).await
}
