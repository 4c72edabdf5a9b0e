//! Exchange rates. All conversions between coins and fiat money are here.

use std::fmt;
use std::str::FromStr;

use ruint::aliases::U256;

use crate::money::amount::{Amount, Overflow};
use crate::serde_as_text_or_number;

/// The price of one whole coin in whole units of a fiat currency, with eighteen decimals and always above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rate(u128);

pub const RATE_DECIMALS: u8 = 18;
const ONE_IN_SCALED_UNITS: u128 = 10_u128.pow(RATE_DECIMALS as u32);

/// How a conversion rounds; the caller always chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Toward zero: for amounts a customer receives.
    Down,
    /// Away from zero: for amounts a customer owes.
    Up,
}

/// Not a decimal number, zero, or too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate must be a positive decimal number with at most 18 decimals")]
pub struct RateError;

impl Rate {
    /// A rate of `scaled / 10^18`.
    ///
    /// # Errors
    /// [`RateError`] for zero.
    pub fn from_scaled(scaled: u128) -> Result<Self, RateError> {
        if scaled == 0 { Err(RateError) } else { Ok(Self(scaled)) }
    }

    /// The rate times 10^18.
    #[must_use]
    pub const fn scaled(self) -> u128 {
        self.0
    }

    /// The value of coins in minor units of the currency.
    ///
    /// # Errors
    /// [`Overflow`] also for a negative amount.
    pub fn coins_to_fiat(self, coins: Amount, coin_decimals: u8, fiat_decimals: u8, rounding: Rounding) -> Result<Amount, Overflow> {
        let numerator = product(&[magnitude(coins)?, U256::from(self.0), power(fiat_decimals)])?;
        quotient(numerator, product(&[U256::from(ONE_IN_SCALED_UNITS), power(coin_decimals)])?, rounding)
    }

    /// How many minor units of the coin this money buys.
    ///
    /// # Errors
    /// [`Overflow`] also for a negative amount.
    pub fn fiat_to_coins(self, fiat: Amount, fiat_decimals: u8, coin_decimals: u8, rounding: Rounding) -> Result<Amount, Overflow> {
        let numerator = product(&[magnitude(fiat)?, U256::from(ONE_IN_SCALED_UNITS), power(coin_decimals)])?;
        quotient(numerator, product(&[U256::from(self.0), power(fiat_decimals)])?, rounding)
    }

    /// The rate with a spread: raised (positive) or lowered (negative) by basis points. Rounded away from the market price, so that the
    /// spread is never smaller than configured.
    ///
    /// # Errors
    /// [`RateError`] when nothing is left, or the result does not fit.
    pub fn with_spread(self, basis_points: i32) -> Result<Self, RateError> {
        let factor = u32::try_from(10_000 + basis_points).map_err(|_| RateError)?;
        let scaled = U256::from(self.0) * U256::from(factor);
        let divisor = U256::from(10_000_u32);
        let (whole, rest) = scaled.div_rem(divisor);
        let whole = if basis_points > 0 && !rest.is_zero() { whole + U256::from(1_u8) } else { whole };
        u128::try_from(whole).map_err(|_| RateError).and_then(Self::from_scaled)
    }

    /// The distance to another rate in basis points of this one, rounded up. Saturates.
    #[must_use]
    pub fn distance_basis_points(self, other: Self) -> u32 {
        let difference = U256::from(self.0.abs_diff(other.0)) * U256::from(10_000_u32);
        let points = difference.div_ceil(U256::from(self.0));
        u32::try_from(points).unwrap_or(u32::MAX)
    }
}

fn magnitude(amount: Amount) -> Result<U256, Overflow> {
    u128::try_from(amount.minor()).map(U256::from).map_err(|_| Overflow)
}

fn power(decimals: u8) -> U256 {
    U256::from(10_u8).pow(U256::from(decimals))
}

fn product(factors: &[U256]) -> Result<U256, Overflow> {
    factors.iter().try_fold(U256::from(1_u8), |product, factor| product.checked_mul(*factor)).ok_or(Overflow)
}

fn quotient(numerator: U256, denominator: U256, rounding: Rounding) -> Result<Amount, Overflow> {
    let (whole, rest) = numerator.div_rem(denominator);
    let whole = match rounding {
        Rounding::Up if !rest.is_zero() => whole + U256::from(1_u8),
        _ => whole,
    };
    i128::try_from(whole).map(Amount::from_minor).map_err(|_| Overflow)
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scaled = i128::try_from(self.0).unwrap_or(i128::MAX);
        formatter.write_str(&Amount::from_minor(scaled).to_major_short(RATE_DECIMALS))
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let amount = Amount::parse_major(text, RATE_DECIMALS).map_err(|_| RateError)?;
        u128::try_from(amount.minor()).map_err(|_| RateError).and_then(Self::from_scaled)
    }
}

serde_as_text_or_number!(Rate, u128, Rate::scaled, Rate::from_scaled);
