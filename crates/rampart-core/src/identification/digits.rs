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
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    text.chars().find(|letter| !letter.is_ascii_digit()).map_or(Ok(()), |found| Err(not_a_digit(found)))
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
    let found = if text.is_ascii() { text.len() } else { text.chars().count() };
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

/// A number's signs, which are looked at by their places. What is longer than any of those numbers is cut off, and told
/// from them by its count.
pub(super) struct Signs<const MOST: usize> {
    signs: [char; MOST],
    count: usize,
}

impl<const MOST: usize> Signs<MOST> {
    /// The signs of a text.
    pub(super) fn of(text: &str) -> Self {
        let mut signs = ['\0'; MOST];
        let mut count = 0;
        for sign in text.chars() {
            if let Some(place) = signs.get_mut(count) {
                *place = sign;
            }
            count += 1;
        }
        Self { signs, count }
    }
}

impl<const MOST: usize> Signs<MOST> {
    /// How many there are in the text.
    pub(super) const fn count(&self) -> usize {
        self.count
    }
}

impl<const MOST: usize> std::ops::Deref for Signs<MOST> {
    type Target = [char];

    fn deref(&self) -> &[char] {
        &self.signs[..self.count.min(MOST)]
    }
}

/// Whether a word of four letters is in a list of such words, sorted and with a blank between them.
pub(super) fn listed(list: &str, word: &[char]) -> bool {
    // Four letters compare as one number.
    let mut wanted = 0;
    for letter in word {
        let Ok(letter) = u8::try_from(*letter) else { return false };
        wanted = wanted << 8 | u32::from(letter);
    }
    let (mut low, mut high) = (0, list.len().div_ceil(5));
    while low < high {
        let middle = usize::midpoint(low, high);
        let Some(&[first, second, third, fourth]) = list.as_bytes().get(middle * 5..middle * 5 + 4) else { return false };
        match u32::from_be_bytes([first, second, third, fourth]).cmp(&wanted) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    false
}
