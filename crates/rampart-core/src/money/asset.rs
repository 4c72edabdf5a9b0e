//! Assets: fiat currencies, and coins on chains.

use std::fmt;
use std::str::FromStr;

use crate::text::code::{Code, CodeError};

/// An ISO 4217 currency code, upper case: `EUR`, `CLP`.
pub type Currency = Code<4>;
/// The symbol of a coin, upper case: `USDC`.
pub type Symbol = Code<12>;
/// The name of a chain, lower case: `polygon`.
pub type Chain = Code<16>;

/// A coin on one chain. `USDC` on polygon and `USDC` on ethereum are different assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct CoinId {
    pub symbol: Symbol,
    pub chain: Chain,
}

/// An asset of the ledger. As text: `EUR` for a currency, `USDC:polygon` for a coin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Asset {
    Fiat(Currency),
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
