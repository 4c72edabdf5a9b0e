//! Colombia: the identity documents of Registraduría and Migración, which have no check digit, and the NIT of DIAN
//! (Estatuto Tributario article 555-1: modulo 11).

use super::digits::{all_digits, alphanumeric, digit, length, no_leading_zero, weighted_sum, zeros_to_drop};
use super::{DocumentError, DocumentType, DocumentWarning, PrintFormat, ValidDocument, Wording};
use crate::text::char_buffer::{Characters, text};

fn digits(characters: &[u8], least: usize, most: usize, expected: Wording) -> Result<(), DocumentError> {
    all_digits(characters)?;
    length(characters, least, most, expected)
}

/// Cédula de ciudadanía: six to ten digits without leading zeros. The barcode on the back pads it to ten digits with zeros, and barcode
/// readers pass them on.
pub(super) fn citizen_id(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    const MIN_DIGITS: usize = 6;
    const MAX_DIGITS: usize = 10;
    digits(characters, MIN_DIGITS, MAX_DIGITS, Wording("6 to 10 digits", "de 6 a 10 cifras"))?;
    let zeros = if characters.len() == MAX_DIGITS { zeros_to_drop(characters, MIN_DIGITS) } else { 0 };
    let mut checked = ValidDocument::new(DocumentType::CedCiu, *characters).print_as(PrintFormat::Dotted);
    checked.drop_zeros(zeros);
    no_leading_zero(&checked.number)?;
    Ok(checked)
}

/// Cédula and tarjeta de extranjería: six to eight digits; other forms of four to twelve characters occur.
pub(super) fn foreigner_id(document: DocumentType, characters: &Characters) -> Result<ValidDocument, DocumentError> {
    alphanumeric(characters)?;
    length(characters, 4, 12, Wording("6 to 8 digits", "de 6 a 8 cifras"))?;
    if !characters.iter().any(u8::is_ascii_digit) {
        return Err(DocumentError::WrongShape { expected: Wording("6 to 8 digits, as in 123456", "de 6 a 8 cifras, como 123456") });
    }
    Ok(ValidDocument::new(document, *characters))
}

/// Tarjeta de identidad of minors: ten digits. Old numbers have eleven and begin with the date of birth.
pub(super) fn identity_card(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    digits(characters, 10, 11, Wording("10 or 11 digits", "10 u 11 cifras"))?;
    let mut checked = ValidDocument::new(DocumentType::Ti, *characters);
    // On some real cards the date is impossible, so it is not checked.
    if characters.len() == 11 {
        checked.warn(DocumentWarning::OldForm);
    }
    Ok(checked)
}

/// NUIP: ten digits without a leading zero.
pub(super) fn nuip(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    digits(characters, 10, 10, Wording("10 digits", "10 cifras"))?;
    no_leading_zero(characters)?;
    Ok(ValidDocument::new(DocumentType::Nuip, *characters).print_as(PrintFormat::Dotted))
}

/// Registro civil of minors: eight to eleven letters or digits.
pub(super) fn civil_registry(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    alphanumeric(characters)?;
    length(characters, 8, 11, Wording("8 to 11 letters or digits", "de 8 a 11 letras o cifras"))?;
    Ok(ValidDocument::new(DocumentType::Rc, *characters))
}

/// Permiso por protección temporal: five to fifteen letters or digits after an optional PPT, which is dropped.
pub(super) fn protection_permit(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    let number = characters.strip_prefix(b"PPT").unwrap_or(characters);
    alphanumeric(number)?;
    length(number, 5, 15, Wording("5 to 15 digits", "de 5 a 15 cifras"))?;
    Ok(ValidDocument::new(DocumentType::Ppt, Characters::of(number)))
}

/// Permiso especial de permanencia (Resolución 5797 of 2017): fifteen digits.
pub(super) fn permanence_permit(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    digits(characters, 15, 15, Wording("15 digits", "15 cifras"))?;
    Ok(ValidDocument::new(DocumentType::Pep, *characters))
}

/// A passport of any country.
pub(super) fn passport(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    alphanumeric(characters)?;
    length(characters, 4, 15, Wording("4 to 15 letters or digits", "de 4 a 15 letras o cifras"))?;
    if !characters.iter().any(u8::is_ascii_digit) {
        return Err(DocumentError::WrongShape {
            expected: Wording(
                "letters or digits with at least a digit, as in AB123456",
                "letras y cifras, con al menos una cifra, como AB123456",
            ),
        });
    }
    Ok(ValidDocument::new(DocumentType::Pass, *characters))
}

/// DIAN's weights for fifteen digits; shorter numbers use the last ones.
const NIT_WEIGHTS: [u32; 15] = [71, 67, 59, 53, 47, 43, 41, 37, 29, 23, 19, 17, 13, 7, 3];

fn nit_check_digit(body: &[u8]) -> char {
    let rest = weighted_sum(body, &NIT_WEIGHTS) % 11;
    digit(if rest < 2 { rest } else { 11 - rest })
}

/// NIT: body and check digit. Nine digits that begin with 8 or 9, without a hyphen, are the body of a company's NIT; the check digit is
/// then computed. Every other body is a number of a person's document and follows its rules (Concepto DIAN 078424 of 2002).
pub(super) fn nit(written: &str, characters: &Characters) -> Result<ValidDocument, DocumentError> {
    all_digits(characters)?;
    // The most frequent form, without a search.
    let after_hyphen = match written.as_bytes() {
        [.., b'-', b'0'..=b'9'] => Some(1),
        _ => written.rsplit_once('-').map(|(_, tail)| tail.trim().len()),
    };
    let separated = after_hyphen == Some(1);
    if after_hyphen.is_some_and(|count| count > 1) && written.matches('-').count() == 1 {
        return Err(DocumentError::WrongShape {
            expected: Wording(
                "the digits with the check digit behind a hyphen, as in 900000001-2",
                "las cifras y, tras un guion, el dígito verificador, como 900000001-2",
            ),
        });
    }
    if characters[..] == *b"222222222222" {
        return Err(DocumentError::Placeholder { used_for: "final consumers", used_for_es: "consumidor final" });
    }
    let (last, without_last) = characters.split_last().ok_or(DocumentError::Empty)?;
    let is_company_body = |body: &[u8]| body.len() == 9 && matches!(body, [b'8' | b'9', ..]);
    let body_only = is_company_body(characters) && !separated;
    let body = if body_only { &characters[..] } else { without_last };
    if !(6..=11).contains(&body.len()) {
        return Err(DocumentError::WrongLength {
            expected: Wording("6 to 11 digits and the check digit", "de 6 a 11 cifras y el dígito verificador"),
            found: characters.len(),
        });
    }
    let expected = nit_check_digit(body);
    let may_be_whole = after_hyphen.is_none() && !is_company_body(body) && citizen_id(characters).is_ok();
    if !body_only && char::from(*last) != expected {
        // Correcting the last digit of a whole cédula would make it the NIT of another person.
        return Err(if may_be_whole {
            DocumentError::CheckDigitNotApart { number: text(characters), expected: nit_check_digit(characters) }
        } else {
            DocumentError::WrongCheckDigit { expected, is_letter: false }
        });
    }
    let mut checked = ValidDocument::new(DocumentType::Nit, *characters).print_as(PrintFormat::DottedBeforeLast);
    if body_only {
        checked.number.push(u8::try_from(expected).unwrap_or(b'0'));
    }
    if !is_company_body(body) {
        // A cédula of six to ten digits, or an identity card or civil registry number of eleven.
        no_leading_zero(body)?;
        if body.len() == 11 {
            checked.warn(DocumentWarning::OldForm);
        }
        if may_be_whole {
            checked.warn(DocumentWarning::CheckDigitNotApart { expected: nit_check_digit(characters) });
        }
    } else if body_only && char::from(*last) == nit_check_digit(without_last) {
        checked.warn(DocumentWarning::PersonOrCompany);
    }
    Ok(checked)
}
