//! Labels for codes on pages.

use rampart_core::identity::country::Country;
use rampart_core::identity::identification::{self, DocumentType};
use rampart_core::identity::{bank_account, phone};
use rampart_core::money::asset::Chain;
use rampart_core::order::arrival::DeviationKind;
use rampart_core::order::{HoldReason, Reversal};
use rampart_core::text::code::Code;

use super::language::Language;
use super::text::{Texts, fill};

pub(crate) fn country(country: Country, language: Language) -> &'static str {
    match language {
        Language::Spanish => country.spanish_name(),
        Language::English => country.english_name(),
    }
}

pub(crate) const fn document(document: DocumentType, t: &'static Texts) -> &'static str {
    match document {
        DocumentType::GovernmentId => t.document_government_id,
        DocumentType::PermanentResidencePermit => t.document_residence_permit,
        DocumentType::Passport | DocumentType::Pass => t.document_passport,
        DocumentType::Cif => t.document_cif,
        DocumentType::Rut => t.document_rut,
        DocumentType::Curp => t.document_curp,
        DocumentType::Rfc => t.document_rfc,
        DocumentType::CedCiu => t.document_ced_ciu,
        DocumentType::CedExt => t.document_ced_ext,
        DocumentType::Ti => t.document_ti,
        DocumentType::Nuip => t.document_nuip,
        DocumentType::Te => t.document_te,
        DocumentType::Ppt => t.document_ppt,
        DocumentType::Pep => t.document_pep,
        DocumentType::Rc => t.document_rc,
        DocumentType::Nit => t.document_nit,
        DocumentType::Dni => t.document_dni,
        DocumentType::Ce => t.document_ce,
        DocumentType::Ruc => t.document_ruc,
        DocumentType::Cuit => t.document_cuit,
    }
}

pub(crate) fn method(method: Code<16>, t: &'static Texts) -> String {
    match method.as_str().to_ascii_lowercase().as_str() {
        "card" => t.method_card.to_owned(),
        "psd2" => t.method_psd2.to_owned(),
        "paypal" => "PayPal".to_owned(),
        _ => method.to_string(),
    }
}

/// The label of a bank account number in a country.
pub(crate) fn account(country: Country, t: &'static Texts) -> &'static str {
    match country {
        Country::SPAIN => t.account_iban,
        Country::ARGENTINA => t.account_cbu,
        Country::MEXICO => t.account_clabe,
        Country::PERU => t.account_cci,
        _ => t.account_other,
    }
}

/// An account for display: an IBAN in groups of four, others unchanged.
pub(crate) fn grouped(account: &str) -> String {
    let is_iban = account.len() > 14 && account.bytes().take(2).all(|byte| byte.is_ascii_uppercase());
    if !is_iban {
        return account.to_owned();
    }
    let characters: Vec<char> = account.chars().collect();
    characters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// The hint for the format of a country's account numbers.
pub(crate) fn account_hint(country: Country, t: &'static Texts) -> &'static str {
    match country {
        Country::ARGENTINA => t.account_hint_argentina,
        Country::CHILE => t.account_hint_chile,
        Country::COLOMBIA => t.account_hint_colombia,
        Country::MEXICO => t.account_hint_mexico,
        Country::PERU => t.account_hint_peru,
        _ => t.account_hint_spain,
    }
}

pub(crate) fn number_fault(fault: &identification::DocumentError, language: Language) -> String {
    match (fault, language) {
        (identification::DocumentError::Empty, _) => language.texts().fault_required.to_owned(),
        (_, Language::Spanish) => sentence(&fault.spanish()),
        (_, Language::English) => sentence(&fault.to_string()),
    }
}

pub(crate) fn account_fault(fault: &bank_account::BankAccountError, language: Language) -> String {
    match (fault, language) {
        (bank_account::BankAccountError::Empty, _) => language.texts().fault_required.to_owned(),
        (_, Language::Spanish) => sentence(&fault.spanish()),
        (_, Language::English) => sentence(&fault.to_string()),
    }
}

pub(crate) fn phone_fault(fault: &phone::PhoneError, language: Language) -> String {
    match language {
        Language::Spanish => sentence(&fault.spanish()),
        Language::English => sentence(&fault.to_string()),
    }
}

/// Turns a clause into a sentence.
fn sentence(clause: &str) -> String {
    let mut characters = clause.chars();
    let first: String = characters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let end = if clause.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}

/// Why an order is on hold, in words for the customer.
pub(crate) fn hold(reason: HoldReason, partner: &str, t: &'static Texts) -> String {
    let text = match reason {
        HoldReason::Amount => t.hold_amount,
        HoldReason::Payer => t.hold_foreign_payer,
        HoldReason::Limit => t.hold_limit,
        HoldReason::Identity => t.hold_identity,
        HoldReason::Price | HoldReason::Liquidity => t.hold_waits,
        HoldReason::Destination => t.hold_refund_destination,
        HoldReason::RefundFailed => t.hold_refund_failed,
        HoldReason::PayoutFailed => t.hold_payout_failed,
        // Screening results must not be disclosed to the customer, and the rest does not concern the customer.
        HoldReason::Screening
        | HoldReason::Banned
        | HoldReason::PartnerDisabled
        | HoldReason::TransferFailed
        | HoldReason::Reversed
        | HoldReason::Reorganised
        | HoldReason::Operator => t.hold_review,
    };
    fill(text, &[partner])
}

pub(crate) const fn exception(exception: DeviationKind, t: &'static Texts) -> &'static str {
    match exception {
        DeviationKind::Short => t.exception_short,
        DeviationKind::Over => t.exception_over,
        DeviationKind::Late => t.exception_late,
        DeviationKind::Duplicate => t.exception_duplicate,
        DeviationKind::WrongAsset => t.exception_wrong_asset,
        DeviationKind::WrongNetwork => t.exception_wrong_network,
        DeviationKind::ForeignPayer => t.exception_foreign_payer,
    }
}

pub(crate) const fn reversal(reversal: Reversal, t: &'static Texts) -> &'static str {
    match reversal {
        Reversal::Chargeback => t.reversal_chargeback,
        Reversal::BankReturn => t.reversal_bank_return,
        Reversal::Reorganisation => t.reversal_reorganisation,
    }
}

/// The display name of a chain.
pub(crate) fn chain(chain: Chain) -> String {
    match chain.as_str() {
        "bsc" => "BNB Smart Chain (BSC)".to_owned(),
        name => {
            let mut letters = name.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
        }
    }
}

/// A number masked except for its last four characters.
pub(crate) fn masked_number(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let shown: String = characters[characters.len().saturating_sub(4)..].iter().collect();
    if characters.len() > 4 { format!("•••• {shown}") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ibans_are_grouped_and_other_accounts_left_alone() {
        assert_eq!(grouped("ES9121000418450200051332"), "ES91 2100 0418 4502 0005 1332");
        assert_eq!(grouped("646180110400000007"), "646180110400000007");
    }

    #[test]
    fn chains_have_names() {
        assert_eq!(chain("polygon".parse().unwrap()), "Polygon");
        assert_eq!(masked_number("06660001Y"), "•••• 001Y");
    }

    #[test]
    fn faults_are_sentences_in_either_language() {
        let fault = identification::check(Country::SPAIN, DocumentType::GovernmentId, "12345678A").unwrap_err();
        assert_eq!(number_fault(&fault, Language::Spanish), "La letra de control debería ser Z; revisa el número.");
        assert_eq!(number_fault(&fault, Language::English), "Control letter should be Z; please check the number.");
    }
}
