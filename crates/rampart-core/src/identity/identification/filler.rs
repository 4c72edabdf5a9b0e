//! Filler numbers, by one rule for all countries. Zero is nobody's number and is refused. Other numbers of one repeated digit are within
//! an issued series, so they may be real: they get a warning.

use super::{DocumentError, DocumentType, DocumentWarning};

/// Shorter repetitions are not unusual.
const MIN_REPEATED_DIGITS: usize = 4;

/// Checks a normalised number that is valid by the rules of its document.
pub(super) fn check(document: DocumentType, number: &[u8]) -> Result<Option<DocumentWarning>, DocumentError> {
    let (digits, is_only_serial) = serial(document, number);
    let Some(&first) = digits.first() else { return Ok(None) };
    if !first.is_ascii_digit() || digits.iter().any(|digit| *digit != first) {
        return Ok(None);
    }
    if first == b'0' && is_only_serial {
        return Err(DocumentError::Placeholder { used_for: "filling in forms", used_for_es: "relleno" });
    }
    Ok((digits.len() >= MIN_REPEATED_DIGITS).then_some(DocumentWarning::RepeatedDigit))
}

/// The serial digits, without prefix and check digit, and whether the number has nothing but those.
fn serial(document: DocumentType, number: &[u8]) -> (&[u8], bool) {
    let without_check = &number[..number.len().saturating_sub(1)];
    match document {
        // Made of a name, a date and a disambiguation code: no serial.
        DocumentType::Curp | DocumentType::Rfc => (&[], true),
        DocumentType::GovernmentId | DocumentType::PermanentResidencePermit | DocumentType::Cif => {
            (without_leading_letters(without_check), true)
        }
        DocumentType::Rut | DocumentType::Nit => (without_check, true),
        DocumentType::Ruc | DocumentType::Cuit => (without_check.get(2..).unwrap_or_default(), true),
        // Leading letters are part of a passport number.
        DocumentType::Passport
        | DocumentType::Pass
        | DocumentType::Dni
        | DocumentType::Ce
        | DocumentType::CedCiu
        | DocumentType::CedExt
        | DocumentType::Ti
        | DocumentType::Nuip
        | DocumentType::Te
        | DocumentType::Ppt
        | DocumentType::Pep
        | DocumentType::Rc => {
            let digits = without_leading_letters(number);
            (digits, digits.len() == number.len())
        }
    }
}

/// The number without its leading letters.
fn without_leading_letters(number: &[u8]) -> &[u8] {
    let letters = number.iter().take_while(|character| !character.is_ascii_digit()).count();
    &number[letters..]
}
