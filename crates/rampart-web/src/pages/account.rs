//! Bank accounts on pages: the account that a customer pays to, and the form for a customer's own account.

use rampart_core::identity::bank_account::{self, BankAccountError, BankAccountKind};
use rampart_core::identity::country::Country;
use rampart_core::order::pay_to::PayTo;

use super::field::{Faults, FormField};
use super::forms::FormData;
use super::frame::DetailRow;
use super::labels;
use super::language::Locale;
use super::text::Texts;

/// The option for a bank that is not in the list.
const OTHER: &str = "other";
/// The option for a Bre-B key (Colombia's instant payment alias) among the types of account.
const KEY: &str = "key";
/// Of a bank's code or name.
const MAX_BANK_CHARACTERS: usize = 64;

/// The name of a country's tax number.
const fn tax_id(country: Country) -> &'static str {
    match country {
        Country::CHILE => "RUT",
        Country::COLOMBIA => "NIT",
        Country::MEXICO => "RFC",
        Country::PERU => "RUC",
        Country::ARGENTINA => "CUIT",
        _ => "NIF",
    }
}

/// The label of a type of account.
fn account_type(account_type: &str, t: &'static Texts) -> &'static str {
    match account_type {
        "checking" => t.account_checking,
        "savings" => t.account_savings,
        "vista" => t.account_vista,
        KEY => t.account_key,
        _ => t.account_rut,
    }
}

/// The label of an account number.
fn number(country: Country, kind: Option<BankAccountKind>, t: &'static Texts) -> &'static str {
    match kind {
        Some(BankAccountKind::ChileanAccount | BankAccountKind::ColombianAccount) => t.account_number,
        Some(BankAccountKind::BreBKey) => t.account_key,
        _ => labels::account(country, t),
    }
}

/// The details that a customer copies into a banking form.
pub(crate) fn rows(pay_to: &PayTo, country: Country, t: &'static Texts) -> Vec<DetailRow> {
    let mut rows = Vec::new();
    rows.extend(pay_to.bank.as_ref().map(|bank| DetailRow::copied(t.account_bank, bank.clone())));
    rows.extend(pay_to.account_type.map(|kind| DetailRow::new(t.account_type, account_type(kind, t))));
    rows.push(DetailRow::copied(number(country, pay_to.kind, t), labels::grouped(&pay_to.number)));
    rows.extend(pay_to.bic.as_ref().map(|bic| DetailRow::copied(t.bic, bic.clone())));
    rows.push(DetailRow::copied(t.destination_name, pay_to.holder.clone()));
    rows.extend(pay_to.tax_id.as_ref().map(|number| DetailRow::copied(tax_id(country), number.clone())));
    rows.extend(pay_to.email.as_ref().map(|email| DetailRow::copied(t.field_email, email.clone())));
    rows
}

/// The account types that a country's banks ask for. None if the number is enough.
fn types(country: Country) -> &'static [&'static str] {
    match country {
        Country::CHILE => &["checking", "vista", "savings", "rut"],
        Country::COLOMBIA => &["savings", "checking", KEY],
        _ => &[],
    }
}

/// The form fields for a bank account of the country.
pub(crate) fn fields(country: Country, typed: Option<&FormData>, t: &'static Texts) -> Vec<FormField> {
    let known = |name| typed.and_then(|fields| fields.get(name)).unwrap_or_default();
    let account = |label| {
        let field = FormField::text("account", label, bank_account::MAX_CHARACTERS, known("account"));
        field.with_hint(labels::account_hint(country, t))
    };
    let types = types(country);
    if types.is_empty() {
        return vec![account(labels::account(country, t))];
    }
    let mut banks: Vec<_> = bank_account::banks(country).iter().map(|bank| (bank.code, bank.name)).collect();
    banks.sort_by_key(|(_, name)| name.to_lowercase());
    banks.push((OTHER, t.account_bank_other));
    let types: Vec<_> = types.iter().map(|kind| (*kind, account_type(kind, t))).collect();
    let bank = FormField::choice("bank", t.account_bank, &banks, known("bank"));
    let other = FormField::text("bank_other", t.account_bank_code, MAX_BANK_CHARACTERS, known("bank_other")).optional();
    let kind = FormField::choice("account_type", t.account_type, &types, known("account_type"));
    // A Bre-B key needs no bank.
    let has_keys = country == Country::COLOMBIA;
    let bank = if has_keys { bank.optional() } else { bank };
    let label = if has_keys { t.account_number_or_key } else { t.account_number };
    vec![bank, other.with_hint(t.account_bank_code_hint), kind, account(label)]
}

/// Whether the customer typed a Bre-B key: it was chosen as one, or can be nothing else. Digits alone may be an account number,
/// and could also be another person's key.
fn is_key(country: Country, typed: &FormData) -> bool {
    let account = typed.get("account").unwrap_or_default();
    let chosen = typed.get("account_type").unwrap_or_default();
    let is_unmistakable = account.contains('@') || (account.starts_with('+') && chosen.is_empty() && typed.get("bank").is_none());
    country == Country::COLOMBIA && (chosen == KEY || (is_unmistakable && typed.get("bank") != Some(OTHER)))
}

/// What the customer typed, as one text: `bank/type/number`, or only the number if it is enough.
pub(crate) fn text(country: Country, typed: &FormData) -> String {
    let account = typed.get("account").unwrap_or_default();
    if account.is_empty() || account.contains('/') || types(country).is_empty() || is_key(country, typed) {
        return account.to_owned();
    }
    let kind = typed.get("account_type").unwrap_or_default();
    // The separator must not occur in the parts.
    format!("{}/{}/{account}", bank(typed).replace('/', " "), kind.replace('/', " "))
}

/// The bank that was chosen from the list or typed.
fn bank(typed: &FormData) -> &str {
    typed.get("bank").filter(|bank| *bank != OTHER).or_else(|| typed.get("bank_other")).unwrap_or_default()
}

/// The errors of a typed account, by field. All missing fields are reported at once.
pub(crate) fn faults(country: Country, typed: &FormData, locale: Locale) -> Faults {
    let t = locale.language.texts();
    let account = typed.get("account").unwrap_or_default();
    let has_parts = !types(country).is_empty() && !account.contains('/') && !is_key(country, typed);
    let mut faults = Faults::new();
    if has_parts {
        // An empty form in Colombia may still become a key, which needs no bank.
        let may_be_key = country == Country::COLOMBIA && account.is_empty() && typed.get("account_type").is_none();
        if bank(typed).is_empty() && typed.get("bank") == Some(OTHER) {
            faults.push(("bank_other", t.fault_required.to_owned()));
        } else if bank(typed).is_empty() && !may_be_key {
            faults.push(("bank", t.fault_choose.to_owned()));
        }
        if typed.get("account_type").is_none() {
            faults.push(("account_type", t.fault_choose.to_owned()));
        }
        if account.is_empty() {
            faults.push(("account", t.fault_required.to_owned()));
        }
    }
    if !faults.is_empty() {
        return faults;
    }
    let fault = match bank_account::check(country, bank_account::BankAccountInput::number(&text(country, typed))) {
        Ok(_) => return faults,
        Err(fault) => fault,
    };
    let place = match &fault {
        BankAccountError::UnknownBank { .. } if has_parts => "bank_other",
        BankAccountError::UnknownType { .. } | BankAccountError::ForeignCuentaRut if has_parts => "account_type",
        _ => "account",
    };
    vec![(place, labels::account_fault(&fault, locale.language))]
}
