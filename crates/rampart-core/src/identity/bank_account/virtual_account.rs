//! Virtual accounts: account numbers per customer that lead to an account of ours. They consist of the prefix of our account, the
//! customer's number and check digits, so money is matched by the number alone and nothing has to be stored.

use super::{cbu, clabe};
use crate::id::CustomerId;

/// CLABE: bank 3, place 3, our client code 4, customer 7, check digit 1.
const CLABE_DIGITS: usize = 18;
const CLABE_PREFIX_DIGITS: usize = 10;
/// CVU: bank and provider 7, check digit 1, our client code 1, customer 12, check digit 1.
const CVU_DIGITS: usize = 22;
const CVU_PREFIX_DIGITS: usize = 9;

/// The virtual account of a customer at `ours`. `None` when `ours` is neither a CLABE nor a CVU, or the customer's number has too many
/// digits.
#[must_use]
pub fn account_of(ours: &str, customer: CustomerId) -> Option<String> {
    let number = u64::try_from(customer.0).ok().filter(|number| *number > 0)?;
    let (prefix, width) = shape(ours)?;
    let body = format!("{prefix}{number:0width$}");
    let account = (body.len() == prefix.len() + width).then(|| format!("{body}{}", check_digit(&body)));
    // Our own account belongs to no customer.
    account.filter(|account| account != ours)
}

/// The customer to whom a virtual account at `ours` belongs.
#[must_use]
pub fn customer_of(ours: &str, account: &str) -> Option<CustomerId> {
    let (prefix, width) = shape(ours)?;
    let account: String = account.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    let digits = account.strip_prefix(prefix)?.get(..width)?;
    let customer = CustomerId(digits.parse().ok()?);
    (account_of(ours, customer)? == account).then_some(customer)
}

/// The prefix that all virtual accounts share, and the width of the customer's number in digits.
fn shape(ours: &str) -> Option<(&str, usize)> {
    if !ours.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match ours.len() {
        CLABE_DIGITS => Some((&ours[..CLABE_PREFIX_DIGITS], CLABE_DIGITS - CLABE_PREFIX_DIGITS - 1)),
        CVU_DIGITS => Some((&ours[..CVU_PREFIX_DIGITS], CVU_DIGITS - CVU_PREFIX_DIGITS - 1)),
        _ => None,
    }
}

fn check_digit(body: &str) -> char {
    if body.len() + 1 == CLABE_DIGITS { clabe::check_digit(body.as_bytes()) } else { cbu::check_digit(&body.as_bytes()[8..]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_has_one_account_and_an_account_one_customer() {
        for ours in ["646180123400000007", "0009990710000000000007"] {
            for number in [1, 42, 9_999_999] {
                let account = account_of(ours, CustomerId(number)).unwrap();
                assert_eq!(account.len(), ours.len());
                assert_eq!(customer_of(ours, &account), Some(CustomerId(number)));
                let mistyped = format!("{}{}", &account[..account.len() - 1], (account.as_bytes()[account.len() - 1] - b'0' + 1) % 10);
                assert_eq!(customer_of(ours, &mistyped), None);
            }
            assert_eq!(customer_of(ours, ours), None, "our own account is nobody's");
            assert_eq!(account_of(ours, CustomerId(0)), None);
        }
        assert_eq!(account_of("646180123400000007", CustomerId(10_000_000)), None);
        assert_eq!(account_of("ES9299990001480000012345", CustomerId(1)), None);
    }
}
