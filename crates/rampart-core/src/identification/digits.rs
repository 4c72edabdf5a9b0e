//! What the rules of several documents share: reading digits and weighing them.

use super::{DocumentError, Wording};

/// The value of an ASCII digit.
pub(super) const fn value(digit: u8) -> u32 {
    digit.wrapping_sub(b'0') as u32
}

/// The ASCII digit of a value below ten.
pub(super) fn digit(value: u32) -> char {
    char::from_digit(value, 10).unwrap_or('0')
}

/// The sum of digits times weights; fewer digits have the last weights.
pub(super) fn weighted_sum(digits: &[u8], weights: &[u32]) -> u32 {
    let weights = &weights[weights.len().saturating_sub(digits.len())..];
    digits.iter().zip(weights).map(|(digit, weight)| value(*digit) * weight).sum()
}

/// Refuses signs that are not all digits; a letter that is often typed for a digit is named as such.
pub(super) fn all_digits(characters: &[u8]) -> Result<(), DocumentError> {
    match characters.iter().find(|character| !character.is_ascii_digit()) {
        None => Ok(()),
        Some(found) => Err(not_a_digit(*found)),
    }
}

/// The number that digits are, of more than nine their last bits; refuses what [`all_digits`] does.
pub(super) fn number(digits: &[u8]) -> Result<u32, DocumentError> {
    all_digits(digits)?;
    Ok(digits.iter().fold(0, |number: u32, digit| number.wrapping_mul(10).wrapping_add(value(*digit))))
}

/// What to say of a sign that stands where a digit must.
pub(super) const fn not_a_digit(found: u8) -> DocumentError {
    let found = found as char;
    match found {
        'O' | 'Q' | 'D' => DocumentError::LetterForDigit { found, meant: '0' },
        'I' | 'L' => DocumentError::LetterForDigit { found, meant: '1' },
        'S' => DocumentError::LetterForDigit { found, meant: '5' },
        'B' => DocumentError::LetterForDigit { found, meant: '8' },
        'Z' => DocumentError::LetterForDigit { found, meant: '2' },
        _ => DocumentError::DigitExpected { found },
    }
}

/// Refuses zeros in front of a number that is counted without them. That zero itself is nobody's is one rule for all.
pub(super) fn no_leading_zero(digits: &[u8]) -> Result<(), DocumentError> {
    if digits.starts_with(b"0") && digits.iter().any(|digit| *digit != b'0') {
        return Err(DocumentError::UnknownPrefix { found: "0".to_owned(), allowed: Wording("1 to 9", "1 a 9") });
    }
    Ok(())
}

/// How many zeros in front of a number fill up its field, if what is behind them is long enough to be one.
pub(super) fn zeros_to_drop(digits: &[u8], fewest: usize) -> usize {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    if digits.len() - zeros < fewest { 0 } else { zeros }
}

/// Refuses signs of another count.
pub(super) fn length(characters: &[u8], least: usize, most: usize, expected: Wording) -> Result<(), DocumentError> {
    if (least..=most).contains(&characters.len()) { Ok(()) } else { Err(DocumentError::WrongLength { expected, found: characters.len() }) }
}

/// Refuses what is not ASCII letters and digits only.
pub(super) fn alphanumeric(characters: &[u8]) -> Result<(), DocumentError> {
    match characters.iter().find(|character| !character.is_ascii_alphanumeric()) {
        None => Ok(()),
        Some(found) => Err(DocumentError::Charset { found: char::from(*found) }),
    }
}

/// Writes digits with a dot before every third from the right.
pub(super) fn dotted(digits: &str) -> String {
    let mut dotted = String::with_capacity(digits.len() + 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            dotted.push('.');
        }
        dotted.push(digit);
    }
    dotted
}
