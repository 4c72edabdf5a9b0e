//! Dates of birth and ages.

use rampart_core::identity::identification::Date;
use rampart_core::time::Timestamp;

use crate::request::FieldFaults;

/// A plausible date of birth.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DateOfBirth {
    pub(crate) date: Date,
    pub(crate) age: u16,
}

/// A date of birth that was sent; `None` for one that is no date. It must be in the past.
pub(crate) fn read(faults: &mut FieldFaults, date: Option<Date>, now: Timestamp) -> Option<DateOfBirth> {
    let birth = date.and_then(|date| of(date, now));
    if birth.is_none() {
        faults.malformed("dob", "must be a date in the past such as 1986-05-03");
    }
    birth
}

/// `None` for a date in the future, or an implausible age.
pub(crate) fn of(date: Date, now: Timestamp) -> Option<DateOfBirth> {
    date.age(Date::of(now)).map(|age| DateOfBirth { date, age })
}

/// Completed years since a date `YYYY-MM-DD`. `None` for a malformed date, a date in the future, or an implausible age.
pub(crate) fn age(date: &str, now: Timestamp) -> Option<u16> {
    date.parse::<Date>().ok()?.age(Date::of(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        let now: Timestamp = "2026-05-03T12:00:00Z".parse().unwrap();
        assert_eq!(age("1986-05-03", now), Some(40));
        assert_eq!(age("1986-05-04", now), Some(39));
        assert_eq!(age("2026-05-03", now), Some(0));
        for bad in ["2026-05-04", "1986-02-30", "1986-5-3", "03/05/1986", "1700-01-01", "1986-05-03T", "+986-05-03", "19860503xx"] {
            assert_eq!(age(bad, now), None, "{bad}");
        }
    }
}
