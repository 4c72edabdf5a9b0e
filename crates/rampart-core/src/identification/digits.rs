//! What the rules of several documents share: reading digits and weighing them.

use super::{Fault, Wording};

/// The value of an ASCII digit.
pub(super) const fn value(digit: u8) -> u32 {
    (digit - b'0') as u32
}

/// The sum of digits times weights, as far as both reach.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| value(*digit) * weight).sum()
}

/// Refuses a text that is not all digits; a letter that is often typed for a digit is named as such.
pub(super) fn all_digits(text: &str) -> Result<(), Fault> {
    match text.chars().find(|letter| !letter.is_ascii_digit()) {
        None => Ok(()),
        Some(found) => Err(not_a_digit(found)),
    }
}

/// What to say of a sign that stands where a digit must.
pub(super) const fn not_a_digit(found: char) -> Fault {
    match found {
        'O' | 'Q' | 'D' => Fault::LetterForDigit { found, meant: '0' },
        'I' | 'L' => Fault::LetterForDigit { found, meant: '1' },
        'S' => Fault::LetterForDigit { found, meant: '5' },
        'B' => Fault::LetterForDigit { found, meant: '8' },
        'Z' => Fault::LetterForDigit { found, meant: '2' },
        _ => Fault::DigitExpected { found },
    }
}

/// Refuses a text of another length; lengths are counted in characters.
pub(super) fn length(text: &str, least: usize, most: usize, expected: Wording) -> Result<(), Fault> {
    let found = text.chars().count();
    if (least..=most).contains(&found) { Ok(()) } else { Err(Fault::WrongLength { expected, found }) }
}

/// Whether every sign is the same.
pub(super) fn all_equal(text: &str) -> bool {
    text.as_bytes().windows(2).all(|pair| pair[0] == pair[1])
}

/// Whether a text is made of ASCII letters and digits only.
pub(super) fn alphanumeric(text: &str) -> Result<(), Fault> {
    match text.chars().find(|letter| !letter.is_ascii_alphanumeric()) {
        None => Ok(()),
        Some(found) => Err(Fault::Charset { found }),
    }
}

/// Writes digits with a dot before every third from the right.
pub(super) fn dotted(digits: &str) -> String {
    let mut shown = String::with_capacity(digits.len() + 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            shown.push('.');
        }
        shown.push(digit);
    }
    shown
}
