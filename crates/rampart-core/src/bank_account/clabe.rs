//! Mexico: CLABE (weights 3, 7, 1), and the debit cards that SPEI takes too.

use super::bank::{self, BankCode};
use super::{Checked, Fault, Kind, digits, read_digits, ten_less};

/// Banxico's weights of seventeen digits.
const WEIGHTS: [u32; 17] = [3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7];

/// The check digit of seventeen digits.
pub(super) fn check_digit(digits: &[u8]) -> char {
    // Dropping the tens of each product, as the rule is written, changes nothing.
    ten_less(digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum())
}

/// A CLABE of eighteen digits or a card of sixteen.
pub(super) fn check(account: &str) -> Result<Checked, Fault> {
    let number = read_digits(account)?;
    if number.len() == 16 {
        return if luhn(&number) { Ok(Checked::new(Kind::DebitCard, number)) } else { Err(Fault::WrongCard) };
    }
    let digits: &[u8; 18] = digits(&number)?;
    let expected = check_digit(&digits[..17]);
    if char::from(digits[17]) != expected {
        return Err(Fault::WrongCheckDigits {
            expected: expected.to_string(),
            which: ("the last digit", "la última cifra y las demás no encajan: la última"),
        });
    }
    let code = BankCode::of([digits[0], digits[1], digits[2]]);
    let name = bank::mexico(code).ok_or_else(|| Fault::UnknownBank { found: code.to_string() })?;
    Ok(Checked::new(Kind::Clabe, number).at_bank(code, Some(name)))
}

/// ISO/IEC 7812: the card numbers' check digit.
fn luhn(number: &[u8]) -> bool {
    let sum: u32 = number
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0');
            if place % 2 == 0 { value } else { value * 2 / 10 + value * 2 % 10 }
        })
        .sum();
    sum.is_multiple_of(10)
}
