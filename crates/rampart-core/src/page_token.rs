//! The secret part of a link to a hosted page: a UUID of version 7 (RFC 9562), the millisecond in which what the page shows
//! was made and 74 random bits. The millisecond leads to the few things made in it, so that no index of secrets is kept; the
//! rest nobody can guess.

use std::ops::Range;

use subtle::ConstantTimeEq;
use uuid::{Builder, Uuid};

use crate::id::Randomness;
use crate::redacted::Redacted;
use crate::time::Timestamp;

const MICROS: i64 = 1_000;

/// Draws the token of something that is made at this moment.
#[must_use]
pub fn draw(made_at: Timestamp, randomness: &dyn Randomness) -> Redacted {
    let mut bytes = [0; 10];
    randomness.fill(&mut bytes);
    let millis = u64::try_from(made_at.micros() / MICROS).unwrap_or(0);
    Redacted::new(Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid().to_string())
}

/// When what a token leads to was made: from the first moment on, before the second. Nothing for what is no such token.
#[must_use]
pub fn made_in(token: &str) -> Option<Range<Timestamp>> {
    let (seconds, nanos) = Uuid::try_parse(token).ok()?.get_timestamp()?.to_unix();
    let first = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1_000))?;
    Some(Timestamp::from_micros(first)..Timestamp::from_micros(first.checked_add(MICROS)?))
}

/// Whether a token that was given is the one that was drawn; how far both agree cannot be told from how long this takes.
#[must_use]
pub fn matches(drawn: &Redacted, given: &str) -> bool {
    drawn.reveal().as_bytes().ct_eq(given.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sevens;

    impl Randomness for Sevens {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn a_token_tells_its_millisecond() {
        for micros in [0, 999, 1_000, 1_795_657_063_087_460] {
            let token = draw(Timestamp::from_micros(micros), &Sevens);
            let made = made_in(token.reveal()).unwrap();
            assert!(made.contains(&Timestamp::from_micros(micros)), "{micros}");
            assert_eq!(made.end.micros() - made.start.micros(), 1_000);
            assert!(matches(&token, token.reveal()));
            assert!(!matches(&token, &token.reveal()[1..]));
            assert!(!matches(&token, &token.reveal().replace("07", "08")));
        }
    }

    #[test]
    fn what_is_no_token_leads_nowhere() {
        for text in
            ["", "token", "8DtY4Wlq0YclbFQGltbnJRC9s", "c56a4180-65aa-42ec-a945-5fd21dec0538", "01a21580-5a25-7eb1-8913-2d37df809be"]
        {
            assert_eq!(made_in(text), None, "{text}");
        }
    }
}
