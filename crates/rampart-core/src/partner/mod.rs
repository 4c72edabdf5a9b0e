//! Partners: API keys, allowed networks and tokens.

pub mod event;
pub mod webhook;

use crate::id::PartnerId;
use crate::text::redacted::Redacted;
use crate::time::Timestamp;

/// How errors are returned over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HttpErrors {
    /// With the fitting 4xx or 5xx status.
    #[default]
    Rest,
    /// As in the public documentation: business errors with 200, field errors with 422.
    Documented,
}

/// An API key with its secret, sealed (AEAD) under the installation's key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ApiKey {
    pub key: String,
    /// The sealed secret: base64 of nonce and ciphertext.
    pub sealed_secret: Redacted,
}

/// A company whose customers buy and sell.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Partner {
    pub id: PartnerId,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    pub name: String,
    pub api_key: ApiKey,
    /// The key before the last rotation, and until when webhooks are signed with its secret too (real time).
    pub previous_key: Option<(ApiKey, Timestamp)>,
    /// Token epoch of the previous key, valid until the same moment. `None` if that key ended with the rotation, as with
    /// earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_epoch: Option<i64>,
    pub enabled: bool,
    /// Token epoch of the current key. Raising it revokes every token issued so far; no epoch is reused.
    pub token_epoch: i64,
    /// Networks (CIDR) it may call from; empty means any.
    pub allow_ips: Vec<String>,
    pub http_errors: HttpErrors,
    pub created_at: Timestamp,
}

impl Partner {
    /// A key that may be exchanged for a token at this time (real time), with the token's epoch and, for the previous key, when
    /// both end.
    #[must_use]
    pub fn key_in_use(&self, api_key: &str, now: Timestamp) -> Option<(&ApiKey, i64, Option<Timestamp>)> {
        if self.api_key.key == api_key {
            return Some((&self.api_key, self.token_epoch, None));
        }
        let (previous, until) = self.previous_key.as_ref().filter(|(previous, until)| previous.key == api_key && *until > now)?;
        self.previous_epoch.map(|epoch| (previous, epoch, Some(*until)))
    }

    /// Whether tokens of an epoch are valid at this time (real time).
    #[must_use]
    pub fn accepts(&self, epoch: i64, now: Timestamp) -> bool {
        let overlaps = || self.previous_key.as_ref().is_some_and(|(_, until)| *until > now);
        self.token_epoch == epoch || (self.previous_epoch == Some(epoch) && overlaps())
    }

    /// The keys that sign webhooks at this time (real time), newest first.
    pub fn signing_keys(&self, now: Timestamp) -> impl Iterator<Item = &ApiKey> {
        let previous = self.previous_key.as_ref().filter(move |(_, until)| *until > now);
        std::iter::once(&self.api_key).chain(previous.map(|(key, _)| key))
    }

    /// Replaces the current key, which stays valid with its tokens until `overlap_until` (real time). The key before it ends.
    /// Without an overlap only the new key is valid.
    pub fn rotate(&mut self, new: ApiKey, overlap_until: Option<Timestamp>) {
        let before = std::mem::replace(&mut self.api_key, new);
        self.previous_key = overlap_until.map(|until| (before, until));
        self.previous_epoch = overlap_until.map(|_| self.token_epoch);
        self.token_epoch += 1;
    }

    /// Revokes every token issued so far.
    pub fn revoke_tokens(&mut self) {
        if let Some(previous) = &mut self.previous_epoch {
            self.token_epoch += 1;
            *previous = self.token_epoch;
        }
        self.token_epoch += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ApiKey {
        ApiKey { key: name.to_owned(), sealed_secret: Redacted::new("sealed") }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn partner() -> Partner {
        let json = r#"{"id":"ID","name":"n","api_key":{"key":"a","sealed_secret":"s"},"previous_key":[{"key":"z","sealed_secret":"s"},
            "1970-01-01T00:01:40Z"],"enabled":true,"token_epoch":4,"allow_ips":[],"http_errors":"rest","created_at":"1970-01-01T00:00:00Z"}"#;
        serde_json::from_str(&json.replace("ID", &PartnerId::mint(at(0), &crate::example::CountingRandomness::default()).to_string()))
            .unwrap()
    }

    #[test]
    fn a_key_that_an_earlier_version_rotated_keeps_signing_and_stays_ended() {
        let partner = partner();
        assert_eq!(partner.key_in_use("z", at(1)), None);
        assert!(!partner.accepts(3, at(1)) && partner.accepts(4, at(1)));
        let signing = |now| partner.signing_keys(now).map(|key| key.key.as_str()).collect::<Vec<_>>();
        assert_eq!((signing(at(99)), signing(at(100))), (vec!["a", "z"], vec!["a"]));
    }

    #[test]
    fn the_key_before_works_until_its_time_is_over_and_the_one_before_that_no_more() {
        let mut partner = partner();
        partner.rotate(key("b"), Some(at(50)));
        assert_eq!(partner.key_in_use("a", at(49)).map(|(key, epoch, until)| (&*key.key, epoch, until)), Some(("a", 4, Some(at(50)))));
        assert_eq!(partner.key_in_use("b", at(49)).map(|(key, epoch, until)| (&*key.key, epoch, until)), Some(("b", 5, None)));
        assert_eq!((partner.key_in_use("z", at(1)), partner.key_in_use("a", at(50))), (None, None));
        assert!(partner.accepts(4, at(49)) && partner.accepts(5, at(49)) && !partner.accepts(3, at(49)));
        assert!(!partner.accepts(4, at(50)) && partner.accepts(5, at(50)));
        partner.rotate(key("c"), None);
        assert!(partner.key_in_use("b", at(1)).is_none() && !partner.accepts(5, at(1)));
        assert_eq!(partner.signing_keys(at(1)).count(), 1);
    }

    #[test]
    fn revoked_tokens_of_neither_key_come_back() {
        let mut partner = partner();
        partner.rotate(key("b"), Some(at(50)));
        let mut given = Vec::new();
        for _ in 0..3 {
            let now: Vec<i64> = ["a", "b"].iter().map(|key| partner.key_in_use(key, at(1)).unwrap().1).collect();
            assert!(now.iter().all(|epoch| partner.accepts(*epoch, at(1)) && !given.contains(epoch)));
            given.extend(now);
            partner.revoke_tokens();
            assert!(given.iter().all(|epoch| !partner.accepts(*epoch, at(1))), "{given:?}");
        }
    }
}
