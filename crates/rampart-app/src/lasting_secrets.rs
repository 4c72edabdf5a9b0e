//! Secrets that must stay the same whatever becomes of the installation's keys: what was told or stored under them is good for
//! ever. The database holds them sealed with each key that counts, so that a new key takes them over and an old one gives them up.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use rampart_core::id::Randomness;
use rampart_core::redacted::Redacted;
use rampart_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::error::{AppError, AppResult};
use crate::keys::{INSTALLATION_KEY_BYTES, derive, keyed};

const SECRET_BYTES: usize = 32;

/// The secrets, each with its key taken in.
pub(crate) struct LastingSecrets {
    texts: SecretTexts,
    requests: Hmac<Sha256>,
    references: Hmac<Sha256>,
    pages: Hmac<Sha256>,
}

/// What is sealed of them. It has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
struct SecretTexts {
    /// Keys the fingerprints of requests and of documents, which claims compare with for as long as there are orders.
    requests: Redacted,
    /// Keys the order of payment references: under another key one could come up twice.
    references: Redacted,
    /// Keys the tokens of links to hosted pages, which partners and customers have kept.
    pages: Redacted,
    /// Until when links to identity pages that an earlier version handed out were made (business time).
    earlier_links_until: Option<Timestamp>,
}

impl LastingSecrets {
    /// The secrets of a new installation: of chance, so that whoever learns a key of it alone learns none of them.
    pub(crate) fn drawn(randomness: &dyn Randomness) -> AppResult<Self> {
        let draw = || {
            let mut bytes = [0; SECRET_BYTES];
            randomness.fill(&mut bytes);
            Redacted::new(STANDARD.encode(bytes))
        };
        Self::of(SecretTexts { requests: draw(), references: draw(), pages: draw(), earlier_links_until: None })
    }

    /// The secrets of an installation whose only key so far derived them from itself. What was stored under them stays good; the
    /// tokens of links are new, and of chance.
    pub(crate) fn of_an_earlier_version(
        installation: &[u8; INSTALLATION_KEY_BYTES],
        now: Timestamp,
        randomness: &dyn Randomness,
    ) -> AppResult<Self> {
        let derived = |purpose| Redacted::new(STANDARD.encode(derive(installation, purpose)));
        let drawn = Self::drawn(randomness)?.texts;
        Self::of(SecretTexts {
            requests: derived("rampart request fingerprint 1"),
            references: derived("rampart payment reference 1"),
            earlier_links_until: Some(now),
            ..drawn
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

    /// As they are sealed.
    pub(crate) fn to_text(&self) -> AppResult<Redacted> {
        serde_json::to_string(&self.texts).map(Redacted::new).map_err(|fault| AppError::Defect(Box::new(fault)))
    }

    /// What was sealed.
    pub(crate) fn of_text(text: &Redacted) -> AppResult<Self> {
        // The fault could quote a secret.
        let texts =
            serde_json::from_str(text.reveal()).map_err(|_| AppError::defect("the lasting secrets of this installation are malformed"))?;
        Self::of(texts)
    }

    /// Keys fingerprints of requests and documents.
    pub(crate) const fn requests(&self) -> &Hmac<Sha256> {
        &self.requests
    }

    /// Keys the order of payment references.
    pub(crate) const fn references(&self) -> &Hmac<Sha256> {
        &self.references
    }

    /// Keys the tokens of links.
    pub(crate) const fn pages(&self) -> &Hmac<Sha256> {
        &self.pages
    }

    /// When the installation began to make its links itself, if an earlier version had handed out others (business time).
    pub(crate) const fn earlier_links_until(&self) -> Option<Timestamp> {
        self.texts.earlier_links_until
    }
}
