//! What people write who have no number or give none: one rule for every country. The number zero is nobody's. Any other
//! number whose digits are all the same lies within an issued series, so that it is somebody's and doubtful.

use super::{DocumentError, DocumentType, DocumentWarning};

/// The fewest digits of which it is odd that they are all the same.
const MIN_REPEATED_DIGITS: usize = 4;

/// Judges a normalised number that holds by its document's own rules.
pub(super) fn check(document: DocumentType, number: &[u8]) -> Result<Option<DocumentWarning>, DocumentError> {
    let (digits, is_serial_alone) = counted(document, number);
    let Some(&first) = digits.first() else { return Ok(None) };
    if !first.is_ascii_digit() || digits.iter().any(|digit| *digit != first) {
        return Ok(None);
    }
    if first == b'0' && is_serial_alone {
        return Err(DocumentError::Placeholder { used_for: "filling in forms", used_for_es: "relleno" });
    }
    Ok((digits.len() >= MIN_REPEATED_DIGITS).then_some(DocumentWarning::RepeatedDigit))
}

/// The digits that its holder was given, without what stands for a kind of holder or checks them; and whether they are the
/// whole of what was given.
fn counted(document: DocumentType, number: &[u8]) -> (&[u8], bool) {
    let without_check = &number[..number.len().saturating_sub(1)];
    match document {
        // Letters of a name, a date and what keeps namesakes apart: nothing is counted.
        DocumentType::Curp | DocumentType::Rfc => (&[], true),
        DocumentType::GovernmentId | DocumentType::PermanentResidencePermit | DocumentType::Cif => (behind_letters(without_check), true),
        DocumentType::Rut | DocumentType::Nit => (without_check, true),
        DocumentType::Ruc | DocumentType::Cuit => (without_check.get(2..).unwrap_or_default(), true),
        // The letters in front of a passport's digits are a part of its number.
        _ => {
            let digits = behind_letters(number);
            (digits, digits.len() == number.len())
        }
    }
}

/// What is behind the letters in front.
fn behind_letters(number: &[u8]) -> &[u8] {
    let letters = number.iter().take_while(|character| !character.is_ascii_digit()).count();
    &number[letters..]
}
