//! The HTTP server of the ramp: the partner API, the hosted pages, and the operators' endpoints.
//!
//! The router, the OpenAPI description and the tests are built from one table of routes. Each call of the partner API is a
//! row of that table with its handler (see `calls`). `front` handles what all requests have in common.

mod backpressure;
mod body_reader;
mod call;
mod call_response;
mod calls;
mod chunked_body;
mod client_address;
mod concurrency;
mod config;
pub mod context;
mod deadline;
mod describe;
mod docs;
mod failure;
mod framing;
mod front;
mod log_throttle;
mod metrics;
mod mounted;
mod operations;
pub mod pages;
mod rate_limit;
pub mod route;
mod router;
mod server;
pub mod state;

pub use client_address::{Network, NetworkError, Peer};
pub use config::WebConfig;
pub use context::RequestContext;
pub use front::Front;
pub use route::{AuthKind, RouteInfo, openapi, routes};
pub use router::router;
pub use server::serve;
