//! The installation's keys: a ring whose newest key seals and whose other keys only open, and the secrets that outlive
//! all of them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use rampart_core::id::Randomness;
use rampart_core::order::reference;
use rampart_core::quote::{Quote, QuoteError, QuoteKey};
use rampart_core::step::installation_key::{self, InstallationKey, KeyFingerprint};
use rampart_core::text::redacted::Redacted;
use rampart_core::time::Timestamp;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::error::{AppError, AppResult};
pub use crate::state::derivation::INSTALLATION_KEY_BYTES;
use crate::state::derivation::{derive, keyed};
use crate::state::lasting_secrets::LastingSecrets;

const NONCE_BYTES: usize = 24;
/// The name that the decoy secret is sealed under.
const DECOY: &str = "decoy";
/// The name that the lasting secrets are sealed under.
const LASTING: &str = "lasting secrets";
/// Random bytes of an `api_secret`.
const SECRET_BYTES: usize = 32;

/// The given keys belong to another installation.
pub(crate) fn foreign() -> AppError {
    AppError::defect("the installation's key is not the one this database was made with; give the right key file")
}

/// Identifies an installation's key without revealing it. The database stores the same text.
#[must_use]
pub fn fingerprint(installation: &[u8; INSTALLATION_KEY_BYTES]) -> KeyFingerprint {
    let digits = hex::encode(&derive(installation, "rampart identity 1")[..16]);
    KeyFingerprint::of(digits.as_bytes()).expect("32 hexadecimal digits are a fingerprint")
}

/// The keys derived from one installation key, one per purpose. The installation key itself is not kept.
struct RingKey {
    fingerprint: KeyFingerprint,
    quote: QuoteKey,
    token: Hmac<Sha256>,
    sealing: XChaCha20Poly1305,
    decoy: Redacted,
    retired: AtomicBool,
}

impl RingKey {
    fn derived_from(installation: &[u8; INSTALLATION_KEY_BYTES]) -> Self {
        let mut key = Self {
            fingerprint: fingerprint(installation),
            quote: QuoteKey::new(&derive(installation, "rampart quote 1")),
            token: keyed(&derive(installation, "rampart token 1")),
            sealing: XChaCha20Poly1305::new(&Key::from(derive(installation, "rampart api secrets 1"))),
            decoy: Redacted::default(),
            retired: AtomicBool::new(false),
        };
        let secret = Redacted::new(STANDARD.encode(derive(installation, "rampart decoy 1")));
        key.decoy = key.sealed(DECOY, &secret, [0; NONCE_BYTES]).unwrap_or_default();
        key
    }

    fn token_tag(&self, statement: &[u8]) -> [u8; 32] {
        self.token.clone().chain_update(statement).finalize().into_bytes().into()
    }

    fn sealed(&self, name: &str, secret: &Redacted, nonce: [u8; NONCE_BYTES]) -> AppResult<Redacted> {
        let message = chacha20poly1305::aead::Payload { msg: secret.reveal().as_bytes(), aad: name.as_bytes() };
        let sealed = self.sealing.encrypt(&XNonce::from(nonce), message).map_err(|_| AppError::defect("a secret cannot be sealed"))?;
        Ok(Redacted::new(STANDARD.encode([nonce.as_slice(), &sealed].concat())))
    }

    fn seal(&self, name: &str, secret: &Redacted, randomness: &dyn Randomness) -> AppResult<Redacted> {
        let mut nonce = [0; NONCE_BYTES];
        randomness.fill(&mut nonce);
        self.sealed(name, secret, nonce)
    }

    /// The database record of this key: the lasting secrets, sealed under it.
    fn record(&self, newest_since: Timestamp, secrets: &LastingSecrets, randomness: &dyn Randomness) -> AppResult<InstallationKey> {
        let sealed_secrets = Some(self.seal(LASTING, &secrets.to_text()?, randomness)?);
        Ok(InstallationKey { id: self.fingerprint, version: 0, newest_since, retired_at: None, sealed_secrets })
    }

    fn open(&self, name: &str, sealed: &Redacted) -> Option<Redacted> {
        let bytes = STANDARD.decode(sealed.reveal()).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let message = chacha20poly1305::aead::Payload { msg: sealed, aad: name.as_bytes() };
        let secret = self.sealing.decrypt(&XNonce::from(*nonce), message).ok()?;
        String::from_utf8(secret).map(Redacted::new).ok()
    }
}

/// The keys given to a node, before it is known which of them the database uses.
pub(crate) struct KeyFile(Vec<RingKey>);

impl KeyFile {
    pub(crate) fn of(installation: &[[u8; INSTALLATION_KEY_BYTES]]) -> Self {
        Self(installation.iter().map(RingKey::derived_from).collect())
    }

    /// The key that a new installation is created with.
    pub(crate) fn first(&self) -> Option<KeyFingerprint> {
        self.0.first().map(|key| key.fingerprint)
    }

    /// The database record of a key. `None` when the key is not in this file.
    pub(crate) fn record(
        &self,
        id: KeyFingerprint,
        since: Timestamp,
        secrets: &LastingSecrets,
        randomness: &dyn Randomness,
    ) -> AppResult<Option<InstallationKey>> {
        self.0.iter().find(|key| key.fingerprint == id).map(|key| key.record(since, secrets, randomness)).transpose()
    }

    /// The ring for a database with these known keys.
    ///
    /// # Errors
    /// [`AppError::Defect`] that names a key which the database needs and this file lacks.
    pub(crate) fn ring(self, known: &[InstallationKey]) -> AppResult<Keys> {
        if !known.iter().any(|known| self.0.iter().any(|key| key.fingerprint == known.id)) {
            return Err(foreign());
        }
        let missing = |id: KeyFingerprint| {
            let message = "is not in the key file, and this database is sealed with it: take the key file of a node that has it";
            AppError::defect(format!("the key {id} {message}"))
        };
        let mut needed = known.iter().filter(|known| known.retired_at.is_none());
        if let Some(absent) = needed.find(|known| !self.0.iter().any(|key| key.fingerprint == known.id)) {
            return Err(missing(absent.id));
        }
        let newest = installation_key::newest(known).ok_or_else(|| AppError::defect("every key of this database is retired"))?;
        // A retired key opens nothing, even if it is still in the file. A key that the database does not know yet is
        // kept: it may become the newest.
        let retired = |key: &RingKey| known.iter().any(|known| known.id == key.fingerprint && known.retired_at.is_some());
        let ring: Vec<RingKey> = self.0.into_iter().filter(|key| !retired(key)).collect();
        let index = ring.iter().position(|key| key.fingerprint == newest.id).ok_or_else(|| missing(newest.id))?;
        let sealed = newest.sealed_secrets.as_ref().and_then(|sealed| ring[index].open(LASTING, sealed));
        let secrets = LastingSecrets::of_text(&sealed.ok_or_else(|| AppError::defect("the newest key's record cannot be opened"))?)?;
        Ok(Keys { ring, newest: AtomicUsize::new(index), lacks_newest: AtomicBool::new(false), secrets })
    }
}

/// The key ring of an installation. New values are sealed with the newest key; values sealed with another key are
/// opened until that key is retired.
pub struct Keys {
    ring: Vec<RingKey>,
    newest: AtomicUsize,
    /// The database has a newer key than any of this node.
    lacks_newest: AtomicBool,
    secrets: LastingSecrets,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Keys({})", self.identity())
    }
}

impl Keys {
    fn newest(&self) -> &RingKey {
        &self.ring[self.newest.load(Ordering::Relaxed)]
    }

    /// The newest key first, then the other keys that are not retired.
    fn newest_first(&self) -> impl Iterator<Item = &RingKey> {
        let newest = self.newest();
        let others = self.ring.iter().filter(|key| key.fingerprint != newest.fingerprint && !key.retired.load(Ordering::Relaxed));
        std::iter::once(newest).chain(others)
    }

    /// The fingerprint of the newest key.
    #[must_use]
    pub fn identity(&self) -> KeyFingerprint {
        self.newest().fingerprint
    }

    /// The fingerprints of all keys that this node opens with, the newest first.
    pub fn readable(&self) -> impl Iterator<Item = KeyFingerprint> {
        self.newest_first().map(|key| key.fingerprint)
    }

    /// Adopts the database's view: seals with its newest key and stops opening with retired keys.
    ///
    /// # Errors
    /// [`AppError::Defect`] when this node does not have the newest key.
    pub(crate) fn follow(&self, known: &[InstallationKey]) -> AppResult<()> {
        let Some(newest) = installation_key::newest(known) else { return Ok(()) };
        let index = self.ring.iter().position(|key| key.fingerprint == newest.id);
        self.lacks_newest.store(index.is_none(), Ordering::Relaxed);
        let Some(index) = index else {
            let message =
                "is the newest of this database and was not in the key file when this node started: give it the file and restart it";
            return Err(AppError::defect(format!("the key {} {message}", newest.id)));
        };
        for retired in known.iter().filter(|known| known.retired_at.is_some()) {
            if let Some(key) = self.ring.iter().find(|key| key.fingerprint == retired.id) {
                key.retired.store(true, Ordering::Relaxed);
            }
        }
        if self.newest.swap(index, Ordering::Relaxed) != index {
            tracing::info!(key = %newest.id, "new values are sealed with a new key from now on");
        }
        Ok(())
    }

    /// Whether the newest key is unknown to this node, so that values sealed with it cannot be opened here.
    pub(crate) fn lacks_newest(&self) -> bool {
        self.lacks_newest.load(Ordering::Relaxed)
    }

    /// The database record of a key that is to become the newest. `None` when this node does not have it.
    pub(crate) fn record(&self, id: KeyFingerprint, since: Timestamp, randomness: &dyn Randomness) -> AppResult<Option<InstallationKey>> {
        self.ring.iter().find(|key| key.fingerprint == id).map(|key| key.record(since, &self.secrets, randomness)).transpose()
    }

    pub(crate) const fn lasting(&self) -> &LastingSecrets {
        &self.secrets
    }

    /// A secret of no partner, opened like any other, for constant-time refusals.
    pub(crate) fn decoy_secret(&self) -> AppResult<Redacted> {
        self.open(DECOY, &self.newest().decoy)
    }

    pub(crate) fn token_tag(&self, statement: &[u8]) -> [u8; 32] {
        self.newest().token_tag(statement)
    }

    /// Verifies a token's tag. Every key is tried, so timing does not reveal which one matches.
    pub(crate) fn verifies_token(&self, statement: &[u8], tag: &[u8; 32]) -> bool {
        self.newest_first().fold(Choice::from(0), |holds, key| holds | key.token_tag(statement).ct_eq(tag)).into()
    }

    pub(crate) fn seal_quote(&self, quote: &Quote) -> String {
        quote.seal(&self.newest().quote)
    }

    /// Opens a sealed quote.
    ///
    /// # Errors
    /// [`QuoteError`] when no key of ours sealed it.
    pub(crate) fn open_quote(&self, sealed: &str) -> Result<Quote, QuoteError> {
        self.newest_first().find_map(|key| Quote::open(sealed, &key.quote).ok()).ok_or(QuoteError)
    }

    /// The fingerprint of a request. Parts are length-prefixed, so that different splits differ.
    pub(crate) fn fingerprint(&self, parts: impl IntoIterator<Item = Option<impl AsRef<str>>>) -> String {
        let mut mac = self.secrets.requests().clone();
        for part in parts {
            match part {
                None => mac.update(&[0]),
                Some(part) => {
                    let part = part.as_ref();
                    mac.update(&[1]);
                    mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
                    mac.update(part.as_bytes());
                }
            }
        }
        hex::encode(&mac.finalize().into_bytes()[..16])
    }

    /// The serial of the payment reference with a number, counted from 1. `None` when all are used.
    pub(crate) fn reference_serial(&self, number: i64) -> Option<i64> {
        reference::scattered(number, |round, half| {
            let [low, high] = half.to_le_bytes();
            let digest = self.secrets.references().clone().chain_update([round, low, high]).finalize().into_bytes();
            u16::from_le_bytes([digest[0], digest[1]])
        })
    }

    /// Draws an `api_secret`: standard base64 of 32 random bytes.
    #[must_use]
    pub fn new_secret(randomness: &dyn Randomness) -> Redacted {
        let mut bytes = [0; SECRET_BYTES];
        randomness.fill(&mut bytes);
        Redacted::new(STANDARD.encode(bytes))
    }

    /// Seals a secret with the newest key, bound to the API key it belongs to.
    ///
    /// # Errors
    /// [`AppError::Defect`] when the cipher fails, which it does for no input of ours.
    pub fn seal(&self, api_key: &str, secret: &Redacted, randomness: &dyn Randomness) -> Result<Redacted, AppError> {
        self.newest().seal(api_key, secret, randomness)
    }

    /// Opens a sealed secret.
    ///
    /// # Errors
    /// [`AppError::Defect`] when no key of this installation sealed it.
    pub fn open(&self, api_key: &str, sealed: &Redacted) -> Result<Redacted, AppError> {
        let opened = self.newest_first().find_map(|key| key.open(api_key, sealed));
        opened.ok_or_else(|| AppError::defect("a stored secret was not sealed under a key of this installation"))
    }

    /// Seals a secret again with the newest key. `None` when it already is.
    ///
    /// # Errors
    /// [`AppError::Defect`] when no key of this installation sealed it.
    pub(crate) fn reseal(&self, api_key: &str, sealed: &Redacted, randomness: &dyn Randomness) -> AppResult<Option<Redacted>> {
        if self.newest().open(api_key, sealed).is_some() {
            return Ok(None);
        }
        self.open(api_key, sealed).and_then(|secret| self.seal(api_key, &secret, randomness)).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::random::SystemRandomness;

    /// A ring created with the first key, whose newest key is the last.
    fn ring(keys: &[u8]) -> Keys {
        let bytes: Vec<_> = keys.iter().map(|key| [*key; 32]).collect();
        let secrets = LastingSecrets::of_an_earlier_version(&bytes[0], Timestamp::default(), &SystemRandomness).unwrap();
        let record = |index: usize| {
            let since = Timestamp::from_micros(i64::try_from(index).unwrap());
            KeyFile::of(&bytes).record(fingerprint(&bytes[index]), since, &secrets, &SystemRandomness).unwrap().unwrap()
        };
        let known: Vec<_> = (0..bytes.len()).map(record).collect();
        KeyFile::of(&bytes).ring(&known).unwrap()
    }

    #[test]
    fn secrets_open_under_their_own_key_only() {
        let keys = ring(&[7]);
        let secret = Keys::new_secret(&SystemRandomness);
        let sealed = keys.seal("key_a", &secret, &SystemRandomness).unwrap();
        assert_eq!(keys.open("key_a", &sealed).unwrap(), secret);
        assert!(keys.open("key_b", &sealed).is_err());
        assert!(ring(&[8]).open("key_a", &sealed).is_err());
        assert_eq!(STANDARD.decode(secret.reveal()).unwrap().len(), 32);
    }

    #[test]
    fn what_an_older_key_sealed_is_read_and_sealed_anew() {
        let (before, after) = (ring(&[7]), ring(&[7, 8]));
        assert_ne!(before.identity(), after.identity());
        let secret = Keys::new_secret(&SystemRandomness);
        let sealed = before.seal("key_a", &secret, &SystemRandomness).unwrap();
        assert_eq!(after.open("key_a", &sealed).unwrap(), secret);
        let anew = after.reseal("key_a", &sealed, &SystemRandomness).unwrap().unwrap();
        assert_eq!(ring(&[8]).open("key_a", &anew).unwrap(), secret);
        assert_eq!(after.reseal("key_a", &anew, &SystemRandomness).unwrap(), None);
        assert!(after.verifies_token(b"statement", &before.token_tag(b"statement")));
        assert!(after.verifies_token(b"statement", &after.token_tag(b"statement")));
        assert!(!before.verifies_token(b"statement", &after.token_tag(b"statement")));
        assert_eq!(after.decoy_secret().unwrap(), ring(&[8]).decoy_secret().unwrap());
    }

    #[test]
    fn what_was_published_under_the_first_key_stays_the_same() {
        let (before, after) = (ring(&[7]), ring(&[7, 8]));
        let serials = |keys: &Keys| -> Vec<_> { (1..=50).map(|number| keys.reference_serial(number)).collect() };
        assert_eq!(serials(&before), serials(&after));
        assert!(serials(&before).iter().zip(serials(&ring(&[8]))).all(|(one, other)| one.is_some() && *one != other));
        assert_eq!(before.fingerprint([Some("a")]), after.fingerprint([Some("a")]));
        assert_ne!(before.fingerprint([Some("a")]), ring(&[8]).fingerprint([Some("a")]));
    }

    #[test]
    fn a_node_without_a_key_that_counts_is_refused() {
        let [old, new] = [[7; 32], [8; 32]];
        let secrets = LastingSecrets::of_an_earlier_version(&old, Timestamp::default(), &SystemRandomness).unwrap();
        let record = |key, since| {
            let since = Timestamp::from_micros(since);
            KeyFile::of(&[old, new]).record(fingerprint(key), since, &secrets, &SystemRandomness).unwrap().unwrap()
        };
        let (first, second) = (record(&old, 1), record(&new, 2));
        let both = [first.clone(), second.clone()];
        let refused = |keys: &[[u8; 32]], known: &[InstallationKey]| KeyFile::of(keys).ring(known).unwrap_err().to_string();
        assert!(refused(&[old], &both).contains(&fingerprint(&new).to_string()));
        assert!(refused(&[new], &both).contains(&fingerprint(&old).to_string()));
        assert!(refused(&[[9; 32]], &both).contains("not the one this database was made with"));
        let retired = [InstallationKey { retired_at: Some(Timestamp::from_micros(3)), sealed_secrets: None, ..first.clone() }, second];
        assert_eq!(KeyFile::of(&[new]).ring(&retired).unwrap().readable().collect::<Vec<_>>(), [fingerprint(&new)]);
        assert_eq!(KeyFile::of(&[old, new]).ring(&retired).unwrap().readable().count(), 1, "a retired key reads nothing");
        let running = KeyFile::of(&[old]).ring(&[first]).unwrap();
        let both_here = KeyFile::of(&[old, new]).ring(&both).unwrap();
        let tag = running.token_tag(b"statement");
        assert!(both_here.verifies_token(b"statement", &tag));
        both_here.follow(&retired).unwrap();
        assert!(!both_here.verifies_token(b"statement", &tag), "retired while it runs");
        assert!(!running.lacks_newest());
        assert!(running.follow(&both).unwrap_err().to_string().contains(&fingerprint(&new).to_string()));
        assert!(running.lacks_newest(), "it is not ready, at once");
    }

    #[test]
    fn fingerprints_tell_parts_apart() {
        let keys = ring(&[7]);
        let of = |parts: &[Option<&str>]| keys.fingerprint(parts.iter().copied());
        assert_eq!(of(&[Some("a"), None]), of(&[Some("a"), None]));
        assert_ne!(of(&[Some("ab"), Some("c")]), of(&[Some("a"), Some("bc")]));
        assert_ne!(of(&[Some(""), None]), of(&[None, Some("")]));
    }
}
