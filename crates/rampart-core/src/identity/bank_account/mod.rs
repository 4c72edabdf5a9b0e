//! Bank accounts: their kind, validity and bank, and how they are masked.
//!
//! Each kind has a module with its rules; every account passes through [`check`].

mod bank;
mod bic;
mod cbu;
mod cci;
mod clabe;
mod creditor_reference;
mod error;
mod iban;
mod local;
pub mod virtual_account;
mod words;

pub use bank::{BankCode, ListedBank, banks, find as find_bank};
pub use bic::check as check_bic;
pub use creditor_reference::check as check_creditor_reference;
pub use error::{BankAccountError, BankAccountWarning};

use std::borrow::Cow;

use crate::identity::country::Country;
use crate::text::char_buffer::{self, Characters};

/// Longer input is refused before it is parsed.
pub const MAX_CHARACTERS: usize = char_buffer::MAX_CHARACTERS;

/// The kind of bank account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = AccountKind))]
pub enum BankAccountKind {
    /// IBAN (ISO 13616).
    Iban,
    Clabe,
    DebitCard,
    /// Mexican mobile number linked to an account, payable over SPEI: ten digits.
    MobileNumber,
    /// Argentine CBU: an account at a bank.
    Cbu,
    /// Argentine CVU: an account at a payment service provider.
    Cvu,
    /// Argentine alias of a CBU or CVU.
    Alias,
    Cci,
    ChileanAccount,
    ColombianAccount,
    BreBKey,
}

/// An account as given.
#[derive(Debug, Clone, Copy, Default)]
pub struct BankAccountInput<'a> {
    /// The number alone, or `bank/type/number`.
    pub account: &'a str,
    /// Code or name of the bank, if given separately.
    pub bank_code: Option<&'a str>,
    /// Account type, if given separately.
    pub account_type: Option<&'a str>,
}

impl<'a> BankAccountInput<'a> {
    /// An account given by its number alone, or as `bank/type/number`.
    #[must_use]
    pub const fn number(account: &'a str) -> Self {
        Self { account, bank_code: None, account_type: None }
    }
}

/// A valid account, stored inline. Text forms are made on request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidAccount {
    pub kind: BankAccountKind,
    pub bank_code: Option<BankCode>,
    /// `None` where the directory does not have the code.
    pub bank_name: Option<&'static str>,
    /// The account type where the country needs one: `checking`, `savings`, `vista`, `rut`.
    pub account_type: Option<&'static str>,
    warning: Option<BankAccountWarning>,
    number: Characters,
}

impl ValidAccount {
    const fn new(kind: BankAccountKind, number: Characters) -> Self {
        Self { kind, bank_code: None, bank_name: None, account_type: None, warning: None, number }
    }

    const fn at_bank(mut self, code: BankCode, name: Option<&'static str>) -> Self {
        self.bank_code = Some(code);
        self.bank_name = name;
        self
    }

    /// Sets the bank, with a warning if it is not in the directory.
    fn at_listed_bank(self, code: BankCode, directory: &bank::BankDirectory) -> Self {
        let name = directory.name(code);
        let warning = name.is_none().then_some(BankAccountWarning::UnknownBank { code, as_of: directory.as_of });
        Self { warning, ..self.at_bank(code, name) }
    }

    /// What is unusual about it.
    pub fn doubts(&self) -> impl Iterator<Item = BankAccountWarning> {
        self.warning.into_iter()
    }

    /// The number without separators, in upper case where case does not matter.
    #[must_use]
    pub fn normalized(&self) -> String {
        self.number.to_string()
    }

    /// The masked form: see [`masked`].
    #[must_use]
    pub fn masked(&self) -> String {
        masked(&self.normalized())
    }
}

/// Validates an account of a customer in `country`.
pub fn check(country: Country, given: BankAccountInput<'_>) -> Result<ValidAccount, BankAccountError> {
    let account = given.account;
    match country {
        Country::SPAIN => iban::check(account),
        Country::MEXICO => clabe::check(account, given.bank_code),
        Country::ARGENTINA => cbu::check(account),
        Country::PERU => cci::check(account),
        Country::CHILE => local::chile(given),
        Country::COLOMBIA => local::colombia(given),
        _ => iban::check(account),
    }
}

/// Trims, limits the length, and folds full-width characters. Separators are left to the rules of each kind.
fn normalize(account: &str) -> Result<Cow<'_, str>, BankAccountError> {
    if account.len() <= MAX_CHARACTERS && account.bytes().all(|character| matches!(character, b' '..=b'~')) {
        let account = account.trim();
        return if account.is_empty() { Err(BankAccountError::Empty) } else { Ok(Cow::Borrowed(account)) };
    }
    let mut normalized = String::with_capacity(32);
    for (position, character) in account.trim().chars().enumerate() {
        if position >= MAX_CHARACTERS {
            return Err(BankAccountError::TooLong);
        }
        match character {
            '\u{ff01}'..='\u{ff5e}' => normalized.push(char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)),
            // Blanks and hyphens of printed and copied texts.
            '\u{a0}' | '\t' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => normalized.push(' '),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => normalized.push('-'),
            ' '..='~' => normalized.push(character),
            found => return Err(BankAccountError::Charset { found }),
        }
    }
    if normalized.is_empty() { Err(BankAccountError::Empty) } else { Ok(Cow::Owned(normalized)) }
}

/// Drops blanks, hyphens and dots.
fn compact(account: &str) -> String {
    // `collect` on a filter would reallocate as it grows.
    let mut compact = String::with_capacity(account.len());
    compact.extend(account.chars().filter(|character| !matches!(character, ' ' | '-' | '.')));
    compact
}

/// Reads an account with a table; `refused` makes the error for the first refused character.
fn read(account: &str, table: &char_buffer::CharTable, refused: impl Fn(char) -> BankAccountError) -> Result<Characters, BankAccountError> {
    let mut number = Characters::EMPTY;
    // Tables refuse everything that [`normalize`] would change, so a first success is final.
    if account.len() <= MAX_CHARACTERS && number.read(account.as_bytes(), table).is_ok() && !number.is_empty() {
        return Ok(number);
    }
    let mut number = Characters::EMPTY;
    number.read(normalize(account)?.as_bytes(), table).map_err(|found| refused(char::from(found)))?;
    Ok(number)
}

/// Reads digits; blanks, hyphens and dots between them are dropped.
fn read_digits(account: &str) -> Result<Characters, BankAccountError> {
    static TABLE: char_buffer::CharTable = char_buffer::digits_and(b" -.");
    read(account, &TABLE, |found| BankAccountError::DigitExpected { found })
}

/// The account without a leading label, as people copy it: `CLABE: 0121…`.
fn unlabelled<'a>(account: &'a str, labels: &[&str]) -> &'a str {
    // Fast path: most inputs begin with a digit.
    if account.bytes().next().is_some_and(|character| character.is_ascii_digit()) {
        return account;
    }
    let account = account.trim();
    let rest = labels.iter().find_map(|label| {
        let (front, rest) = account.split_at_checked(label.len())?;
        (front.eq_ignore_ascii_case(label) && rest.starts_with([':', ' '])).then_some(rest)
    });
    rest.map_or(account, |rest| rest.trim_start_matches([':', ' ']))
}

/// The digits as an array; refuses another length.
fn digits<const COUNT: usize>(number: &Characters) -> Result<&[u8; COUNT], BankAccountError> {
    number[..].try_into().map_err(|_| BankAccountError::WrongLength { expected: COUNT, found: number.len() })
}

/// The digit that completes a sum to a multiple of ten.
fn modulo_10_complement(sum: u32) -> char {
    char::from_digit((10 - sum % 10) % 10, 10).unwrap_or('0')
}

/// Masks an account: the first four and last four characters; for an e-mail key the first letter and the domain.
#[must_use]
pub fn masked(account: &str) -> String {
    if let Some((name, domain)) = account.split_once('@')
        && let Some(first) = name.chars().next()
    {
        return format!("{first}***@{domain}");
    }
    let characters: Vec<char> = account.chars().collect();
    if characters.len() <= 8 {
        let shown: String = characters.iter().skip(characters.len().saturating_sub(2)).collect();
        return format!("****{}", if characters.len() > 4 { shown } else { String::new() });
    }
    let first: String = characters[..4].iter().collect();
    let last: String = characters[characters.len() - 4..].iter().collect();
    format!("{first} **** … {last}")
}
