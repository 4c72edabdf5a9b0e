//! Amounts of money and coins: exact integers in an asset's smallest unit.

use std::fmt;
use std::str::FromStr;

use crate::serde_as_text_or_number;

/// A whole number of an asset's minor units (cents for EUR, wei for ETH). It does not know its asset: the place that
/// holds it does. Arithmetic is checked; nothing wraps and nothing rounds here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Amount(i128);

/// The sum, difference or product did not fit 127 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the amount is too large to calculate with")]
pub struct Overflow;

/// Why a text in major units is not an amount of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not a plain decimal number.
    #[error("must be a positive decimal number such as 100 or 100.50")]
    NotANumber,
    /// More figures behind the point than the asset has.
    #[error("has more than {most} decimals")]
    TooManyDecimals {
        /// How many the asset has.
        most: u8,
    },
    /// Larger than can be calculated with.
    #[error("is too large")]
    TooLarge,
    /// Zero or less where something is needed.
    #[error("must be greater than zero")]
    NotPositive,
}

/// The most figures an amount may be written with; longer input is refused before it is read.
const MAX_TEXT_CHARACTERS: usize = 60;
/// The largest amount accepted from outside, in minor units: products with a rate stay far inside 256 bits.
const MAX_MINOR_UNITS: i128 = 10_i128.pow(33);

/// A decimal number as it is written: digits before and behind the point, and a power of ten.
struct DecimalParts<'a> {
    whole: &'a str,
    /// Without the zeros at its end.
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

/// The one form of a decimal number that [`Amount::parse_major`] reads, whatever the asset: `240`, `240.00` and `2.4e2` are
/// `24e1`. `None` for what is no positive number.
#[must_use]
pub fn canonical_decimal(text: &str) -> Option<String> {
    let DecimalParts { whole, fraction, exponent } = DecimalParts::read(text).ok()?;
    let digits = [whole, fraction].concat();
    let significant = digits.trim_matches('0');
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let power = exponent + i32::try_from(zeros).ok()? - i32::try_from(fraction.len()).ok()?;
    (!significant.is_empty()).then(|| format!("{significant}e{power}"))
}

/// The whole number that a JSON number is, however it is written: `106`, `106.0` and `1.06e2`. `None` for what is no whole
/// number, is below zero, or does not fit.
#[must_use]
pub fn whole_number(text: &str) -> Option<i64> {
    match Amount::parse_major(text, 0) {
        Ok(amount) => i64::try_from(amount.0).ok(),
        Err(AmountError::NotPositive) => Some(0),
        Err(_) => None,
    }
}

/// An amount in major units, as it was sent. How many figures it has behind the point tells what was meant only in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AmountSent {
    /// As a text, or in a query, where all is text.
    Text(String),
    /// As a JSON number: writers of JSON give it what zeros they like.
    Number(String),
}

impl AmountSent {
    /// What was sent, as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
        }
    }

    /// The amount, in an asset of so many decimals.
    ///
    /// # Errors
    /// As [`Amount::parse_text`] for a text, and [`Amount::parse_major`] for a number.
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

/// As many zeros as an amount can begin with.
const ZEROS: &str = "0000000000000000000000000000000000000000";

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The smallest there is: one minor unit.
    pub const SMALLEST: Self = Self(1);

    /// An amount of so many minor units.
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
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
    }

    /// What is left when so much is taken away; zero where more is taken than there was.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        let left = self.0.saturating_sub(other.0);
        Self(if left > 0 { left } else { 0 })
    }

    /// The largest multiple of a step that is not larger; the amount itself where the step is none.
    #[must_use]
    pub const fn rounded_down(self, step: Self) -> Self {
        if step.0 > 1 { Self(self.0 - self.0.rem_euclid(step.0)) } else { self }
    }

    /// The smallest multiple of a step that is not smaller.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn rounded_up(self, step: Self) -> Result<Self, Overflow> {
        let down = self.rounded_down(step);
        if down == self { Ok(self) } else { down.plus(step) }
    }

    /// The amount with the other sign.
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

    /// This share of the amount in basis points (hundredths of a percent), rounded up: fees are.
    ///
    /// # Errors
    /// [`Overflow`] when the product does not fit.
    pub fn basis_points_up(self, points: u32) -> Result<Self, Overflow> {
        let product = self.0.checked_mul(i128::from(points)).ok_or(Overflow)?;
        Ok(Self(product.div_euclid(10_000) + i128::from(product.rem_euclid(10_000) != 0)))
    }

    /// Reads a positive decimal number in major units, exactly. Exponents are understood when they make sense
    /// (`1e2`), because JSON writers produce them; signs, blanks and superfluous decimals are faults.
    ///
    /// # Errors
    /// An [`AmountError`] that says what is wrong.
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

    /// Reads what somebody wrote as a text, as [`Amount::parse_major`] does, but holds it to the figures that it has: whoever
    /// writes `20.000` for EUR may mean twenty thousand. Only a single zero (`20.0`) is always taken, because programs write whole
    /// numbers so.
    ///
    /// # Errors
    /// An [`AmountError`] that says what is wrong.
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

    /// Writes the amount in major units with all its decimals: 12 cents of EUR are `0.12`.
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

    /// Writes the amount in major units without superfluous zeros: `0.5`, `12`.
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
