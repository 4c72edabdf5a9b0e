//! How many files and connections the system lets this process have open at once.

use rampart_web::WebConfig;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many of them are kept for everything that is no connection of a caller: the database, webhooks, files, the metrics.
const RESERVE: u64 = 256;

/// Raises the limit as far as this process may, and gives it; nothing where there is none.
pub(crate) fn raise() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    match setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            limit.current
        }
    }
}

/// The settings with no more connections than fit into the limit, which is said once: to accept more would be to fail at
/// everything else.
pub(crate) fn fitted(config: WebConfig, limit: Option<u64>) -> WebConfig {
    let Some(limit) = limit else { return config };
    // Where the limit is very low, half of it is kept.
    let most = usize::try_from(limit.saturating_sub(RESERVE).max(limit / 2)).unwrap_or(usize::MAX).max(1);
    if config.connections <= most {
        return config;
    }
    tracing::warn!(
        limit,
        connections = most,
        configured = config.connections,
        "fewer connections than server.connections: the system allows no more open files (ulimit -n, LimitNOFILE=)"
    );
    WebConfig { connections: most, ..config }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_what_else_is_open() {
        let fitted = |limit| fitted(WebConfig { connections: 16_384, ..WebConfig::default() }, limit).connections;
        for (limit, connections) in [
            (None, 16_384),
            (Some(u64::MAX), 16_384),
            (Some(16_384 + RESERVE), 16_384),
            (Some(16_384), 16_128),
            (Some(1_024), 768),
            (Some(256), 128),
            (Some(1), 1),
        ] {
            assert_eq!(fitted(limit), connections, "{limit:?}");
        }
    }
}
