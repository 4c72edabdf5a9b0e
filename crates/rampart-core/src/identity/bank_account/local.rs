//! Chile and Colombia: bank, type and number, without check digits; and the Bre-B keys of Colombia.

use super::bank::{self, BankCode, BankDirectory, ListedBank};
use super::{
    BankAccountError, BankAccountInput, BankAccountKind, BankAccountWarning, MAX_CHARACTERS, ValidAccount, normalize, read_digits, words,
};
use crate::identity::country::Country;
use crate::identity::email::Email;
use crate::text::char_buffer::Characters;

/// All CuentaRUT accounts are at this bank.
const BANCO_ESTADO: BankCode = BankCode::of(*b"012");
/// Banks whose account numbers are mobile numbers.
const NEQUI: BankCode = BankCode::of(*b"507");
const DAVIPLATA: BankCode = BankCode::of(*b"551");

/// For `bank/type/number`: the name of a bank may be as long as its number.
const MAX_TEXT_CHARACTERS: usize = 2 * MAX_CHARACTERS;

/// The parts of an account as given.
struct AccountParts<'a> {
    bank: &'a str,
    kind: &'a str,
    number: &'a str,
}

impl<'a> AccountParts<'a> {
    /// From `bank/type/number`, or from the fields beside the number.
    fn of(given: BankAccountInput<'a>, example: (&'static str, &'static str)) -> Result<Self, BankAccountError> {
        if given.account.chars().count() > MAX_TEXT_CHARACTERS {
            return Err(BankAccountError::TooLong);
        }
        let pieces: Vec<&str> = given.account.split(['/', '\u{ff0f}']).map(str::trim).collect();
        match pieces.as_slice() {
            [""] => Err(BankAccountError::Empty),
            [bank, kind, number] => Ok(Self { bank, kind, number }),
            [number] => {
                let bank = given.bank_code.map(str::trim).filter(|bank| !bank.is_empty()).ok_or(BankAccountError::BankMissing)?;
                Ok(Self { bank, kind: given.account_type.unwrap_or(""), number })
            }
            _ => Err(BankAccountError::WrongShape { example }),
        }
    }
}

/// Finds a bank by code or name. A three-digit code that is not in the directory may still exist. A shorter one lacks leading zeros or is
/// mistyped: only the directory can decide.
fn read_bank(directory: &'static BankDirectory, written: &str) -> Result<(BankCode, Option<&'static ListedBank>), BankAccountError> {
    if written.is_empty() {
        return Err(BankAccountError::BankMissing);
    }
    let unknown = || BankAccountError::UnknownBank { found: written.chars().take(40).collect() };
    if written.bytes().all(|byte| byte.is_ascii_digit()) {
        // Forms pad the code with zeros.
        let short = written.strip_prefix('0').filter(|rest| rest.len() > 2).unwrap_or(written);
        let code = BankCode::of_three(short).ok_or_else(unknown)?;
        let bank = directory.bank(code);
        return if short.len() == 3 || bank.is_some() { Ok((code, bank)) } else { Err(unknown()) };
    }
    let bank = directory.named(written).ok_or_else(unknown)?;
    Ok((BankCode::of_three(bank.code).ok_or_else(unknown)?, Some(bank)))
}

/// The account type as rails name it, from its name or letter.
fn read_kind(
    written: &str,
    allowed: (&'static str, &'static str),
    known: &[(&'static str, &[&str])],
) -> Result<&'static str, BankAccountError> {
    let kind = words::kind(written);
    let found = known.iter().find(|(_, names)| names.contains(&kind.as_str()));
    found.map(|(name, _)| *name).ok_or_else(|| BankAccountError::UnknownType { found: written.trim().chars().take(40).collect(), allowed })
}

fn number_digits(number: &str, least: usize, most: usize) -> Result<Characters, BankAccountError> {
    let number = if number.is_empty() { Characters::EMPTY } else { read_digits(number)? };
    if (least..=most).contains(&number.len()) {
        Ok(number)
    } else {
        Err(BankAccountError::OutsideLength { least, most, found: number.len() })
    }
}

/// Validates a Chilean account.
pub(super) fn chile(given: BankAccountInput<'_>) -> Result<ValidAccount, BankAccountError> {
    const ALLOWED_KINDS: &str = "C (corriente), S (ahorro), V (vista), R (CuentaRUT)";
    const EXAMPLE: (&str, &str) = ("012/R/44444444 (bank/type/number)", "012/R/44444444 (banco/tipo/número)");
    const KINDS: &[(&str, &[&str])] = &[
        ("checking", &["c", "corriente", "cte", "cc", "ctacte", "checking", "current"]),
        ("savings", &["s", "ahorro", "ahorros", "savings", "saving"]),
        // Prepaid cards have one by law, and their customers are informed so.
        ("vista", &["v", "vista", "cv", "sight", "demand", "chequera electronica", "prepago", "prepaid"]),
        ("rut", &["r", "rut", "cuentarut", "cuenta rut"]),
    ];
    let parts = AccountParts::of(given, EXAMPLE)?;
    let directory = bank::directory(Country::CHILE);
    let (code, _) = read_bank(directory, parts.bank)?;
    let kind = read_kind(parts.kind, (ALLOWED_KINDS, ALLOWED_KINDS), KINDS)?;
    let number = if kind == "rut" {
        if code != BANCO_ESTADO {
            return Err(BankAccountError::ForeignCuentaRut);
        }
        // The number of a CuentaRUT is the RUT without its check digit.
        if parts.number.contains('-') {
            return Err(BankAccountError::WrongShape {
                example: ("012/R/44444444 (the RUT without its check digit)", "012/R/44444444 (el RUT sin su dígito verificador)"),
            });
        }
        number_digits(parts.number, 4, 8)?
    } else {
        number_digits(parts.number, 6, 20)?
    };
    let mut checked = ValidAccount::new(BankAccountKind::ChileanAccount, number).at_listed_bank(code, directory);
    checked.account_type = Some(kind);
    Ok(checked)
}

/// Validates a Colombian account or Bre-B key.
pub(super) fn colombia(given: BankAccountInput<'_>) -> Result<ValidAccount, BankAccountError> {
    const ALLOWED: (&str, &str) = ("savings (ahorros), checking (corriente)", "ahorros, corriente");
    const EXAMPLE: (&str, &str) = ("007/savings/12345678901 (bank/type/number)", "007/ahorros/12345678901 (banco/tipo/número)");
    const KINDS: &[(&str, &[&str])] = &[
        // ACH treats wallets as savings accounts.
        (
            "savings",
            &[
                "savings",
                "saving",
                "ahorros",
                "ahorro",
                "s",
                "a",
                "caja ahorros",
                "caja ahorro",
                "deposito electronico",
                "deposito bajo monto",
                "billetera",
            ],
        ),
        ("checking", &["checking", "current", "corriente", "cte", "c", "cc"]),
    ];
    let is_key = given.account.contains('@') || (given.bank_code.is_none() && given.account_type.is_none());
    if is_key && !given.account.contains(['/', '\u{ff0f}']) {
        return bre_b(&normalize(given.account)?);
    }
    let parts = AccountParts::of(given, EXAMPLE)?;
    // PSE and ACH write the bank code with a leading 1.
    let code =
        if parts.bank.len() == 4 && parts.bank.bytes().all(|byte| byte.is_ascii_digit()) { parts.bank.strip_prefix('1') } else { None };
    let directory = bank::directory(Country::COLOMBIA);
    let (code, bank) = read_bank(directory, code.unwrap_or(parts.bank))?;
    let kind = read_kind(parts.kind, ALLOWED, KINDS)?;
    let digits = bank.and_then(|bank| bank.digits.clone()).unwrap_or(3..=18);
    let number = match mobile_number(parts.number) {
        // Account numbers of wallets are mobile numbers, and some people write them with the calling code.
        Some(number) if parts.number.starts_with('+') || matches!(code, NEQUI | DAVIPLATA) => number,
        _ => number_digits(parts.number, *digits.start(), *digits.end())?,
    };
    if code == DAVIPLATA && !number.starts_with(b"3") {
        return Err(BankAccountError::WrongShape {
            example: ("551/savings/3001234567 (a mobile number)", "551/ahorros/3001234567 (un número de celular)"),
        });
    }
    let mut checked = ValidAccount::new(BankAccountKind::ColombianAccount, number).at_listed_bank(code, directory);
    checked.account_type = Some(kind);
    Ok(checked)
}

/// The ten digits of a mobile number that has the calling code.
fn mobile_number(written: &str) -> Option<Characters> {
    let digits: String = written.chars().filter(|character| !matches!(character, ' ' | '-' | '.' | '(' | ')')).collect();
    let number = ["+57", "0057", "57"].iter().find_map(|code| digits.strip_prefix(code))?;
    let is_valid = number.len() == 10 && number.starts_with('3') && number.bytes().all(|character| character.is_ascii_digit());
    is_valid.then(|| Characters::of(number.as_bytes()))
}

/// A Bre-B key: `@` with letters or digits, a mobile number (optionally with the calling code), an e-mail address, or a document number.
fn bre_b(key: &str) -> Result<ValidAccount, BankAccountError> {
    const EXAMPLE: (&str, &str) = (
        "007/savings/12345678901 (bank/type/number), or a Bre-B key such as @demo123",
        "007/ahorros/12345678901 (banco/tipo/número), o una llave Bre-B como @demo123",
    );
    if let Some(name) = key.strip_prefix('@') {
        let is_valid = (1..=19).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        return if is_valid {
            Ok(ValidAccount::new(BankAccountKind::BreBKey, Characters::of(key.to_ascii_lowercase().as_bytes())))
        } else {
            Err(BankAccountError::like("@demo123"))
        };
    }
    if key.contains('@') {
        return if Email::read(key).is_some() {
            Ok(ValidAccount::new(BankAccountKind::BreBKey, Characters::of(key.to_ascii_lowercase().as_bytes())))
        } else {
            Err(BankAccountError::like("cliente@ejemplo.com"))
        };
    }
    if let Some(number) = mobile_number(key) {
        return Ok(ValidAccount::new(BankAccountKind::BreBKey, number));
    }
    let is_valid =
        |number: &Characters| (6..=10).contains(&number.len()) && (number.len() == 10 || !number.starts_with(b"3") || number.len() < 9);
    let number = read_digits(key).ok().filter(is_valid).ok_or(BankAccountError::WrongShape { example: EXAMPLE })?;
    // Ten digits that begin with 3 are a mobile number, which identifies its holder at every wallet.
    let is_mobile = number.len() == 10 && number.starts_with(b"3");
    Ok(ValidAccount {
        warning: (!is_mobile).then_some(BankAccountWarning::KeyOrAccount),
        ..ValidAccount::new(BankAccountKind::BreBKey, number)
    })
}
