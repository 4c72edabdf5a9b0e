//! Timestamps, and the clock that is passed in.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

/// A point in time: microseconds since 1970-01-01T00:00:00Z. As text: RFC 3339 in UTC with six decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

/// Not an RFC 3339 timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a moment such as 2026-01-31T12:00:00Z")]
pub struct TimestampError;

impl Timestamp {
    /// The time this many microseconds after the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The time this much later. Saturates.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The time this much earlier. Saturates.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The duration until `later`; zero when `later` is not later.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        Duration::from_micros(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }

    /// The calendar date in UTC as (year, month, day).
    #[must_use]
    pub fn date(self) -> (i16, i8, i8) {
        let date = self.zoned().date();
        (date.year(), date.month(), date.day())
    }

    /// The start of its day in UTC.
    #[must_use]
    pub const fn midnight(self) -> Self {
        const DAY_MICROS: i64 = 86_400_000_000;
        Self(self.0.saturating_sub(self.0.rem_euclid(DAY_MICROS)))
    }

    fn zoned(self) -> jiff::Zoned {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.6}", jiff::Timestamp::from_microsecond(self.0).unwrap_or_default())
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// Times outside the range of jiff (the end of the year 9999 is one) become the first or last time in it.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let text = truncated_to_nanoseconds(text);
        let moment: jiff::Timestamp = text.parse().or_else(|_| saturated(&text).ok_or(TimestampError))?;
        // jiff has only the beginning of its last second.
        Ok(Self(moment.as_microsecond().min(jiff::Timestamp::MAX.as_second() * 1_000_000)))
    }
}

/// Cuts the fraction at nanoseconds: RFC 3339 allows any number of digits, jiff nine.
fn truncated_to_nanoseconds(text: &str) -> Cow<'_, str> {
    let Some(point) = text.find('.') else { return Cow::Borrowed(text) };
    let (before, fraction) = text.split_at(point + 1);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    if digits <= 9 { Cow::Borrowed(text) } else { Cow::Owned([before, &fraction[..9], &fraction[digits..]].concat()) }
}

/// The first or last time of the range, for valid text that lies outside it.
fn saturated(text: &str) -> Option<jiff::Timestamp> {
    let pieces = jiff::fmt::temporal::DateTimeParser::new().parse_pieces(text).ok()?;
    let offset = pieces.offset()?.to_numeric_offset();
    let civil = pieces.date().to_datetime(pieces.time()?);
    // Inside the range: the text was refused for another reason.
    let is_outside = offset.to_timestamp(civil).is_err();
    is_outside.then_some(if civil.year() > 0 { jiff::Timestamp::MAX } else { jiff::Timestamp::MIN })
}

crate::serde_as_text_or_number!(Timestamp, i64, Timestamp::micros, |micros| Ok::<_, TimestampError>(Timestamp::from_micros(micros)));

/// The future of [`Clock::sleep_until`].
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The source of time, and the only way to sleep. There are two: the business clock, which tests and the sandbox move forward, and the
/// real clock for signatures, tokens, leases and timeouts.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
    /// Completes once [`Clock::now`] has reached `moment`.
    fn sleep_until(&self, moment: Timestamp) -> Sleep;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_outside_of_the_clock_are_its_ends() {
        let read = |text: &str| text.parse::<Timestamp>().map(|moment| moment.to_string());
        let (first, last) = ("-009999-01-02T01:59:59.000000Z", "9999-12-30T22:00:00.000000Z");
        for (text, expected) in [
            ("9999-12-30T22:00:00.999999Z", last),
            ("9999-12-30T22:00:01Z", last),
            ("9999-12-31T00:00:00Z", last),
            ("9999-12-31T23:59:60-23:59", last),
            ("9999-12-30T12:00:00+02:00", "9999-12-30T10:00:00.000000Z"),
            ("-009999-01-01T00:00:00Z", first),
            ("0000-01-01T00:00:00+23:59", "-000001-12-31T00:01:00.000000Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000000Z"),
            ("2016-12-31T15:59:60.5-08:00", "2016-12-31T23:59:59.500000Z"),
            ("2026-01-31T12:00:00.12345678987654321Z", "2026-01-31T12:00:00.123456Z"),
            ("2026-01-31T12:00:00.12345678987654321+02:00", "2026-01-31T10:00:00.123456Z"),
            ("2026-01-31T12:00:00-00:00", "2026-01-31T12:00:00.000000Z"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
        for text in
            ["", "9999-12-31", "9999-12-31T00:00:00", "9999-12-32T00:00:00Z", "10000-01-01T00:00:00Z", "9999-12-31T00:00:00.Z", "now"]
        {
            assert_eq!(read(text), Err(TimestampError), "{text}");
        }
    }
}
