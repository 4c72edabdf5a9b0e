//! BIC (ISO 9362).

use super::{BankAccountError, compact};

/// Validates a BIC and normalises it: upper case without blanks, and without the `XXX` of the head office.
pub fn check(bic: &str) -> Result<String, BankAccountError> {
    let bic = compact(bic).to_ascii_uppercase();
    let bytes = bic.as_bytes();
    let is_valid =
        matches!(bytes.len(), 8 | 11) && bytes[..6].iter().all(u8::is_ascii_uppercase) && bytes[6..].iter().all(u8::is_ascii_alphanumeric);
    if !is_valid {
        return Err(BankAccountError::WrongShape { example: ("CAIXESBB or CAIXESBBXXX", "CAIXESBB o CAIXESBBXXX") });
    }
    Ok(bic.strip_suffix("XXX").filter(|head| head.len() == 8).unwrap_or(&bic).to_owned())
}
