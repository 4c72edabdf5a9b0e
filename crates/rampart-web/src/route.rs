//! The table of all routes. The router, the description and the tests are built from it.

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

/// What a caller needs for a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthKind {
    Nothing,
    Token,
    /// The secret token of a hosted page's link.
    PageToken,
}

/// A route of the server.
pub struct Route {
    pub(crate) info: RouteInfo,
    pub(crate) handler: MethodRouter<Web>,
}

/// The description of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteInfo {
    /// `GET` answers `HEAD` too.
    pub method: Method,
    /// With `{variables}`.
    pub path: &'static str,
    pub auth: AuthKind,
}

impl Route {
    /// A route outside of the partner API: a hosted page or an operators' endpoint.
    #[must_use]
    pub fn page(method: Method, path: &'static str, auth: AuthKind, handler: MethodRouter<Web>) -> Self {
        Self { info: RouteInfo { method, path, auth }, handler }
    }

    fn call(call: &'static Call, path: &'static str) -> Self {
        let handler =
            async move |State(web): State<Web>, Extension(context): Extension<RequestContext>, parameters: PathText, request: Request| {
                let (parts, body) = request.into_parts();
                // The front has already read the body and checked its size.
                match to_bytes(body, usize::MAX).await {
                    Ok(body) => dispatch(call, &web, &context, parameters.0, Request::from_parts(parts, body)).await,
                    Err(_) => refused(&ErrorCode::BodyTooLarge.into(), HttpErrors::Rest, &context.request_id),
                }
            };
        // `MethodFilter` supports every method in the table.
        let filter = MethodFilter::try_from(call.method.clone()).unwrap_or(MethodFilter::GET);
        let auth = match call.access {
            Access::Anybody => AuthKind::Nothing,
            Access::Token => AuthKind::Token,
        };
        Self { info: RouteInfo { method: call.method.clone(), path, auth }, handler: on(filter, handler) }
    }
}

/// The variable part of a path as text. Empty if there is none or if it is not UTF-8, which no identifier is.
struct PathText(String);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for PathText {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Self::Rejection> {
        let parameters = RawPathParams::from_request_parts(parts, state).await;
        let text = parameters.ok().and_then(|parameters| parameters.iter().next().map(|(_, value)| value.to_owned()));
        Ok(Self(text.unwrap_or_default()))
    }
}

pub(crate) fn table() -> Vec<Route> {
    let calls = crate::calls::ALL.iter().flat_map(|call| call.paths.iter().map(|path| Route::call(call, path)));
    let own = [
        Route::page(Method::GET, "/healthz", AuthKind::Nothing, get(crate::operations::healthz)),
        Route::page(Method::GET, "/readyz", AuthKind::Nothing, get(crate::operations::readyz)),
        Route::page(Method::GET, "/metrics", AuthKind::Nothing, get(crate::operations::metrics)),
        Route::page(Method::GET, "/openapi.json", AuthKind::Nothing, get(crate::operations::openapi)),
        Route::page(Method::GET, "/docs", AuthKind::Nothing, get(crate::operations::docs)),
    ];
    calls.chain(own).chain(crate::pages::routes()).collect()
}

/// The OpenAPI description of the partner API and of the mounted routers, as indented JSON.
#[must_use]
pub fn openapi(extra: Vec<utoipa::openapi::OpenApi>) -> String {
    crate::describe::openapi(crate::calls::ALL, extra)
}

/// All routes of the server, except those of mounted routers.
#[must_use]
pub fn routes() -> Vec<RouteInfo> {
    table().into_iter().map(|route| route.info).collect()
}
