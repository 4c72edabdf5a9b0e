//! Chile and Colombia: bank, type and number, without check digits; and Colombia's Bre-B keys.

use super::bank::{self, BankCode};
use super::{Checked, Fault, Kind, read_digits};
use crate::signs::Signs;

/// The bank of every CuentaRUT.
const BANCO_ESTADO: BankCode = BankCode::of(*b"012");
/// The bank whose accounts are mobile numbers.
const DAVIPLATA: BankCode = BankCode::of(*b"551");

/// The three parts, from `bank/type/number` or from the fields beside the number.
fn parts<'a>(account: &'a str, bank_code: Option<&'a str>, account_type: Option<&'a str>) -> Result<(&'a str, &'a str, &'a str), Fault> {
    let pieces: Vec<&str> = account.split('/').map(str::trim).collect();
    match pieces.as_slice() {
        [bank, kind, number] => Ok((bank, kind, number)),
        [number] => Ok((
            bank_code.map(str::trim).filter(|code| !code.is_empty()).ok_or(Fault::BankMissing)?,
            account_type.unwrap_or("").trim(),
            number,
        )),
        _ => Err(Fault::WrongShape { example: "012/R/44444444 (bank/type/number)" }),
    }
}

fn read_bank_code(code: &str) -> Result<BankCode, Fault> {
    if code.is_empty() {
        return Err(Fault::BankMissing);
    }
    if code.len() > 3 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::UnknownBank { found: code.to_owned() });
    }
    Ok(BankCode::of_three(code.as_bytes()))
}

fn number_digits(number: &str, least: usize, most: usize) -> Result<Signs, Fault> {
    let number = if number.is_empty() { Signs::NONE } else { read_digits(number)? };
    if (least..=most).contains(&number.len()) { Ok(number) } else { Err(Fault::OutsideLength { least, most, found: number.len() }) }
}

/// A Chilean account.
pub(super) fn chile(account: &str, bank_code: Option<&str>, account_type: Option<&str>) -> Result<Checked, Fault> {
    const TYPES: &str = "C (corriente), S (ahorro), V (vista), R (CuentaRUT)";
    let (code, kind, number) = parts(account, bank_code, account_type)?;
    let code = read_bank_code(code)?;
    let name = bank::chile(code).ok_or_else(|| Fault::UnknownBank { found: code.to_string() })?;
    let account_type = match kind.to_lowercase().as_str() {
        "c" | "corriente" | "checking" => "checking",
        "s" | "ahorro" | "savings" => "savings",
        "v" | "vista" => "vista",
        "r" | "rut" | "cuentarut" => "rut",
        other => return Err(Fault::UnknownType { found: other.to_owned(), allowed: TYPES }),
    };
    let number = if account_type == "rut" {
        if code != BANCO_ESTADO {
            return Err(Fault::UnknownType {
                found: "CuentaRUT".to_owned(),
                allowed: "C, S, V (CuentaRUT is an account of BancoEstado, 012)",
            });
        }
        // CuentaRUT's number is the RUT without its check digit.
        if number.contains('-') {
            return Err(Fault::WrongShape { example: "012/R/44444444 (the RUT without its check digit)" });
        }
        number_digits(number, 7, 8)?
    } else {
        number_digits(number, 6, 20)?
    };
    let mut checked = Checked::new(Kind::ChileanAccount, number).at_bank(code, Some(name));
    checked.account_type = Some(account_type);
    Ok(checked)
}

/// A Colombian account or Bre-B key.
pub(super) fn colombia(account: &str, bank_code: Option<&str>, account_type: Option<&str>) -> Result<Checked, Fault> {
    const TYPES: &str = "savings (ahorros), checking (corriente)";
    if !account.contains('/') && bank_code.is_none() && account_type.is_none() {
        return bre_b(account);
    }
    let (code, kind, number) = parts(account, bank_code, account_type)?;
    // PSE writes the bank's code with a 1 in front.
    let code = if code.len() == 4 && code.starts_with('1') { &code[1..] } else { code };
    let code = read_bank_code(code)?;
    let (name, lengths) = bank::colombia(code).ok_or_else(|| Fault::UnknownBank { found: code.to_string() })?;
    let account_type = match kind.to_lowercase().as_str() {
        "savings" | "ahorros" | "ahorro" | "s" | "a" => "savings",
        "checking" | "corriente" | "c" => "checking",
        other => return Err(Fault::UnknownType { found: other.to_owned(), allowed: TYPES }),
    };
    let number = number_digits(number, *lengths.start(), *lengths.end())?;
    if code == DAVIPLATA && !number.starts_with(b"3") {
        return Err(Fault::WrongShape { example: "551/savings/3001234567 (a mobile number)" });
    }
    let mut checked = Checked::new(Kind::ColombianAccount, number).at_bank(code, Some(name));
    checked.account_type = Some(account_type);
    Ok(checked)
}

/// A Bre-B key: `@` and letters or digits, a mobile number, an e-mail address, or a document's number.
fn bre_b(key: &str) -> Result<Checked, Fault> {
    const EXAMPLE: &str = "007/savings/12345678901 (bank/type/number), or a Bre-B key such as @demo123";
    if let Some(name) = key.strip_prefix('@') {
        let holds = (1..=19).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        return if holds {
            Ok(Checked::new(Kind::BreBKey, Signs::of(key.to_ascii_lowercase().as_bytes())))
        } else {
            Err(Fault::WrongShape { example: "@demo123" })
        };
    }
    if let Some((name, domain)) = key.split_once('@') {
        let holds = !name.is_empty() && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.') && !key.contains(' ');
        return if holds {
            Ok(Checked::new(Kind::BreBKey, Signs::of(key.to_ascii_lowercase().as_bytes())))
        } else {
            Err(Fault::WrongShape { example: "cliente@ejemplo.com" })
        };
    }
    let holds = |number: &Signs| (6..=10).contains(&number.len()) && (number.len() == 10 || !number.starts_with(b"3") || number.len() < 9);
    let number = read_digits(key).ok().filter(holds).ok_or(Fault::WrongShape { example: EXAMPLE })?;
    Ok(Checked::new(Kind::BreBKey, number))
}
