//! The countries the ramp serves, under every name partners use for them.

use crate::code::Code;

/// An ISO 3166-1 alpha-3 code, upper case: `ESP`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Country(Code<3>);

/// (alpha-3, alpha-2, Spanish name, English name) of the served countries.
const SERVED: &[(&str, &str, &str, &str)] = &[
    ("ESP", "ES", "España", "Spain"),
    ("CHL", "CL", "Chile", "Chile"),
    ("MEX", "MX", "México", "Mexico"),
    ("COL", "CO", "Colombia", "Colombia"),
    ("PER", "PE", "Perú", "Peru"),
    ("ARG", "AR", "Argentina", "Argentina"),
];

impl Country {
    /// Spain.
    pub const SPAIN: Self = Self(Code::literal("ESP"));
    /// Chile.
    pub const CHILE: Self = Self(Code::literal("CHL"));
    /// Mexico.
    pub const MEXICO: Self = Self(Code::literal("MEX"));
    /// Colombia.
    pub const COLOMBIA: Self = Self(Code::literal("COL"));
    /// Peru.
    pub const PERU: Self = Self(Code::literal("PER"));
    /// Argentina.
    pub const ARGENTINA: Self = Self(Code::literal("ARG"));

    /// Every served country.
    pub fn served() -> impl Iterator<Item = Self> {
        SERVED.iter().filter_map(|row| row.0.parse().ok().map(Self))
    }

    /// Finds a served country by its Spanish or English name or its ISO alpha-2 or alpha-3 code; case and accents are
    /// forgiven.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        let wanted = fold(text);
        let row = SERVED.iter().find(|row| [row.0, row.1, row.2, row.3].iter().any(|name| fold(name) == wanted))?;
        row.0.parse().ok().map(Self)
    }

    /// The alpha-3 code.
    #[must_use]
    pub fn alpha3(&self) -> &str {
        self.0.as_str()
    }

    /// The alpha-2 code.
    #[must_use]
    pub fn alpha2(&self) -> &'static str {
        SERVED.iter().find(|row| row.0 == self.alpha3()).map_or("", |row| row.1)
    }

    /// Its name in Spanish.
    #[must_use]
    pub fn spanish_name(&self) -> &'static str {
        SERVED.iter().find(|row| row.0 == self.alpha3()).map_or("", |row| row.2)
    }

    /// Its name in English.
    #[must_use]
    pub fn english_name(&self) -> &'static str {
        SERVED.iter().find(|row| row.0 == self.alpha3()).map_or("", |row| row.3)
    }

    /// Whether it is one of the Latin American countries, where an identification is needed before any operation.
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

/// Lower case without the accents of Spanish.
pub fn fold(text: &str) -> String {
    text.trim()
        .chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'á' | 'à' | 'ä' | 'â' => 'a',
            'é' | 'è' | 'ë' | 'ê' => 'e',
            'í' | 'ì' | 'ï' | 'î' => 'i',
            'ó' | 'ò' | 'ö' | 'ô' => 'o',
            'ú' | 'ù' | 'ü' | 'û' => 'u',
            'ñ' => 'n',
            other => other,
        })
        .collect()
}
