//! The settings of the HTTP server. Rate limits and the public URL are settings of the application.

use std::time::Duration;

use rampart_core::text::redacted::Redacted;
use serde::{Deserialize, Serialize};

use super::client_address::Network;

/// The settings of the HTTP server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebConfig {
    /// Networks (CIDR) of reverse proxies whose `X-Forwarded-For` is trusted. Empty: none.
    pub trusted_proxies: Vec<Network>,
    /// The maximum size of a request body.
    pub body_limit_bytes: usize,
    /// The maximum total size of a request's headers, path and query.
    pub header_limit_bytes: usize,
    /// How long the head of a request may take to arrive, and its body again. Idle connections are closed after the same time.
    pub read_timeout_milliseconds: u64,
    /// How long writes to a connection may block before it is cut. The kernel accepts data again once a third of its send
    /// buffer is free, which is 30 to 130 kB: a client that reads less of a large response in this time is cut, however
    /// steadily it reads. While writes block, no further request of the connection is handled.
    pub write_timeout_milliseconds: u64,
    /// The maximum number of requests in progress; more are answered with `service_unavailable`. A request counts once its body
    /// is complete. `/healthz` and `/readyz` count neither here nor against the rate limits.
    pub concurrency: usize,
    /// The maximum number of requests whose bodies are still arriving; more are answered with `service_unavailable`. A body
    /// that arrived with its head does not count.
    pub bodies: usize,
    /// The maximum number of them per client address (behind a trusted proxy, the address it reports; with IPv6, per /48);
    /// more are answered with `rate_limited`. 0: an eighth of `bodies`.
    pub bodies_per_address: usize,
    /// The maximum number of open connections; more wait to be accepted.
    pub connections: usize,
    /// The maximum number of connections per address (with IPv6, per /48); more are closed at once. Does not apply to trusted
    /// proxies, which carry the connections of many clients. 0: a sixteenth of `connections`.
    pub connections_per_address: usize,
    /// How long open connections are still served after a stop was requested, so that load balancers can react before
    /// connections are refused.
    pub drain_milliseconds: u64,
    /// How long, after that, requests in progress may take to be finished and their responses to be read; then their
    /// connections are cut.
    pub stop_milliseconds: u64,
    /// The token for `/metrics` on the API's listener. `None`: `/metrics` is not served there. Read from a file, not a setting.
    #[serde(skip)]
    pub metrics_token: Option<Redacted>,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            body_limit_bytes: 64 * 1024,
            header_limit_bytes: 16 * 1024,
            read_timeout_milliseconds: 15_000,
            write_timeout_milliseconds: 15_000,
            concurrency: 2_048,
            bodies: 4_096,
            bodies_per_address: 0,
            connections: 8_192,
            connections_per_address: 0,
            drain_milliseconds: 200,
            stop_milliseconds: 5_000,
            metrics_token: None,
        }
    }
}

impl WebConfig {
    /// [`read_timeout_milliseconds`](Self::read_timeout_milliseconds) as a duration.
    #[must_use]
    pub const fn read_timeout(&self) -> Duration {
        Duration::from_millis(self.read_timeout_milliseconds)
    }

    /// [`write_timeout_milliseconds`](Self::write_timeout_milliseconds) as a duration.
    #[must_use]
    pub const fn write_timeout(&self) -> Duration {
        Duration::from_millis(self.write_timeout_milliseconds)
    }

    /// The effective limit of connections per address.
    #[must_use]
    pub fn max_connections_per_address(&self) -> usize {
        per_address(self.connections_per_address, self.connections, 16)
    }

    /// The effective limit of arriving bodies per address.
    #[must_use]
    pub fn max_bodies_per_address(&self) -> usize {
        per_address(self.bodies_per_address, self.bodies, 8)
    }

    /// Validates the settings.
    ///
    /// # Errors
    /// The first invalid setting and the reason.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let limits = [("body_limit_bytes", self.body_limit_bytes), ("header_limit_bytes", self.header_limit_bytes)];
        if let Some((setting, _)) = limits.into_iter().find(|(_, bytes)| *bytes < 1_024) {
            return Err((setting, "must be at least 1024".into()));
        }
        let positive = [
            ("read_timeout_milliseconds", self.read_timeout_milliseconds > 0),
            ("write_timeout_milliseconds", self.write_timeout_milliseconds > 0),
            ("concurrency", self.concurrency > 0),
            ("bodies", self.bodies > 0),
            ("connections", self.connections > 0),
        ];
        match positive.into_iter().find(|(_, is_positive)| !is_positive) {
            Some((setting, _)) => Err((setting, "must be above zero".into())),
            None => Ok(()),
        }
    }
}

/// The limit per address: the configured one, or a fraction of the total.
fn per_address(configured: usize, total: usize, divisor: usize) -> usize {
    if configured > 0 { configured } else { (total / divisor).max(1) }
}
