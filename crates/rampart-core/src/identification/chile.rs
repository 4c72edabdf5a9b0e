//! Chile: RUT (RUN of persons), DFL 3/1969: modulo 11 with weights 2 to 7 from the right.

use super::digits::{digit, not_a_digit, number, weighted};
use super::{Checked, CustomerType, Fault, Shown, Wording};
use crate::signs::Signs;

/// The weights of eight digits; seven have the last ones.
const WEIGHTS: [u32; 8] = [3, 2, 7, 6, 5, 4, 3, 2];

/// The check sign of a body of digits.
fn check_sign(body: &[u8]) -> char {
    match 11 - weighted(body, &WEIGHTS) % 11 {
        11 => '0',
        10 => 'K',
        value => digit(value),
    }
}

/// RUT: seven or eight digits and a check sign.
pub(super) fn rut(signs: &Signs) -> Result<Checked, Fault> {
    // Forms fill the field up with zeros.
    if let [b'0', rest @ ..] = &signs[..] {
        let zeros = rest.iter().take_while(|sign| **sign == b'0').count();
        return rut(&Signs::of(&rest[zeros..]));
    }
    let Some((&last, body)) = signs.split_last() else {
        return Err(Fault::WrongLength {
            expected: Wording("7 or 8 digits and the check sign", "7 u 8 cifras y el dígito verificador"),
            found: 0,
        });
    };
    let number = number(body)?;
    if !last.is_ascii_digit() && last != b'K' {
        return Err(not_a_digit(last));
    }
    if !(7..=8).contains(&body.len()) {
        return Err(Fault::WrongLength {
            expected: Wording("7 or 8 digits with the check digit or K behind them", "7 u 8 cifras y detrás el dígito verificador o K"),
            found: signs.len(),
        });
    }
    let expected = check_sign(body);
    if char::from(last) != expected {
        return Err(Fault::WrongCheckDigit { expected, is_letter: expected == 'K' });
    }
    match number {
        66_666_666 => return Err(Fault::Placeholder { used_for: "buyers without a name", used_for_es: "compradores sin nombre" }),
        55_555_555 => return Err(Fault::Placeholder { used_for: "foreign buyers", used_for_es: "compradores extranjeros" }),
        11_111_111 | 22_222_222 | 33_333_333 | 77_777_777 | 88_888_888 | 99_999_999 => {
            return Err(Fault::Placeholder { used_for: "filling in forms", used_for_es: "relleno" });
        }
        _ => {}
    }
    // Registro Civil and SII share one series; entities begin at fifty million by convention.
    let customer_type = if number >= 50_000_000 { CustomerType::Company } else { CustomerType::Individual };
    Ok(Checked::new(*signs, customer_type).shown(Shown::DottedBeforeLast))
}
