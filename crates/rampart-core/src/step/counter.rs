//! Counters of limits and caps, and their owners.

use std::fmt;
use std::str::FromStr;

use crate::id::{CustomerId, PartnerId};

/// Owner of a counter. Counters of one owner are stored together, so that an order that raises several costs no more than one
/// that raises one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CounterOwner {
    /// `customer:42`.
    Customer(CustomerId),
    /// `partner:par_…`.
    Partner(PartnerId),
}

impl fmt::Display for CounterOwner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer(id) => write!(formatter, "customer:{id}"),
            Self::Partner(id) => write!(formatter, "partner:{id}"),
        }
    }
}

/// A text that names no owner of counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an owner of counters such as customer:42")]
pub struct CounterOwnerError;

impl FromStr for CounterOwner {
    type Err = CounterOwnerError;

    fn from_str(text: &str) -> Result<Self, CounterOwnerError> {
        match text.split_once(':') {
            Some(("customer", id)) => id.parse().map(|id| Self::Customer(CustomerId(id))).map_err(|_| CounterOwnerError),
            Some(("partner", id)) => id.parse().map(Self::Partner).map_err(|_| CounterOwnerError),
            _ => Err(CounterOwnerError),
        }
    }
}

/// A counter of one owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    pub owner: CounterOwner,
    /// Subject, with the window if there is one: `limit:EUR:card:day:2026-01-31`, `open:orders`.
    pub what: String,
}

/// `<owner>/<what>`.
impl fmt::Display for Counter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn owners_are_read_as_they_are_written() {
        let customer = CounterOwner::Customer(CustomerId(42));
        let partner = CounterOwner::Partner(PartnerId::first_at(Timestamp::from_micros(1)));
        assert_eq!(customer.to_string(), "customer:42");
        for owner in [customer, partner] {
            assert_eq!(owner.to_string().parse(), Ok(owner));
        }
        for text in ["", "customer", "customer:", "customer:x", "partner:42", "house:1"] {
            assert_eq!(text.parse::<CounterOwner>(), Err(CounterOwnerError), "{text}");
        }
        assert_eq!(Counter { owner: customer, what: "open:orders".into() }.to_string(), "customer:42/open:orders");
    }
}
