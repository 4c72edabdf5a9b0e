//! Valid documents and accounts of every country that contain the digits of a trigger. They are found with the
//! validation rules of the core, which proves that every trigger can be used in every country.

use rampart_core::identity::bank_account::{self, BankAccountInput};
use rampart_core::identity::country::Country;
use rampart_core::identity::identification::{self, DocumentType};

use super::{TRIGGERS, TriggerField, TriggerOutcome};

#[derive(Debug, Clone, serde::Serialize)]
struct TriggerExample {
    country: Country,
    /// `None` for an account.
    document: Option<DocumentType>,
    value: String,
    outcome: TriggerOutcome,
}

/// Documents that have room for seven digits: the characters before and after them. `?` is a character that is found by
/// trying. Mexico's documents have no seven digits in a row; there the name is the trigger.
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

/// Accounts that have room for seven digits, in the same notation.
const ACCOUNTS: &[(Country, &str, &str)] = &[
    (Country::SPAIN, "ES??21000418??000", ""),
    (Country::CHILE, "001/C/0000", ""),
    (Country::MEXICO, "0121800000", "?"),
    (Country::COLOMBIA, "007/savings/0000", ""),
    (Country::PERU, "00219300000", "??"),
    (Country::ARGENTINA, "01100013000000", "?"),
];

/// The characters tried: check digits, and the check letters of Spain and Chile.
const CHARACTERS: &str = "0123456789ABCDEFGHJKLMNPQRSTVWXYZ";

/// The first way to fill the gaps that makes the text valid.
fn fill_gaps(text: &str, digits_only: bool, is_valid: &impl Fn(&str) -> bool) -> Option<String> {
    if !text.contains('?') {
        return is_valid(text).then(|| text.to_owned());
    }
    let characters = if digits_only { &CHARACTERS[..10] } else { CHARACTERS };
    characters.chars().find_map(|character| fill_gaps(&text.replacen('?', &character.to_string(), 1), digits_only, is_valid))
}

/// One valid input for every numeric trigger, per country and document type.
fn trigger_examples() -> Vec<TriggerExample> {
    let mut examples = Vec::new();
    for trigger in TRIGGERS {
        let (value, outcome) = (trigger.value, trigger.outcome);
        match trigger.field {
            TriggerField::IdentificationNumber => examples.extend(DOCUMENTS.iter().filter_map(|(country, document, before, behind)| {
                let is_valid = |number: &str| identification::check(*country, *document, number).is_ok();
                let value = fill_gaps(&format!("{before}{value}{behind}"), false, &is_valid)?;
                Some(TriggerExample { country: *country, document: Some(*document), value, outcome })
            })),
            TriggerField::PayoutAccount => examples.extend(ACCOUNTS.iter().filter_map(|(country, before, behind)| {
                let is_valid = |account: &str| bank_account::check(*country, BankAccountInput::number(account)).is_ok();
                let value = fill_gaps(&format!("{before}{value}{behind}"), true, &is_valid)?;
                Some(TriggerExample { country: *country, document: None, value, outcome })
            })),
            TriggerField::Name | TriggerField::CardAmount | TriggerField::Wallet => {}
        }
    }
    examples
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigger;

    #[test]
    fn every_trigger_number_fits_every_country() {
        let examples = trigger_examples();
        assert_eq!(examples.len(), 5 * DOCUMENTS.len() + 4 * ACCOUNTS.len(), "{examples:#?}");
        for example in &examples {
            let found = match example.document {
                Some(_) => trigger::by_identity(&example.value, ""),
                None => trigger::by_payout_account(&example.value),
            };
            assert_eq!(found, Some(example.outcome), "{example:?}");
        }
    }

    #[test]
    fn the_examples_of_the_table_hold() {
        for trigger in TRIGGERS {
            match trigger.field {
                TriggerField::IdentificationNumber => {
                    identification::check(Country::SPAIN, DocumentType::GovernmentId, trigger.example).unwrap();
                }
                TriggerField::PayoutAccount => {
                    bank_account::check(Country::SPAIN, BankAccountInput::number(trigger.example)).unwrap();
                }
                TriggerField::Wallet => {
                    let normalized = rampart_core::address::AddressKind::Evm.normalize(trigger.example);
                    assert_eq!(normalized.as_deref(), Ok(trigger.example));
                }
                TriggerField::Name | TriggerField::CardAmount => {}
            }
        }
    }
}
