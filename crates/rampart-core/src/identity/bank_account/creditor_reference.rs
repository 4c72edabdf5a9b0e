//! Creditor references (ISO 11649): `RF`, two check digits, one to twenty-one letters and digits.

use super::iban::{append, check_digits};
use super::{BankAccountError, compact};
use crate::text::char_buffer::text;

/// Validates a reference and normalises it: upper case without blanks.
pub fn check(reference: &str) -> Result<String, BankAccountError> {
    const EXAMPLE: BankAccountError = BankAccountError::like("RF18 5390 0754 7034");
    let reference = compact(reference).to_ascii_uppercase();
    if !(5..=25).contains(&reference.len()) || !reference.starts_with("RF") || !reference.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(EXAMPLE);
    }
    let expected = text(&check_digits(reference.bytes().skip(4).fold(0, append), *b"RF"));
    if reference[2..4] == expected {
        Ok(reference)
    } else {
        Err(BankAccountError::WrongCheckDigits { expected, which: ("the two digits behind RF", "las dos cifras tras RF") })
    }
}
