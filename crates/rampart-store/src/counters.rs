//! Counters as stored: one row per owner, because an order raises all counters of its customer at once.

use std::collections::BTreeMap;

use rampart_core::money::amount::Amount;

use crate::error::StoreError;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Counters(BTreeMap<String, (Amount, Option<i64>)>);

impl Counters {
    /// The row of an owner without counters.
    pub(super) const EMPTY_JSON: &'static str = "{}";

    /// Parses the JSON of a row.
    pub(crate) fn from_json(text: &str) -> Result<Self, StoreError> {
        Ok(Self(serde_json::from_str(text)?))
    }

    /// The value of a counter; zero when there is none.
    pub(crate) fn value(&self, what: &str) -> Amount {
        self.0.get(what).map_or(Amount::ZERO, |(value, _)| *value)
    }

    /// Sets a counter and the time at which it expires.
    pub(super) fn set(&mut self, what: &str, value: Amount, expires_at: Option<i64>) {
        match self.0.get_mut(what) {
            Some(slot) => *slot = (value, expires_at),
            None => drop(self.0.insert(what.to_owned(), (value, expires_at))),
        }
    }

    /// Removes expired counters, and zero counters that never expire.
    pub(super) fn remove_expired(&mut self, now: i64) {
        self.0.retain(|_, (value, expires_at)| expires_at.map_or(!value.is_zero(), |at| at > now));
    }

    /// The JSON of a row.
    pub(super) fn to_json(&self) -> Result<String, StoreError> {
        Ok(serde_json::to_string(&self.0)?)
    }

    /// When the row expires: with its last counter. `None` when one of them never expires.
    pub(super) fn expires_at(&self, now: i64) -> Option<i64> {
        self.0.values().try_fold(now, |last, (_, expires_at)| expires_at.map(|at| at.max(last)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(units: i128) -> Amount {
        Amount::from_minor(units)
    }

    #[test]
    fn a_row_keeps_what_has_not_expired() {
        let mut counters = Counters::from_json(Counters::EMPTY_JSON).unwrap();
        assert_eq!(counters.expires_at(5), Some(5), "a row without counters may go at once");
        counters.set("day", units(7), Some(10));
        counters.set("month", units(0), Some(30));
        counters.set("open", units(1), None);
        assert_eq!(counters.expires_at(5), None);
        assert_eq!(Counters::from_json(&counters.to_json().unwrap()).unwrap(), counters);
        counters.set("open", units(0), None);
        counters.remove_expired(10);
        assert_eq!((counters.value("day"), counters.value("open")), (units(0), units(0)));
        assert_eq!(counters.expires_at(10), Some(30));
        assert_eq!(counters.to_json().unwrap(), r#"{"month":["0",30]}"#);
        assert!(Counters::from_json("{\"day\":7}").is_err());
    }
}
