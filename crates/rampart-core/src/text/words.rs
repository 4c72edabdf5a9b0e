//! Enums that are words.

/// Defines an enum whose variants are words: one table from variant to text, for JSON, columns, parsing and output. `as` gives the
/// name of its schema in the description of the API.
// The texts are `tt`: the derive of schemas does not see through the invisible group that is around a `literal`.
macro_rules! words {
    ($(#[doc = $doc:literal])* $name:ident $(as $schema:ident)? {
        $($(#[$about:meta])* $variant:ident = $text:tt),+ $(,)?
    }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema) $(, schema(as = $schema))?)]
        pub enum $name {
            $($(#[$about])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every variant, in the order of the table.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$variant),+];

            /// The texts of all variants.
            pub const TEXTS: [&'static str; Self::ALL.len()] = [$($text),+];

            /// The text, as stored and as partners see it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The variant with this text.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|word| word.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }
    };
}

pub(crate) use words;
