//! Colombia: the identity documents of Registraduría and Migración, which have no check digit, and the NIT of DIAN
//! (Estatuto Tributario article 555-1: modulo 11).

use super::digits::{all_digits, alphanumeric, length, value};
use super::{Checked, CustomerType, Date, Doubt, Fault, Shown, Wording};

fn person(text: &str) -> Checked {
    Checked::new(text.to_owned(), CustomerType::Individual)
}

fn digits(text: &str, least: usize, most: usize, expected: Wording) -> Result<(), Fault> {
    all_digits(text)?;
    length(text, least, most, expected)
}

/// Cédula de ciudadanía: six to ten digits, none of them a leading zero.
pub(super) fn citizen_id(text: &str) -> Result<Checked, Fault> {
    digits(text, 6, 10, Wording("6 to 10 digits", "de 6 a 10 cifras"))?;
    if text.starts_with('0') {
        return Err(Fault::UnknownPrefix { found: "0".to_owned(), allowed: Wording("1 to 9", "1 a 9") });
    }
    Ok(person(text).shown(Shown::Dotted))
}

/// Cédula and tarjeta de extranjería: six to eight digits; other forms of four to twelve signs occur.
pub(super) fn foreigner_id(text: &str) -> Result<Checked, Fault> {
    alphanumeric(text)?;
    length(text, 4, 12, Wording("6 to 8 digits", "de 6 a 8 cifras"))?;
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(Fault::WrongShape { expected: Wording("6 to 8 digits, as in 123456", "de 6 a 8 cifras, como 123456") });
    }
    Ok(person(text))
}

/// Tarjeta de identidad of minors: ten digits; the old ones of eleven begin with the date of birth.
pub(super) fn identity_card(text: &str) -> Result<Checked, Fault> {
    digits(text, 10, 11, Wording("10 or 11 digits", "10 u 11 cifras"))?;
    let mut checked = person(text);
    checked.doubts.push(Doubt::Minor);
    if text.len() == 11 {
        // Old numbers with impossible dates exist on real cards; the date then tells nothing.
        checked.implied.date = Date::of_six(&text[..6], 1900);
        checked.doubts.push(Doubt::OldForm);
    }
    Ok(checked)
}

/// NUIP: ten digits, the first not zero.
pub(super) fn nuip(text: &str) -> Result<Checked, Fault> {
    digits(text, 10, 10, Wording("10 digits", "10 cifras"))?;
    if text.starts_with('0') {
        return Err(Fault::UnknownPrefix { found: "0".to_owned(), allowed: Wording("1 to 9", "1 a 9") });
    }
    Ok(person(text).shown(Shown::Dotted))
}

/// Registro civil of minors: eight to eleven signs.
pub(super) fn civil_registry(text: &str) -> Result<Checked, Fault> {
    alphanumeric(text)?;
    length(text, 8, 11, Wording("8 to 11 letters or digits", "de 8 a 11 letras o cifras"))?;
    let mut checked = person(text);
    checked.doubts.push(Doubt::Minor);
    Ok(checked)
}

/// Permiso por protección temporal: the letters PPT in front are dropped, then five to fifteen signs.
pub(super) fn protection_permit(text: &str) -> Result<Checked, Fault> {
    let number = text.strip_prefix("PPT").unwrap_or(text);
    alphanumeric(number)?;
    length(number, 5, 15, Wording("5 to 15 digits", "de 5 a 15 cifras"))?;
    Ok(person(number))
}

/// Permiso especial de permanencia (Resolución 5797 of 2017): fifteen digits.
pub(super) fn permanence_permit(text: &str) -> Result<Checked, Fault> {
    digits(text, 15, 15, Wording("15 digits", "15 cifras"))?;
    Ok(person(text))
}

/// A passport of any state.
pub(super) fn passport(text: &str) -> Result<Checked, Fault> {
    alphanumeric(text)?;
    length(text, 4, 15, Wording("4 to 15 letters or digits", "de 4 a 15 letras o cifras"))?;
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(Fault::WrongShape {
            expected: Wording(
                "letters or digits with at least a digit, as in AB123456",
                "letras y cifras, con al menos una cifra, como AB123456",
            ),
        });
    }
    Ok(person(text))
}

const NIT_WEIGHTS: [u32; 15] = [3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71];

fn nit_check_digit(body: &str) -> char {
    let rest = body.bytes().rev().zip(NIT_WEIGHTS).map(|(digit, weight)| value(digit) * weight).sum::<u32>() % 11;
    char::from_digit(if rest < 2 { rest } else { 11 - rest }, 10).unwrap_or('0')
}

/// NIT: body and check digit. Nine digits beginning with 8 or 9 and written without a hyphen are a company's body
/// without its check digit, which is then worked out.
pub(super) fn nit(written: &str, text: &str) -> Result<Checked, Fault> {
    all_digits(text)?;
    let tail = written.trim().rsplit_once('-').map(|(_, tail)| tail);
    let separated = tail.is_some_and(|tail| tail.trim().len() == 1);
    if let Some(tail) = tail
        && tail.trim().len() > 1
        && written.matches('-').count() == 1
    {
        return Err(Fault::WrongShape {
            expected: Wording(
                "the digits with the check digit behind a hyphen, as in 900000001-2",
                "las cifras y, tras un guion, el dígito verificador, como 900000001-2",
            ),
        });
    }
    if text == "222222222222" {
        return Err(Fault::Placeholder { used_for: "final consumers", used_for_es: "consumidor final" });
    }
    let body_only = text.len() == 9 && text.starts_with(['8', '9']) && !separated;
    let body = if body_only { text } else { &text[..text.len() - 1] };
    if !(7..=15).contains(&body.len()) {
        return Err(Fault::WrongLength {
            expected: Wording("9 digits and the check digit", "9 cifras y el dígito verificador"),
            found: text.len(),
        });
    }
    let expected = nit_check_digit(body);
    if !body_only && !text.ends_with(expected) {
        return Err(Fault::WrongCheckDigit { expected, is_letter: false });
    }
    let mut normalized = String::with_capacity(16);
    normalized.push_str(body);
    normalized.push(expected);
    Ok(Checked::new(normalized, CustomerType::Company).shown(Shown::DottedBeforeLast))
}
