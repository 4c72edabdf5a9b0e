//! Mexico: CLABE (weights 3, 7, 1), and the debit cards and mobile numbers that SPEI also accepts.

use super::bank::{self, BankCode};
use super::{BankAccountError, BankAccountKind, ValidAccount, modulo_10_complement, read_digits, unlabelled};
use crate::identity::country::Country;
use crate::identity::phone;
use crate::text::char_buffer::Characters;

/// Banxico's weights.
const WEIGHTS: [u32; 17] = [3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7];

/// The check digit of seventeen digits.
pub(super) fn check_digit(digits: &[u8]) -> char {
    // The rule takes each product modulo ten first, which gives the same result.
    modulo_10_complement(digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum())
}

/// A CLABE of eighteen digits, a card of sixteen, or a mobile number. Cards and mobile numbers do not identify the bank, so it may be
/// given separately.
pub(super) fn check(account: &str, bank: Option<&str>) -> Result<ValidAccount, BankAccountError> {
    let account = unlabelled(account, &["CLABE"]);
    let read = read_digits(account);
    // By reference: copies cost as much as the rules.
    let (number, digits) = match &read {
        Ok(number) => match <&[u8; 18]>::try_from(&number[..]) {
            Ok(digits) => (number, digits),
            Err(_) => return card_or_mobile_number(account, bank, read),
        },
        Err(_) => return card_or_mobile_number(account, bank, read),
    };
    let expected = check_digit(&digits[..17]);
    if char::from(digits[17]) != expected {
        return Err(BankAccountError::WrongCheckDigits {
            expected: expected.to_string(),
            which: ("the last digit", "la última cifra y las demás no encajan: la última"),
        });
    }
    let code = BankCode::of([digits[0], digits[1], digits[2]]);
    Ok(ValidAccount::new(BankAccountKind::Clabe, *number).at_listed_bank(code, bank::directory(Country::MEXICO)))
}

/// Anything that has not the length of a CLABE.
#[cold]
fn card_or_mobile_number(
    account: &str,
    bank: Option<&str>,
    read: Result<Characters, BankAccountError>,
) -> Result<ValidAccount, BankAccountError> {
    if let Ok(number) = &read
        && number.len() == 16
    {
        return if luhn(number) {
            Ok(at_named_bank(ValidAccount::new(BankAccountKind::DebitCard, *number), bank))
        } else {
            Err(BankAccountError::WrongCard)
        };
    }
    if let Some(number) = mobile_number(account) {
        return Ok(at_named_bank(ValidAccount::new(BankAccountKind::MobileNumber, number), bank));
    }
    read.and_then(|number| Err(BankAccountError::WrongLength { expected: 18, found: number.len() }))
}

/// The ten digits of a mobile number, optionally after the calling code and former prefixes.
fn mobile_number(account: &str) -> Option<Characters> {
    let digits = account.chars().filter(char::is_ascii_digit).count();
    if !(10..=15).contains(&digits) {
        return None;
    }
    let number = phone::check(Country::MEXICO, account).ok()?;
    let national = number.e164.strip_prefix("+52")?;
    (national.len() == 10).then(|| Characters::of(national.as_bytes()))
}

/// Adds the bank given by name or code. SPEI codes have five digits; the last three are those of the CLABE.
fn at_named_bank(checked: ValidAccount, named: Option<&str>) -> ValidAccount {
    let Some(named) = named.map(str::trim) else { return checked };
    let named = if named.len() == 5 && named.bytes().all(|character| character.is_ascii_digit()) { &named[2..] } else { named };
    let code = bank::find(Country::MEXICO, named).and_then(|bank| BankCode::of_three(bank.code));
    match code {
        Some(code) => checked.at_bank(code, bank::directory(Country::MEXICO).name(code)),
        None => checked,
    }
}

/// The check digit of card numbers (ISO/IEC 7812-1).
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
