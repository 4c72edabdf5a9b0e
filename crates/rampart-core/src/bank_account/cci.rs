//! Peru: CCI, with one control digit over entity and office and one over the account.

use super::{Checked, Fault, Kind, bank, compact, digits};

/// The control digit: weights 1 and 2 in turn, figures of each product added up.
fn control(part: &str) -> char {
    let sum: u32 = part
        .bytes()
        .enumerate()
        .map(|(place, digit)| {
            let product = u32::from(digit - b'0') * if place % 2 == 0 { 1 } else { 2 };
            product / 10 + product % 10
        })
        .sum();
    char::from_digit((10 - sum % 10) % 10, 10).unwrap_or('0')
}

/// A CCI of twenty digits.
pub(super) fn check(account: &str) -> Result<Checked, Fault> {
    let number = compact(account);
    digits(&number, 20)?;
    let expected = [control(&number[..6]), control(&number[6..18])];
    if !number[18..].chars().eq(expected) {
        return Err(Fault::WrongCheckDigits {
            expected: expected.iter().collect(),
            which: ("the last two digits", "las dos últimas cifras"),
        });
    }
    let code = number[..3].to_owned();
    let name = bank::peru(&code);
    Ok(Checked::new(Kind::Cci, number).at_bank(code, name))
}
