//! Where money goes: everything that a rail needs to know of an account, as it was checked.

use rampart_core::bank_account::{self, Fault, Given};
use rampart_core::country::Country;
use rampart_core::outgoing::PayoutDestination;
use rampart_core::redacted::Redacted;

/// An account of a country as a destination: bank and kind of account as the number or the text form tells them, else as
/// they were given beside it; the bank's name as said, else as its code tells.
///
/// # Errors
/// What is wrong with the account.
pub(crate) fn checked(country: Country, given: Given<'_>, bank_name: Option<&str>, name: Redacted) -> Result<PayoutDestination, Fault> {
    let checked = bank_account::check(country, given)?;
    Ok(PayoutDestination {
        account: checked.normalized().into(),
        bank_code: checked.bank_code.map(|code| code.to_string()).or_else(|| given.bank_code.map(str::to_owned)),
        account_type: checked.account_type.or(given.account_type).map(str::to_owned),
        bank_name: bank_name.or(checked.bank_name).map(str::to_owned),
        name,
    })
}
