//! Payment details of our accounts, part by part, as bank forms ask for them.

use serde::Serialize;

use crate::catalogue::RailAccount;
use crate::identity::bank_account::{self, BankAccountInput, BankAccountKind};
use crate::identity::country::Country;
use crate::order::payment::{Instructions, Payment};

/// The account that a customer transfers to, in separate fields as banking forms ask for them. `iban` contains the same account as one text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PayTo {
    /// The country of the account (ISO 3166-1 alpha-3).
    pub country: String,
    pub kind: Option<BankAccountKind>,
    /// The bank's name.
    pub bank: Option<String>,
    /// The bank's code.
    pub bank_code: Option<String>,
    /// The type of account, if banks of the country ask for one: `checking`, `savings`, `vista`, `rut`.
    pub account_type: Option<&'static str>,
    /// The name of the account type in the country, such as `Cuenta corriente`.
    pub account_type_name: Option<&'static str>,
    /// The account number without bank and type.
    pub number: String,
    /// The name of the account holder.
    pub holder: String,
    /// The tax number of the account holder, such as a RUT.
    pub tax_id: Option<String>,
    /// The e-mail address to which the payer's bank may send its confirmation.
    pub email: Option<String>,
    pub bic: Option<String>,
    /// The reference that the customer must give with the transfer: 10 digits.
    #[cfg_attr(feature = "schema", schema(pattern = "^[0-9]{10}$"))]
    pub reference: String,
    /// Whether the account is used by this customer only. Then money is matched by the account and not by the reference.
    pub own_account: bool,
}

impl PayTo {
    /// The details of payment instructions. What the account number contains is read from it, so that orders of earlier versions have it
    /// too.
    #[must_use]
    pub fn of(instructions: &Instructions, country: Country) -> Self {
        let checked = bank_account::check(country, BankAccountInput::number(&instructions.account)).ok();
        let number = checked.as_ref().map(|checked| match checked.kind {
            // Aliases and keys are shown as written.
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

    /// The details of a payment, if it is paid by transfer.
    #[must_use]
    pub fn of_payment(payment: &Payment) -> Option<Self> {
        payment.instructions.as_ref().map(|instructions| Self::of(instructions, payment.country))
    }
}

/// What is missing for payers in a country to pay to an account of ours: the setting and the reason. Empty when they can.
#[must_use]
pub fn missing(ours: &RailAccount, country: Country) -> Vec<(&'static str, String)> {
    let mut missing = Vec::new();
    match bank_account::check(country, BankAccountInput::number(&ours.account)) {
        Err(fault) => missing.push(("account", format!("is no account in {country}: {fault}"))),
        Ok(checked) => {
            // Keys and aliases identify the account; otherwise payers choose the bank by its name.
            let is_bank_known = matches!(checked.kind, BankAccountKind::Alias | BankAccountKind::BreBKey) || checked.bank_name.is_some();
            if !is_bank_known && ours.bank.is_none() {
                missing.push(("bank", "is needed: the account's number does not identify the bank".to_owned()));
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

/// The Spanish name of an account type.
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
