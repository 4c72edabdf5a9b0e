//! Secrets that never change, whatever happens to the installation's keys, because what was published or stored under
//! them stays valid for ever. The database stores them sealed under every current key: a new key takes them over, a
//! retired one gives them up.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use rampart_core::id::Randomness;
use rampart_core::text::redacted::Redacted;
use rampart_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::error::{AppError, AppResult};
use crate::state::derivation::{INSTALLATION_KEY_BYTES, derive, keyed};

const SECRET_BYTES: usize = 32;

/// The secrets, each with its initialised HMAC.
pub(crate) struct LastingSecrets {
    texts: SecretTexts,
    requests: Hmac<Sha256>,
    references: Hmac<Sha256>,
    pages: Hmac<Sha256>,
}

/// The sealed form. It has no `Debug`, because it is secret.
#[derive(Clone, Serialize, Deserialize)]
struct SecretTexts {
    /// For the fingerprints of requests and documents, which claims are compared with as long as orders exist.
    requests: Redacted,
    /// For the order of payment references: under another key one could repeat.
    references: Redacted,
    /// For the tokens of links to hosted pages, which partners and customers keep.
    pages: Redacted,
    /// When an earlier version stopped creating links to identity pages (business time).
    earlier_links_until: Option<Timestamp>,
}

impl LastingSecrets {
    /// Secrets of a new installation, drawn at random: knowing an installation key alone reveals none of them.
    pub(crate) fn random(randomness: &dyn Randomness) -> AppResult<Self> {
        let draw = || {
            let mut bytes = [0; SECRET_BYTES];
            randomness.fill(&mut bytes);
            Redacted::new(STANDARD.encode(bytes))
        };
        Self::of(SecretTexts { requests: draw(), references: draw(), pages: draw(), earlier_links_until: None })
    }

    /// Secrets of an installation whose only key derived them from itself. Everything stored under them stays valid;
    /// the secret of link tokens is new and random.
    pub(crate) fn of_an_earlier_version(
        installation: &[u8; INSTALLATION_KEY_BYTES],
        now: Timestamp,
        randomness: &dyn Randomness,
    ) -> AppResult<Self> {
        let derived = |purpose| Redacted::new(STANDARD.encode(derive(installation, purpose)));
        let random = Self::random(randomness)?.texts;
        Self::of(SecretTexts {
            requests: derived("rampart request fingerprint 1"),
            references: derived("rampart payment reference 1"),
            earlier_links_until: Some(now),
            ..random
        })
    }

    fn of(texts: SecretTexts) -> AppResult<Self> {
        let bytes = |secret: &Redacted| {
            let bytes = STANDARD.decode(secret.reveal()).ok().filter(|bytes| bytes.len() == SECRET_BYTES);
            bytes.ok_or_else(|| AppError::defect("a lasting secret of this installation is malformed"))
        };
        Ok(Self {
            requests: keyed(&bytes(&texts.requests)?),
            references: keyed(&bytes(&texts.references)?),
            pages: keyed(&bytes(&texts.pages)?),
            texts,
        })
    }

    /// Serialises the secrets for sealing.
    pub(crate) fn to_text(&self) -> AppResult<Redacted> {
        serde_json::to_string(&self.texts).map(Redacted::new).map_err(|fault| AppError::Defect(Box::new(fault)))
    }

    /// Parses the opened secrets.
    pub(crate) fn of_text(text: &Redacted) -> AppResult<Self> {
        // The parser's error could quote a secret.
        let texts =
            serde_json::from_str(text.reveal()).map_err(|_| AppError::defect("the lasting secrets of this installation are malformed"))?;
        Self::of(texts)
    }

    pub(crate) const fn requests(&self) -> &Hmac<Sha256> {
        &self.requests
    }

    pub(crate) const fn references(&self) -> &Hmac<Sha256> {
        &self.references
    }

    pub(crate) const fn pages(&self) -> &Hmac<Sha256> {
        &self.pages
    }

    /// When this version took over from one that created links without an end (business time).
    pub(crate) const fn earlier_links_until(&self) -> Option<Timestamp> {
        self.texts.earlier_links_until
    }
}
