//! Numbers that nobody means: an absurd one would end the process where it is used, or be as good as no limit.

use toml::Value;

use super::tree::Tree;
use super::{SettingsError, at};

/// The longest of any time, by the end of the key: ten years.
const LONGEST: &[(&str, i64)] = &[("_milliseconds", 315_360_000_000), ("_seconds", 315_360_000), ("_hours", 87_600), ("_days", 3_650)];
/// The most of what is counted, by the whole key.
const MOST: &[(&str, i64)] = &[
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

/// Refuses what is larger than anybody means.
///
/// # Errors
/// The first setting that is.
pub(super) fn check(tree: &Tree) -> Result<(), SettingsError> {
    for (path, setting) in tree.iter() {
        let Value::Integer(value) = setting.value else { continue };
        let key = path.join(".");
        let counted = MOST.iter().find(|(counted, _)| *counted == key);
        let most = counted.or_else(|| LONGEST.iter().find(|(end, _)| key.ends_with(end))).map(|(_, most)| *most);
        if let Some(most) = most.filter(|most| value > *most) {
            return Err(at(tree, &key, &format!("{value} is too much; at most {most}")));
        }
    }
    Ok(())
}
