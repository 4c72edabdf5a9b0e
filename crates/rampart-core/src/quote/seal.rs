//! Sealing: a quote is its terms in JSON with an HMAC-SHA256 over them, both in base64url, joined by a dot.

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
/// The longest sealed quote that is read.
const LONGEST: usize = 2_048;

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
pub struct QuoteFault;

fn code(key: &[u8; QUOTE_KEY_BYTES], statement: &[u8]) -> Hmac<Sha256> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    code.update(statement);
    code
}

impl Quote {
    /// The sealed statement that the partner is given.
    #[must_use]
    pub fn seal(&self, key: &[u8; QUOTE_KEY_BYTES]) -> String {
        let statement = serde_json::to_vec(self).unwrap_or_default();
        let tag = code(key, &statement).finalize().into_bytes();
        let mut sealed = URL_SAFE_NO_PAD.encode(&statement);
        sealed.push('.');
        URL_SAFE_NO_PAD.encode_string(tag, &mut sealed);
        sealed
    }

    /// Reads a sealed statement. Says nothing about expiry or use.
    ///
    /// # Errors
    /// [`QuoteFault`] when it was not sealed with this key, or was changed.
    pub fn open(sealed: &str, key: &[u8; QUOTE_KEY_BYTES]) -> Result<Self, QuoteFault> {
        if sealed.len() > LONGEST {
            return Err(QuoteFault);
        }
        let (statement, tag) = sealed.split_once('.').ok_or(QuoteFault)?;
        let statement = URL_SAFE_NO_PAD.decode(statement).map_err(|_| QuoteFault)?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| QuoteFault)?;
        code(key, &statement).verify_slice(&tag).map_err(|_| QuoteFault)?;
        serde_json::from_slice(&statement).map_err(|_| QuoteFault)
    }
}
