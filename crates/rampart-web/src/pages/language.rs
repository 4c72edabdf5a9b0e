//! The language of a page, and its format of amounts and times.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use rampart_core::identity::country::Country;
use rampart_core::time::Timestamp;

use super::text::{ENGLISH, SPANISH, Texts};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// The main language of every country served.
    Spanish,
    English,
}

const MAX_ACCEPT_LANGUAGE_BYTES: usize = 256;

impl Language {
    /// Parses a language code such as `es` or `en-GB`.
    pub(crate) fn find(code: &str) -> Option<Self> {
        match code.trim().split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
            "es" => Some(Self::Spanish),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// The default language of a country.
    fn of_country(_country: Option<Country>) -> Self {
        Self::Spanish
    }

    /// The language of the URL parameter, else of the browser, else of the country.
    pub(crate) fn choose(asked: Option<&str>, headers: &HeaderMap, country: Option<Country>) -> Self {
        asked.and_then(Self::find).or_else(|| Self::accepted(headers)).unwrap_or_else(|| Self::of_country(country))
    }

    fn accepted(headers: &HeaderMap) -> Option<Self> {
        let header = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
        let header = header.get(..MAX_ACCEPT_LANGUAGE_BYTES).unwrap_or(header);
        let mut best: Option<(u32, Self)> = None;
        for range in header.split(',').take(16) {
            let mut parts = range.split(';');
            let Some(language) = parts.next().and_then(Self::find) else { continue };
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1000, thousandths);
            if weight > 0 && best.is_none_or(|(best_weight, _)| weight > best_weight) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }

    /// The code of the `lang` attribute.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Spanish => "es",
            Self::English => "en",
        }
    }

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Spanish => Self::English,
            Self::English => Self::Spanish,
        }
    }

    pub(crate) const fn texts(self) -> &'static Texts {
        match self {
            Self::Spanish => &SPANISH,
            Self::English => &ENGLISH,
        }
    }
}

/// Parses a weight such as `0.8` into thousandths; 0 if it is invalid.
fn thousandths(text: &str) -> u32 {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u32>(), fraction.parse::<u32>()) {
        (Ok(0), Ok(part)) => part,
        (Ok(1), Ok(_)) => 1000,
        _ => 0,
    }
}

/// The language and country that determine the number format.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Locale {
    pub(crate) language: Language,
    pub(crate) country: Country,
}

impl Locale {
    /// Mexico and Peru use a decimal point in Spanish too.
    fn uses_decimal_point(self) -> bool {
        self.language == Language::English || matches!(self.country, Country::MEXICO | Country::PERU)
    }

    /// An amount in major units for a banking form, without grouping: `1234,50`.
    pub(crate) fn plain(self, major: &str) -> String {
        if self.uses_decimal_point() { major.to_owned() } else { major.replace('.', ",") }
    }

    /// An amount in major units (`1234.50`) with grouped thousands and its unit: `1.234,50 EUR`.
    pub(crate) fn money(self, major: &str, unit: &str) -> String {
        let (thousands, decimal) = if self.uses_decimal_point() { (',', '.') } else { ('.', ',') };
        let (whole, fraction) = major.split_once('.').unwrap_or((major, ""));
        let mut text = String::with_capacity(major.len() + 8);
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                text.push(thousands);
            }
            text.push(digit);
        }
        if !fraction.is_empty() {
            text.push(decimal);
            text.push_str(fraction);
        }
        // No-break space.
        text.push('\u{a0}');
        text.push_str(unit);
        text
    }
}

/// A time for display: `2026-01-31 12:00 UTC`.
pub(crate) fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} {} UTC", text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(header: &str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_LANGUAGE, header.parse().unwrap())])
    }

    #[test]
    fn the_address_wins_then_the_browser_then_the_country() {
        let english = accepting("fr, es;q=0.5, en-GB;q=0.9");
        assert_eq!(Language::choose(Some("es"), &english, None), Language::Spanish);
        assert_eq!(Language::choose(Some("xx"), &english, None), Language::English);
        assert_eq!(Language::choose(None, &accepting("en;q=0, de"), Some(Country::CHILE)), Language::Spanish);
        assert_eq!(Language::choose(None, &HeaderMap::new(), None), Language::Spanish);
    }

    #[test]
    fn amounts_are_written_as_the_country_does() {
        let spain = Locale { language: Language::Spanish, country: Country::SPAIN };
        assert_eq!(spain.money("1234567.50", "EUR"), "1.234.567,50\u{a0}EUR");
        assert_eq!(spain.plain("1234567.50"), "1234567,50");
        assert_eq!(spain.money("240", "CLP"), "240\u{a0}CLP");
        let mexico = Locale { language: Language::Spanish, country: Country::MEXICO };
        assert_eq!(mexico.money("1234.50", "MXN"), "1,234.50\u{a0}MXN");
    }

    #[test]
    fn moments_are_short() {
        assert_eq!(moment("2026-01-31T12:00:59.123456Z".parse().unwrap()), "2026-01-31 12:00 UTC");
    }
}
