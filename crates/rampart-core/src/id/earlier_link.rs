//! Links to hosted pages that an earlier version issued and stored. The token is a UUID of version 7 (RFC 9562): the
//! millisecond in which the page's subject was created and 74 random bits. The links remain valid; only the token's fingerprint
//! is kept. The millisecond leads to the few records created in it, so no index is needed.

use std::ops::Range;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::time::Timestamp;

const MILLISECOND_MICROS: i64 = 1_000;
/// Bytes of the digest that are kept.
const FINGERPRINT_BYTES: usize = 16;

/// The fingerprint that is kept of a token; the token cannot be derived from it.
#[must_use]
pub fn fingerprint(token: &str) -> String {
    hex::encode(&Sha256::digest(token)[..FINGERPRINT_BYTES])
}

/// The millisecond in which a token's subject was created; `None` if the text is no such token.
#[must_use]
pub fn created_within(token: &str) -> Option<Range<Timestamp>> {
    let (seconds, nanos) = Uuid::try_parse(token).ok()?.get_timestamp()?.to_unix();
    let first = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1_000))?;
    Some(Timestamp::from_micros(first)..Timestamp::from_micros(first.checked_add(MILLISECOND_MICROS)?))
}

/// Whether a token has the stored fingerprint, in constant time.
#[must_use]
pub fn matches(kept: Option<&str>, given: &str) -> bool {
    kept.is_some_and(|kept| kept.as_bytes().ct_eq(fingerprint(given).as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_contains_its_millisecond() {
        let made = created_within("01a21580-5a25-7eb1-8913-2d37df809be3").unwrap();
        assert_eq!((made.start.micros(), made.end.micros()), (0x01a2_1580_5a25 * 1_000, 0x01a2_1580_5a26 * 1_000));
    }

    #[test]
    fn what_is_no_token_leads_nowhere() {
        for text in
            ["", "token", "8DtY4Wlq0YclbFQGltbnJRC9s", "c56a4180-65aa-42ec-a945-5fd21dec0538", "01a21580-5a25-7eb1-8913-2d37df809be"]
        {
            assert_eq!(created_within(text), None, "{text}");
        }
    }

    #[test]
    fn a_fingerprint_is_its_tokens_own() {
        let kept = fingerprint("01a21580-5a25-7eb1-8913-2d37df809be3");
        assert_eq!(kept.len(), 32);
        assert!(matches(Some(&kept), "01a21580-5a25-7eb1-8913-2d37df809be3"));
        assert!(!matches(Some(&kept), "01a21580-5a25-7eb1-8913-2d37df809be4"));
        assert!(!matches(Some(&kept), &kept));
        assert!(!matches(None, ""));
    }
}
