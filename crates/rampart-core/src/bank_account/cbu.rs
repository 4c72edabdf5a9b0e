//! Argentina: CBU of banks, CVU of payment service providers (BCRA Com. "A" 6510), and the alias of either.

use super::{Checked, Fault, Kind, bank, digits};

/// The check digit of seven or thirteen digits: weights 3, 1, 7, 9 from the right, as BCRA writes them from the left.
pub(super) fn check_digit(part: &str) -> char {
    let sum: u32 = part.bytes().rev().zip([3, 1, 7, 9].into_iter().cycle()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    char::from_digit((10 - sum % 10) % 10, 10).unwrap_or('0')
}

/// Twenty-two digits, or an alias.
pub(super) fn check(account: &str) -> Result<Checked, Fault> {
    let mut number = String::with_capacity(account.len());
    number.extend(account.chars().filter(|sign| !matches!(sign, ' ' | '-')));
    if number.bytes().all(|byte| byte.is_ascii_digit()) && number.len() > 15 {
        return check_number(number);
    }
    let looks_like_number = number.len() >= 20 && number.bytes().filter(u8::is_ascii_digit).count() + 2 >= number.len();
    if looks_like_number {
        digits(&number, 22)?;
    }
    check_alias(account)
}

fn check_number(number: String) -> Result<Checked, Fault> {
    digits(&number, 22)?;
    for (part, digit, which) in [
        (&number[..7], &number[7..8], ("the eighth digit", "la octava cifra y las anteriores no encajan: la octava")),
        (&number[8..21], &number[21..], ("the last digit", "la última cifra y las anteriores no encajan: la última")),
    ] {
        let expected = check_digit(part);
        if !digit.starts_with(expected) {
            return Err(Fault::WrongCheckDigits { expected: expected.to_string(), which });
        }
    }
    // A CVU begins with three zeros and names its provider behind them; a bank's code is never zero.
    let (kind, code) = if number.starts_with("000") { (Kind::Cvu, &number[3..7]) } else { (Kind::Cbu, &number[..3]) };
    let code = code.to_owned();
    let name = if kind == Kind::Cvu { bank::argentine_provider(&code) } else { bank::argentina(&code) };
    Ok(Checked::new(kind, number).at_bank(code, name))
}

/// Six to twenty letters, digits, dots and hyphens; case does not count.
fn check_alias(alias: &str) -> Result<Checked, Fault> {
    if let Some(found) = alias.chars().find(|sign| !(sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-'))) {
        return Err(Fault::Charset { found });
    }
    if !(6..=20).contains(&alias.len()) {
        return Err(Fault::OutsideLength { least: 6, most: 20, found: alias.len() });
    }
    // Digits alone are a number that lost some of its digits, not an alias.
    if alias.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::WrongLength { expected: 22, found: alias.len() });
    }
    Ok(Checked::new(Kind::Alias, alias.to_ascii_uppercase()))
}
