//! Bank accounts to pay to: normalised here, and refused here when they cannot be one.
//!
//! The rules of each kind of account (check digits, bank codes) belong in modules beside this one and are called from
//! [`check`], the single place through which every account passes.

use crate::country::Country;

/// The most characters an account may have; longer input is refused before it is read.
pub const MOST_CHARACTERS: usize = 64;

/// An account that can be paid to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Without separators, upper case.
    pub normalized: String,
}

/// Why an account cannot be paid to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing was given.
    #[error("no bank account was given")]
    Empty,
    /// Longer than any account.
    #[error("the bank account is longer than {MOST_CHARACTERS} characters")]
    TooLong,
    /// A character no account has.
    #[error("the bank account has the character '{found}'")]
    Charset {
        /// The first such character.
        found: char,
    },
    /// The number of characters is not that of an account of the country.
    #[error("an account of {country} has {expected} characters, this one has {found}")]
    WrongLength {
        /// The country.
        country: Country,
        /// What it should be.
        expected: &'static str,
        /// What was given.
        found: usize,
    },
    /// The check digits do not fit.
    #[error("the check digits of the IBAN do not fit; please compare it with your bank's")]
    WrongCheckDigits,
}

/// Checks an account of a customer of a country.
///
/// # Errors
/// A [`Fault`] that says what is wrong.
pub fn check(country: Country, account: &str) -> Result<Checked, Fault> {
    if account.chars().count() > MOST_CHARACTERS {
        return Err(Fault::TooLong);
    }
    let normalized: String = account.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
    if normalized.is_empty() {
        return Err(Fault::Empty);
    }
    // An Argentine alias, a Bre-B key and the text form `bank/type/number` have more signs than an account number.
    let allowed = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '/' | '@' | '_');
    if let Some(found) = normalized.chars().find(|letter| !allowed(letter)) {
        return Err(Fault::Charset { found });
    }
    match country {
        Country::SPAIN => check_iban(country, &normalized.replace('-', "").to_ascii_uppercase()),
        Country::MEXICO => digits_of(country, &normalized, &[18], "18"),
        Country::PERU => digits_of(country, &normalized, &[20], "20"),
        Country::ARGENTINA if normalized.bytes().all(|byte| byte.is_ascii_digit()) => digits_of(country, &normalized, &[22], "22"),
        Country::ARGENTINA => within(country, normalized, 6, 20, "6 to 20 (an alias)"),
        _ => within(country, normalized, 3, 34, "3 to 34"),
    }
}

fn within(country: Country, normalized: String, least: usize, most: usize, expected: &'static str) -> Result<Checked, Fault> {
    let found = normalized.len();
    if (least..=most).contains(&found) { Ok(Checked { normalized }) } else { Err(Fault::WrongLength { country, expected, found }) }
}

fn digits_of(country: Country, normalized: &str, lengths: &[usize], expected: &'static str) -> Result<Checked, Fault> {
    let digits = normalized.replace(['-', '.'], "");
    if let Some(found) = digits.chars().find(|letter| !letter.is_ascii_digit()) {
        return Err(Fault::Charset { found });
    }
    if lengths.contains(&digits.len()) {
        Ok(Checked { normalized: digits })
    } else {
        Err(Fault::WrongLength { country, expected, found: digits.len() })
    }
}

fn check_iban(country: Country, iban: &str) -> Result<Checked, Fault> {
    if !(15..=34).contains(&iban.len()) {
        return Err(Fault::WrongLength { country, expected: "24 (15 to 34 elsewhere in SEPA)", found: iban.len() });
    }
    if let Some(found) = iban.chars().find(|letter| !letter.is_ascii_alphanumeric()) {
        return Err(Fault::Charset { found });
    }
    // ISO 13616: the first four signs go to the end, letters count from 10, the number modulo 97 is 1.
    let remainder = iban[4..].bytes().chain(iban[..4].bytes()).fold(0_u32, |remainder, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        _ => (remainder * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    if remainder == 1 { Ok(Checked { normalized: iban.to_owned() }) } else { Err(Fault::WrongCheckDigits) }
}

/// An account as it may be shown: the first four and the last four signs.
#[must_use]
pub fn masked(account: &str) -> String {
    let signs: Vec<char> = account.chars().collect();
    if signs.len() <= 8 {
        return "*".repeat(signs.len());
    }
    let first: String = signs[..4].iter().collect();
    let last: String = signs[signs.len() - 4..].iter().collect();
    format!("{first} **** … {last}")
}
