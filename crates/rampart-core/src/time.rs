//! Time as the ramp counts it, and the clock that is passed in.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

/// A moment: microseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 in UTC with six decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

/// Not an RFC 3339 moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a moment such as 2026-01-31T12:00:00Z")]
pub struct TimestampFault;

impl Timestamp {
    /// The moment so many microseconds after the Unix epoch.
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

    /// The moment so much later. Saturates.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The moment so much earlier. Saturates.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long it is until `later`; nothing when `later` is not later.
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

    /// The beginning of its day in UTC.
    #[must_use]
    pub const fn midnight(self) -> Self {
        const DAY: i64 = 86_400_000_000;
        Self(self.0.saturating_sub(self.0.rem_euclid(DAY)))
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
    type Err = TimestampFault;

    fn from_str(text: &str) -> Result<Self, TimestampFault> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| TimestampFault)?;
        Ok(Self(moment.as_microsecond()))
    }
}

crate::serde_as_text_or_number!(Timestamp, i64, Timestamp::micros, |micros| Ok::<_, TimestampFault>(Timestamp::from_micros(micros)));

/// A future that a [`Clock`] hands out.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The source of time, and the only thing that sleeps. Two are passed around: the business clock, which tests and the
/// sandbox move forward, and the real one for signatures, tokens, leases and time-outs.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
    /// Completes once [`Clock::now`] has reached `moment`.
    fn sleep_until(&self, moment: Timestamp) -> Sleep;
}
