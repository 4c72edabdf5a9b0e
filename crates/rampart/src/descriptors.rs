//! The limit of open file descriptors (`RLIMIT_NOFILE`), which bounds the number of connections.

use rampart_web::WebConfig;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept free for everything that is not an incoming connection: database, webhooks, files, metrics.
const RESERVED_DESCRIPTORS: u64 = 256;

/// Raises the soft limit to the hard limit and returns it. `None` means unlimited.
pub(crate) fn raise() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    match setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "cannot raise the limit of open files");
            limit.current
        }
    }
}

/// Lowers `server.connections` to what the limit allows, with a warning: with more of them, the database and webhooks would run
/// out of descriptors.
pub(crate) fn limit_connections(config: WebConfig, limit: Option<u64>) -> WebConfig {
    let Some(limit) = limit else { return config };
    // Connections get at least half of a very low limit.
    let max_connections = usize::try_from(limit.saturating_sub(RESERVED_DESCRIPTORS).max(limit / 2)).unwrap_or(usize::MAX).max(1);
    if config.connections <= max_connections {
        return config;
    }
    tracing::warn!(
        limit,
        connections = max_connections,
        configured = config.connections,
        "accepting fewer connections than server.connections: the limit of open files is too low (ulimit -n, LimitNOFILE=)"
    );
    WebConfig { connections: max_connections, ..config }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_other_files() {
        let connections_at = |limit| limit_connections(WebConfig { connections: 16_384, ..WebConfig::default() }, limit).connections;
        for (limit, connections) in [
            (None, 16_384),
            (Some(u64::MAX), 16_384),
            (Some(16_384 + RESERVED_DESCRIPTORS), 16_384),
            (Some(16_384), 16_128),
            (Some(1_024), 768),
            (Some(256), 128),
            (Some(1), 1),
        ] {
            assert_eq!(connections_at(limit), connections, "{limit:?}");
        }
    }
}
