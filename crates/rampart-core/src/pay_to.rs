//! Where a customer transfers money to, part by part, as the forms of banks ask for it.

use serde::Serialize;

use crate::bank_account::{self, BankAccountInput, BankAccountKind};
use crate::catalogue::RailAccount;
use crate::country::Country;
use crate::payment::{Instructions, Payment};

/// The parts of an account of ours that a customer pays to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PayTo {
    /// The country, alpha-3.
    pub country: String,
    /// What kind the account is: an IBAN, a CLABE, an account with bank and type.
    pub kind: Option<BankAccountKind>,
    /// The bank's name.
    pub bank: Option<String>,
    /// The bank's code.
    pub bank_code: Option<String>,
    /// The type of account where the country's banks ask for one: `checking`, `savings`, `vista`, `rut`.
    pub account_type: Option<&'static str>,
    /// The same in the country's words.
    pub account_type_name: Option<&'static str>,
    /// The number alone.
    pub number: String,
    /// The account's holder.
    pub holder: String,
    /// The holder's tax number, such as a RUT.
    pub tax_id: Option<String>,
    /// Where the payer's bank may send its notice.
    pub email: Option<String>,
    /// The bank's BIC.
    pub bic: Option<String>,
    /// The reference to quote.
    pub reference: String,
    /// Whether the account is the customer's own, so that money is matched by it and not by the reference.
    pub own_account: bool,
}

impl PayTo {
    /// The parts of what the customer of a country is told. What the account's number tells is read from it, so that orders of
    /// earlier versions have it too.
    #[must_use]
    pub fn of(instructions: &Instructions, country: Country) -> Self {
        let checked = bank_account::check(country, BankAccountInput::number(&instructions.account)).ok();
        let number = checked.as_ref().map(|checked| match checked.kind {
            // The holder of an alias or key reads it as he wrote it.
            BankAccountKind::Alias | BankAccountKind::BreBKey => instructions.account.clone(),
            _ => checked.normalized(),
        });
        let checked = checked.as_ref();
        let account_type = checked.and_then(|checked| checked.account_type);
        Self {
            country: country.to_string(),
            kind: checked.map(|checked| checked.kind),
            bank: instructions.bank.clone().or_else(|| checked.and_then(|checked| checked.bank_name).map(str::to_owned)),
            bank_code: checked.and_then(|checked| checked.bank_code).map(|code| code.to_string()),
            account_type,
            account_type_name: account_type.map(account_type_name),
            number: number.unwrap_or_else(|| instructions.account.clone()),
            holder: instructions.destination_name.clone(),
            tax_id: instructions.tax_id.clone(),
            email: instructions.email.clone(),
            bic: instructions.bic.clone(),
            reference: instructions.concept.clone(),
            own_account: instructions.own_account,
        }
    }

    /// The parts of where a payment's money is to go, if it is paid by transfer.
    #[must_use]
    pub fn of_payment(payment: &Payment) -> Option<Self> {
        payment.instructions.as_ref().map(|instructions| Self::of(instructions, payment.country))
    }
}

/// What payers of a country would miss of an account of ours: the setting and why. Nothing when they can pay to it.
#[must_use]
pub fn missing(ours: &RailAccount, country: Country) -> Vec<(&'static str, String)> {
    let mut missing = Vec::new();
    match bank_account::check(country, BankAccountInput::number(&ours.account)) {
        Err(fault) => missing.push(("account", format!("is no account in {country}: {fault}"))),
        Ok(checked) => {
            // A key or alias leads to its account; everywhere else payers look for the bank by its name.
            let is_bank_known = matches!(checked.kind, BankAccountKind::Alias | BankAccountKind::BreBKey) || checked.bank_name.is_some();
            if !is_bank_known && ours.bank.is_none() {
                missing.push(("bank", "is needed: the account's number does not tell the bank's name".to_owned()));
            }
            if checked.account_type.is_some() && ours.tax_id.is_none() {
                missing.push(("tax_id", format!("is needed: banks of {country} ask payers for the holder's tax number")));
            }
        }
    }
    if ours.holder.trim().is_empty() {
        missing.push(("holder", "is needed".to_owned()));
    }
    missing
}

/// What a type of account is called in the countries that ask for one.
#[must_use]
pub fn account_type_name(account_type: &str) -> &'static str {
    match account_type {
        "checking" => "Cuenta corriente",
        "savings" => "Cuenta de ahorro",
        "vista" => "Cuenta vista",
        "rut" => "CuentaRUT",
        _ => "Cuenta",
    }
}
