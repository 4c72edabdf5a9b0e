//! The off-ramp order: a customer sends coins and receives money.
//!
//! What counts is what arrived at the order's own address, not what was announced.

mod command;
mod decision;
mod leg;
mod observe;
mod outgoing;
mod postings;
mod receipt;
mod refund_arrived;
mod reversal;
mod set_aside;
mod stored;
mod suspense;

pub use command::RampoffCommand;
pub use observe::RampoffFact;
pub use receipt::DepositReceipt;
pub use stored::upgraded;

use crate::catalogue::PayoutRail;
use crate::id::{DepositId, PayoutId, ReviewId, TransferId};
use crate::ledger::{Account, Rail};
use crate::money::amount::Amount;
use crate::money::asset::{Asset, Chain, CoinId};
use crate::order::arrival::Fees;
use crate::order::{DestinationOrigin, HoldReason, OrderHead, RampoffStatus, Reversal};
use crate::outgoing::PayoutDestination;
use crate::quote::SellTerms;
use crate::stored::is_default;
use crate::time::Timestamp;

/// State of a ramp-off.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RampoffState {
    Created,
    /// Coins are in a block with too few confirmations.
    Confirming,
    /// Coins were received and the order is being screened.
    CryptoReceived {
        /// The money to pay out, in minor units.
        fiat: Amount,
    },
    /// A payout of the money was created.
    PayingOut {
        payout: PayoutId,
        /// In minor units.
        fiat: Amount,
    },
    Finished {
        payout: PayoutId,
        /// In minor units.
        fiat: Amount,
        reference: String,
    },
    /// Coins, or the money they were converted to, wait for an operator, for the customer or for a condition.
    OnHold {
        reason: HoldReason,
        since: Timestamp,
    },
    Expired,
    Cancelled,
    Failed {
        reason: String,
    },
    RefundPending {
        transfer: TransferId,
        /// The transaction, once the chain has accepted it.
        txid: Option<String>,
    },
    Refunded {
        transfer: TransferId,
        txid: String,
        /// Whether the refund is still sufficiently confirmed. After a reorganisation the same signed bytes are pending again.
        #[serde(default = "is_final")]
        is_final: bool,
    },
}

const fn is_final() -> bool {
    true
}

impl RampoffState {
    /// The status partners see.
    #[must_use]
    pub const fn status(&self) -> RampoffStatus {
        match self {
            Self::Created => RampoffStatus::Created,
            Self::Confirming => RampoffStatus::Confirming,
            Self::CryptoReceived { .. } => RampoffStatus::CryptoReceived,
            Self::PayingOut { .. } => RampoffStatus::PayingOut,
            Self::Finished { .. } => RampoffStatus::Finished,
            Self::OnHold { .. } => RampoffStatus::OnHold,
            Self::Expired => RampoffStatus::Expired,
            Self::Cancelled => RampoffStatus::Cancelled,
            Self::Failed { .. } => RampoffStatus::Failed,
            Self::RefundPending { .. } => RampoffStatus::RefundPending,
            Self::Refunded { .. } => RampoffStatus::Refunded,
        }
    }
}

/// A sale order: a customer sells coins.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Rampoff {
    #[serde(flatten)]
    pub head: OrderHead,
    pub rail: Rail,
    /// The rail's maximum; bounds the value of open orders.
    pub rail_maximum: Amount,
    pub terms: SellTerms,
    pub destination: PayoutDestination,
    /// Who gave the payout account; `None` in orders of earlier versions.
    #[serde(default, skip_serializing_if = "is_default")]
    pub destination_origin: Option<DestinationOrigin>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub refund_wallet: Option<String>,
    pub deposit_address: String,
    pub deposit_index: u64,
    pub state: RampoffState,
    /// Received coins, oldest first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deposits: Vec<DepositReceipt>,
    /// Coins of this order on the customer's account, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub coin_balance: Amount,
    /// Coins converted into money that has not arrived yet, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub converted: Amount,
    /// The same for other coins that arrived at its address, one per coin.
    #[serde(default, skip_serializing_if = "is_default")]
    pub running_items_beside: Vec<(CoinId, ReviewId)>,
}

impl Rampoff {
    /// A new ramp-off paid out over this rail on these terms, with a deposit address of its own: no refund wallet is given.
    #[must_use]
    pub fn new(
        head: OrderHead,
        rail: &PayoutRail,
        terms: SellTerms,
        (destination, origin): (PayoutDestination, DestinationOrigin),
        (deposit_address, deposit_index): (String, u64),
    ) -> Self {
        let fees = Fees { fixed: rail.fee_fixed, network: terms.fee_network, basis_points: rail.fee_basis_points };
        Self {
            head: head.promised(&rail.policy, fees, terms.fiat_amount, terms.fiat_amount),
            rail: rail.rail,
            rail_maximum: rail.maximum,
            terms,
            destination,
            destination_origin: Some(origin),
            refund_wallet: None,
            deposit_address,
            deposit_index,
            state: RampoffState::Created,
            deposits: Vec::new(),
            coin_balance: Amount::ZERO,
            converted: Amount::ZERO,
            running_items_beside: Vec::new(),
        }
    }

    /// Whether the deposit belongs to the order, which must give it up after a reorganisation.
    #[must_use]
    pub fn knows(&self, deposit: DepositId) -> bool {
        self.deposits.iter().any(|known| known.deposit == deposit)
    }

    /// The order's chain.
    #[must_use]
    pub const fn chain(&self) -> Chain {
        self.terms.coin.chain
    }

    /// Whether the order still waits for coins.
    #[must_use]
    pub const fn is_unpaid(&self) -> bool {
        matches!(self.state, RampoffState::Created | RampoffState::Confirming)
    }

    /// Whether the order's entries on the customer's account sum to zero.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        matches!(
            self.state,
            RampoffState::Finished { .. }
                | RampoffState::Expired
                | RampoffState::Cancelled
                | RampoffState::Failed { .. }
                | RampoffState::Refunded { is_final: true, .. }
        )
    }

    /// Whether the bank returned the settled payout and the coins sold for it were not reversed. Whether it was paid again
    /// since then is only known from its review item.
    #[must_use]
    pub fn was_payout_returned(&self) -> bool {
        self.reversal == Some(Reversal::BankReturn) && !self.deposits.iter().any(|deposit| deposit.lost)
    }

    /// What is reserved for the order: account, asset and amount in minor units.
    #[must_use]
    pub const fn hold(&self) -> (Account, Asset, Amount) {
        (Account::Bank(self.rail), Asset::Fiat(self.terms.fiat), self.head.reserved)
    }

    /// Received coins, in minor units.
    #[must_use]
    pub fn received(&self) -> Amount {
        Amount::from_minor(self.deposits.iter().fold(0_i128, |sum, deposit| sum.saturating_add(deposit.amount.minor())))
    }

    /// Money the customer receives, in minor units: by the latest decision, else by the ordered terms.
    #[must_use]
    pub fn payout_amount(&self) -> Amount {
        self.taken.map_or(self.terms.fiat_amount, |taken| taken.gives)
    }

    /// Money paid out, in minor units.
    #[must_use]
    pub const fn sent_amount(&self) -> Amount {
        match self.state {
            RampoffState::Finished { fiat, .. } => fiat,
            _ => Amount::ZERO,
        }
    }

    /// The bank's reference of a settled payout.
    #[must_use]
    pub fn bank_reference(&self) -> Option<&str> {
        match &self.state {
            RampoffState::Finished { reference, .. } => Some(reference),
            _ => None,
        }
    }

    /// The transaction of a refund, once the chain has accepted it.
    #[must_use]
    pub fn refund_txid(&self) -> Option<&str> {
        match &self.state {
            RampoffState::RefundPending { txid, .. } => txid.as_deref(),
            RampoffState::Refunded { txid, .. } => Some(txid),
            _ => None,
        }
    }
}
