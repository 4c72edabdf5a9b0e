//! Bank directories by code and name. The data is in `data/banks`, with source and date. Directories age, so an unknown code is a
//! warning, and an error only if it is malformed.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use super::words::{plain, significant};
use crate::identity::country::Country;

/// A bank code of three or four digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BankCode {
    number: u16,
    digits: usize,
}

impl BankCode {
    /// The code with these digits.
    pub(super) const fn of<const DIGITS: usize>(written: [u8; DIGITS]) -> Self {
        Self { number: number(&written), digits: DIGITS }
    }

    /// A three-digit code whose leading zeros may be missing. Zero is not a code.
    pub(super) fn of_three(written: &str) -> Option<Self> {
        let is_one = (1..=3).contains(&written.len()) && written.bytes().all(|character| character.is_ascii_digit());
        Some(Self { number: number(written.as_bytes()), digits: 3 }).filter(|code| is_one && code.number > 0)
    }
}

impl fmt::Display for BankCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:0width$}", self.number, width = self.digits)
    }
}

const fn number(digits: &[u8]) -> u16 {
    let (mut number, mut place) = (0_u16, 0);
    while place < digits.len() {
        number = number.wrapping_mul(10).wrapping_add(digits[place].wrapping_sub(b'0') as u16);
        place += 1;
    }
    number
}

/// A bank of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedBank {
    pub code: &'static str,
    pub name: &'static str,
    also: Vec<&'static str>,
    /// Number of digits of its accounts, where the directory has it.
    pub(super) digits: Option<RangeInclusive<usize>>,
}

impl ListedBank {
    /// Parses a line: code, name, other names, digits of an account.
    fn read(line: &'static str) -> Option<Self> {
        let mut columns = line.split('|').map(str::trim);
        let (code, name) = (columns.next()?, columns.next()?);
        let also = columns.next().unwrap_or("").split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        let digits = columns.next().and_then(|digits| digits.split_once('-')).and_then(|(least, most)| {
            let (least, most): (usize, usize) = (least.parse().ok()?, most.parse().ok()?);
            Some(least..=most)
        });
        Some(Self { code, name, also, digits })
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.also.iter().copied())
    }
}

/// The bank directory of a country.
pub(super) struct BankDirectory {
    pub(super) banks: Vec<ListedBank>,
    /// The month of the data, `YYYY-MM`.
    pub(super) as_of: &'static str,
    /// Indexed by the numeric code: one plus the index of the bank, or zero.
    places: Vec<u8>,
}

impl BankDirectory {
    fn of(text: &'static str) -> Self {
        let as_of = text.lines().find_map(|line| line.strip_prefix("# As of: ")).unwrap_or("");
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let banks: Vec<ListedBank> = lines.filter_map(ListedBank::read).collect();
        let mut places = vec![0; 10_000];
        for (bank, place) in banks.iter().zip(1_u8..) {
            if let Some(slot) = places.get_mut(usize::from(number(bank.code.as_bytes()))) {
                *slot = place;
            }
        }
        Self { banks, as_of, places }
    }

    pub(super) fn bank(&self, code: BankCode) -> Option<&ListedBank> {
        let place = self.places.get(usize::from(code.number)).copied().unwrap_or(0);
        usize::from(place).checked_sub(1).and_then(|place| self.banks.get(place))
    }

    pub(super) fn name(&self, code: BankCode) -> Option<&'static str> {
        self.bank(code).map(|bank| bank.name)
    }

    /// Finds a bank by name: in any spelling, and if there is none, without the words that many bank names share.
    pub(super) fn named(&self, written: &str) -> Option<&ListedBank> {
        let same = |key: fn(&str) -> String| {
            let wanted = key(written);
            let is_it = |name: &str| key(name) == wanted;
            (!wanted.is_empty()).then(|| self.banks.iter().find(|bank| bank.names().any(is_it)))?
        };
        same(plain).or_else(|| same(significant))
    }
}

static SPAIN: LazyLock<BankDirectory> = LazyLock::new(|| BankDirectory::of(include_str!("../../../data/banks/ESP.txt")));
static MEXICO: LazyLock<BankDirectory> = LazyLock::new(|| BankDirectory::of(include_str!("../../../data/banks/MEX.txt")));
static ARGENTINA: LazyLock<BankDirectory> = LazyLock::new(|| BankDirectory::of(include_str!("../../../data/banks/ARG.txt")));
static PERU: LazyLock<BankDirectory> = LazyLock::new(|| BankDirectory::of(include_str!("../../../data/banks/PER.txt")));
static CHILE: LazyLock<BankDirectory> = LazyLock::new(|| BankDirectory::of(include_str!("../../../data/banks/CHL.txt")));
static COLOMBIA: LazyLock<BankDirectory> = LazyLock::new(|| BankDirectory::of(include_str!("../../../data/banks/COL.txt")));

/// The bank directory of a country.
pub(super) fn directory(country: Country) -> &'static BankDirectory {
    match country {
        Country::MEXICO => &MEXICO,
        Country::ARGENTINA => &ARGENTINA,
        Country::PERU => &PERU,
        Country::CHILE => &CHILE,
        Country::COLOMBIA => &COLOMBIA,
        _ => &SPAIN,
    }
}

/// The banks of a country, from which its customers choose.
#[must_use]
pub fn banks(country: Country) -> &'static [ListedBank] {
    &directory(country).banks
}

/// Finds a bank of a country by code or name.
#[must_use]
pub fn find(country: Country, written: &str) -> Option<&'static ListedBank> {
    let directory = directory(country);
    directory.banks.iter().find(|bank| bank.code == written.trim()).or_else(|| directory.named(written))
}

/// The name of an Argentine payment service provider by the four digits after the zeros of a CVU.
pub(super) fn argentine_provider(code: BankCode) -> Option<&'static str> {
    (code.number == 3).then_some("Mercado Pago")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_line_of_every_list_is_a_bank_that_its_code_and_its_names_lead_to() {
        for country in Country::served() {
            let directory = directory(country);
            assert!(!directory.as_of.is_empty() && directory.banks.len() < 255, "{country}");
            let mut names: HashMap<String, &str> = HashMap::new();
            for bank in &directory.banks {
                let length = if country == Country::SPAIN { 4 } else { 3 };
                assert!(bank.code.len() == length && bank.code.bytes().all(|character| character.is_ascii_digit()), "{country} {bank:?}");
                assert_eq!(find(country, bank.code), Some(bank));
                for name in bank.names() {
                    assert!(!name.is_empty(), "{country} {bank:?}");
                    assert_eq!(find(country, name), Some(bank), "{country} {name}");
                    let other = names.insert(plain(name), bank.code);
                    assert!(other.is_none() || other == Some(bank.code), "{country} {name} names two banks");
                }
            }
            assert_eq!(directory.places.iter().filter(|place| **place > 0).count(), directory.banks.len(), "{country}: a code twice");
        }
    }

    #[test]
    fn lists_have_a_line_for_each_bank_and_say_where_they_are_from() {
        for (country, text) in [("CHL", include_str!("../../../data/banks/CHL.txt")), ("COL", include_str!("../../../data/banks/COL.txt"))]
        {
            let lines = text.lines().filter(|line| !line.starts_with('#')).count();
            assert_eq!(banks(Country::find(country).unwrap()).len(), lines, "{country}");
            assert!(text.contains("# Source: "), "{country}");
        }
    }
}
