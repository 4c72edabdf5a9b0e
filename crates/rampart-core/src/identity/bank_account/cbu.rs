//! Argentina: CBU of banks, CVU of payment service providers (BCRA Com. "A" 6510), and the alias of either.

use super::bank::{self, BankCode};
use super::{BankAccountError, BankAccountKind, ValidAccount, digits, modulo_10_complement, normalize, read, unlabelled};
use crate::identity::country::Country;
use crate::text::char_buffer::{self, Characters};

/// BCRA's weights for thirteen digits; shorter parts use the last ones.
const WEIGHTS: [u32; 13] = [3, 9, 7, 1, 3, 9, 7, 1, 3, 9, 7, 1, 3];

/// The check digit of a part of seven or thirteen digits.
pub(super) fn check_digit(part: &[u8]) -> char {
    let weights = &WEIGHTS[WEIGHTS.len().saturating_sub(part.len())..];
    modulo_10_complement(part.iter().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum())
}

/// A CBU or CVU of twenty-two digits, or an alias.
pub(super) fn check(account: &str) -> Result<ValidAccount, BankAccountError> {
    static TABLE: char_buffer::CharTable = char_buffer::digits_and(b" -.");
    let account = unlabelled(account, &["CBU", "CVU", "ALIAS"]);
    match read(account, &TABLE, |found| BankAccountError::DigitExpected { found }) {
        // An alias may have dots, and has at most twenty characters.
        Ok(number) if number.len() > 20 || (number.len() > 15 && !account.contains('.')) => check_number(&number),
        _ => check_other(&normalize(account)?),
    }
}

fn check_number(number: &Characters) -> Result<ValidAccount, BankAccountError> {
    let digits: &[u8; 22] = digits(number)?;
    for (part, digit, which) in [
        (&digits[..7], digits[7], ("the eighth digit", "la octava cifra y las anteriores no encajan: la octava")),
        (&digits[8..21], digits[21], ("the last digit", "la última cifra y las anteriores no encajan: la última")),
    ] {
        let expected = check_digit(part);
        if char::from(digit) != expected {
            return Err(BankAccountError::WrongCheckDigits { expected: expected.to_string(), which });
        }
    }
    // A CVU begins with three zeros, followed by the provider code; no bank code is zero.
    let [a, b, c, d, e, f, g, ..] = *digits;
    Ok(if [a, b, c] == *b"000" {
        let code = BankCode::of([d, e, f, g]);
        ValidAccount::new(BankAccountKind::Cvu, *number).at_bank(code, bank::argentine_provider(code))
    } else {
        let code = BankCode::of([a, b, c]);
        ValidAccount::new(BankAccountKind::Cbu, *number).at_bank(code, bank::directory(Country::ARGENTINA).name(code))
    })
}

/// Not enough digits: a mistyped number, or an alias.
fn check_other(account: &str) -> Result<ValidAccount, BankAccountError> {
    let characters = account.bytes().filter(|character| !matches!(character, b' ' | b'-'));
    let (count, other) = (characters.clone().count(), characters.filter(|character| !character.is_ascii_digit()));
    if count >= 20
        && other.clone().count() <= 2
        && let Some(found) = other.map(char::from).next()
    {
        return Err(BankAccountError::DigitExpected { found });
    }
    check_alias(account)
}

/// Six to twenty letters, digits, dots and hyphens, at least one a letter or digit; case-insensitive.
fn check_alias(alias: &str) -> Result<ValidAccount, BankAccountError> {
    if let Some(found) = alias.chars().find(|character| !(character.is_ascii_alphanumeric() || matches!(character, '.' | '-'))) {
        return Err(BankAccountError::Charset { found });
    }
    if !(6..=20).contains(&alias.len()) {
        return Err(BankAccountError::OutsideLength { least: 6, most: 20, found: alias.len() });
    }
    // Digits alone are an incomplete number, not an alias.
    if alias.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BankAccountError::WrongLength { expected: 22, found: alias.len() });
    }
    if !alias.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return Err(BankAccountError::like("mesa.luna.verde"));
    }
    Ok(ValidAccount::new(BankAccountKind::Alias, Characters::of(alias.to_ascii_uppercase().as_bytes())))
}
