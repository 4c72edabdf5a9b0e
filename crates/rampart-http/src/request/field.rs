//! What the tables of requests are made of: the kinds of fields with their bounds. Requests are read by them and the OpenAPI
//! description is generated from them, so that the two agree.

use std::borrow::Cow;

use rampart_core::identity::country::Country;
use rampart_core::identity::email::{self, Email};
use rampart_core::identity::identification::Date;
use rampart_core::money::amount::whole_number;
use rampart_core::text;
use rampart_core::time::Timestamp;

use super::compare::CompareAs;

/// The kind of a field's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text of visible characters, of 1 to this many characters.
    Text(usize),
    /// Text without control characters, of 1 to this many characters, that a validator of its own judges (numbers, accounts), or that
    /// is only searched for: texts stored under older rules must still be found.
    AsTyped(usize),
    /// A served country, by name or ISO code.
    Country,
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
    /// An http or https URL for a browser, without user name and password.
    BrowserLink,
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
    /// `true` or `false`, in JSON also as a string.
    Boolean,
    /// A JSON list of at most so many texts, each of at most so many characters and without control characters.
    Texts(usize, usize),
}

/// A field of a request.
#[derive(Debug, Clone, Copy)]
pub struct FieldSpec {
    pub name: &'static str,
    pub kind: FieldKind,
    pub required: bool,
    pub about: &'static str,
    pub example: Option<&'static str>,
    /// How it is compared between repeated requests. It is part of stored fingerprints, so it never changes.
    pub compare: CompareAs,
}

/// A field that may be absent, without its name.
#[must_use]
pub const fn optional(kind: FieldKind, about: &'static str) -> FieldSpec {
    FieldSpec { name: "", kind, required: false, about, example: None, compare: kind.compare() }
}

/// A field that must be sent, without its name.
#[must_use]
pub const fn required(kind: FieldKind, about: &'static str) -> FieldSpec {
    FieldSpec { required: true, ..optional(kind, about) }
}

impl FieldSpec {
    /// The field under its name.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// A field that is compared otherwise than its kind usually is.
    #[must_use]
    pub const fn compared(mut self, compare: CompareAs) -> Self {
        self.compare = compare;
        self
    }

    /// Adds an example, as JSON.
    #[must_use]
    pub const fn example(mut self, json: &'static str) -> Self {
        self.example = Some(json);
        self
    }
}

/// The header `Idempotency-Key`.
pub const IDEMPOTENCY_KEY: FieldKind = FieldKind::Token(255);

/// The maximum number of digits on each side of the decimal point of an amount that is sent as text.
pub const MAX_MONEY_DIGITS: usize = 30;
pub const MAX_LINK_CHARACTERS: usize = 2_048;
pub const MAX_SECRET_CHARACTERS: usize = 256;
pub const MAX_WALLET_CHARACTERS: usize = 128;
/// The maximum length of a JSON number that is parsed.
const MAX_NUMBER_CHARACTERS: usize = 80;
/// The maximum length of a country's name.
pub const MAX_COUNTRY_CHARACTERS: usize = 60;
/// Long enough for any sensible number of decimals of the seconds.
const MAX_MOMENT_BYTES: usize = 64;

type FieldCheck = Result<(), Cow<'static, str>>;

impl FieldKind {
    const fn compare(self) -> CompareAs {
        match self {
            Self::Integer(..) => CompareAs::Integer,
            Self::Money => CompareAs::Decimal,
            Self::Code(_) => CompareAs::Code,
            Self::AsTyped(_) | Self::Token(_) | Self::Wallet | Self::Link | Self::BrowserLink => CompareAs::Trimmed,
            _ => CompareAs::Text,
        }
    }

    /// The text without what its kind ignores around the value.
    pub fn trimmed(self, text: Cow<'_, str>) -> Cow<'_, str> {
        match self {
            Self::Wallet | Self::Email => match rampart_core::text::trimmed(&text) {
                bare if bare.len() == text.len() => text,
                bare => Cow::Owned(bare.to_owned()),
            },
            _ => text,
        }
    }

    /// Validates a text. The error message completes a sentence that begins with the field's name.
    pub fn check_text(self, text: &str) -> FieldCheck {
        match self {
            Self::AsTyped(max) => check_length(text, 1, max).and_then(|()| no_control(text)),
            Self::Text(max) => {
                Self::AsTyped(max).check_text(text)?;
                // A blank text counts as absent, whatever it is made of.
                if text::is_blank(text) { Ok(()) } else { text::check(text).map_err(|fault| fault.to_string().into()) }
            }
            Self::Country => {
                Self::Text(MAX_COUNTRY_CHARACTERS).check_text(text)?;
                ensure(
                    text::is_blank(text) || Country::find(text).is_some(),
                    "must be the name or the ISO code of a served country, such as ESP",
                )
            }
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
                let is_visible = text.contains("://") && text.bytes().all(|byte| byte.is_ascii_graphic());
                ensure(is_visible && link(text).is_some(), "must be a URL that begins with https:// or http://")
            }
            Self::BrowserLink => {
                Self::Link.check_text(text)?;
                let is_bare = |url: url::Url| url.username().is_empty() && url.password().is_none();
                ensure(link(text).is_some_and(is_bare), "must not have a user name or password in it")
            }
            Self::Date => ensure(text.parse::<Date>().is_ok(), "must be a date such as 1986-05-03"),
            Self::Moment => ensure(moment(text).is_some(), "must be a moment such as 2026-01-31T12:00:00Z"),
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
            Self::Boolean => ensure(matches!(text, "true" | "false"), "must be true or false"),
            Self::Texts(max_items, max) => {
                // The text is the list's JSON.
                let items: Vec<String> = serde_json::from_str(text).map_err(|_| "must be a list of strings")?;
                if items.len() > max_items {
                    return Err(format!("must have at most {max_items} items").into());
                }
                items.iter().try_for_each(|item| check_length(item, 0, max).and_then(|()| no_control(item)))
            }
        }
    }

    /// Validates a JSON number in its original notation. A whole number is returned as digits only.
    pub fn read_number(self, number: &str) -> Result<Cow<'_, str>, Cow<'static, str>> {
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
            other => Err(other.expected().into()),
        }
    }

    /// What a JSON value of another type is refused with.
    pub(super) const fn expected(self) -> &'static str {
        match self {
            Self::Integer(..) | Self::Money => "must be a number",
            Self::Boolean => "must be true or false",
            Self::Texts(..) => "must be a list of strings",
            _ => "must be a string",
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

/// An http or https URL.
pub(super) fn link(text: &str) -> Option<url::Url> {
    url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// A time, or a date, which means its beginning in UTC.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let of_day = |text: &str| text.parse::<Date>().ok().and_then(|date| format!("{date}T00:00:00Z").parse().ok());
    let moment = if text.len() <= MAX_MOMENT_BYTES { text.parse().ok().or_else(|| of_day(text)) } else { None }?;
    // Identifiers sort by time until the year 2397, and lists are cut by identifiers.
    Some(Timestamp::clamp(moment, Timestamp::from_micros(0), Timestamp::from_micros(13_500_000_000_000_000)))
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
            (FieldKind::Text(5), &["Ana", "ñandú", "12345"][..], &["", "123456", "a\0b", "a\nb", "a\u{202e}b"][..]),
            (FieldKind::AsTyped(5), &["Ana", "ñandú", "12345", "a\u{202e}b"], &["", "123456", "a\0b", "a\nb"]),
            (FieldKind::Country, &["ESP", "Spain", "es"], &["Atlantis", "E\0"]),
            (
                FieldKind::BrowserLink,
                &["https://a.example/b"],
                &["https://bank.example:x@evil.example/", "https://a@b.example", "javascript:alert(1)"],
            ),
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
            (FieldKind::Boolean, &["true", "false"], &["", "True", "1", "null"]),
            (
                FieldKind::Texts(2, 3),
                &["[]", r#"["abc",""]"#, r#"["\u202e"]"#],
                &["", "a", "{}", "[1]", r#"["abcd"]"#, r#"["","",""]"#, r#"["\n"]"#],
            ),
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

    #[test]
    fn moments_may_be_days() {
        assert_eq!(moment("2026-01-31"), "2026-01-31T00:00:00Z".parse().ok());
        assert_eq!(moment("yesterday"), None);
    }
}
