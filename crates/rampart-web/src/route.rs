//! The routes of the server: calls, pages and the operators' endpoints.

use axum::http::Method;
use axum::routing::{MethodRouter, get};
use rampart_http::Access;

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
}

/// The routes outside of the partner API.
pub(crate) fn table() -> Vec<Route> {
    let own = [
        Route::page(Method::GET, "/healthz", AuthKind::Nothing, get(crate::operations::healthz)),
        Route::page(Method::GET, "/readyz", AuthKind::Nothing, get(crate::operations::readyz)),
        Route::page(Method::GET, "/metrics", AuthKind::Nothing, get(crate::operations::metrics)),
        Route::page(Method::GET, "/openapi.json", AuthKind::Nothing, get(crate::operations::openapi)),
        Route::page(Method::GET, "/docs", AuthKind::Nothing, get(crate::operations::docs)),
    ];
    own.into_iter().chain(crate::pages::routes()).collect()
}

/// The OpenAPI description of the partner API and of additional calls, as indented JSON.
#[must_use]
pub fn openapi(extra: Vec<utoipa::openapi::OpenApi>) -> String {
    crate::describe::openapi(crate::calls::ALL, extra)
}

/// All routes of the server, except those of additional calls.
#[must_use]
pub fn routes() -> Vec<RouteInfo> {
    let calls = crate::calls::ALL.iter().flat_map(|call| call.paths.iter().map(|path| (*call, *path))).map(|(call, path)| {
        let auth = if call.access == Access::Token { AuthKind::Token } else { AuthKind::Nothing };
        RouteInfo { method: call.method.clone(), path, auth }
    });
    calls.chain(table().into_iter().map(|route| route.info)).collect()
}
