//! Partners: who may call, with which key, from where.

use crate::id::PartnerId;
use crate::redacted::Redacted;
use crate::time::Timestamp;

/// How failures are answered over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HttpErrors {
    /// With the fitting 4xx or 5xx status.
    #[default]
    Rest,
    /// As the public documentation prints them: business failures with 200, fields with 422.
    Documented,
}

/// An API key with its secret, sealed (AEAD) under the installation's key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ApiKey {
    /// The public half.
    pub key: String,
    /// The secret, sealed: base64 of nonce and ciphertext.
    pub sealed_secret: Redacted,
}

/// A company whose customers buy and sell.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Partner {
    /// Its identifier.
    pub id: PartnerId,
    /// The version it was loaded at; 0 before it is stored.
    #[serde(skip)]
    pub version: i64,
    /// Its name, for operators.
    pub name: String,
    /// The key in use.
    pub api_key: ApiKey,
    /// The key before the last rotation and until when its secret signs webhooks along (real time).
    pub previous_key: Option<(ApiKey, Timestamp)>,
    /// Whether it may call at all.
    pub enabled: bool,
    /// Raised to revoke every token given out so far.
    pub token_epoch: i64,
    /// Networks (CIDR) it may call from; empty means anywhere.
    pub allow_ips: Vec<String>,
    /// How failures are answered.
    pub http_errors: HttpErrors,
    /// When it was created.
    pub created_at: Timestamp,
}
