//! Connections, and their limits of size, time, rate and number. Nothing here knows what is asked.

pub(crate) mod backpressure;
pub(crate) mod chunked_body;
pub(crate) mod client_address;
pub(crate) mod concurrency;
pub(crate) mod config;
pub(crate) mod deadline;
pub(crate) mod listener;
mod log_throttle;
pub(crate) mod rate_limit;
