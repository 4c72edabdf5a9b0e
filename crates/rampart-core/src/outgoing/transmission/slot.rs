//! What a transmission spends, and from where.

use std::fmt;

use crate::ledger::Account;
use crate::money::asset::Chain;
use crate::text::code::{Code, CodeError};

/// A wallet of ours with one sequence of nonces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(tag = "wallet", content = "index", rename_all = "snake_case")]
pub enum Lane {
    /// A hot wallet. All hot wallets of a chain are one account in the ledger.
    Hot(u8),
    /// The address with this deposit index.
    Deposit(u64),
}

impl Lane {
    /// The hot wallet that every chain has.
    pub const FIRST: Self = Self::Hot(0);

    /// The account that its coins are booked on.
    #[must_use]
    pub const fn account(self, chain: Chain) -> Account {
        match self {
            Self::Hot(_) => Account::ChainHot(chain),
            Self::Deposit(_) => Account::ChainDeposits(chain),
        }
    }

    /// The name of its record on a chain, such as `polygon-hot-0`.
    ///
    /// # Errors
    /// [`CodeError`] when the chain's name is too long for it.
    pub fn wallet(self, chain: Chain) -> Result<WalletName, CodeError> {
        Code::of(format!("{chain}-{self}").as_bytes())
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hot(index) => write!(formatter, "hot-{index}"),
            Self::Deposit(index) => write!(formatter, "deposit-{index}"),
        }
    }
}

/// Name of a wallet's record: chain and lane.
pub type WalletName = Code<48>;

/// The next nonce of a wallet of ours. Its version makes concurrent senders collide instead of sharing a nonce.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Wallet {
    pub id: WalletName,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    pub next_nonce: u64,
}

/// What every attempt of a transmission spends, so that at most one of them can be in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(tag = "slot", rename_all = "snake_case")]
pub enum Slot {
    Nonce { lane: Lane, nonce: u64 },
}

impl Slot {
    /// The wallet it belongs to.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        match self {
            Self::Nonce { lane, .. } => *lane,
        }
    }

    /// Its key among the slots of its chain, such as `hot-0/7`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.lane(), self.nonce())
    }

    /// The nonce.
    #[must_use]
    pub const fn nonce(&self) -> u64 {
        match self {
            Self::Nonce { nonce, .. } => *nonce,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "nonce {} of {}", self.nonce(), self.lane())
    }
}
