//! Peru: CCI, with one control digit for bank and branch and one for the account.

use super::bank::{self, BankCode};
use super::{BankAccountError, BankAccountKind, ValidAccount, digits, modulo_10_complement, read_digits, unlabelled};
use crate::identity::country::Country;

/// Luhn: weights 1 and 2 in turn, the digits of each product added.
fn control(part: &[u8]) -> char {
    let value = |digit: u8| u32::from(digit - b'0');
    let doubled = |value: u32| if value > 4 { value * 2 - 9 } else { value * 2 };
    // Both parts have an even number of digits.
    let (pairs, _) = part.as_chunks();
    modulo_10_complement(pairs.iter().map(|[single, double]| value(*single) + doubled(value(*double))).sum())
}

/// A CCI of twenty digits.
pub(super) fn check(account: &str) -> Result<ValidAccount, BankAccountError> {
    // By reference: copies cost as much as the rules.
    let read = read_digits(unlabelled(account, &["CCI"]));
    let number = read.as_ref().map_err(Clone::clone)?;
    let digits: &[u8; 20] = digits(number)?;
    let expected = [control(&digits[..6]), control(&digits[6..18])];
    if [digits[18], digits[19]].map(char::from) != expected {
        return Err(BankAccountError::WrongCheckDigits {
            expected: expected.iter().collect(),
            which: ("the last two digits", "las dos últimas cifras"),
        });
    }
    let code = BankCode::of([digits[0], digits[1], digits[2]]);
    Ok(ValidAccount::new(BankAccountKind::Cci, *number).at_bank(code, bank::directory(Country::PERU).name(code)))
}
