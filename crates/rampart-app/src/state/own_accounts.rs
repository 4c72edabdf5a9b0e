//! Payout destinations: validated accounts with everything that a rail needs.

use std::collections::HashSet;

use rampart_core::catalogue::{Catalogue, MethodKind};
use rampart_core::identity::bank_account::{self, BankAccountError, BankAccountInput, BankAccountKind, ValidAccount, virtual_account};
use rampart_core::identity::country::Country;
use rampart_core::outgoing::PayoutDestination;
use rampart_core::text::redacted::Redacted;

/// Why an account is not accepted as a destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DestinationError {
    #[error(transparent)]
    Fault(#[from] BankAccountError),
    /// Money paid out to it would come back as a customer's transfer.
    #[error("is an account of ours: give one of the customer's own")]
    Ours,
}

/// Our own accounts: those of the rails, and every virtual account derived from them.
#[derive(Debug, Default)]
pub(crate) struct OwnAccounts {
    rail_accounts: HashSet<(String, Option<String>)>,
    /// The accounts that virtual accounts are derived from.
    base_accounts: Vec<String>,
}

impl OwnAccounts {
    /// The accounts of a catalogue.
    pub(crate) fn of(catalogue: &Catalogue) -> Self {
        let mut own = Self::default();
        for rail in &catalogue.rail_accounts {
            // Checked in every country where the number is valid, because the catalogue does not name the account's
            // country.
            let readings =
                Country::served().filter_map(|country| bank_account::check(country, BankAccountInput::number(&rail.account)).ok());
            own.rail_accounts.extend(readings.map(|validated| key(&validated)));
        }
        let base_accounts = catalogue.methods.iter().filter_map(|method| match method.kind {
            MethodKind::VirtualAccount(rail) => catalogue.rail_account(rail),
            MethodKind::Concept(_) | MethodKind::Redirect(_) => None,
        });
        own.base_accounts.extend(base_accounts.map(|rail| rail.account.clone()));
        own
    }

    /// Checks an account and that it is not one of ours.
    pub(crate) fn check(&self, country: Country, given: BankAccountInput<'_>) -> Result<ValidAccount, DestinationError> {
        let validated = bank_account::check(country, given)?;
        if self.contains(&validated) { Err(DestinationError::Ours) } else { Ok(validated) }
    }

    /// The kind of account is ignored: within a bank a number is unique.
    fn contains(&self, validated: &ValidAccount) -> bool {
        let (number, bank) = key(validated);
        self.base_accounts.iter().any(|ours| virtual_account::customer_of(ours, &number).is_some())
            || self.rail_accounts.contains(&(number, bank))
    }
}

fn key(validated: &ValidAccount) -> (String, Option<String>) {
    let number = validated.normalized();
    let number = match validated.kind {
        // Banks write the same number with and without leading zeros.
        BankAccountKind::ChileanAccount | BankAccountKind::ColombianAccount => number.trim_start_matches('0').to_owned(),
        _ => number,
    };
    (number, validated.bank_code.map(|code| code.to_string()))
}

/// Validates an account as a payout destination. Bank and kind of account come from the number or its text form, else
/// from the fields beside it; the bank's name as given, else from its code.
pub(crate) fn validated(
    own: &OwnAccounts,
    country: Country,
    given: BankAccountInput<'_>,
    bank_name: Option<&str>,
    name: Redacted,
) -> Result<PayoutDestination, DestinationError> {
    let validated = match own.check(country, given) {
        // Where the bank is required, its name is accepted in place of its code.
        Err(DestinationError::Fault(BankAccountError::BankMissing)) if bank_name.is_some() => {
            own.check(country, BankAccountInput { bank_code: bank_name, ..given })?
        }
        other => other?,
    };
    Ok(PayoutDestination {
        account: validated.normalized().into(),
        bank_code: validated.bank_code.map(|code| code.to_string()).or_else(|| given.bank_code.map(str::to_owned)),
        account_type: validated.account_type.or(given.account_type).map(str::to_owned),
        bank_name: bank_name.or(validated.bank_name).map(str::to_owned),
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_of_ours_is_known_however_it_is_written() {
        let mut own = OwnAccounts::default();
        let chilean = bank_account::check(Country::CHILE, BankAccountInput::number("055/checking/0880000017")).unwrap();
        own.rail_accounts.insert(key(&chilean));
        let beside = BankAccountInput { account: "880000017", bank_code: Some("55"), account_type: Some("corriente") };
        assert_eq!(own.check(Country::CHILE, beside).unwrap_err(), DestinationError::Ours);
        for other in ["055/checking/0880000018", "037/checking/0880000017"] {
            assert!(own.check(Country::CHILE, BankAccountInput::number(other)).is_ok(), "{other}");
        }
    }
}
