//! What an operator can set about the HTTP server. Rate limits and the public URL belong to the ramp's own settings.

use std::time::Duration;

use rampart_core::redacted::Redacted;
use serde::{Deserialize, Serialize};

use crate::client_address::Network;

/// What an operator can set about the HTTP server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebConfig {
    /// Networks (CIDR) of reverse proxies whose `X-Forwarded-For` is believed; empty means that none is.
    pub trusted_proxies: Vec<Network>,
    /// The largest request body, in bytes.
    pub body_limit_bytes: usize,
    /// The largest sum of a request's headers and its path, in bytes.
    pub header_limit_bytes: usize,
    /// How long a request may take to arrive, headers and body each, in milliseconds. A connection that is idle for
    /// as long is closed.
    pub read_timeout_milliseconds: u64,
    /// How long the way out of a connection may stay full, in milliseconds; then it is cut. The system has room again once a
    /// third of what it holds was taken, which is 30 to 130 kB: a reader who takes less of a large answer in this time is
    /// cut, however steadily he reads. Until there is room, nothing further is worked on for that connection.
    pub write_timeout_milliseconds: u64,
    /// How many requests may be worked on at once; more are answered `service_unavailable`. A request is worked on once it
    /// is there whole. `/healthz` and `/readyz` are not counted, here or in the limits of rate.
    pub concurrency: usize,
    /// How many requests may have bodies that are still arriving; more are answered `service_unavailable`. A
    /// body that came with its head is not counted.
    pub bodies: usize,
    /// How many of them may come from one address (the one that a trusted proxy names; with IPv6, from one /48); more are
    /// answered `rate_limited`. 0: an eighth of `bodies`.
    pub bodies_per_address: usize,
    /// How many connections may be open at once; more wait to be accepted.
    pub connections: usize,
    /// How many of them one address (with IPv6, one /48) may have; more are closed at once. Trusted proxies, through which
    /// everybody comes, may have as many as there are. 0: a sixteenth of `connections`.
    pub connections_per_address: usize,
    /// How long open connections are still served when the server stops, in milliseconds, so that nobody's request
    /// meets a closed door.
    pub drain_milliseconds: u64,
    /// How long requests under way may take to be finished and their answers to be taken after that, in milliseconds; then
    /// their connections are cut.
    pub stop_milliseconds: u64,
    /// What `/metrics` asks for beside the API; nothing means that it is not there. Read from a file, and no setting itself.
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
    /// How long a request may take to arrive.
    #[must_use]
    pub const fn read_timeout(&self) -> Duration {
        Duration::from_millis(self.read_timeout_milliseconds)
    }

    /// How long an answer may stand still.
    #[must_use]
    pub const fn write_timeout(&self) -> Duration {
        Duration::from_millis(self.write_timeout_milliseconds)
    }

    /// How many connections one address may have.
    #[must_use]
    pub fn connections_of_one(&self) -> usize {
        share(self.connections_per_address, self.connections, 16)
    }

    /// How many bodies may be arriving from one address.
    #[must_use]
    pub fn bodies_of_one(&self) -> usize {
        share(self.bodies_per_address, self.bodies, 8)
    }

    /// What is wrong with the settings as a whole, if anything: the setting and the reason.
    ///
    /// # Errors
    /// The setting that does not hold, and why.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let limits = [("body_limit_bytes", self.body_limit_bytes), ("header_limit_bytes", self.header_limit_bytes)];
        if let Some((setting, _)) = limits.into_iter().find(|(_, bytes)| *bytes < 1_024) {
            return Err((setting, "must be at least 1024".into()));
        }
        let above_zero = [
            ("read_timeout_milliseconds", self.read_timeout_milliseconds > 0),
            ("write_timeout_milliseconds", self.write_timeout_milliseconds > 0),
            ("concurrency", self.concurrency > 0),
            ("bodies", self.bodies > 0),
            ("connections", self.connections > 0),
        ];
        match above_zero.into_iter().find(|(_, holds)| !holds) {
            Some((setting, _)) => Err((setting, "must be above zero".into())),
            None => Ok(()),
        }
    }
}

/// What one address may have of all: what is set, or one part of so many.
fn share(set: usize, all: usize, parts: usize) -> usize {
    if set > 0 { set } else { (all / parts).max(1) }
}
