//! The HTTP side of the ramp: the partner API, the hosted pages, and what operators ask of a process.
//!
//! The router, the OpenAPI description and the tests go by one table of routes; each call of the partner API is one row
//! of data with the function that answers it (see `calls`). The front (`front`) does for every request what all have in
//! common.

mod arrival;
mod call;
mod calls;
mod client_address;
mod config;
pub mod context;
mod crowd;
mod deadline;
mod describe;
mod docs;
mod failure;
mod field;
mod fields;
mod framing;
mod front;
mod metrics;
mod mounted;
mod operations;
mod outflow;
pub mod pages;
mod pieces;
mod rate_limit;
mod reply;
pub mod route;
mod router;
mod seldom;
mod server;
pub mod state;

pub use client_address::{Network, NetworkError, Peer};
pub use config::WebConfig;
pub use context::RequestContext;
pub use describe::openapi;
pub use front::Front;
pub use route::{AuthKind, RouteInfo, routes};
pub use router::router;
pub use server::serve;
