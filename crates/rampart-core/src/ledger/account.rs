//! The closed chart of accounts.

use std::fmt;
use std::str::FromStr;

use crate::amount::{Amount, Overflow};
use crate::asset::{Asset, Chain};
use crate::code::Code;
use crate::id::CustomerId;
use crate::serde_as_text;

/// A bank rail of ours, such as `sepa`, `spei` or `khipu`; one account of ours stands behind each.
pub type Rail = Code<16>;
/// A processor of redirect payments, such as `card` or `paypal`.
pub type Processor = Code<16>;

/// What a fee is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FeeKind {
    /// For handling the payment.
    Processing,
    /// For the chain's own cost, as charged to the customer.
    Network,
    /// What is left of money where a rail pays whole steps only.
    Rounding,
}

/// How money was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LossKind {
    /// A card payment was charged back after the coins had left.
    Chargeback,
    /// A chain undid a deposit after it had been paid out.
    Reorganisation,
    /// An operator wrote an amount off.
    WrittenOff,
    /// A payout that had been given up arrived all the same, after something else was sent in its place.
    PaidTwice,
}

/// Which side of an account makes it grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Assets and costs grow by debits.
    Debit,
    /// Debts, income and capital grow by credits.
    Credit,
}

/// An account of the chart. Balances are kept per account and asset, counted on the account's own side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// `bank:<rail>`: our money at the bank behind a rail.
    Bank(Rail),
    /// `card:<processor>`: captured by a processor of redirect payments, on its way to us.
    Card(Processor),
    /// `in_transit:<rail or chain>`: has left us and has not been confirmed to have arrived.
    InTransit(Code<16>),
    /// `chain:<chain>:hot`: our wallet that sends.
    ChainHot(Chain),
    /// `chain:<chain>:deposits`: what lies on the customers' deposit addresses.
    ChainDeposits(Chain),
    /// `customer:<id>`: what we owe a customer.
    Customer(CustomerId),
    /// `fees:<kind>`: earned.
    Fees(FeeKind),
    /// `fx`: the other side of every conversion, per asset; what it holds is margin and exposure.
    Fx,
    /// `network_fees`: paid to the chains' miners and validators.
    NetworkFees,
    /// `losses:<kind>`.
    Losses(LossKind),
    /// `suspense`: arrived and not yet attributed to anybody.
    Suspense,
    /// `capital`: what the company put in.
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

    /// What a balance of this account adds to the company's own of an asset: what could be taken out and nobody is owed, has been
    /// promised or waits for. As the accounts of an asset balance, what customers and suspense are owed is the rest, and need not
    /// be added up. What lies at processors or is on its way covers nothing. In minor units.
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

    /// Whether an account of this kind ever holds such an asset: banks and processors hold money, wallets the coins of their chain.
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

    /// Whether requests may not push what is available (posted less held) below zero. Facts may.
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
