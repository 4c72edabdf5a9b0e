//! Peru: DNI (Ley 26497), foreigner card, RUC (SUNAT: modulo 11).

use super::digits::{all_digits, alphanumeric, digit, length, not_a_digit, weighted_sum};
use super::{DocumentError, DocumentType, DocumentWarning, PrintFormat, ValidDocument, Wording};
use crate::text::char_buffer::{Characters, text};

/// The character printed beside a DNI, by the sum modulo 11: a digit on some cards, a letter on others.
const VERIFIER_DIGITS: &[u8; 11] = b"65432110987";
const VERIFIER_LETTERS: &[u8; 11] = b"KJIHGFEDCBA";

/// DNI: eight digits, optionally followed by the character printed beside them, which is advisory.
pub(super) fn dni(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    length(characters, 8, 9, Wording("8 digits", "8 cifras"))?;
    let (body, beside) = characters.split_at(8);
    all_digits(body)?;
    let mut checked = ValidDocument::new(DocumentType::Dni, Characters::of(body));
    if let Some(&last) = beside.first() {
        if !last.is_ascii_alphanumeric() {
            return Err(not_a_digit(last));
        }
        let place = usize::try_from(weighted_sum(body, &[3, 2, 7, 6, 5, 4, 3, 2]) % 11).unwrap_or(0);
        checked.print_format = PrintFormat::With(char::from(last));
        if ![VERIFIER_DIGITS[place], VERIFIER_LETTERS[place]].contains(&last) {
            checked.warn(DocumentWarning::UnusualVerifier);
        }
    }
    Ok(checked)
}

/// Foreigner card: nine digits, of which people often omit two or three leading zeros. Letters and up to twelve characters occur. Eight
/// digits are a DNI.
pub(super) fn foreigner_card(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    alphanumeric(characters)?;
    if matches!(characters.len(), 6 | 7) && all_digits(characters).is_ok() {
        let mut checked = ValidDocument::new(DocumentType::Ce, Characters::joined(&b"000"[..9 - characters.len()], characters));
        checked.warn(DocumentWarning::ShortNumber);
        return Ok(checked);
    }
    length(characters, 9, 12, Wording("9 digits", "9 cifras"))?;
    if !characters.iter().any(u8::is_ascii_digit) {
        return Err(DocumentError::WrongShape { expected: Wording("9 digits, as in 001234567", "9 cifras, como 001234567") });
    }
    Ok(ValidDocument::new(DocumentType::Ce, *characters))
}

/// Whether a number has the usual form of a foreigner card. Used to guess which document was meant.
pub(super) fn is_usual_foreigner_card(characters: &Characters) -> bool {
    characters.len() == 9 && characters.iter().all(u8::is_ascii_digit)
}

/// RUC: prefix, eight digits, check digit.
pub(super) fn ruc(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    all_digits(characters)?;
    length(characters, 11, 11, Wording("11 digits", "11 cifras"))?;
    let (prefix, last) = (&characters[..2], char::from(characters[10]));
    if !matches!(prefix, b"10" | b"15" | b"16" | b"17" | b"20") {
        return Err(DocumentError::UnknownPrefix {
            found: text(prefix),
            allowed: Wording("10, 15, 16, 17 (a person's) or 20 (a company's)", "10, 15, 16, 17 (persona) o 20 (empresa)"),
        });
    }
    let expected = digit((11 - weighted_sum(&characters[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 10);
    if last != expected {
        return Err(DocumentError::WrongCheckDigit { expected, is_letter: false });
    }
    Ok(ValidDocument::new(DocumentType::Ruc, *characters))
}
