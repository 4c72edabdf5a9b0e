//! The specification of request fields, one table per call. Requests are validated by the table and the OpenAPI description
//! is generated from it, so that the two agree.

use std::borrow::Cow;

use rampart_core::identity::email::{self, Email};
use rampart_core::money::amount::whole_number;

/// The kind of a field's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// Text without control characters, of 1 to this many characters.
    Text(usize),
    /// 1 to this many ASCII letters, digits, `_` and `-`: names of coins, chains and methods.
    Code(usize),
    /// 1 to this many visible ASCII characters: keys, cursors, sealed quotes, identifiers.
    Token(usize),
    /// A wallet address; its chain validates it. Blanks and invisible characters around it are removed.
    Wallet,
    /// A password or key of at least this many characters. It is write-only.
    Secret(usize),
    /// An e-mail address. Blanks and invisible characters around it are removed.
    Email,
    /// An http or https URL. The scheme may be in upper case.
    Link,
    /// A calendar date, `YYYY-MM-DD`.
    Date,
    /// A time in RFC 3339, or a date, which means its beginning.
    Moment,
    /// A whole number between two inclusive bounds, in the forms of JSON Schema: `7`, `7.0` and `7e0`. Bodies may also contain a
    /// string of digits.
    Integer(i64, i64),
    /// A positive decimal number in major units, as a JSON number or a string.
    Money,
    Choice(&'static [&'static str]),
    /// Some of these words, separated by commas.
    Words(&'static [&'static str]),
}

/// A field of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldSpec {
    pub(crate) name: &'static str,
    pub(crate) kind: FieldKind,
    pub(crate) required: bool,
    pub(crate) about: &'static str,
    pub(crate) example: Option<&'static str>,
}

pub(crate) const fn optional(name: &'static str, kind: FieldKind, about: &'static str) -> FieldSpec {
    FieldSpec { name, kind, required: false, about, example: None }
}

pub(crate) const fn required(name: &'static str, kind: FieldKind, about: &'static str) -> FieldSpec {
    FieldSpec { name, kind, required: true, about, example: None }
}

impl FieldSpec {
    /// Adds an example, as JSON.
    pub(crate) const fn example(mut self, json: &'static str) -> Self {
        self.example = Some(json);
        self
    }
}

/// The maximum number of digits on each side of the decimal point of an amount that is sent as text.
pub(crate) const MAX_MONEY_DIGITS: usize = 30;
pub(crate) const MAX_LINK_CHARACTERS: usize = 2_048;
pub(crate) const MAX_SECRET_CHARACTERS: usize = 256;
pub(crate) const MAX_WALLET_CHARACTERS: usize = 128;
/// The maximum length of a JSON number that is parsed.
const MAX_NUMBER_CHARACTERS: usize = 80;
/// Long enough for any sensible number of decimals of the seconds.
const MAX_MOMENT_BYTES: usize = 64;

type FieldCheck = Result<(), Cow<'static, str>>;

impl FieldKind {
    /// The text without what its kind ignores around the value.
    pub(crate) fn trimmed(self, text: Cow<'_, str>) -> Cow<'_, str> {
        match self {
            Self::Wallet | Self::Email => match rampart_core::text::trimmed(&text) {
                bare if bare.len() == text.len() => text,
                bare => Cow::Owned(bare.to_owned()),
            },
            _ => text,
        }
    }

    /// Validates a text. The error message completes a sentence that begins with the field's name.
    pub(crate) fn check_text(self, text: &str) -> FieldCheck {
        match self {
            Self::Text(max) => check_length(text, 1, max).and_then(|()| no_control(text)),
            Self::Secret(min) => check_length(text, min, MAX_SECRET_CHARACTERS).and_then(|()| no_control(text)),
            Self::Code(max) => {
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
                check_length(text, 1, max)?;
                ensure(text.bytes().all(fits), "must be of letters, digits, '_' and '-'")
            }
            Self::Token(max) => {
                check_length(text, 1, max)?;
                ensure(text.bytes().all(|byte| byte.is_ascii_graphic()), "must be of visible ASCII characters")
            }
            Self::Wallet => Self::Token(MAX_WALLET_CHARACTERS).check_text(text),
            Self::Email => {
                check_length(text, 3, email::MAX_CHARACTERS).and_then(|()| no_control(text))?;
                ensure(Email::read(text).is_some(), "must be an e-mail address such as name@example.com")
            }
            Self::Link => {
                check_length(text, 1, MAX_LINK_CHARACTERS)?;
                let is_web = |scheme: &str| ["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
                let visible = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic());
                let fits = text.split_once("://").is_some_and(|(scheme, rest)| is_web(scheme) && visible(rest));
                ensure(fits, "must be a URL that begins with https:// or http://")
            }
            Self::Date => ensure(is_date(text), "must be a date such as 1986-05-03"),
            Self::Moment => {
                let reads = text.len() <= MAX_MOMENT_BYTES && text.parse::<rampart_core::time::Timestamp>().is_ok();
                ensure(reads || is_date(text), "must be a moment such as 2026-01-31T12:00:00Z")
            }
            Self::Integer(min, max) => {
                let digits = (1..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
                let fits = digits && text.parse::<i64>().is_ok_and(|number| (min..=max).contains(&number));
                if fits { Ok(()) } else { Err(format!("must be a whole number from {min} to {max}").into()) }
            }
            Self::Money => ensure(is_decimal_text(text), "must be a positive decimal number such as 100 or 100.50"),
            Self::Choice(words) => {
                if words.contains(&text) {
                    Ok(())
                } else {
                    Err(format!("must be one of {}", words.join(", ")).into())
                }
            }
            Self::Words(words) => {
                // More words than there are choices would be repetitions.
                let mut parts = text.split(',');
                if parts.by_ref().take(words.len()).all(|part| words.contains(&part)) && parts.next().is_none() {
                    Ok(())
                } else {
                    Err(format!("must be made of {}, separated by commas", words.join(", ")).into())
                }
            }
        }
    }

    /// Validates a JSON number in its original notation. A whole number is returned as digits only.
    pub(crate) fn read_number(self, number: &str) -> Result<Cow<'_, str>, Cow<'static, str>> {
        match self {
            Self::Integer(..) => {
                let digits = match whole_number(number) {
                    // The usual notation needs no copy.
                    Some(_) if number.bytes().all(|byte| byte.is_ascii_digit()) => Cow::Borrowed(number),
                    Some(whole) => Cow::Owned(whole.to_string()),
                    None => Cow::Borrowed(number),
                };
                self.check_text(&digits).map(|()| digits)
            }
            Self::Money => {
                let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
                let positive = !mantissa.starts_with('-') && mantissa.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
                ensure(positive && number.len() <= MAX_NUMBER_CHARACTERS, "must be a positive decimal number such as 100 or 100.50")?;
                Ok(Cow::Borrowed(number))
            }
            _ => Err("must be a string".into()),
        }
    }
}

fn ensure(is_valid: bool, fault: &'static str) -> FieldCheck {
    if is_valid { Ok(()) } else { Err(fault.into()) }
}

fn check_length(text: &str, min: usize, max: usize) -> FieldCheck {
    // Characters are counted only if the number of bytes does not decide.
    if text.len() > max && text.chars().count() > max {
        return Err(format!("must have at most {max} characters").into());
    }
    if text.len() < min || (text.len() < 4 * min && text.chars().count() < min) {
        return Err(format!("must have at least {min} characters").into());
    }
    Ok(())
}

/// Control characters make no sense in names and addresses, and PostgreSQL cannot store NUL.
fn no_control(text: &str) -> FieldCheck {
    ensure(!text.bytes().any(|byte| byte < 0x20 || byte == 0x7f), "must not contain control characters")
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' || !digits(0..4) || !digits(5..7) || !digits(8..10) {
        return false;
    }
    // The time parser knows which dates exist.
    format!("{text}T00:00:00Z").parse::<rampart_core::time::Timestamp>().is_ok()
}

fn is_decimal_text(text: &str) -> bool {
    let is_digits = |part: &str| (1..=MAX_MONEY_DIGITS).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        None => is_digits(text),
        Some((whole, decimals)) => is_digits(whole) && is_digits(decimals),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_checked_by_kind() {
        let long = "x".repeat(300);
        for (kind, good, bad) in [
            (FieldKind::Text(5), &["Ana", "ñandú", "12345"][..], &["", "123456", "a\0b", "a\nb"][..]),
            (FieldKind::Code(4), &["USDC", "a_-1"], &["", "USDCX", "U C", "é"]),
            (FieldKind::Token(8), &["abc~!=", "x"], &["", "a b", "ñ", "123456789"]),
            (FieldKind::Secret(6), &["123456", "ññññññ"], &["12345", "ñññññ", &long]),
            (
                FieldKind::Email,
                &["a@b.co", "alvaro+x@mail.example.com"],
                &["a", "a@b", "@b.co", "a@", "a b@c.de", "a@b@c.de", "a@.de", "a@b."],
            ),
            (
                FieldKind::Link,
                &["https://a.example/b?c=d", "http://x", "HTTPS://X.example/B", "Http://x"],
                &["https://", "HTTPS://", "ftp://x.example", "//x", "://x", "http://a b", "javascript:x", "httpss://x"],
            ),
            (
                FieldKind::Date,
                &["1986-05-03", "2024-02-29"],
                &["1986-5-3", "1986-02-30", "2023-02-29", "03/05/1986", "1986-05-03T00:00:00Z", ""],
            ),
            (
                FieldKind::Moment,
                &[
                    "2026-01-31T12:00:00Z",
                    "2026-01-31t12:00:00z",
                    "2026-01-31T12:00:00.5+01:00",
                    "2026-01-31T12:00:00.123456789012345678901234567890-00:00",
                    "2016-12-31T23:59:60Z",
                    "2016-12-31T15:59:60-08:00",
                    "2026-01-31",
                    "0000-01-01",
                    "0001-01-01T00:00:00+23:59",
                    "9999-12-31",
                    "9999-12-31T23:59:59.999999Z",
                    "9999-12-31T23:59:60-23:59",
                ],
                &["2026-02-31", "9999-13-01", "10000-01-01", "9999-12-32", "9999-12-31T24:00:00Z", "9999-12-31T23:59:59", "yesterday", ""],
            ),
            (FieldKind::Integer(1, 100), &["1", "100", "007"], &["0", "101", "-1", "+1", "1.0", "", " 1", "99999999999999999999", "null"]),
            (FieldKind::Money, &["100", "100.50", "0.000000000000000001"], &["", "-1", "+1", "1.", ".5", "1e3", "1,5", " 1", "NaN"]),
            (FieldKind::Choice(&["fiat", "coin"]), &["fiat", "coin"], &["Fiat", "", "both"]),
            (FieldKind::Words(&["a", "b"]), &["a", "b,a"], &["", "a,", "c", "a,c", "a,b,a"]),
        ] {
            for text in good {
                assert_eq!(kind.check_text(text), Ok(()), "{kind:?} {text}");
            }
            for text in bad {
                assert!(kind.check_text(text).is_err(), "{kind:?} {text}");
            }
        }
    }

    #[test]
    fn numbers_are_checked_by_kind() {
        for (kind, number, fits) in [
            (FieldKind::Money, "240", true),
            (FieldKind::Money, "0.1", true),
            (FieldKind::Money, "1e2", true),
            (FieldKind::Money, "0", false),
            (FieldKind::Money, "0.0", false),
            (FieldKind::Money, "-1", false),
            (FieldKind::Money, "-0.0", false),
            (FieldKind::Integer(1, 10), "7", true),
            (FieldKind::Integer(1, 10), "7.5", false),
            (FieldKind::Integer(1, 10), "7e-1", false),
            (FieldKind::Integer(1, 10), "-7.0", false),
            (FieldKind::Integer(1, 10), "0.0", false),
            (FieldKind::Integer(1, 10), "11", false),
            (FieldKind::Integer(1, 10), "11.0", false),
            (FieldKind::Integer(1, i64::MAX), "9223372036854775808.0", false),
            (FieldKind::Integer(1, i64::MAX), "1e999999999999", false),
            (FieldKind::Text(5), "7", false),
        ] {
            assert_eq!(kind.read_number(number).is_ok(), fits, "{kind:?} {number}");
        }
        for (number, digits) in [
            ("106", "106"),
            ("106.0", "106"),
            ("106.000", "106"),
            ("1.06e2", "106"),
            ("1.06E+2", "106"),
            ("10600e-2", "106"),
            ("0.0", "0"),
            ("9007199254740991.0", "9007199254740991"),
        ] {
            assert_eq!(FieldKind::Integer(0, i64::MAX).read_number(number).as_deref(), Ok(digits), "{number}");
        }
    }
}
