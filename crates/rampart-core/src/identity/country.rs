//! The countries the ramp serves, and the names by which partners refer to them.

use crate::identity::letters::folded;
use crate::text::code::Code;

/// An ISO 3166-1 alpha-3 code, upper case: `ESP`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Country(Code<3>);

struct ServedCountry {
    alpha3: &'static str,
    alpha2: &'static str,
    spanish: &'static str,
    english: &'static str,
    others: &'static [&'static str],
}

const SERVED_COUNTRIES: &[ServedCountry] = &[
    ServedCountry {
        alpha3: "ESP",
        alpha2: "ES",
        spanish: "España",
        english: "Spain",
        others: &["Reino de España", "Kingdom of Spain", "Espanya", "Espainia"],
    },
    ServedCountry {
        alpha3: "CHL", alpha2: "CL", spanish: "Chile", english: "Chile", others: &["República de Chile", "Republic of Chile"]
    },
    ServedCountry {
        alpha3: "MEX",
        alpha2: "MX",
        spanish: "México",
        english: "Mexico",
        others: &["Estados Unidos Mexicanos", "United Mexican States", "Méjico", "República Mexicana", "Mexican Republic"],
    },
    ServedCountry {
        alpha3: "COL",
        alpha2: "CO",
        spanish: "Colombia",
        english: "Colombia",
        others: &["República de Colombia", "Republic of Colombia"],
    },
    ServedCountry { alpha3: "PER", alpha2: "PE", spanish: "Perú", english: "Peru", others: &["República del Perú", "Republic of Peru"] },
    ServedCountry {
        alpha3: "ARG",
        alpha2: "AR",
        spanish: "Argentina",
        english: "Argentina",
        others: &["República Argentina", "Argentine Republic", "Nación Argentina", "Argentine Nation"],
    },
];

impl Country {
    pub const SPAIN: Self = Self(Code::literal("ESP"));
    pub const CHILE: Self = Self(Code::literal("CHL"));
    pub const MEXICO: Self = Self(Code::literal("MEX"));
    pub const COLOMBIA: Self = Self(Code::literal("COL"));
    pub const PERU: Self = Self(Code::literal("PER"));
    pub const ARGENTINA: Self = Self(Code::literal("ARG"));

    /// Every served country.
    pub fn served() -> impl Iterator<Item = Self> {
        SERVED_COUNTRIES.iter().filter_map(|row| row.alpha3.parse().ok().map(Self))
    }

    /// Finds a served country by its Spanish, English or official name, or its ISO alpha-2 or alpha-3 code. Case, accents, punctuation
    /// and a leading article are ignored.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        let wanted = key(text);
        let is_wanted = |name| key(name) == wanted;
        let row = SERVED_COUNTRIES.iter().find(|row| {
            let mut names = [row.alpha3, row.alpha2, row.spanish, row.english].into_iter().chain(row.others.iter().copied());
            names.any(is_wanted)
        })?;
        row.alpha3.parse().ok().map(Self)
    }

    /// The alpha-3 code.
    #[must_use]
    pub fn alpha3(&self) -> &str {
        self.0.as_str()
    }

    /// The alpha-2 code.
    #[must_use]
    pub fn alpha2(&self) -> &'static str {
        self.row().map_or("", |row| row.alpha2)
    }

    /// Its name in Spanish.
    #[must_use]
    pub fn spanish_name(&self) -> &'static str {
        self.row().map_or("", |row| row.spanish)
    }

    /// Its name in English.
    #[must_use]
    pub fn english_name(&self) -> &'static str {
        self.row().map_or("", |row| row.english)
    }

    fn row(self) -> Option<&'static ServedCountry> {
        SERVED_COUNTRIES.iter().find(|row| row.alpha3 == self.alpha3())
    }

    /// Whether it is in Latin America, where identification is required before any operation.
    #[must_use]
    pub fn is_latin_american(&self) -> bool {
        *self != Self::SPAIN
    }
}

impl std::fmt::Display for Country {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The form in which names are compared: folded words without the leading article.
fn key(name: &str) -> String {
    let folded = folded(name);
    let words = folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let article = |word: &&str| matches!(*word, "the" | "el" | "la" | "los");
    words.skip_while(article).collect::<Vec<_>>().join(" ")
}
