//! How the fields of repeated requests are compared.

use std::borrow::Cow;

use rampart_core::money::amount::canonical_decimal;
use rampart_core::text::is_blank;

/// How a field is compared between repeated requests. Values that the call itself treats as equal are equal here; a
/// value that cannot be parsed is compared as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareAs {
    Text,
    Trimmed,
    /// A code: surrounding blanks and case are ignored.
    Code,
    /// An integer: `7` equals `007`.
    Integer,
    /// A decimal number: `240`, `240.00` and `2.4e2` are equal.
    Decimal,
    /// As a code, and absent from the fingerprint if it was not sent: earlier versions did not have the field.
    CodeIfSent,
    /// Not compared.
    Never,
}

impl CompareAs {
    /// The canonical form of a value. Blank text counts as absent.
    pub fn canonical(self, value: Option<&str>) -> Option<Cow<'_, str>> {
        let text = value.filter(|text| !is_blank(text))?;
        let comparable = match self {
            Self::Text | Self::Never => None,
            Self::Trimmed => Some(Cow::Borrowed(text.trim_ascii())),
            Self::Code | Self::CodeIfSent => Some(Cow::Owned(text.trim_ascii().to_ascii_lowercase())),
            Self::Integer => text.parse::<i64>().ok().map(|number| Cow::Owned(number.to_string())),
            Self::Decimal => canonical_decimal(text).map(Cow::Owned),
        };
        Some(comparable.unwrap_or(Cow::Borrowed(text)))
    }

    /// The canonical form of an earlier version, which distinguished blank text from absent text.
    pub fn canonical_keeping_blanks(self, value: Option<&str>) -> Option<Cow<'_, str>> {
        if let Self::Text = self { value.map(Cow::Borrowed) } else { self.canonical(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_call_takes_for_the_same_means_the_same() {
        let of = |meaning: CompareAs, text: &str| meaning.canonical(Some(text)).map(Cow::into_owned);
        for (meaning, same) in [
            (CompareAs::Decimal, &["240", "240.0", "240.00", "0240", "2.4e2", "24E1", "24000e-2"][..]),
            (CompareAs::Decimal, &["0.05", "0.050", "00.05", "5e-2"]),
            (CompareAs::Integer, &["7", "007"]),
            (CompareAs::Code, &["ETH", "eth", " Eth "]),
            (CompareAs::Trimmed, &["0xAb", " 0xAb"]),
        ] {
            for text in same {
                assert_eq!(of(meaning, text), of(meaning, same[0]), "{meaning:?} {text}");
            }
        }
        for (meaning, one, other) in [
            (CompareAs::Decimal, "240", "240.01"),
            (CompareAs::Decimal, "240", "24"),
            (CompareAs::Decimal, "0.05", "0.5"),
            (CompareAs::Decimal, "1e41", "1e42"),
            (CompareAs::Decimal, "0", "0.0"),
            (CompareAs::Integer, "99999999999999999998", "99999999999999999999"),
            (CompareAs::Trimmed, "0xAb", "0xab"),
            (CompareAs::Text, "name", " name"),
        ] {
            assert_ne!(of(meaning, one), of(meaning, other), "{meaning:?} {one} {other}");
        }
        for meaning in [CompareAs::Text, CompareAs::Trimmed, CompareAs::Code, CompareAs::Integer, CompareAs::Decimal] {
            assert_eq!((of(meaning, ""), of(meaning, " "), meaning.canonical(None)), (None, None, None), "{meaning:?}");
        }
        // Fingerprints stored by earlier versions still match.
        assert_eq!(CompareAs::Text.canonical_keeping_blanks(Some(" ")).as_deref(), Some(" "));
        assert_eq!(CompareAs::Decimal.canonical_keeping_blanks(Some("240.0")).as_deref(), Some("24e1"));
    }
}
