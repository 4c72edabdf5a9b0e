//! Spain: DNI, NIE, the NIF of persons without either, CIF and passports.
//!
//! Sources: RD 1553/2005 (letter table), RD 240/2007 (NIE), RD 1065/2007 articles 19 and 20 (K, L, M), Orden
//! EHA/451/2008 (CIF), ICAO Doc 9303 (passports).

use std::borrow::Cow;

use super::digits::{all_digits, length, not_a_digit, value};
use super::{Checked, CustomerType, Doubt, Fault, Shown, Wording};

/// RD 1553/2005: the number modulo 23 picks the letter.
const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
/// Orden EHA/451/2008: the control letter for 0 to 9.
const CIF_LETTERS: &[u8; 10] = b"JABCDEFGHI";

fn control_letter(number: u32) -> char {
    char::from(LETTERS[usize::try_from(number % 23).unwrap_or(0)])
}

/// A NIE's seven digits behind what its letter counts.
fn with_leading(leading: usize, digits: &str) -> Result<u32, Fault> {
    Ok(u32::try_from(leading).unwrap_or(0) * 10_000_000 + number_of(digits)?)
}

fn number_of(digits: &str) -> Result<u32, Fault> {
    all_digits(digits)?;
    digits.parse().map_err(|_| Fault::WrongShape {
        expected: Wording("8 digits and a letter, as in 12345678Z", "8 cifras y una letra, como 12345678Z"),
    })
}

/// Splits into head and last sign; the callers have checked that there is something.
fn split_last(text: &str) -> Result<(&str, char), Fault> {
    let (at, last) = text.char_indices().next_back().ok_or(Fault::Empty)?;
    Ok((&text[..at], last))
}

fn person(normalized: String) -> Checked {
    Checked::new(normalized, CustomerType::Individual)
}

/// DNI: eight digits and a letter; also the K and L numbers of persons without one.
pub(super) fn government_id(text: &str) -> Result<Checked, Fault> {
    if let Some(rest) = text.strip_prefix(['K', 'L']) {
        return person_nif(text, rest);
    }
    let (head, last) = split_last(text)?;
    if last.is_ascii_digit() && text.len() == 8 {
        return Err(Fault::MissingCheckDigit { expected: control_letter(number_of(text)?) });
    }
    // Leading zeros are often left out; the letter tells whether that is all that is missing.
    if !(1..=8).contains(&head.len()) || !last.is_ascii_uppercase() || (head.len() < 8 && number_of(head).map(control_letter) != Ok(last)) {
        length(text, 9, 9, Wording("8 digits and a letter", "8 cifras y una letra"))?;
    }
    let expected = control_letter(number_of(head)?);
    if last != expected {
        return Err(Fault::WrongCheckDigit { expected, is_letter: true });
    }
    let normalized = if head.len() == 8 { text.to_owned() } else { format!("{head:0>8}{last}") };
    Ok(person(normalized).shown(Shown::DashBeforeLast))
}

/// NIE: X, Y or Z, seven digits and a letter; also the M numbers of persons without one.
pub(super) fn residence_permit(text: &str) -> Result<Checked, Fault> {
    if let Some(rest) = text.strip_prefix('M') {
        return person_nif(text, rest);
    }
    let first = text.chars().next().ok_or(Fault::Empty)?;
    let Some(leading) = ['X', 'Y', 'Z'].iter().position(|&letter| letter == first) else {
        return Err(Fault::UnknownPrefix { found: first.to_string(), allowed: Wording("X, Y, Z or M", "X, Y, Z o M") });
    };
    // Old cards print an extra zero behind the X.
    let old = text.chars().count() == 10 && text.starts_with("X0");
    let text = if old { Cow::Owned(format!("X{}", &text[2..])) } else { Cow::Borrowed(text) };
    if text.len() == 8 && text[1..].bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::MissingCheckDigit { expected: control_letter(with_leading(leading, &text[1..])?) });
    }
    length(text.as_ref(), 9, 9, Wording("a letter, 7 digits and a letter", "una letra, 7 cifras y una letra"))?;
    let (head, last) = split_last(&text)?;
    let expected = control_letter(with_leading(leading, &head[1..])?);
    if last != expected {
        return Err(Fault::WrongCheckDigit { expected, is_letter: true });
    }
    let mut checked = person(text.into_owned()).shown(Shown::DashesAroundMiddle);
    if old {
        checked.doubts.push(Doubt::OldForm);
    }
    Ok(checked)
}

/// K, L and M: the DNI's letter over the seven digits.
fn person_nif(text: &str, rest: &str) -> Result<Checked, Fault> {
    length(text, 9, 9, Wording("a letter, 7 digits and a letter", "una letra, 7 cifras y una letra"))?;
    let (head, last) = split_last(rest)?;
    let expected = control_letter(number_of(head)?);
    if last != expected {
        return Err(Fault::WrongCheckDigit { expected, is_letter: true });
    }
    let mut checked = person(text.to_owned()).shown(Shown::DashesAroundMiddle);
    if text.starts_with('K') {
        checked.doubts.push(Doubt::Minor);
    }
    Ok(checked)
}

fn entity(letter: char) -> Option<&'static str> {
    Some(match letter {
        'A' => "sociedad anónima",
        'B' => "sociedad de responsabilidad limitada",
        'C' => "sociedad colectiva",
        'D' => "sociedad comanditaria",
        'E' => "comunidad de bienes",
        'F' => "sociedad cooperativa",
        'G' => "asociación o fundación",
        'H' => "comunidad de propietarios",
        'J' => "sociedad civil",
        'N' => "entidad extranjera",
        'P' => "corporación local",
        'Q' => "organismo público",
        'R' => "congregación religiosa",
        'S' => "órgano de la Administración",
        'U' => "unión temporal de empresas",
        'V' => "otro tipo de entidad",
        'W' => "establecimiento permanente de entidad no residente",
        _ => return None,
    })
}

/// CIF: a letter for the kind of entity, seven digits, a control digit or letter.
pub(super) fn cif(text: &str) -> Result<Checked, Fault> {
    let first = text.chars().next().ok_or(Fault::Empty)?;
    let Some(kind) = entity(first) else {
        return Err(Fault::UnknownPrefix {
            found: first.to_string(),
            allowed: Wording("A, B, C, D, E, F, G, H, J, N, P, Q, R, S, U, V or W", "A, B, C, D, E, F, G, H, J, N, P, Q, R, S, U, V o W"),
        });
    };
    length(text, 9, 9, Wording("a letter, 7 digits and a control digit or letter", "una letra, 7 cifras y una cifra o letra de control"))?;
    let (head, last) = split_last(text)?;
    all_digits(&head[1..])?;
    let digits = &head.as_bytes()[1..];
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(place, digit)| if place % 2 == 1 { value(*digit) } else { value(*digit) * 2 / 10 + value(*digit) * 2 % 10 })
        .sum();
    let control = (10 - sum % 10) % 10;
    let (digit, letter) = (char::from_digit(control, 10).unwrap_or('0'), char::from(CIF_LETTERS[usize::try_from(control).unwrap_or(0)]));
    let wants_letter = matches!(first, 'N' | 'P' | 'Q' | 'R' | 'S' | 'W') || digits.starts_with(b"00");
    if last != digit && last != letter {
        let is_letter = last.is_ascii_uppercase();
        if is_letter && !CIF_LETTERS.contains(&u8::try_from(last).unwrap_or(0)) && !wants_letter {
            return Err(not_a_digit(last));
        }
        return Err(Fault::WrongCheckDigit {
            expected: if is_letter || wants_letter { letter } else { digit },
            is_letter: is_letter || wants_letter,
        });
    }
    let mut checked = Checked::new(text.to_owned(), CustomerType::Company).shown(Shown::DashesAroundMiddle);
    checked.implied.entity = Some(kind);
    let wants_digit = matches!(first, 'A' | 'B' | 'E' | 'H') && !wants_letter;
    if (wants_letter && last == digit) || (wants_digit && last == letter) {
        checked.doubts.push(Doubt::UnusualControlKind);
    }
    Ok(checked)
}

/// A passport of any state: its number has no check digit outside the machine-readable zone.
pub(super) fn passport(text: &str) -> Result<Checked, Fault> {
    super::digits::alphanumeric(text)?;
    length(text, 5, 15, Wording("5 to 15 letters or digits", "de 5 a 15 letras o cifras"))?;
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(Fault::WrongShape {
            expected: Wording(
                "letters or digits with at least a digit, as in AAA123456",
                "letras y cifras, con al menos una cifra, como AAA123456",
            ),
        });
    }
    Ok(person(text.to_owned()))
}
