//! Telephone numbers: refused here when they cannot be one.
//!
//! This is the single place through which every number passes; a numbering plan's own rules belong behind [`check`].

/// The most characters a number may be written with; longer input is refused before it is read.
pub const MOST_CHARACTERS: usize = 40;

/// Why a text is not a telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing was given.
    #[error("the telephone number is empty")]
    Empty,
    /// A character that no number is written with.
    #[error("the telephone number has the character '{found}'; digits with a leading + are expected, such as +34600000000")]
    Charset {
        /// The first such character.
        found: char,
    },
    /// Fewer or more digits than any number has (ITU-T E.164).
    #[error("a telephone number has 6 to 15 digits, this one has {found}")]
    WrongLength {
        /// How many there are.
        found: usize,
    },
}

/// Checks a number as people write it. Gives it without separators.
///
/// # Errors
/// A [`Fault`] that says what is wrong.
pub fn check(number: &str) -> Result<String, Fault> {
    let number = number.trim();
    let (plus, figures) = number.strip_prefix('+').map_or(("", number), |figures| ("+", figures));
    let mut digits = String::with_capacity(MOST_CHARACTERS);
    for letter in figures.chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            ' ' | '-' | '.' | '(' | ')' | '/' => {}
            found => return Err(Fault::Charset { found }),
        }
    }
    match digits.len() {
        0 => Err(Fault::Empty),
        6..=15 => Ok(format!("{plus}{digits}")),
        found => Err(Fault::WrongLength { found }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits() {
        assert_eq!(check("+34 600-000 000").as_deref(), Ok("+34600000000"));
        assert_eq!(check("(011) 4321-5678").as_deref(), Ok("01143215678"));
        assert_eq!(check("+54xxxxxxxxx"), Err(Fault::Charset { found: 'x' }));
        assert_eq!(check("+"), Err(Fault::Empty));
        assert_eq!(check("12345"), Err(Fault::WrongLength { found: 5 }));
        assert_eq!(check("1234567890123456"), Err(Fault::WrongLength { found: 16 }));
    }
}
