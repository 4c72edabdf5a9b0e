//! Amounts of money and coins: exact integers of minor units.

use std::fmt;
use std::str::FromStr;

use crate::serde_as_text_or_number;

/// A whole number of minor units of an asset (cents for EUR, wei for ETH). The asset is known by the context. Arithmetic is checked: it
/// neither wraps nor rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Amount(i128);

/// A sum, difference or product exceeds 127 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the amount is too large to calculate with")]
pub struct Overflow;

/// Why a text in major units is not an amount of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    #[error("must be a positive decimal number such as 100 or 100.50")]
    NotANumber,
    #[error("has more than {most} decimals")]
    TooManyDecimals { most: u8 },
    #[error("is too large")]
    TooLarge,
    #[error("must be greater than zero")]
    NotPositive,
}

/// Longer input is refused before it is parsed.
const MAX_TEXT_CHARACTERS: usize = 60;
/// Largest amount accepted from outside. Its products with a rate stay far below 256 bits.
const MAX_MINOR_UNITS: i128 = 10_i128.pow(33);

/// A decimal number as written: digits before and after the point, and a power of ten.
struct DecimalParts<'a> {
    whole: &'a str,
    fraction: &'a str,
    exponent: i32,
}

impl<'a> DecimalParts<'a> {
    fn read(text: &'a str) -> Result<Self, AmountError> {
        if text.is_empty() || text.len() > MAX_TEXT_CHARACTERS {
            return Err(if text.is_empty() { AmountError::NotANumber } else { AmountError::TooLarge });
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| AmountError::NotANumber)?),
            None => (text, 0),
        };
        if !(-40..=40).contains(&exponent) {
            return Err(AmountError::TooLarge);
        }
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) {
            return Err(AmountError::NotANumber);
        }
        Ok(Self { whole, fraction: fraction.trim_end_matches('0'), exponent })
    }
}

/// The canonical form of a decimal number, for comparing requests, whatever the asset: `240`, `240.00` and `2.4e2` are `24e1`. `None`
/// unless the number is positive.
#[must_use]
pub fn canonical_decimal(text: &str) -> Option<String> {
    let DecimalParts { whole, fraction, exponent } = DecimalParts::read(text).ok()?;
    let digits = [whole, fraction].concat();
    let significant = digits.trim_matches('0');
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let power = exponent + i32::try_from(zeros).ok()? - i32::try_from(fraction.len()).ok()?;
    (!significant.is_empty()).then(|| format!("{significant}e{power}"))
}

/// The value of a JSON number that is a whole number, however written: `106`, `106.0` and `1.06e2`. `None` for fractions, negative
/// numbers and numbers beyond 64 bits.
#[must_use]
pub fn whole_number(text: &str) -> Option<i64> {
    match Amount::parse_major(text, 0) {
        Ok(amount) => i64::try_from(amount.0).ok(),
        Err(AmountError::NotPositive) => Some(0),
        Err(_) => None,
    }
}

/// An amount in major units as received. Only in text is the number of decimals significant: see [`Amount::parse_text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AmountSent {
    /// A JSON string or a query parameter.
    Text(String),
    /// A JSON number. Serialisers add trailing zeros at will.
    Number(String),
}

impl AmountSent {
    /// The amount as received.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
        }
    }

    /// Parses the amount for an asset with this many decimals.
    ///
    /// # Errors
    /// As [`Amount::parse_text`] for text and [`Amount::parse_major`] for a number.
    pub fn amount(&self, decimals: u8) -> Result<Amount, AmountError> {
        match self {
            Self::Text(text) => Amount::parse_text(text, decimals),
            Self::Number(number) => Amount::parse_major(number, decimals),
        }
    }
}

impl From<&str> for AmountSent {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for AmountSent {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Padding for [`Amount::to_major`].
const ZEROS: &str = "0000000000000000000000000000000000000000";

impl Amount {
    pub const ZERO: Self = Self(0);
    /// One minor unit.
    pub const SMALLEST: Self = Self(1);

    /// An amount of this many minor units.
    #[must_use]
    pub const fn from_minor(units: i128) -> Self {
        Self(units)
    }

    /// The number of minor units.
    #[must_use]
    pub const fn minor(self) -> i128 {
        self.0
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// The difference; it may be negative.
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
    }

    /// The difference, or zero where it would be negative.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        let left = self.0.saturating_sub(other.0);
        Self(if left > 0 { left } else { 0 })
    }

    /// The largest multiple of `step` that is not larger. A step of zero or one changes nothing.
    #[must_use]
    pub const fn rounded_down(self, step: Self) -> Self {
        if step.0 > 1 { Self(self.0 - self.0.rem_euclid(step.0)) } else { self }
    }

    /// The smallest multiple of `step` that is not smaller.
    pub fn rounded_up(self, step: Self) -> Result<Self, Overflow> {
        let down = self.rounded_down(step);
        if down == self { Ok(self) } else { down.plus(step) }
    }

    /// The negated amount.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }

    /// Whether it is greater than zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether it is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether it is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// This share of the amount in basis points (hundredths of a percent), rounded up, as fees are.
    pub fn basis_points_up(self, points: u32) -> Result<Self, Overflow> {
        let product = self.0.checked_mul(i128::from(points)).ok_or(Overflow)?;
        Ok(Self(product.div_euclid(10_000) + i128::from(product.rem_euclid(10_000) != 0)))
    }

    /// Parses a positive decimal number in major units, exactly. Exponents (`1e2`) are accepted because JSON serialisers write them. A
    /// leading plus or minus, blanks, and digits beyond the decimals of the asset are errors; trailing zeros are not.
    pub fn parse_major(text: &str, decimals: u8) -> Result<Self, AmountError> {
        let DecimalParts { whole, fraction, exponent } = DecimalParts::read(text)?;
        let significant = if fraction.is_empty() { whole.trim_end_matches('0') } else { whole };
        let mut units = 0_i128;
        for digit in significant.bytes().chain(fraction.bytes()) {
            let value = i128::from(digit - b'0');
            units = units.checked_mul(10).and_then(|units| units.checked_add(value)).ok_or(AmountError::TooLarge)?;
        }
        if units == 0 {
            return Err(AmountError::NotPositive);
        }
        let length = |part: &str| i32::try_from(part.len()).unwrap_or(i32::MAX);
        let shift = i32::from(decimals) + exponent - length(fraction) + length(whole) - length(significant);
        for _ in shift..0 {
            if units % 10 != 0 {
                return Err(AmountError::TooManyDecimals { most: decimals });
            }
            units /= 10;
        }
        for _ in 0..shift {
            units = units.checked_mul(10).ok_or(AmountError::TooLarge)?;
        }
        if units <= MAX_MINOR_UNITS { Ok(Self(units)) } else { Err(AmountError::TooLarge) }
    }

    /// Parses text written by a person: as [`Amount::parse_major`], but trailing zeros count as decimals too, because `20.000` for EUR
    /// may mean twenty thousand. A single zero (`20.0`) is always accepted: programs write whole numbers so.
    pub fn parse_text(text: &str, decimals: u8) -> Result<Self, AmountError> {
        let amount = Self::parse_major(text, decimals)?;
        let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
        let has_exponent = fraction.contains(['e', 'E']);
        if has_exponent || fraction == "0" || fraction.len() <= usize::from(decimals) {
            Ok(amount)
        } else {
            Err(AmountError::TooManyDecimals { most: decimals })
        }
    }

    /// Writes the amount in major units with all decimals: 12 cents of EUR are `0.12`.
    #[must_use]
    pub fn to_major(self, decimals: u8) -> String {
        let decimals = usize::from(decimals);
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(self.0.unsigned_abs());
        let missing = (decimals + 1).saturating_sub(digits.len());
        let mut text = String::with_capacity(digits.len() + missing + 2);
        if self.0 < 0 {
            text.push('-');
        }
        text.push_str(&ZEROS[..missing.min(ZEROS.len())]);
        text.push_str(digits);
        if decimals > 0 {
            text.insert(text.len() - decimals, '.');
        }
        text
    }

    /// Writes the amount in major units without trailing zeros: `0.5`, `12`.
    #[must_use]
    pub fn to_major_short(self, decimals: u8) -> String {
        let mut text = self.to_major(decimals);
        if decimals > 0 {
            text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
        }
        text
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad_integral(self.0 >= 0, "", itoa::Buffer::new().format(self.0.unsigned_abs()))
    }
}

impl FromStr for Amount {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

serde_as_text_or_number!(Amount, i128, Amount::minor, |units| Ok::<_, Overflow>(Amount(units)));
