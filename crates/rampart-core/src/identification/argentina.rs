//! Argentina: DNI (Ley 17.671) and CUIT/CUIL (RG AFIP 10/97: modulo 11).

use super::digits::{all_digits, length, weighted};
use super::{Checked, CustomerType, Fault, Shown, Wording};

const WEIGHTS: [u32; 10] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];

/// DNI: seven or eight digits, no check digit.
pub(super) fn dni(text: &str) -> Result<Checked, Fault> {
    all_digits(text)?;
    length(text, 7, 8, Wording("7 or 8 digits", "7 u 8 cifras"))?;
    if text.starts_with('0') {
        return Err(Fault::UnknownPrefix { found: "0".to_owned(), allowed: Wording("1 to 9", "1 a 9") });
    }
    Ok(Checked::new(text.to_owned(), CustomerType::Individual).shown(Shown::Dotted))
}

/// CUIT of companies and CUIL of persons: prefix, eight digits, check digit.
pub(super) fn cuit(text: &str) -> Result<Checked, Fault> {
    all_digits(text)?;
    length(text, 11, 11, Wording("11 digits", "11 cifras"))?;
    let prefix = &text[..2];
    let customer_type = match prefix {
        "20" | "23" | "24" | "25" | "26" | "27" => CustomerType::Individual,
        "30" | "33" | "34" => CustomerType::Company,
        "50" | "51" | "55" => CustomerType::Individual,
        _ => {
            return Err(Fault::UnknownPrefix {
                found: prefix.to_owned(),
                allowed: Wording(
                    "20, 23, 24, 25, 26, 27 (a person's) or 30, 33, 34 (a company's)",
                    "20, 23, 24, 25, 26, 27 (persona) o 30, 33, 34 (empresa)",
                ),
            });
        }
    };
    // A sum that would give 10 is never issued: the prefix is changed instead (RG 10/97). Tolerant readers take 9.
    let expected = match 11 - weighted(text.as_bytes(), &WEIGHTS) % 11 {
        11 => '0',
        10 => {
            return Err(Fault::UnknownPrefix {
                found: prefix.to_owned(),
                allowed: Wording(
                    "another prefix (23, 24, 33 or 34): no number is issued with this one and these digits",
                    "otro prefijo (23, 24, 33 o 34): con este y estas cifras no se asigna ninguno",
                ),
            });
        }
        digit => char::from_digit(digit, 10).unwrap_or('0'),
    };
    if !text.ends_with(expected) {
        return Err(Fault::WrongCheckDigit { expected, is_letter: false });
    }
    let mut checked = Checked::new(text.to_owned(), customer_type).shown(Shown::DashesAroundEight);
    if customer_type == CustomerType::Individual && prefix.starts_with('2') {
        checked.implied.contains = Some(text[2..10].trim_start_matches('0').to_owned());
    }
    Ok(checked)
}
