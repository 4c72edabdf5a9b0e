//! What codes are called on a page.

use rampart_core::arrival::DeviationKind;
use rampart_core::asset::Chain;
use rampart_core::bank_account;
use rampart_core::code::Code;
use rampart_core::country::Country;
use rampart_core::identification::{self, DocumentType};
use rampart_core::order::{HoldReason, Reversal};
use rampart_core::phone;

use super::language::Language;
use super::text::{Texts, fill};

/// A country's name.
pub(crate) fn country(country: Country, language: Language) -> &'static str {
    match language {
        Language::Spanish => country.spanish_name(),
        Language::English => country.english_name(),
    }
}

/// A document's name.
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

/// A payment method's name.
pub(crate) fn method(method: Code<16>, t: &'static Texts) -> String {
    match method.as_str().to_ascii_lowercase().as_str() {
        "card" => t.method_card.to_owned(),
        "psd2" => t.method_psd2.to_owned(),
        "paypal" => "PayPal".to_owned(),
        _ => method.to_string(),
    }
}

/// What an account number is called in a country.
pub(crate) fn account(country: Country, t: &'static Texts) -> &'static str {
    match country {
        Country::SPAIN => t.account_iban,
        Country::ARGENTINA => t.account_cbu,
        Country::MEXICO => t.account_clabe,
        Country::PERU => t.account_cci,
        _ => t.account_other,
    }
}

/// An account as people read it: an IBAN in groups of four, everything else as it is.
pub(crate) fn grouped(account: &str) -> String {
    let is_iban = account.len() > 14 && account.bytes().take(2).all(|byte| byte.is_ascii_uppercase());
    if !is_iban {
        return account.to_owned();
    }
    let signs: Vec<char> = account.chars().collect();
    signs.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// How a country's account for refunds is written.
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

/// What is wrong with an identification's number.
pub(crate) fn number_fault(fault: &identification::DocumentError, language: Language) -> String {
    match (fault, language) {
        (identification::DocumentError::Empty, _) => language.texts().fault_required.to_owned(),
        (_, Language::Spanish) => sentence(&fault.spanish()),
        (_, Language::English) => sentence(&fault.to_string()),
    }
}

/// What is wrong with a bank account.
pub(crate) fn account_fault(fault: &bank_account::BankAccountError, language: Language) -> String {
    match (fault, language) {
        (bank_account::BankAccountError::Empty, _) => language.texts().fault_required.to_owned(),
        (_, Language::Spanish) => sentence(&fault.spanish()),
        (_, Language::English) => sentence(&fault.to_string()),
    }
}

/// What is wrong with a telephone number.
pub(crate) fn phone_fault(fault: &phone::PhoneError, language: Language) -> String {
    match language {
        Language::Spanish => sentence(&fault.spanish()),
        Language::English => sentence(&fault.to_string()),
    }
}

/// A clause as a sentence of its own.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let end = if clause.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// Why an order waits, for its customer.
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
        // What screening found is not for the customer's eyes, and the rest is between us and our providers.
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

/// What was unusual.
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

/// What was taken back.
pub(crate) const fn reversal(reversal: Reversal, t: &'static Texts) -> &'static str {
    match reversal {
        Reversal::Chargeback => t.reversal_chargeback,
        Reversal::BankReturn => t.reversal_bank_return,
        Reversal::Reorganisation => t.reversal_reorganisation,
    }
}

/// A chain's name as its users write it.
pub(crate) fn chain(chain: Chain) -> String {
    match chain.as_str() {
        "bsc" => "BNB Smart Chain (BSC)".to_owned(),
        name => {
            let mut letters = name.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
        }
    }
}

/// A secret as it may be shown to the person it belongs to: the last four signs.
pub(crate) fn ending(text: &str) -> String {
    let signs: Vec<char> = text.chars().collect();
    let shown: String = signs[signs.len().saturating_sub(4)..].iter().collect();
    if signs.len() > 4 { format!("•••• {shown}") } else { shown }
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
        assert_eq!(ending("06660001Y"), "•••• 001Y");
    }

    #[test]
    fn faults_are_sentences_in_either_language() {
        let fault = identification::check(Country::SPAIN, DocumentType::GovernmentId, "12345678A").unwrap_err();
        assert_eq!(number_fault(&fault, Language::Spanish), "La letra de control debería ser Z; revisa el número.");
        assert_eq!(number_fault(&fault, Language::English), "Control letter should be Z; please check the number.");
    }
}
