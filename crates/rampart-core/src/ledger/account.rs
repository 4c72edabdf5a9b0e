//! The closed chart of accounts.

use std::fmt;
use std::str::FromStr;

use crate::id::CustomerId;
use crate::money::amount::{Amount, Overflow};
use crate::money::asset::{Asset, Chain};
use crate::serde_as_text;
use crate::text::code::Code;

/// A bank rail such as `sepa`, `spei` or `khipu`, with one account of ours behind it.
pub type Rail = Code<16>;
/// A processor of redirect payments such as `card` or `paypal`.
pub type Processor = Code<16>;

/// Purpose of a fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FeeKind {
    Processing,
    /// The network fee charged to the customer.
    Network,
    /// The rest of an amount that a rail cannot pay, because it pays whole steps only.
    Rounding,
}

/// Cause of a loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LossKind {
    /// A payment was charged back after the coins had left.
    Chargeback,
    /// A reorganisation removed a deposit after it had been paid out.
    Reorganisation,
    WrittenOff,
    /// A payout treated as failed settled after its replacement was sent.
    PaidTwice,
}

/// The side on which an account grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Debit,
    /// Liabilities, income and equity grow by credits.
    Credit,
}

/// An account of the chart. Balances are kept per account and asset, on the account's own side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// `bank:<rail>`: our money at the bank behind a rail.
    Bank(Rail),
    /// `card:<processor>`: captured by a processor of redirect payments, to be paid to us.
    Card(Processor),
    /// `in_transit:<rail or chain>`: sent, not confirmed to have arrived.
    InTransit(Code<16>),
    /// `chain:<chain>:hot`: our hot wallet.
    ChainHot(Chain),
    /// `chain:<chain>:deposits`: coins on the deposit addresses.
    ChainDeposits(Chain),
    /// `customer:<id>`: what we owe a customer.
    Customer(CustomerId),
    /// `fees:<kind>`: fee income.
    Fees(FeeKind),
    /// `fx`: counter account of every conversion, per asset; its balance is margin and exposure.
    Fx,
    /// `network_fees`: paid to the chains' miners and validators.
    NetworkFees,
    /// `losses:<kind>`.
    Losses(LossKind),
    /// `suspense`: received and not yet attributed.
    Suspense,
    /// `capital`: equity.
    Capital,
}

impl Account {
    /// The side on which the account grows.
    #[must_use]
    pub const fn side(self) -> Side {
        match self {
            Self::Bank(_)
            | Self::Card(_)
            | Self::InTransit(_)
            | Self::ChainHot(_)
            | Self::ChainDeposits(_)
            | Self::NetworkFees
            | Self::Losses(_) => Side::Debit,
            Self::Customer(_) | Self::Fees(_) | Self::Fx | Self::Suspense | Self::Capital => Side::Credit,
        }
    }

    /// Adds this balance to an asset's own funds: what the company could withdraw because it is neither owed, nor held, nor in
    /// suspense. The accounts of an asset balance, so the liabilities to customers and suspense are the rest and are not added
    /// up. Money at processors or in transit covers nothing. In minor units.
    ///
    /// # Errors
    /// [`Overflow`] when the amounts are too large.
    pub fn adds_to_own(self, posted: Amount, held: Amount, sum: Amount) -> Result<Amount, Overflow> {
        match self {
            Self::Fees(_) | Self::Fx | Self::Capital => sum.plus(posted),
            Self::Card(_) | Self::InTransit(_) | Self::NetworkFees | Self::Losses(_) => sum.minus(posted),
            Self::Bank(_) | Self::ChainHot(_) | Self::ChainDeposits(_) => sum.minus(held),
            Self::Customer(_) | Self::Suspense => Ok(sum),
        }
    }

    /// Whether the account can hold this asset: banks and processors hold money, wallets the coins of their chain.
    #[must_use]
    pub fn can_hold(self, asset: Asset) -> bool {
        match (self, asset) {
            (Self::Bank(_) | Self::Card(_), asset) => matches!(asset, Asset::Fiat(_)),
            (Self::ChainHot(chain) | Self::ChainDeposits(chain), asset) => matches!(asset, Asset::Coin(coin) if coin.chain == chain),
            (Self::InTransit(route), Asset::Coin(coin)) => coin.chain == route,
            (Self::NetworkFees, asset) => matches!(asset, Asset::Coin(_)),
            _ => true,
        }
    }

    /// Whether requests may not push the available balance (posted less held) below zero. Facts may.
    #[must_use]
    pub const fn has_floor(self) -> bool {
        matches!(self, Self::Bank(_) | Self::ChainHot(_) | Self::ChainDeposits(_) | Self::Customer(_) | Self::Suspense)
    }
}

impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bank(rail) => write!(formatter, "bank:{rail}"),
            Self::Card(processor) => write!(formatter, "card:{processor}"),
            Self::InTransit(route) => write!(formatter, "in_transit:{route}"),
            Self::ChainHot(chain) => write!(formatter, "chain:{chain}:hot"),
            Self::ChainDeposits(chain) => write!(formatter, "chain:{chain}:deposits"),
            Self::Customer(customer) => write!(formatter, "customer:{customer}"),
            Self::Fees(FeeKind::Processing) => formatter.write_str("fees:processing"),
            Self::Fees(FeeKind::Network) => formatter.write_str("fees:network"),
            Self::Fees(FeeKind::Rounding) => formatter.write_str("fees:rounding"),
            Self::Fx => formatter.write_str("fx"),
            Self::NetworkFees => formatter.write_str("network_fees"),
            Self::Losses(LossKind::Chargeback) => formatter.write_str("losses:chargeback"),
            Self::Losses(LossKind::Reorganisation) => formatter.write_str("losses:reorganisation"),
            Self::Losses(LossKind::WrittenOff) => formatter.write_str("losses:written_off"),
            Self::Losses(LossKind::PaidTwice) => formatter.write_str("losses:paid_twice"),
            Self::Suspense => formatter.write_str("suspense"),
            Self::Capital => formatter.write_str("capital"),
        }
    }
}

/// Not a path of the chart of accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an account of the chart, such as bank:sepa or chain:polygon:hot")]
pub struct AccountError;

impl FromStr for Account {
    type Err = AccountError;

    fn from_str(text: &str) -> Result<Self, AccountError> {
        let parts: Vec<&str> = text.split(':').collect();
        let code = |text: &str| text.parse::<Code<16>>().map_err(|_| AccountError);
        match parts.as_slice() {
            ["bank", rail] => code(rail).map(Self::Bank),
            ["card", processor] => code(processor).map(Self::Card),
            ["in_transit", route] => code(route).map(Self::InTransit),
            ["chain", chain, "hot"] => code(chain).map(Self::ChainHot),
            ["chain", chain, "deposits"] => code(chain).map(Self::ChainDeposits),
            ["customer", id] => id.parse().map(|id| Self::Customer(CustomerId(id))).map_err(|_| AccountError),
            ["fees", "processing"] => Ok(Self::Fees(FeeKind::Processing)),
            ["fees", "network"] => Ok(Self::Fees(FeeKind::Network)),
            ["fees", "rounding"] => Ok(Self::Fees(FeeKind::Rounding)),
            ["fx"] => Ok(Self::Fx),
            ["network_fees"] => Ok(Self::NetworkFees),
            ["losses", "chargeback"] => Ok(Self::Losses(LossKind::Chargeback)),
            ["losses", "reorganisation"] => Ok(Self::Losses(LossKind::Reorganisation)),
            ["losses", "written_off"] => Ok(Self::Losses(LossKind::WrittenOff)),
            ["losses", "paid_twice"] => Ok(Self::Losses(LossKind::PaidTwice)),
            ["suspense"] => Ok(Self::Suspense),
            ["capital"] => Ok(Self::Capital),
            _ => Err(AccountError),
        }
    }
}

serde_as_text!(Account);
