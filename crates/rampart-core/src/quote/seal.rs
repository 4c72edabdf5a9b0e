//! Sealing: a quote is an HMAC-SHA256 followed by the terms it covers (in postcard's compact form), in base64url. Partners
//! carry it without looking inside, in every order's request, so it is short.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{BuyTerms, SellTerms};
use crate::code::Code;
use crate::id::{PartnerId, QuoteId};
use crate::time::Timestamp;

/// How long the sealing key is.
pub const QUOTE_KEY_BYTES: usize = 32;
/// More than any quote needs before it is put into letters, in bytes: two identifiers, a few codes, eight amounts.
const MAX_TERMS_BYTES: usize = 1_024;
/// The longest sealed quote that is read.
const MAX_SEALED_CHARACTERS: usize = 2_048;

/// What a quote promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuoteTerms {
    /// A purchase, through this payment method.
    Buy(Code<16>, BuyTerms),
    /// A sale.
    Sell(SellTerms),
}

/// A statement of terms to one partner, good until it expires and for one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Quote {
    /// Its identifier, which an order claims once.
    pub id: QuoteId,
    /// Who asked.
    pub partner: PartnerId,
    /// What is promised.
    pub terms: QuoteTerms,
    /// Until when (business time).
    pub expires_at: Timestamp,
}

/// Not a quote that we sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a quote of ours")]
pub struct QuoteError;

/// The key that quotes are sealed with. It is taken in once, because each HMAC would begin with that.
#[derive(Clone)]
pub struct QuoteKey(Hmac<Sha256>);

/// How long an HMAC-SHA256 is.
const TAG_BYTES: usize = 32;

impl QuoteKey {
    /// The key of these bytes.
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
    /// The sealed statement that the partner is given.
    #[must_use]
    pub fn seal(&self, key: &QuoteKey) -> String {
        // Numbers and short codes, of which a quote is made, always have a form in postcard.
        let mut bytes = [0; TAG_BYTES + MAX_TERMS_BYTES];
        let (tag, body) = bytes.split_at_mut(TAG_BYTES);
        let statement = postcard::to_slice(self, body).unwrap_or_default();
        tag.copy_from_slice(&key.code(statement).finalize().into_bytes());
        let length = TAG_BYTES + statement.len();
        URL_SAFE_NO_PAD.encode(&bytes[..length])
    }

    /// Reads a sealed statement. Says nothing about expiry or use.
    ///
    /// # Errors
    /// [`QuoteError`] when it was not sealed with this key, or was changed.
    pub fn open(sealed: &str, key: &QuoteKey) -> Result<Self, QuoteError> {
        if sealed.len() > MAX_SEALED_CHARACTERS {
            return Err(QuoteError);
        }
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| QuoteError)?;
        let (tag, statement) = bytes.split_first_chunk::<TAG_BYTES>().ok_or(QuoteError)?;
        key.code(statement).verify_slice(tag).map_err(|_| QuoteError)?;
        postcard::from_bytes(statement).map_err(|_| QuoteError)
    }
}
