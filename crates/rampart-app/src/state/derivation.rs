//! How the keys of single purposes are derived.

use hmac::{Hmac, Mac};
use sha2::Sha256;

pub const INSTALLATION_KEY_BYTES: usize = 32;

/// An HMAC initialised with its key, kept so that the key schedule is computed once.
pub(crate) fn keyed(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// Derives the key of one purpose.
pub(crate) fn derive(installation: &[u8; INSTALLATION_KEY_BYTES], purpose: &str) -> [u8; 32] {
    keyed(installation).chain_update(purpose).finalize().into_bytes().into()
}
