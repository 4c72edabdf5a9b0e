//! What can be owned and moved: a fiat currency, or a coin on a chain.

use std::fmt;
use std::str::FromStr;

use crate::code::{Code, CodeError};

/// An ISO 4217 currency code, upper case: `EUR`, `CLP`.
pub type Currency = Code<4>;
/// A coin's symbol, upper case: `USDC`.
pub type Symbol = Code<12>;
/// A chain's name, lower case: `polygon`.
pub type Chain = Code<16>;

/// A coin on one chain. `USDC` on polygon and `USDC` on ethereum are two different assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct CoinId {
    /// The coin's symbol.
    pub symbol: Symbol,
    /// The chain it lives on.
    pub chain: Chain,
}

/// One asset of the ledger. Its text form is `EUR` for a currency and `USDC:polygon` for a coin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Asset {
    /// A fiat currency.
    Fiat(Currency),
    /// A coin on a chain.
    Coin(CoinId),
}

impl fmt::Display for CoinId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.symbol, self.chain)
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fiat(currency) => currency.fmt(formatter),
            Self::Coin(coin) => coin.fmt(formatter),
        }
    }
}

impl FromStr for Asset {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        match text.split_once(':') {
            None => text.parse().map(Self::Fiat),
            Some((symbol, chain)) => Ok(Self::Coin(CoinId { symbol: symbol.parse()?, chain: chain.parse()? })),
        }
    }
}

impl From<CoinId> for Asset {
    fn from(coin: CoinId) -> Self {
        Self::Coin(coin)
    }
}

impl From<Currency> for Asset {
    fn from(currency: Currency) -> Self {
        Self::Fiat(currency)
    }
}

serde_as_text!(Asset);
use crate::serde_as_text;
