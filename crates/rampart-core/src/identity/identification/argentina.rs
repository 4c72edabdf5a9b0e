//! Argentina: DNI (Ley 17.671) and CUIT/CUIL (RG AFIP 10/97: modulo 11).

use super::digits::{all_digits, digit, length, no_leading_zero, weighted_sum, zeros_to_drop};
use super::{DocumentError, DocumentType, DocumentWarning, PrintFormat, ValidDocument, Wording};
use crate::text::char_buffer::{Characters, text};

const WEIGHTS: [u32; 10] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];

/// DNI: seven or eight digits, no check digit. Numbers of six are from old enrolment books (LE, LC). A CUIT contains the DNI padded to
/// eight digits, and people copy the zeros with it.
pub(super) fn dni(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    const MIN_DIGITS: usize = 6;
    all_digits(characters)?;
    length(characters, MIN_DIGITS, 8, Wording("7 or 8 digits", "7 u 8 cifras"))?;
    let mut checked = ValidDocument::new(DocumentType::Dni, *characters).print_as(PrintFormat::Dotted);
    checked.drop_zeros(zeros_to_drop(characters, MIN_DIGITS));
    no_leading_zero(&checked.number)?;
    if checked.number.len() == MIN_DIGITS {
        checked.warn(DocumentWarning::ShortNumber);
    }
    Ok(checked)
}

/// Whether it is AFIP's `CUIT país`, which invoices give for buyers abroad. With prefix 50 (persons) and 55 (companies) it holds the
/// country code of up to three digits, with 51 (other entities) that code after a 6. 51 and 55 have no other numbers.
fn is_of_a_country(prefix: &[u8], body: &[u8]) -> bool {
    match prefix {
        b"51" | b"55" => true,
        b"50" => body.starts_with(b"00000"),
        _ => false,
    }
}

/// CUIT of companies and CUIL of persons: prefix, eight digits, check digit.
pub(super) fn cuit(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    all_digits(characters)?;
    length(characters, 11, 11, Wording("11 digits", "11 cifras"))?;
    let (prefix, body, last) = (&characters[..2], &characters[2..10], char::from(characters[10]));
    // 50 is the CDI, of persons without a DNI.
    if !matches!(prefix, b"20" | b"23" | b"24" | b"25" | b"26" | b"27" | b"30" | b"33" | b"34" | b"50" | b"51" | b"55") {
        return Err(DocumentError::UnknownPrefix {
            found: text(prefix),
            allowed: Wording(
                "20, 23, 24, 25, 26, 27 (a person's) or 30, 33, 34 (a company's)",
                "20, 23, 24, 25, 26, 27 (persona) o 30, 33, 34 (empresa)",
            ),
        });
    }
    // A number whose check digit would be 10 is never issued: the prefix is changed instead (RG 10/97). Other validators accept 9.
    let expected = match 11 - weighted_sum(&characters[..10], &WEIGHTS) % 11 {
        11 => '0',
        10 => {
            return Err(DocumentError::UnknownPrefix {
                found: text(prefix),
                allowed: Wording(
                    "another prefix (23, 24, 33 or 34): no number is issued with this one and these digits",
                    "otro prefijo (23, 24, 33 o 34): con este y estas cifras no se asigna ninguno",
                ),
            });
        }
        value => digit(value),
    };
    if last != expected {
        return Err(DocumentError::WrongCheckDigit { expected, is_letter: false });
    }
    if is_of_a_country(prefix, body) {
        return Err(DocumentError::Placeholder { used_for: "countries abroad", used_for_es: "países extranjeros" });
    }
    Ok(ValidDocument::new(DocumentType::Cuit, *characters).print_as(PrintFormat::DashesAroundEight))
}
