//! The fields of requests: what each may hold. One table per call says it; requests are read by that table and the
//! OpenAPI description is written from it, so that what is promised is what is checked.

use std::borrow::Cow;

use rampart_core::amount::whole_number;
use rampart_core::email::{self, Email};

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text without control characters, of at most so many characters.
    Text(usize),
    /// Letters, digits, `_` and `-`, at most so many: names of coins, chains and methods.
    Code(usize),
    /// Visible ASCII characters, at most so many: keys, cursors, sealed quotes, identifiers.
    Token(usize),
    /// The address of a wallet, judged by its chain. What was copied along with it, blanks and what does not show, is no part
    /// of it.
    Wallet,
    /// Text of at least so many characters that is never shown again.
    Secret(usize),
    /// An e-mail address. What was copied along with it is no part of it.
    Email,
    /// A link that a browser or our webhooks can follow. Its scheme may be in capitals.
    Link,
    /// A calendar date, `YYYY-MM-DD`.
    Date,
    /// A moment in RFC 3339, or a day, which is its first moment.
    Moment,
    /// A whole number between two bounds, as JSON Schema has them: `7`, `7.0` and `7e0`. In bodies a text of digits is understood
    /// as well.
    Integer(i64, i64),
    /// A positive decimal number in major units, as a JSON number or a text.
    Money,
    /// One of these words, spelled exactly so.
    Choice(&'static [&'static str]),
    /// Some of these words, separated by commas.
    Words(&'static [&'static str]),
}

/// A field of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    /// What it means, for the description.
    pub(crate) about: &'static str,
    /// An example, as JSON.
    pub(crate) example: Option<&'static str>,
}

/// A field that may be absent.
pub(crate) const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, required: false, about, example: None }
}

/// A field that must be there.
pub(crate) const fn required(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, required: true, about, example: None }
}

impl Field {
    /// With an example, as JSON.
    pub(crate) const fn example(mut self, json: &'static str) -> Self {
        self.example = Some(json);
        self
    }
}

/// The most figures before and behind the point of an amount that is written as text.
pub(crate) const MONEY_FIGURES: usize = 30;
/// The longest text of a link.
pub(crate) const LINK_LENGTH: usize = 2_048;
/// The longest secret.
pub(crate) const SECRET_LENGTH: usize = 256;
/// The longest address of a wallet.
pub(crate) const WALLET_LENGTH: usize = 128;
/// The longest number of a JSON body that is looked at.
const NUMBER_LENGTH: usize = 80;
/// The longest text of a moment: with more figures behind its seconds than anybody counts.
const MOMENT_LENGTH: usize = 64;

type Check = Result<(), Cow<'static, str>>;

impl Kind {
    /// The part of a text that counts.
    pub(crate) fn of_text(self, text: Cow<'_, str>) -> Cow<'_, str> {
        match self {
            Self::Wallet | Self::Email => match rampart_core::text::trimmed(&text) {
                bare if bare.len() == text.len() => text,
                bare => Cow::Owned(bare.to_owned()),
            },
            _ => text,
        }
    }

    /// Whether a text holds; the fault completes a sentence that begins with the field's name.
    pub(crate) fn check_text(self, text: &str) -> Check {
        match self {
            Self::Text(most) => check_length(text, 1, most).and_then(|()| no_control(text)),
            Self::Secret(least) => check_length(text, least, SECRET_LENGTH).and_then(|()| no_control(text)),
            Self::Code(most) => {
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
                check_length(text, 1, most)?;
                holds(text.bytes().all(fits), "must be of letters, digits, '_' and '-'")
            }
            Self::Token(most) => {
                check_length(text, 1, most)?;
                holds(text.bytes().all(|byte| byte.is_ascii_graphic()), "must be of visible ASCII characters")
            }
            Self::Wallet => Self::Token(WALLET_LENGTH).check_text(text),
            Self::Email => {
                check_length(text, 3, email::LONGEST).and_then(|()| no_control(text))?;
                holds(Email::read(text).is_some(), "must be an e-mail address such as name@example.com")
            }
            Self::Link => {
                check_length(text, 1, LINK_LENGTH)?;
                let is_web = |scheme: &str| ["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
                let visible = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic());
                let fits = text.split_once("://").is_some_and(|(scheme, rest)| is_web(scheme) && visible(rest));
                holds(fits, "must be a URL that begins with https:// or http://")
            }
            Self::Date => holds(is_date(text), "must be a date such as 1986-05-03"),
            Self::Moment => {
                let reads = text.len() <= MOMENT_LENGTH && text.parse::<rampart_core::time::Timestamp>().is_ok();
                holds(reads || is_date(text), "must be a moment such as 2026-01-31T12:00:00Z")
            }
            Self::Integer(least, most) => {
                let digits = (1..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
                let fits = digits && text.parse::<i64>().is_ok_and(|number| (least..=most).contains(&number));
                if fits { Ok(()) } else { Err(format!("must be a whole number from {least} to {most}").into()) }
            }
            Self::Money => holds(is_decimal_text(text), "must be a positive decimal number such as 100 or 100.50"),
            Self::Choice(words) => {
                if words.contains(&text) {
                    Ok(())
                } else {
                    Err(format!("must be one of {}", words.join(", ")).into())
                }
            }
            Self::Words(words) => {
                // However often a word is repeated, there is no sense in more of them than there are.
                let mut parts = text.split(',');
                if parts.by_ref().take(words.len()).all(|part| words.contains(&part)) && parts.next().is_none() {
                    Ok(())
                } else {
                    Err(format!("must be made of {}, separated by commas", words.join(", ")).into())
                }
            }
        }
    }

    /// Reads a JSON number, given as it was written. A whole number is given back in figures alone.
    pub(crate) fn read_number(self, number: &str) -> Result<Cow<'_, str>, Cow<'static, str>> {
        match self {
            Self::Integer(..) => {
                let figures = match whole_number(number) {
                    // As most are written.
                    Some(_) if number.bytes().all(|byte| byte.is_ascii_digit()) => Cow::Borrowed(number),
                    Some(whole) => Cow::Owned(whole.to_string()),
                    None => Cow::Borrowed(number),
                };
                self.check_text(&figures).map(|()| figures)
            }
            Self::Money => {
                let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
                let positive = !mantissa.starts_with('-') && mantissa.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
                holds(positive && number.len() <= NUMBER_LENGTH, "must be a positive decimal number such as 100 or 100.50")?;
                Ok(Cow::Borrowed(number))
            }
            _ => Err("must be a string".into()),
        }
    }
}

fn holds(fits: bool, fault: &'static str) -> Check {
    if fits { Ok(()) } else { Err(fault.into()) }
}

fn check_length(text: &str, least: usize, most: usize) -> Check {
    // Characters are counted only where bytes do not tell.
    if text.len() > most && text.chars().count() > most {
        return Err(format!("must have at most {most} characters").into());
    }
    if text.len() < least || (text.len() < 4 * least && text.chars().count() < least) {
        return Err(format!("must have at least {least} characters").into());
    }
    Ok(())
}

/// Control characters have no place in names and addresses, and a database cannot keep all of them.
fn no_control(text: &str) -> Check {
    holds(!text.bytes().any(|byte| byte < 0x20 || byte == 0x7f), "must not contain control characters")
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' || !digits(0..4) || !digits(5..7) || !digits(8..10) {
        return false;
    }
    // A date exists when its first moment does.
    format!("{text}T00:00:00Z").parse::<rampart_core::time::Timestamp>().is_ok()
}

fn is_decimal_text(text: &str) -> bool {
    let figures = |part: &str| (1..=MONEY_FIGURES).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        None => figures(text),
        Some((whole, decimals)) => figures(whole) && figures(decimals),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_checked_by_kind() {
        let long = "x".repeat(300);
        for (kind, good, bad) in [
            (Kind::Text(5), &["Ana", "ñandú", "12345"][..], &["", "123456", "a\0b", "a\nb"][..]),
            (Kind::Code(4), &["USDC", "a_-1"], &["", "USDCX", "U C", "é"]),
            (Kind::Token(8), &["abc~!=", "x"], &["", "a b", "ñ", "123456789"]),
            (Kind::Secret(6), &["123456", "ññññññ"], &["12345", "ñññññ", &long]),
            (Kind::Email, &["a@b.co", "alvaro+x@mail.example.com"], &["a", "a@b", "@b.co", "a@", "a b@c.de", "a@b@c.de", "a@.de", "a@b."]),
            (
                Kind::Link,
                &["https://a.example/b?c=d", "http://x", "HTTPS://X.example/B", "Http://x"],
                &["https://", "HTTPS://", "ftp://x.example", "//x", "://x", "http://a b", "javascript:x", "httpss://x"],
            ),
            (
                Kind::Date,
                &["1986-05-03", "2024-02-29"],
                &["1986-5-3", "1986-02-30", "2023-02-29", "03/05/1986", "1986-05-03T00:00:00Z", ""],
            ),
            (
                Kind::Moment,
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
            (Kind::Integer(1, 100), &["1", "100", "007"], &["0", "101", "-1", "+1", "1.0", "", " 1", "99999999999999999999", "null"]),
            (Kind::Money, &["100", "100.50", "0.000000000000000001"], &["", "-1", "+1", "1.", ".5", "1e3", "1,5", " 1", "NaN"]),
            (Kind::Choice(&["fiat", "coin"]), &["fiat", "coin"], &["Fiat", "", "both"]),
            (Kind::Words(&["a", "b"]), &["a", "b,a"], &["", "a,", "c", "a,c", "a,b,a"]),
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
            (Kind::Money, "240", true),
            (Kind::Money, "0.1", true),
            (Kind::Money, "1e2", true),
            (Kind::Money, "0", false),
            (Kind::Money, "0.0", false),
            (Kind::Money, "-1", false),
            (Kind::Money, "-0.0", false),
            (Kind::Integer(1, 10), "7", true),
            (Kind::Integer(1, 10), "7.5", false),
            (Kind::Integer(1, 10), "7e-1", false),
            (Kind::Integer(1, 10), "-7.0", false),
            (Kind::Integer(1, 10), "0.0", false),
            (Kind::Integer(1, 10), "11", false),
            (Kind::Integer(1, 10), "11.0", false),
            (Kind::Integer(1, i64::MAX), "9223372036854775808.0", false),
            (Kind::Integer(1, i64::MAX), "1e999999999999", false),
            (Kind::Text(5), "7", false),
        ] {
            assert_eq!(kind.read_number(number).is_ok(), fits, "{kind:?} {number}");
        }
        for (number, figures) in [
            ("106", "106"),
            ("106.0", "106"),
            ("106.000", "106"),
            ("1.06e2", "106"),
            ("1.06E+2", "106"),
            ("10600e-2", "106"),
            ("0.0", "0"),
            ("9007199254740991.0", "9007199254740991"),
        ] {
            assert_eq!(Kind::Integer(0, i64::MAX).read_number(number).as_deref(), Ok(figures), "{number}");
        }
    }
}
