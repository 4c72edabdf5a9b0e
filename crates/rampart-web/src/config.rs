//! What an operator can set about the HTTP server. Rate limits and the public URL belong to the ramp's own settings.

use std::time::Duration;

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
    /// How many requests may be under way at once; more are answered `service_unavailable`.
    pub concurrency: usize,
    /// How many connections may be open at once; more wait to be accepted.
    pub connections: usize,
    /// How long open connections are still served when the server stops, in milliseconds, so that nobody's request
    /// meets a closed door. Requests under way are always finished.
    pub drain_milliseconds: u64,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            body_limit_bytes: 64 * 1024,
            header_limit_bytes: 16 * 1024,
            read_timeout_milliseconds: 15_000,
            concurrency: 2_048,
            connections: 8_192,
            drain_milliseconds: 200,
        }
    }
}

impl WebConfig {
    /// How long a request may take to arrive.
    #[must_use]
    pub const fn read_timeout(&self) -> Duration {
        Duration::from_millis(self.read_timeout_milliseconds)
    }

    /// What is wrong with the settings as a whole, if anything.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn check(&self) -> Result<(), String> {
        if self.body_limit_bytes < 1_024 || self.header_limit_bytes < 1_024 {
            return Err("body_limit_bytes and header_limit_bytes must be at least 1024".into());
        }
        if self.read_timeout_milliseconds == 0 || self.concurrency == 0 || self.connections == 0 {
            return Err("read_timeout_milliseconds, concurrency and connections must be above zero".into());
        }
        Ok(())
    }
}
