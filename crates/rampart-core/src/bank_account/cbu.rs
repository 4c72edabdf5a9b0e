//! Argentina: CBU of banks, CVU of payment service providers (BCRA Com. "A" 6510), and the alias of either.

use super::bank::{self, BankCode};
use super::{Checked, Fault, Kind, digits, normalize, read, ten_less, unlabelled};
use crate::country::Country;
use crate::signs::{self, Signs};

/// BCRA's weights of thirteen digits; fewer have the last ones.
const WEIGHTS: [u32; 13] = [3, 9, 7, 1, 3, 9, 7, 1, 3, 9, 7, 1, 3];

/// The check digit of seven or thirteen digits.
pub(super) fn check_digit(part: &[u8]) -> char {
    let weights = &WEIGHTS[WEIGHTS.len().saturating_sub(part.len())..];
    ten_less(part.iter().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum())
}

/// Twenty-two digits, or an alias.
pub(super) fn check(account: &str) -> Result<Checked, Fault> {
    static TABLE: signs::Table = signs::digits_and(b" -.");
    let account = unlabelled(account, &["CBU", "CVU", "ALIAS"]);
    match read(account, &TABLE, |found| Fault::DigitExpected { found }) {
        // An alias may have dots, and at most twenty signs.
        Ok(number) if number.len() > 20 || (number.len() > 15 && !account.contains('.')) => check_number(&number),
        _ => check_other(&normalize(account)?),
    }
}

fn check_number(number: &Signs) -> Result<Checked, Fault> {
    let digits: &[u8; 22] = digits(number)?;
    for (part, digit, which) in [
        (&digits[..7], digits[7], ("the eighth digit", "la octava cifra y las anteriores no encajan: la octava")),
        (&digits[8..21], digits[21], ("the last digit", "la última cifra y las anteriores no encajan: la última")),
    ] {
        let expected = check_digit(part);
        if char::from(digit) != expected {
            return Err(Fault::WrongCheckDigits { expected: expected.to_string(), which });
        }
    }
    // A CVU begins with three zeros and names its provider behind them; a bank's code is never zero.
    let [a, b, c, d, e, f, g, ..] = *digits;
    Ok(if [a, b, c] == *b"000" {
        let code = BankCode::of([d, e, f, g]);
        Checked::new(Kind::Cvu, *number).at_bank(code, bank::argentine_provider(code))
    } else {
        let code = BankCode::of([a, b, c]);
        Checked::new(Kind::Cbu, *number).at_bank(code, bank::register(Country::ARGENTINA).name(code))
    })
}

/// What is not digits enough: a number with a mistake in it, or an alias.
fn check_other(account: &str) -> Result<Checked, Fault> {
    let signs = account.bytes().filter(|sign| !matches!(sign, b' ' | b'-'));
    let (count, other) = (signs.clone().count(), signs.filter(|sign| !sign.is_ascii_digit()));
    if count >= 20
        && other.clone().count() <= 2
        && let Some(found) = other.map(char::from).next()
    {
        return Err(Fault::DigitExpected { found });
    }
    check_alias(account)
}

/// Six to twenty letters, digits, dots and hyphens, not all of them dots and hyphens; case does not count.
fn check_alias(alias: &str) -> Result<Checked, Fault> {
    if let Some(found) = alias.chars().find(|sign| !(sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-'))) {
        return Err(Fault::Charset { found });
    }
    if !(6..=20).contains(&alias.len()) {
        return Err(Fault::OutsideLength { least: 6, most: 20, found: alias.len() });
    }
    // Digits alone are a number that lost some of its digits, not an alias.
    if alias.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::WrongLength { expected: 22, found: alias.len() });
    }
    if !alias.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Fault::like("mesa.luna.verde"));
    }
    Ok(Checked::new(Kind::Alias, Signs::of(alias.to_ascii_uppercase().as_bytes())))
}
