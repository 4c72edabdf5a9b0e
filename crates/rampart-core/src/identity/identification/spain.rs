//! Spain: DNI, NIE, the NIF of persons without either, CIF and passports.
//!
//! Sources: RD 1553/2005 (letter table), RD 240/2007 (NIE), RD 1065/2007 articles 19 and 20 (K, L, M), Orden EHA/451/2008 (CIF), ICAO Doc
//! 9303 (passports).

use super::digits::{all_digits, alphanumeric, digit, length, not_a_digit, number, value};
use super::{DocumentError, DocumentType, DocumentWarning, PrintFormat, ValidDocument, Wording};
use crate::text::char_buffer::Characters;

/// RD 1553/2005: the number modulo 23 selects the letter.
const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
/// Orden EHA/451/2008: the control letter for 0 to 9.
const CIF_LETTERS: &[u8; 10] = b"JABCDEFGHI";

fn control_letter(number: u32) -> char {
    char::from(LETTERS[usize::try_from(number % 23).unwrap_or(0)])
}

/// DNI: eight digits and a letter; also the K and L numbers of persons without one.
pub(super) fn government_id(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    if matches!(characters.first(), Some(b'K' | b'L')) {
        return person_nif(DocumentType::GovernmentId, characters);
    }
    let (&last, head) = characters.split_last().ok_or(DocumentError::Empty)?;
    if last.is_ascii_digit() && characters.len() == 8 {
        return Err(DocumentError::MissingCheckDigit { expected: control_letter(number(characters)?) });
    }
    let last = char::from(last);
    // Leading zeros are often omitted; the letter confirms that nothing else is missing.
    if !(1..=8).contains(&head.len()) || !last.is_ascii_uppercase() || (head.len() < 8 && number(head).map(control_letter) != Ok(last)) {
        length(characters, 9, 9, Wording("8 digits and a letter", "8 cifras y una letra"))?;
    }
    let expected = control_letter(number(head)?);
    if last != expected {
        return Err(DocumentError::WrongCheckDigit { expected, is_letter: true });
    }
    let zeros = &b"00000000"[head.len().min(8)..];
    let number = if zeros.is_empty() { *characters } else { Characters::joined(zeros, characters) };
    let checked = ValidDocument::new(DocumentType::GovernmentId, number);
    Ok(checked.print_as(PrintFormat::DashBeforeLast))
}

/// NIE: X, Y or Z, seven digits and a letter; also the M numbers of persons without one.
pub(super) fn residence_permit(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    // The first letter stands for a digit before the other seven.
    let leading = match characters.first().copied().ok_or(DocumentError::Empty)? {
        b'M' => return person_nif(DocumentType::PermanentResidencePermit, characters),
        b'X' => 0,
        b'Y' => 10_000_000,
        b'Z' => 20_000_000,
        first => {
            return Err(DocumentError::UnknownPrefix {
                found: char::from(first).to_string(),
                allowed: Wording("X, Y, Z or M", "X, Y, Z o M"),
            });
        }
    };
    // Old cards have an extra zero after the X.
    if let [b'X', b'0', rest @ ..] = &characters[..]
        && characters.len() == 10
    {
        let mut checked = residence_permit(&Characters::joined(b"X", rest))?;
        checked.warn(DocumentWarning::OldForm);
        return Ok(checked);
    }
    if characters.len() == 8 && characters[1..].iter().all(u8::is_ascii_digit) {
        return Err(DocumentError::MissingCheckDigit { expected: control_letter(leading + number(&characters[1..])?) });
    }
    length(characters, 9, 9, Wording("a letter, 7 digits and a letter", "una letra, 7 cifras y una letra"))?;
    let expected = control_letter(leading + number(&characters[1..8])?);
    if char::from(characters[8]) != expected {
        return Err(DocumentError::WrongCheckDigit { expected, is_letter: true });
    }
    Ok(ValidDocument::new(DocumentType::PermanentResidencePermit, *characters).print_as(PrintFormat::DashesAroundMiddle))
}

/// K, L and M numbers: the letter of a DNI with the same seven digits.
fn person_nif(document: DocumentType, characters: &Characters) -> Result<ValidDocument, DocumentError> {
    length(characters, 9, 9, Wording("a letter, 7 digits and a letter", "una letra, 7 cifras y una letra"))?;
    let expected = control_letter(number(&characters[1..8])?);
    if char::from(characters[8]) != expected {
        return Err(DocumentError::WrongCheckDigit { expected, is_letter: true });
    }
    Ok(ValidDocument::new(document, *characters).print_as(PrintFormat::DashesAroundMiddle))
}

pub(super) fn entity(letter: u8) -> Option<&'static str> {
    Some(match letter {
        b'A' => "sociedad anónima",
        b'B' => "sociedad de responsabilidad limitada",
        b'C' => "sociedad colectiva",
        b'D' => "sociedad comanditaria",
        b'E' => "comunidad de bienes",
        b'F' => "sociedad cooperativa",
        b'G' => "asociación o fundación",
        b'H' => "comunidad de propietarios",
        b'J' => "sociedad civil",
        b'N' => "entidad extranjera",
        b'P' => "corporación local",
        b'Q' => "organismo público",
        b'R' => "congregación religiosa",
        b'S' => "órgano de la Administración",
        b'U' => "unión temporal de empresas",
        b'V' => "otro tipo de entidad",
        b'W' => "establecimiento permanente de entidad no residente",
        _ => return None,
    })
}

/// CIF: a letter for the kind of entity, seven digits, a control digit or letter.
pub(super) fn cif(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    let first = characters.first().copied().ok_or(DocumentError::Empty)?;
    if entity(first).is_none() {
        return Err(DocumentError::UnknownPrefix {
            found: char::from(first).to_string(),
            allowed: Wording("A, B, C, D, E, F, G, H, J, N, P, Q, R, S, U, V or W", "A, B, C, D, E, F, G, H, J, N, P, Q, R, S, U, V o W"),
        });
    }
    length(
        characters,
        9,
        9,
        Wording("a letter, 7 digits and a control digit or letter", "una letra, 7 cifras y una cifra o letra de control"),
    )?;
    let (digits, last) = (&characters[1..8], characters[8]);
    all_digits(digits)?;
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(place, digit)| if place % 2 == 1 { value(*digit) } else { value(*digit) * 2 / 10 + value(*digit) * 2 % 10 })
        .sum();
    let control = (10 - sum % 10) % 10;
    let (control_digit, letter) = (digit(control), char::from(CIF_LETTERS[usize::try_from(control).unwrap_or(0)]));
    let wants_letter = matches!(first, b'N' | b'P' | b'Q' | b'R' | b'S' | b'W') || digits.starts_with(b"00");
    let (is_digit, is_letter) = (char::from(last) == control_digit, char::from(last) == letter);
    if !is_digit && !is_letter {
        if last.is_ascii_uppercase() && !CIF_LETTERS.contains(&last) && !wants_letter {
            return Err(not_a_digit(last));
        }
        let is_letter = last.is_ascii_uppercase() || wants_letter;
        return Err(DocumentError::WrongCheckDigit { expected: if is_letter { letter } else { control_digit }, is_letter });
    }
    let mut checked = ValidDocument::new(DocumentType::Cif, *characters).print_as(PrintFormat::DashesAroundMiddle);
    let wants_digit = matches!(first, b'A' | b'B' | b'E' | b'H') && !wants_letter;
    if (wants_letter && is_digit) || (wants_digit && is_letter) {
        checked.warn(DocumentWarning::UnusualControlKind);
    }
    Ok(checked)
}

/// A passport of any country: its number has no check digit outside the machine-readable zone.
pub(super) fn passport(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    alphanumeric(characters)?;
    length(characters, 5, 15, Wording("5 to 15 letters or digits", "de 5 a 15 letras o cifras"))?;
    if !characters.iter().any(u8::is_ascii_digit) {
        return Err(DocumentError::WrongShape {
            expected: Wording(
                "letters or digits with at least a digit, as in AAA123456",
                "letras y cifras, con al menos una cifra, como AAA123456",
            ),
        });
    }
    Ok(ValidDocument::new(DocumentType::Passport, *characters))
}
