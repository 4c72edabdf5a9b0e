//! The HTTP server of the ramp: the partner API, the hosted pages, and the operators' endpoints.
//!
//! Each call of the partner API is a row of data with its handler (see `calls`), which is dispatched and described by
//! `rampart_http`, together with the rows of other crates. `front` handles what all requests have in common, `http` connections.

mod call_server;
mod calls;
mod context;
mod describe;
mod docs;
mod front;
mod http;
mod metrics;
mod operations;
pub mod pages;
pub mod route;
mod router;
pub mod state;

pub use front::Front;
pub use http::client_address::{Network, NetworkError, Peer};
pub use http::config::WebConfig;
pub use http::listener::serve;
pub use route::{AuthKind, RouteInfo, openapi, routes};
pub use router::router;
