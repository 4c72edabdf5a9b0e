//! Mexico: CLABE (weights 3, 7, 1), and the debit cards that SPEI takes too.

use super::{Checked, Fault, Kind, bank, compact, digits};

/// The check digit of seventeen digits.
pub(super) fn check_digit(digits: &str) -> char {
    let sum: u32 = digits.bytes().zip([3, 7, 1].into_iter().cycle()).map(|(digit, weight)| u32::from(digit - b'0') * weight % 10).sum();
    char::from_digit((10 - sum % 10) % 10, 10).unwrap_or('0')
}

/// A CLABE of eighteen digits or a card of sixteen.
pub(super) fn check(account: &str) -> Result<Checked, Fault> {
    let number = compact(account);
    if number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_digit()) {
        return if luhn(&number) { Ok(Checked::new(Kind::DebitCard, number)) } else { Err(Fault::WrongCard) };
    }
    digits(&number, 18)?;
    let expected = check_digit(&number[..17]);
    if !number.ends_with(expected) {
        return Err(Fault::WrongCheckDigits {
            expected: expected.to_string(),
            which: ("the last digit", "la última cifra y las demás no encajan: la última"),
        });
    }
    let code = number[..3].to_owned();
    let name = bank::mexico(&code).ok_or(Fault::UnknownBank { found: code.clone() })?;
    Ok(Checked::new(Kind::Clabe, number).at_bank(code, Some(name)))
}

/// ISO/IEC 7812: the card numbers' check digit.
fn luhn(number: &str) -> bool {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0');
            if place % 2 == 0 { value } else { value * 2 / 10 + value * 2 % 10 }
        })
        .sum();
    sum.is_multiple_of(10)
}
