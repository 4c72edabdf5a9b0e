//! Calendar dates inside numbers.

use std::fmt;
use std::str::FromStr;

use crate::time::Timestamp;

/// Greater ages are taken for mistakes.
const MAX_AGE_YEARS: u16 = 150;

/// A valid date of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// `None` when the calendar has no such date.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        if day >= 1 && day <= days { Some(Self { year, month, day }) } else { None }
    }

    /// (year, month, day).
    #[must_use]
    pub const fn parts(self) -> (u16, u8, u8) {
        (self.year, self.month, self.day)
    }

    /// Parses `YYMMDD` in a century given by its first year, such as 1900. All characters must be digits.
    pub(super) fn of_six(digits: &[u8; 6], century: u16) -> Option<Self> {
        let part = |at: usize| (digits[at].wrapping_sub(b'0')).wrapping_mul(10).wrapping_add(digits[at + 1].wrapping_sub(b'0'));
        Self::new(century + u16::from(part(0)), part(2), part(4))
    }

    /// The date of a time in UTC.
    #[must_use]
    pub fn of(now: Timestamp) -> Self {
        let (year, month, day) = now.date();
        Self { year: u16::try_from(year).unwrap_or(0), month: month.unsigned_abs(), day: day.unsigned_abs() }
    }

    /// Completed years on `today` of a person born on this date. `None` for a future date or an implausible age.
    #[must_use]
    pub fn age(self, today: Self) -> Option<u16> {
        let passed = (today.month, today.day) >= (self.month, self.day);
        let years = today.year.checked_sub(self.year)?.checked_sub(u16::from(!passed))?;
        (years <= MAX_AGE_YEARS).then_some(years)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// Not a date written as `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a date such as 1986-05-03")]
pub struct DateError;

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let bytes = text.as_bytes();
        let well_formed = bytes.len() == 10
            && bytes[4] == b'-'
            && bytes[7] == b'-'
            && [0, 1, 2, 3, 5, 6, 8, 9].iter().all(|&place| bytes[place].is_ascii_digit());
        if !well_formed {
            return Err(DateError);
        }
        let year = text[..4].parse().map_err(|_| DateError)?;
        let month = text[5..7].parse().map_err(|_| DateError)?;
        let day = text[8..].parse().map_err(|_| DateError)?;
        Self::new(year, month, day).ok_or(DateError)
    }
}

impl serde::Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
