//! Valid documents and accounts of every country that carry the magic digits, made with the core's own rules.

use rampart_core::bank_account::{self, BankAccountInput};
use rampart_core::country::Country;
use rampart_core::identification::{self, DocumentType};

use super::{MAGIC, MagicField, MagicOutcome};

/// A valid input of a country.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MagicExample {
    /// The country.
    pub country: Country,
    /// The document's API value; absent for an account.
    pub document: Option<DocumentType>,
    /// The input.
    pub value: String,
    /// What it makes happen.
    pub outcome: MagicOutcome,
}

/// Documents with room for seven digits: what stands before and behind them, `?` being a sign that is found by trying.
/// Mexico's documents have no seven digits in a row: there the name decides.
const DOCUMENTS: &[(Country, DocumentType, &str, &str)] = &[
    (Country::SPAIN, DocumentType::GovernmentId, "0", "?"),
    (Country::SPAIN, DocumentType::PermanentResidencePermit, "X", "?"),
    (Country::SPAIN, DocumentType::Cif, "B", "?"),
    (Country::CHILE, DocumentType::Rut, "", "-?"),
    (Country::COLOMBIA, DocumentType::CedCiu, "", ""),
    (Country::COLOMBIA, DocumentType::Nit, "90", "-?"),
    (Country::PERU, DocumentType::Dni, "0", ""),
    (Country::PERU, DocumentType::Ruc, "20?", "?"),
    (Country::ARGENTINA, DocumentType::Dni, "", ""),
    (Country::ARGENTINA, DocumentType::Cuit, "30?", "?"),
];

/// Accounts with room for seven digits, likewise.
const ACCOUNTS: &[(Country, &str, &str)] = &[
    (Country::SPAIN, "ES??21000418??000", ""),
    (Country::CHILE, "001/C/0000", ""),
    (Country::MEXICO, "0121800000", "?"),
    (Country::COLOMBIA, "007/savings/0000", ""),
    (Country::PERU, "00219300000", "??"),
    (Country::ARGENTINA, "01100013000000", "?"),
];

/// The signs that are tried: check digits, and Spain's and Chile's check letters.
const SIGNS: &str = "0123456789ABCDEFGHJKLMNPQRSTVWXYZ";

/// The first way to fill the gaps with which the text holds.
fn filled(text: &str, digits_only: bool, holds: &impl Fn(&str) -> bool) -> Option<String> {
    if !text.contains('?') {
        return holds(text).then(|| text.to_owned());
    }
    let signs = if digits_only { &SIGNS[..10] } else { SIGNS };
    signs.chars().find_map(|sign| filled(&text.replacen('?', &sign.to_string(), 1), digits_only, holds))
}

/// Valid inputs for every magic number, per country and document.
#[must_use]
pub fn magic_examples() -> Vec<MagicExample> {
    let mut examples = Vec::new();
    for magic in MAGIC {
        let (value, outcome) = (magic.value, magic.outcome);
        match magic.field {
            MagicField::IdentificationNumber => examples.extend(DOCUMENTS.iter().filter_map(|(country, document, before, behind)| {
                let holds = |number: &str| identification::check(*country, *document, number).is_ok();
                let value = filled(&format!("{before}{value}{behind}"), false, &holds)?;
                Some(MagicExample { country: *country, document: Some(*document), value, outcome })
            })),
            MagicField::PayoutAccount => examples.extend(ACCOUNTS.iter().filter_map(|(country, before, behind)| {
                let holds = |account: &str| bank_account::check(*country, BankAccountInput::number(account)).is_ok();
                let value = filled(&format!("{before}{value}{behind}"), true, &holds)?;
                Some(MagicExample { country: *country, document: None, value, outcome })
            })),
            MagicField::Name | MagicField::CardAmount | MagicField::Wallet => {}
        }
    }
    examples
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::magic;

    #[test]
    fn every_magic_number_fits_every_country() {
        let examples = magic_examples();
        assert_eq!(examples.len(), 5 * DOCUMENTS.len() + 4 * ACCOUNTS.len(), "{examples:#?}");
        for example in &examples {
            let found = match example.document {
                Some(_) => magic::of_identity(&example.value, ""),
                None => magic::of_payout_account(&example.value),
            };
            assert_eq!(found, Some(example.outcome), "{example:?}");
        }
    }

    #[test]
    fn the_examples_of_the_table_hold() {
        for magic in MAGIC {
            match magic.field {
                MagicField::IdentificationNumber => {
                    identification::check(Country::SPAIN, DocumentType::GovernmentId, magic.example).unwrap();
                }
                MagicField::PayoutAccount => {
                    bank_account::check(Country::SPAIN, BankAccountInput::number(magic.example)).unwrap();
                }
                MagicField::Wallet => {
                    let normalized = rampart_core::address::AddressKind::Evm.normalize(magic.example);
                    assert_eq!(normalized.as_deref(), Ok(magic.example));
                }
                MagicField::Name | MagicField::CardAmount => {}
            }
        }
    }
}
