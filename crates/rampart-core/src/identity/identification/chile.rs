//! Chile: RUT (RUN of persons), DFL 3/1969: modulo 11 with weights 2 to 7 from the right.

use super::digits::{digit, not_a_digit, number, weighted_sum};
use super::{DocumentError, DocumentType, DocumentWarning, PrintFormat, ValidDocument, Wording};
use crate::text::char_buffer::Characters;

/// For eight digits; shorter numbers use the last ones.
const WEIGHTS: [u32; 8] = [3, 2, 7, 6, 5, 4, 3, 2];

/// The check character of the digits: a digit or K.
fn check_character(body: &[u8]) -> char {
    match 11 - weighted_sum(body, &WEIGHTS) % 11 {
        11 => '0',
        10 => 'K',
        value => digit(value),
    }
}

/// Generic numbers of SII.
fn generic(number: u32) -> Option<DocumentError> {
    let (used_for, used_for_es) = match number {
        66_666_666 => ("buyers without a name", "compradores sin nombre"),
        55_555_555 => ("foreign buyers", "compradores extranjeros"),
        _ => return None,
    };
    Some(DocumentError::Placeholder { used_for, used_for_es })
}

/// RUT: up to eight digits and a check character. Numbers of six digits or fewer belong to old persons.
pub(super) fn rut(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    // Forms pad the field with zeros.
    if characters.starts_with(b"0") && characters.len() > 2 {
        let zeros = characters.iter().take_while(|character| **character == b'0').count().min(characters.len() - 2);
        return rut(&Characters::of(&characters[zeros..]));
    }
    let (&last, body) = characters.split_last().ok_or(DocumentError::Empty)?;
    let number = number(body)?;
    if !last.is_ascii_digit() && last != b'K' {
        return Err(not_a_digit(last));
    }
    if !(1..=8).contains(&body.len()) {
        return Err(DocumentError::WrongLength {
            expected: Wording("up to 8 digits with the check digit or K behind them", "hasta 8 cifras y detrás el dígito verificador o K"),
            found: characters.len(),
        });
    }
    let expected = check_character(body);
    if char::from(last) != expected {
        return Err(DocumentError::WrongCheckDigit { expected, is_letter: expected == 'K' });
    }
    if let Some(fault) = generic(number) {
        return Err(fault);
    }
    let mut checked = ValidDocument::new(DocumentType::Rut, *characters).print_as(PrintFormat::DottedBeforeLast);
    if body.len() <= 6 {
        checked.warn(DocumentWarning::ShortNumber);
    }
    Ok(checked)
}
