//! The installation's key, and the keys that are derived from it for each purpose.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use rampart_core::id::Randomness;
use rampart_core::quote::QuoteKey;
use rampart_core::redacted::Redacted;
use rampart_core::reference;
use sha2::Sha256;

use crate::error::AppError;

/// How long the installation's key is.
pub const INSTALLATION_KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// The name under which the secret that nobody has is sealed.
pub(crate) const DECOY: &str = "decoy";
/// How many random bytes an `api_secret` is made of.
const SECRET_BYTES: usize = 32;

/// The keys of an installation. The installation's own key never leaves this constructor; each purpose has its own.
pub struct Keys {
    /// Seals quotes.
    pub(crate) quote: QuoteKey,
    token: Hmac<Sha256>,
    fingerprint: Hmac<Sha256>,
    reference: Hmac<Sha256>,
    sealing: XChaCha20Poly1305,
    decoy: Redacted,
    identity: String,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Keys({})", self.identity)
    }
}

/// An HMAC that has taken in its key and nothing else yet; kept, so that the key is taken in once.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn derive(installation: &[u8; INSTALLATION_KEY_BYTES], purpose: &str) -> [u8; 32] {
    keyed(installation).chain_update(purpose).finalize().into_bytes().into()
}

impl Keys {
    /// The keys of an installation's key.
    #[must_use]
    pub fn derived_from(installation: &[u8; INSTALLATION_KEY_BYTES]) -> Self {
        let mut keys = Self {
            quote: QuoteKey::new(&derive(installation, "rampart quote 1")),
            token: keyed(&derive(installation, "rampart token 1")),
            fingerprint: keyed(&derive(installation, "rampart request fingerprint 1")),
            reference: keyed(&derive(installation, "rampart payment reference 1")),
            sealing: XChaCha20Poly1305::new(&Key::from(derive(installation, "rampart api secrets 1"))),
            decoy: Redacted::default(),
            identity: hex::encode(&derive(installation, "rampart identity 1")[..16]),
        };
        let secret = Redacted::new(STANDARD.encode(derive(installation, "rampart decoy 1")));
        keys.decoy = keys.sealed(DECOY, &secret, [0; NONCE_BYTES]).unwrap_or_default();
        keys
    }

    /// A sealed secret that belongs to nobody, to be opened where there is none to open.
    pub(crate) fn decoy(&self) -> &Redacted {
        &self.decoy
    }

    /// What identifies the installation's key without telling it; the database holds the same.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The tag of a token's statement.
    pub(crate) fn token_tag(&self, statement: &[u8]) -> [u8; 32] {
        self.token.clone().chain_update(statement).finalize().into_bytes().into()
    }

    /// The fingerprint of a request: its parts are told apart by their lengths.
    pub(crate) fn fingerprint(&self, parts: impl IntoIterator<Item = Option<impl AsRef<str>>>) -> String {
        let mut mac = self.fingerprint.clone();
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

    /// A new `api_secret`: standard base64 of 32 random bytes.
    #[must_use]
    pub fn new_secret(randomness: &dyn Randomness) -> Redacted {
        let mut bytes = [0; SECRET_BYTES];
        randomness.fill(&mut bytes);
        Redacted::new(STANDARD.encode(bytes))
    }

    /// The serial of the payment reference of a number, from 1 on; nothing when every one was given out.
    pub(crate) fn reference_serial(&self, number: i64) -> Option<i64> {
        reference::scattered(number, |round, half| {
            let [low, high] = half.to_le_bytes();
            let digest = self.reference.clone().chain_update([round, low, high]).finalize().into_bytes();
            u16::from_le_bytes([digest[0], digest[1]])
        })
    }

    /// Seals a secret for the database, bound to the public key it belongs to.
    ///
    /// # Errors
    /// [`AppError::Defect`] when the cipher refuses, which it does for no input of ours.
    pub fn seal(&self, api_key: &str, secret: &Redacted, randomness: &dyn Randomness) -> Result<Redacted, AppError> {
        let mut nonce = [0; NONCE_BYTES];
        randomness.fill(&mut nonce);
        self.sealed(api_key, secret, nonce)
    }

    fn sealed(&self, api_key: &str, secret: &Redacted, nonce: [u8; NONCE_BYTES]) -> Result<Redacted, AppError> {
        let message = chacha20poly1305::aead::Payload { msg: secret.reveal().as_bytes(), aad: api_key.as_bytes() };
        let sealed = self.sealing.encrypt(&XNonce::from(nonce), message).map_err(|_| AppError::defect("a secret cannot be sealed"))?;
        Ok(Redacted::new(STANDARD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// Opens a sealed secret.
    ///
    /// # Errors
    /// [`AppError::Defect`] when it was not sealed under this installation's key.
    pub fn open(&self, api_key: &str, sealed: &Redacted) -> Result<Redacted, AppError> {
        let fault = || AppError::defect("a stored secret was not sealed under this installation's key");
        let bytes = STANDARD.decode(sealed.reveal()).map_err(|_| fault())?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(fault)?;
        let message = chacha20poly1305::aead::Payload { msg: sealed, aad: api_key.as_bytes() };
        let secret = self.sealing.decrypt(&XNonce::from(*nonce), message).map_err(|_| fault())?;
        String::from_utf8(secret).map(Redacted::new).map_err(|_| fault())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandomness;

    #[test]
    fn secrets_open_under_their_own_key_only() {
        let keys = Keys::derived_from(&[7; 32]);
        let secret = Keys::new_secret(&SystemRandomness);
        let sealed = keys.seal("key_a", &secret, &SystemRandomness).unwrap();
        assert_eq!(keys.open("key_a", &sealed).unwrap(), secret);
        assert!(keys.open("key_b", &sealed).is_err());
        assert!(Keys::derived_from(&[8; 32]).open("key_a", &sealed).is_err());
        assert_eq!(STANDARD.decode(secret.reveal()).unwrap().len(), 32);
    }

    #[test]
    fn references_are_in_the_order_of_the_key_alone() {
        let serials = |key: u8| -> Vec<_> { (1..=50).map(|number| Keys::derived_from(&[key; 32]).reference_serial(number)).collect() };
        assert_eq!(serials(1), serials(1));
        assert!(serials(1).iter().zip(serials(2)).all(|(one, other)| one.is_some() && *one != other));
    }

    #[test]
    fn fingerprints_tell_parts_apart() {
        let keys = Keys::derived_from(&[7; 32]);
        let of = |parts: &[Option<&str>]| keys.fingerprint(parts.iter().copied());
        assert_eq!(of(&[Some("a"), None]), of(&[Some("a"), None]));
        assert_ne!(of(&[Some("ab"), Some("c")]), of(&[Some("a"), Some("bc")]));
        assert_ne!(of(&[Some(""), None]), of(&[None, Some("")]));
    }
}
