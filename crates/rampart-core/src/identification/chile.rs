//! Chile: RUT (RUN of persons), DFL 3/1969: modulo 11 with weights 2 to 7 from the right.

use super::digits::{all_digits, all_equal, not_a_digit, value};
use super::{Checked, CustomerType, Fault, Shown, Wording};

/// The check sign of a body of digits.
fn check_sign(body: &str) -> char {
    let sum: u32 = body.bytes().rev().zip([2, 3, 4, 5, 6, 7].into_iter().cycle()).map(|(digit, weight)| value(digit) * weight).sum();
    match 11 - sum % 11 {
        11 => '0',
        10 => 'K',
        digit => char::from_digit(digit, 10).unwrap_or('0'),
    }
}

/// RUT: seven or eight digits and a check sign.
pub(super) fn rut(text: &str) -> Result<Checked, Fault> {
    let text = text.trim_start_matches('0');
    let Some((at, last)) = text.char_indices().next_back() else {
        return Err(Fault::WrongLength {
            expected: Wording("7 or 8 digits and the check sign", "7 u 8 cifras y el dígito verificador"),
            found: 0,
        });
    };
    let body = &text[..at];
    all_digits(body)?;
    if !last.is_ascii_digit() && last != 'K' {
        return Err(not_a_digit(last));
    }
    if !(7..=8).contains(&body.len()) {
        return Err(Fault::WrongLength {
            expected: Wording("7 or 8 digits with the check digit or K behind them", "7 u 8 cifras y detrás el dígito verificador o K"),
            found: text.len(),
        });
    }
    let expected = check_sign(body);
    if last != expected {
        return Err(Fault::WrongCheckDigit { expected, is_letter: expected == 'K' });
    }
    match body {
        "66666666" => return Err(Fault::Placeholder { used_for: "buyers without a name", used_for_es: "compradores sin nombre" }),
        "55555555" => return Err(Fault::Placeholder { used_for: "foreign buyers", used_for_es: "compradores extranjeros" }),
        "11111111" | "22222222" | "33333333" | "77777777" | "88888888" | "99999999" if all_equal(body) => {
            return Err(Fault::Placeholder { used_for: "filling in forms", used_for_es: "relleno" });
        }
        _ => {}
    }
    // Registro Civil and SII share one series; entities begin at fifty million by convention.
    let company = body.parse::<u32>().is_ok_and(|number| number >= 50_000_000);
    let customer_type = if company { CustomerType::Company } else { CustomerType::Individual };
    Ok(Checked::new(text.to_owned(), customer_type).shown(Shown::DottedBeforeLast))
}
