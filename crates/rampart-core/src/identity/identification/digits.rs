//! Helpers that several documents share.

use super::{DocumentError, Wording};

/// The value of an ASCII digit.
pub(super) const fn value(digit: u8) -> u32 {
    digit.wrapping_sub(b'0') as u32
}

/// The ASCII digit of a value below ten.
pub(super) fn digit(value: u32) -> char {
    char::from_digit(value, 10).unwrap_or('0')
}

/// The sum of digits times weights; shorter numbers use the last weights.
pub(super) fn weighted_sum(digits: &[u8], weights: &[u32]) -> u32 {
    let weights = &weights[weights.len().saturating_sub(digits.len())..];
    digits.iter().zip(weights).map(|(digit, weight)| value(*digit) * weight).sum()
}

/// Refuses anything but digits. Letters that are often typed for a digit have an error of their own.
pub(super) fn all_digits(characters: &[u8]) -> Result<(), DocumentError> {
    match characters.iter().find(|character| !character.is_ascii_digit()) {
        None => Ok(()),
        Some(found) => Err(not_a_digit(*found)),
    }
}

/// The value of the digits; beyond nine digits it wraps. Refuses what [`all_digits`] refuses.
pub(super) fn number(digits: &[u8]) -> Result<u32, DocumentError> {
    all_digits(digits)?;
    Ok(digits.iter().fold(0, |number: u32, digit| number.wrapping_mul(10).wrapping_add(value(*digit))))
}

/// The error for a character in the place of a digit.
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

/// Refuses leading zeros of a number that is issued without them. The number zero is left to the rule on fillers.
pub(super) fn no_leading_zero(digits: &[u8]) -> Result<(), DocumentError> {
    if digits.starts_with(b"0") && digits.iter().any(|digit| *digit != b'0') {
        return Err(DocumentError::UnknownPrefix { found: "0".to_owned(), allowed: Wording("1 to 9", "1 a 9") });
    }
    Ok(())
}

/// The number of leading zeros that only pad the field: none if the rest would be too short for a number.
pub(super) fn zeros_to_drop(digits: &[u8], min_digits: usize) -> usize {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    if digits.len() - zeros < min_digits { 0 } else { zeros }
}

pub(super) fn length(characters: &[u8], least: usize, most: usize, expected: Wording) -> Result<(), DocumentError> {
    if (least..=most).contains(&characters.len()) { Ok(()) } else { Err(DocumentError::WrongLength { expected, found: characters.len() }) }
}

pub(super) fn alphanumeric(characters: &[u8]) -> Result<(), DocumentError> {
    match characters.iter().find(|character| !character.is_ascii_alphanumeric()) {
        None => Ok(()),
        Some(found) => Err(DocumentError::Charset { found: char::from(*found) }),
    }
}

/// Groups digits in threes with dots.
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
