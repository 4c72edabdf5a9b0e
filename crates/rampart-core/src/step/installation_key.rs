//! What the database stores of the installation's keys: never a key itself.

use crate::stored::is_default;
use crate::text::code::Code;
use crate::text::redacted::Redacted;
use crate::time::Timestamp;

/// Fingerprint of an installation key: 32 hexadecimal digits, from which the key cannot be derived.
pub type KeyFingerprint = Code<32>;

/// A key that seals, or has sealed, values of this installation.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct InstallationKey {
    pub id: KeyFingerprint,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    /// Since when it seals new values (real time). The key with the latest time is the newest.
    pub newest_since: Timestamp,
    /// When it was retired: nothing is unsealed with it any more (real time).
    #[serde(default, skip_serializing_if = "is_default")]
    pub retired_at: Option<Timestamp>,
    /// Secrets that outlive every key, sealed with this one; `None` once it is retired.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sealed_secrets: Option<Redacted>,
}

/// The key that seals new values.
#[must_use]
pub fn newest(keys: &[InstallationKey]) -> Option<&InstallationKey> {
    keys.iter().filter(|key| key.retired_at.is_none()).max_by_key(|key| (key.newest_since, key.id))
}
