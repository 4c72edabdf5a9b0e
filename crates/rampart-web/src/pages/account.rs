//! Accounts on pages: the parts of ours that a customer pays to, and the parts that a customer gives of one.

use rampart_core::bank_account::{self, Fault, Kind};
use rampart_core::country::Country;
use rampart_core::pay_to::PayTo;

use super::field::{Faults, Field};
use super::forms::Fields;
use super::frame::Row;
use super::labels;
use super::language::{Language, Locale};
use super::text::Texts;

/// The choice of a bank that is not among the others.
const OTHER: &str = "other";
/// The most characters of a bank's code or name.
const MOST_BANK: usize = 64;

/// What a tax number is called in a country.
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

/// What a type of account is called.
fn account_type(account_type: &str, t: &'static Texts) -> &'static str {
    match account_type {
        "checking" => t.account_checking,
        "savings" => t.account_savings,
        "vista" => t.account_vista,
        _ => t.account_rut,
    }
}

/// What the number of an account is called.
fn number(country: Country, kind: Option<Kind>, t: &'static Texts) -> &'static str {
    match kind {
        Some(Kind::ChileanAccount | Kind::ColombianAccount) => t.account_number,
        Some(Kind::BreBKey) => t.account_key,
        _ => labels::account(country, t),
    }
}

/// The lines that a customer copies into a bank's form.
pub(crate) fn rows(pay_to: &PayTo, country: Country, t: &'static Texts) -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend(pay_to.bank.as_ref().map(|bank| Row::copied(t.account_bank, bank.clone())));
    rows.extend(pay_to.account_type.map(|kind| Row::new(t.account_type, account_type(kind, t))));
    rows.push(Row::copied(number(country, pay_to.kind, t), labels::grouped(&pay_to.number)));
    rows.extend(pay_to.bic.as_ref().map(|bic| Row::copied(t.bic, bic.clone())));
    rows.push(Row::copied(t.destination_name, pay_to.holder.clone()));
    rows.extend(pay_to.tax_id.as_ref().map(|number| Row::copied(tax_id(country), number.clone())));
    rows.extend(pay_to.email.as_ref().map(|email| Row::copied(t.field_email, email.clone())));
    rows
}

/// The types that a country's banks ask for; none where the number tells everything.
fn types(country: Country) -> &'static [&'static str] {
    match country {
        Country::CHILE => &["checking", "vista", "savings", "rut"],
        Country::COLOMBIA => &["savings", "checking"],
        _ => &[],
    }
}

/// The fields in which a customer gives an account of the country.
pub(crate) fn fields(country: Country, typed: Option<&Fields>, t: &'static Texts) -> Vec<Field> {
    let known = |name| typed.and_then(|fields| fields.get(name)).unwrap_or_default();
    let account = |label| {
        let field = Field::text("account", label, bank_account::MOST_CHARACTERS, known("account"));
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
    let bank = Field::choice("bank", t.account_bank, &banks, known("bank"));
    let other = Field::text("bank_other", t.account_bank_code, MOST_BANK, known("bank_other")).optional();
    let kind = Field::choice("account_type", t.account_type, &types, known("account_type"));
    // A key leads to an account whatever its bank.
    let has_keys = country == Country::COLOMBIA;
    let (bank, kind) = if has_keys { (bank.optional(), kind.optional()) } else { (bank, kind) };
    let label = if has_keys { t.account_number_or_key } else { t.account_number };
    vec![bank, other.with_hint(t.account_bank_code_hint), kind, account(label)]
}

/// What a customer typed, in one text: `bank/type/number` where bank or type were chosen.
pub(crate) fn text(country: Country, typed: &Fields) -> String {
    let account = typed.get("account").unwrap_or_default();
    let bank = typed.get("bank").filter(|bank| *bank != OTHER).or_else(|| typed.get("bank_other")).unwrap_or_default();
    let kind = typed.get("account_type").unwrap_or_default();
    let is_whole = account.is_empty() || account.contains('/') || types(country).is_empty();
    let is_key = country == Country::COLOMBIA && (account.contains('@') || (bank.is_empty() && kind.is_empty()));
    // What stands between the parts is nothing that a bank's name may bring along.
    if is_whole || is_key { account.to_owned() } else { format!("{}/{}/{account}", bank.replace('/', " "), kind.replace('/', " ")) }
}

/// What is wrong with a typed account, at the field that is to be mended.
pub(crate) fn faults(country: Country, typed: &Fields, locale: Locale) -> Faults {
    let fault = match bank_account::check(country, bank_account::Given::number(&text(country, typed))) {
        Ok(_) => return Faults::new(),
        Err(fault) => fault,
    };
    let has_parts = !types(country).is_empty() && !typed.get("account").unwrap_or_default().contains('/');
    let place = match &fault {
        Fault::BankMissing if has_parts => "bank",
        Fault::UnknownBank { .. } if has_parts => "bank_other",
        Fault::UnknownType { .. } if has_parts => "account_type",
        _ => "account",
    };
    vec![(place, sentence(&fault, place, locale.language))]
}

fn sentence(fault: &Fault, place: &str, language: Language) -> String {
    match fault {
        Fault::BankMissing if place == "bank" => language.texts().fault_choose.to_owned(),
        Fault::UnknownType { found, .. } if place == "account_type" && found.is_empty() => language.texts().fault_choose.to_owned(),
        fault => labels::account_fault(fault, language),
    }
}
