//! One table for each error and warning that a partner or customer reads.

/// From rows `Case => code, English, Spanish;` makes `code`, [`Display`](std::fmt::Display) in English, and `spanish`.
macro_rules! messages {
    ($type:ident: $($case:ident $({ $($fields:tt)* })? $(if $condition:expr)? => $code:literal, $english:literal, $spanish:literal;)+) => {
        #[allow(unused_variables, reason = "a sentence names only what it needs")]
        impl $type {
            /// The code in the API; it never changes.
            #[must_use]
            pub fn code(&self) -> &'static str {
                match self { $(Self::$case $({ $($fields)* })? $(if $condition)? => $code,)+ }
            }

            /// The message in Spanish.
            #[must_use]
            pub fn spanish(&self) -> String {
                match self { $(Self::$case $({ $($fields)* })? $(if $condition)? => format!($spanish),)+ }
            }
        }

        #[allow(unused_variables, reason = "a sentence names only what it needs")]
        impl std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self { $(Self::$case $({ $($fields)* })? $(if $condition)? => write!(formatter, $english),)+ }
            }
        }
    };
}

pub(super) use messages;
