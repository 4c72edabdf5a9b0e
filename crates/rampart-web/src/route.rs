//! Every route of the server, in one table: the router, the description and the tests go by it.

use axum::Extension;
use axum::body::to_bytes;
use axum::extract::{RawPathParams, Request, State};
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, get, on};
use rampart_core::partner::HttpErrors;
use rampart_core::refusal::ErrorCode;

use crate::call::{Access, Call, dispatch};
use crate::context::RequestContext;
use crate::failure::refused;
use crate::state::Web;

/// What opens a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthKind {
    /// Nothing is needed.
    Nothing,
    /// A partner's token.
    Token,
    /// The secret token of a hosted page's link.
    PageToken,
}

/// A route of the server.
pub struct Route {
    pub(crate) info: RouteInfo,
    pub(crate) handler: MethodRouter<Web>,
}

/// What is to be known of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteInfo {
    /// Its method. `GET` answers `HEAD` too.
    pub method: Method,
    /// Its path, with `{variables}`.
    pub path: &'static str,
    /// What opens it.
    pub auth: AuthKind,
}

impl Route {
    /// A route outside of the partner API: a hosted page, or something for operators.
    #[must_use]
    pub fn page(method: Method, path: &'static str, auth: AuthKind, handler: MethodRouter<Web>) -> Self {
        Self { info: RouteInfo { method, path, auth }, handler }
    }

    fn call(call: &'static Call, path: &'static str) -> Self {
        let answer =
            async move |State(web): State<Web>, Extension(context): Extension<RequestContext>, parameters: PathText, request: Request| {
                let (parts, body) = request.into_parts();
                // The front has read and bounded it already.
                match to_bytes(body, usize::MAX).await {
                    Ok(body) => dispatch(call, &web, &context, parameters.0, Request::from_parts(parts, body)).await,
                    Err(_) => refused(&ErrorCode::BodyTooLarge.into(), HttpErrors::Rest, &context.request_id),
                }
            };
        // Every method of the table is one that a filter knows.
        let filter = MethodFilter::try_from(call.method.clone()).unwrap_or(MethodFilter::GET);
        let auth = match call.access {
            Access::Anybody => AuthKind::Nothing,
            Access::Token => AuthKind::Token,
        };
        Self { info: RouteInfo { method: call.method.clone(), path, auth }, handler: on(filter, answer) }
    }
}

/// The variable part of a path as text; empty where there is none, or where it does not decode to text, which is no
/// identifier of ours either.
struct PathText(String);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for PathText {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Self::Rejection> {
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        let text = parameters.ok().and_then(|parameters| parameters.iter().next().map(|(_, value)| value.to_owned()));
        Ok(Self(text.unwrap_or_default()))
    }
}

/// Every route of the server.
pub(crate) fn table() -> Vec<Route> {
    let calls =
        crate::calls::ALL.iter().flat_map(|call| std::iter::once(call.path).chain(call.also_at).map(|path| Route::call(call, path)));
    let own = [
        Route::page(Method::GET, "/healthz", AuthKind::Nothing, get(crate::operations::healthz)),
        Route::page(Method::GET, "/readyz", AuthKind::Nothing, get(crate::operations::readyz)),
        Route::page(Method::GET, "/metrics", AuthKind::Nothing, get(crate::operations::metrics)),
        Route::page(Method::GET, "/openapi.json", AuthKind::Nothing, get(crate::operations::openapi)),
        Route::page(Method::GET, "/docs", AuthKind::Nothing, get(crate::operations::docs)),
    ];
    calls.chain(own).chain(crate::pages::routes()).collect()
}

/// What is to be known of every route of the server (mounted routers bring their own).
#[must_use]
pub fn routes() -> Vec<RouteInfo> {
    table().into_iter().map(|route| route.info).collect()
}
