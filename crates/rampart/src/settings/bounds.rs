//! Upper bounds of numbers: an absurd value would overflow where it is used, or be as good as no limit.

use toml::Value;

use super::tree::Tree;
use super::{SettingsError, at};

/// Durations, by the suffix of the key: ten years.
const MAX_DURATIONS: &[(&str, i64)] =
    &[("_milliseconds", 315_360_000_000), ("_seconds", 315_360_000), ("_hours", 87_600), ("_days", 3_650)];
/// Counts and sizes, by key.
const MAX_COUNTS: &[(&str, i64)] = &[
    ("server.body_limit_bytes", 64 << 20),
    ("server.header_limit_bytes", 1 << 20),
    ("server.concurrency", 1 << 20),
    ("server.bodies", 1 << 20),
    ("server.bodies_per_address", 1 << 20),
    ("server.connections", 1 << 20),
    ("server.connections_per_address", 1 << 20),
    ("database.readers", 1 << 10),
    ("database.queue", 1 << 20),
    ("database.batch", 1 << 16),
    ("workers.concurrency", 1 << 16),
    ("webhooks.concurrency", 1 << 16),
];

/// Refuses the first setting that is above its bound.
pub(super) fn check(tree: &Tree) -> Result<(), SettingsError> {
    for (path, setting) in tree.iter() {
        let Value::Integer(value) = setting.value else { continue };
        let key = path.join(".");
        let count = MAX_COUNTS.iter().find(|(count, _)| *count == key);
        let max = count.or_else(|| MAX_DURATIONS.iter().find(|(suffix, _)| key.ends_with(suffix))).map(|(_, max)| *max);
        if let Some(max) = max.filter(|max| value > *max) {
            return Err(at(tree, &key, &format!("must be at most {max}, not {value}")));
        }
    }
    Ok(())
}
