//! Sealing: a quote is an HMAC-SHA256 followed by the quote it covers (in postcard's compact form), in base64url. It is short,
//! because partners carry it in every order request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{BuyTerms, SellTerms};
use crate::id::{PartnerId, QuoteId};
use crate::text::code::Code;
use crate::time::Timestamp;

/// Length of the sealing key.
pub const QUOTE_KEY_BYTES: usize = 32;
/// Buffer for the encoded quote; it needs far less: two identifiers, a few codes, eight amounts.
const MAX_QUOTE_BYTES: usize = 1_024;
/// Longer texts are not read.
const MAX_SEALED_BYTES: usize = 2_048;

/// The terms a quote promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuoteTerms {
    Buy(Code<16>, BuyTerms),
    Sell(SellTerms),
}

/// Terms for one partner, good until they expire and for one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Quote {
    /// An order claims this identifier, so that a quote is used once.
    pub id: QuoteId,
    pub partner: PartnerId,
    pub terms: QuoteTerms,
    /// Business time.
    pub expires_at: Timestamp,
}

/// Not a quote that we sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a quote of ours")]
pub struct QuoteError;

/// The key that quotes are sealed with, keyed once: every HMAC starts from this state.
#[derive(Clone)]
pub struct QuoteKey(Hmac<Sha256>);

/// Length of an HMAC-SHA256.
const TAG_BYTES: usize = 32;

impl QuoteKey {
    /// The key with these bytes.
    #[must_use]
    pub fn new(key: &[u8; QUOTE_KEY_BYTES]) -> Self {
        Self(Hmac::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length")))
    }

    fn code(&self, statement: &[u8]) -> Hmac<Sha256> {
        let mut code = self.0.clone();
        code.update(statement);
        code
    }
}

impl Quote {
    /// The sealed text for the partner.
    #[must_use]
    pub fn seal(&self, key: &QuoteKey) -> String {
        // A quote consists of integers and short codes, which postcard always encodes.
        let mut bytes = [0; TAG_BYTES + MAX_QUOTE_BYTES];
        let (tag, body) = bytes.split_at_mut(TAG_BYTES);
        let statement = postcard::to_slice(self, body).unwrap_or_default();
        tag.copy_from_slice(&key.code(statement).finalize().into_bytes());
        let length = TAG_BYTES + statement.len();
        URL_SAFE_NO_PAD.encode(&bytes[..length])
    }

    /// Opens a sealed text. Does not check expiry or use.
    ///
    /// # Errors
    /// [`QuoteError`] when it was not sealed with this key, or was changed.
    pub fn open(sealed: &str, key: &QuoteKey) -> Result<Self, QuoteError> {
        if sealed.len() > MAX_SEALED_BYTES {
            return Err(QuoteError);
        }
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| QuoteError)?;
        let (tag, statement) = bytes.split_first_chunk::<TAG_BYTES>().ok_or(QuoteError)?;
        key.code(statement).verify_slice(tag).map_err(|_| QuoteError)?;
        postcard::from_bytes(statement).map_err(|_| QuoteError)
    }
}
