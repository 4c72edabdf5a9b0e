//! Short ASCII codes stored inline, so that currencies, coins and chains are `Copy` and need no allocation.

use std::fmt;
use std::str::FromStr;

/// 1 to `N` ASCII letters, digits, `_` or `-`, such as `EUR`, `USDC` or `polygon`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code<const N: usize> {
    bytes: [u8; N],
}

/// Why a text is not a [`Code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    #[error("the code is empty")]
    Empty,
    #[error("the code is longer than {most} characters")]
    TooLong { most: usize },
    #[error("the code has a character other than letters, digits, '_' and '-'")]
    Charset,
}

impl<const N: usize> Code<N> {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let length = self.bytes.iter().position(|&byte| byte == 0).unwrap_or(N);
        std::str::from_utf8(&self.bytes[..length]).unwrap_or_default()
    }

    /// Whether a text equals this code, ignoring case and surrounding blanks.
    #[must_use]
    pub fn is_spelled(&self, text: &str) -> bool {
        let text = text.trim_ascii().as_bytes();
        let (Some(spelled), Some(rest)) = (self.bytes.get(..text.len()), self.bytes.get(text.len()..)) else { return false };
        let whole = !text.is_empty() && !text.contains(&0) && rest.first().is_none_or(|byte| *byte == 0);
        whole && spelled.eq_ignore_ascii_case(text)
    }

    /// The code in upper case.
    #[must_use]
    pub const fn to_ascii_uppercase(mut self) -> Self {
        self.bytes.make_ascii_uppercase();
        self
    }

    /// The code in lower case.
    #[must_use]
    pub const fn to_ascii_lowercase(mut self) -> Self {
        self.bytes.make_ascii_lowercase();
        self
    }

    /// Makes a code from a literal at compile time.
    ///
    /// # Panics
    /// When the literal is empty, too long or has other characters.
    #[must_use]
    pub const fn literal(text: &str) -> Self {
        match Self::check(text.as_bytes()) {
            Ok(bytes) => Self { bytes },
            Err(_) => panic!("not a code"),
        }
    }

    /// Makes a code from ASCII bytes.
    pub fn of(text: &[u8]) -> Result<Self, CodeError> {
        Self::check(text).map(|bytes| Self { bytes })
    }

    const fn check(text: &[u8]) -> Result<[u8; N], CodeError> {
        if text.is_empty() {
            return Err(CodeError::Empty);
        }
        if text.len() > N {
            return Err(CodeError::TooLong { most: N });
        }
        let mut bytes = [0; N];
        let mut index = 0;
        while index < text.len() {
            let byte = text[index];
            if !(byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
                return Err(CodeError::Charset);
            }
            bytes[index] = byte;
            index += 1;
        }
        Ok(bytes)
    }
}

impl<const N: usize> FromStr for Code<N> {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        Self::of(text.as_bytes())
    }
}

impl<const N: usize> fmt::Display for Code<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Code<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl<const N: usize> serde::Serialize for Code<N> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de, const N: usize> serde::Deserialize<'de> for Code<N> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Implements `Serialize` and `Deserialize` through `Display` and `FromStr`.
#[macro_export]
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// The same for a newtype of a number: text in human-readable formats, the number in binary ones.
#[macro_export]
macro_rules! serde_as_text_or_number {
    ($type:ty, $number:ty, $to:expr, $from:expr) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() { serializer.collect_str(self) } else { $to(*self).serialize(serializer) }
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    let number = <$number>::deserialize(deserializer)?;
                    $from(number).map_err(serde::de::Error::custom)
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_spelled_in_any_case() {
        let code = Code::<4>::literal("EUR");
        for (text, spelled) in
            [("EUR", true), ("eur", true), (" Eur ", true), ("EU", false), ("EURO", false), ("EUROS", false), ("", false), ("EUR\0", false)]
        {
            assert_eq!(code.is_spelled(text), spelled, "{text}");
        }
        assert!(Code::<4>::literal("USDC").is_spelled("usdc") && !Code::<4>::literal("USDC").is_spelled("usdcx"));
    }
}
