//! Where money goes: everything that a rail needs to know of an account, as it was checked.

use std::collections::HashSet;

use rampart_core::bank_account::{self, BankAccountError, BankAccountInput, BankAccountKind, ValidAccount, virtual_account};
use rampart_core::catalogue::{Catalogue, MethodKind};
use rampart_core::country::Country;
use rampart_core::outgoing::PayoutDestination;
use rampart_core::redacted::Redacted;

/// Why money cannot go to an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DestinationError {
    /// It is none.
    #[error(transparent)]
    Fault(#[from] BankAccountError),
    /// Money paid out would come back in as a customer's.
    #[error("is an account of ours: give one of the customer's own")]
    Ours,
}

/// The accounts that customers pay to: those of the rails, and every customer's own that leads to one of them.
#[derive(Debug, Default)]
pub(crate) struct OwnAccounts {
    /// Number and bank, as every account is written once it was checked.
    known: HashSet<(String, Option<String>)>,
    /// What the customers' own are made from.
    shared: Vec<String>,
}

impl OwnAccounts {
    /// Those of a catalogue.
    pub(crate) fn of(catalogue: &Catalogue) -> Self {
        let mut own = Self::default();
        for rail in &catalogue.rail_accounts {
            // In every country where the number is an account, because nothing else says of which one it is.
            let readings =
                Country::served().filter_map(|country| bank_account::check(country, BankAccountInput::number(&rail.account)).ok());
            own.known.extend(readings.map(|validated| key(&validated)));
        }
        let shared = catalogue.methods.iter().filter_map(|method| match method.kind {
            MethodKind::VirtualAccount(rail) => catalogue.rail_account(rail),
            MethodKind::Concept(_) | MethodKind::Redirect(_) => None,
        });
        own.shared.extend(shared.map(|rail| rail.account.clone()));
        own
    }

    /// Checks an account that money may go to.
    ///
    /// # Errors
    /// What is wrong with it, or that it is one of ours.
    pub(crate) fn check(&self, country: Country, given: BankAccountInput<'_>) -> Result<ValidAccount, DestinationError> {
        let validated = bank_account::check(country, given)?;
        if self.contains(&validated) { Err(DestinationError::Ours) } else { Ok(validated) }
    }

    /// Whether an account is one of them. Of what kind it was said to be does not matter: a bank has a number once.
    fn contains(&self, validated: &ValidAccount) -> bool {
        let (number, bank) = key(validated);
        self.shared.iter().any(|ours| virtual_account::customer_of(ours, &number).is_some()) || self.known.contains(&(number, bank))
    }
}

fn key(validated: &ValidAccount) -> (String, Option<String>) {
    let number = validated.normalized();
    let number = match validated.kind {
        // Banks write the same number with zeros in front of it and without.
        BankAccountKind::ChileanAccount | BankAccountKind::ColombianAccount => number.trim_start_matches('0').to_owned(),
        _ => number,
    };
    (number, validated.bank_code.map(|code| code.to_string()))
}

/// An account of a country as a destination: bank and kind of account as the number or the text form tells them, else as
/// they were given beside it; the bank's name as said, else as its code tells.
///
/// # Errors
/// What is wrong with the account, or that it is one of ours.
pub(crate) fn validated(
    own: &OwnAccounts,
    country: Country,
    given: BankAccountInput<'_>,
    bank_name: Option<&str>,
    name: Redacted,
) -> Result<PayoutDestination, DestinationError> {
    let validated = match own.check(country, given) {
        // Where the bank is needed, its name tells it as well as its code.
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
        own.known.insert(key(&chilean));
        let beside = BankAccountInput { account: "880000017", bank_code: Some("55"), account_type: Some("corriente") };
        assert_eq!(own.check(Country::CHILE, beside).unwrap_err(), DestinationError::Ours);
        for other in ["055/checking/0880000018", "037/checking/0880000017"] {
            assert!(own.check(Country::CHILE, BankAccountInput::number(other)).is_ok(), "{other}");
        }
    }
}
