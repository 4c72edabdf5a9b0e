//! Peru: DNI (Ley 26497), foreigner card, RUC (SUNAT: modulo 11).

use super::digits::{all_digits, all_equal, alphanumeric, length, not_a_digit, weighted};
use super::{Checked, CustomerType, Doubt, Fault, Shown, Wording};

/// The character printed beside a DNI, by the sum modulo 11: a digit on some cards, a letter on others.
const VERIFIER_DIGITS: &[u8; 11] = b"65432110987";
const VERIFIER_LETTERS: &[u8; 11] = b"KJIHGFEDCBA";

/// DNI: eight digits, and optionally the character printed beside them, which is advisory.
pub(super) fn dni(text: &str) -> Result<Checked, Fault> {
    length(text, 8, 9, Wording("8 digits", "8 cifras"))?;
    let Some(body) = text.get(..8) else {
        return Err(Fault::WrongLength { expected: Wording("8 digits", "8 cifras"), found: text.chars().count() });
    };
    all_digits(body)?;
    if all_equal(body) && body.starts_with('0') {
        return Err(Fault::Placeholder { used_for: "filling in forms", used_for_es: "relleno" });
    }
    let mut checked = Checked::new(body.to_owned(), CustomerType::Individual);
    if let Some(last) = text.chars().nth(8) {
        if !last.is_ascii_alphanumeric() {
            return Err(not_a_digit(last));
        }
        let place = usize::try_from(weighted(body.as_bytes(), &[3, 2, 7, 6, 5, 4, 3, 2]) % 11).unwrap_or(0);
        let fits = [VERIFIER_DIGITS[place], VERIFIER_LETTERS[place]].map(char::from).contains(&last);
        checked.shown = Shown::With(last);
        if !fits {
            checked.doubts.push(Doubt::UnusualVerifier);
        }
    }
    Ok(checked)
}

/// Foreigner card: nine digits; letters and up to twelve signs occur.
pub(super) fn foreigner_card(text: &str) -> Result<Checked, Fault> {
    alphanumeric(text)?;
    length(text, 9, 12, Wording("9 digits", "9 cifras"))?;
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(Fault::WrongShape { expected: Wording("9 digits, as in 001234567", "9 cifras, como 001234567") });
    }
    Ok(Checked::new(text.to_owned(), CustomerType::Individual))
}

/// The usual form only, for guessing which document was meant.
pub(super) fn foreigner_card_strictly(text: &str) -> Result<Checked, Fault> {
    all_digits(text)?;
    length(text, 9, 9, Wording("9 digits", "9 cifras"))?;
    foreigner_card(text)
}

/// RUC: prefix, eight digits, check digit.
pub(super) fn ruc(text: &str) -> Result<Checked, Fault> {
    all_digits(text)?;
    length(text, 11, 11, Wording("11 digits", "11 cifras"))?;
    let prefix = &text[..2];
    let customer_type = match prefix {
        "10" | "15" | "16" | "17" => CustomerType::Individual,
        "20" => CustomerType::Company,
        _ => {
            return Err(Fault::UnknownPrefix {
                found: prefix.to_owned(),
                allowed: Wording("10, 15, 16, 17 (a person's) or 20 (a company's)", "10, 15, 16, 17 (persona) o 20 (empresa)"),
            });
        }
    };
    let expected = char::from_digit((11 - weighted(text.as_bytes(), &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 10, 10).unwrap_or('0');
    if !text.ends_with(expected) {
        return Err(Fault::WrongCheckDigit { expected, is_letter: false });
    }
    let mut checked = Checked::new(text.to_owned(), customer_type);
    if prefix == "10" {
        checked.implied.contains = Some(text[2..10].to_owned());
    }
    Ok(checked)
}
