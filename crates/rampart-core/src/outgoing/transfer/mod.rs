//! A transfer: coins leaving a wallet of ours. How they are sent is a [transmission](crate::outgoing::Transmission).

mod observe;
mod postings;

pub use observe::TransferFact;

use std::time::Duration;

use super::screening::screened_receiver;
use super::{Screening, change_holds};
use crate::id::{CustomerId, DepositId, Mint, OrderId, ReviewId, TransferId, TransmissionId};
use crate::ledger::{Account, Origin};
use crate::money::amount::Amount;
use crate::money::asset::{Chain, CoinId};
use crate::step::Step;
use crate::step::job::{Job, JobKind};
use crate::stored::is_default;
use crate::text::words::words;
use crate::time::Timestamp;

screened_receiver!(Transfer, TransferState, JobKind::ScreenTransfer, JobKind::SendTransfer);

/// Purpose of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferPurpose {
    Buy,
    Refund,
    /// Something in suspense returned to its source.
    SuspenseReturn,
    Sweep,
    Withdrawal,
}

/// The wallet of ours that coins leave from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(tag = "from", content = "index", rename_all = "snake_case")]
pub enum TransferSource {
    Hot,
    Deposit(u64),
}

/// How a transfer is sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SentIn {
    /// `None` for what an earlier version signed, until a transmission is made of it.
    #[serde(default)]
    pub transmission: Option<TransmissionId>,
    /// The transaction that a node took, or the one that is in the chain; `None` before.
    #[serde(default)]
    pub txid: Option<String>,
    /// What an earlier version signed.
    #[serde(flatten)]
    pub earlier: Option<EarlierTransaction>,
}

impl SentIn {
    /// Sent in this transmission, of which no node has an attempt yet.
    #[must_use]
    pub const fn reserved(transmission: TransmissionId) -> Self {
        Self { transmission: Some(transmission), txid: None, earlier: None }
    }
}

/// What an earlier version signed, which kept it in the transfer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EarlierTransaction {
    pub nonce: u64,
    /// The signed bytes, hexadecimal.
    pub bytes: String,
}

/// State of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TransferState {
    Queued,
    /// A slot is reserved for it; it may have been signed and offered to the chain.
    Signed(SentIn),
    /// As signed, and not wanted any more: its slot is to be spent for nothing. Whichever attempt spends it decides.
    Recalled(SentIn),
    /// A node took it.
    Broadcast(SentIn),
    Confirmed(SentIn),
    Failed {
        reason: String,
        /// What was sent for it, if a slot was ever reserved.
        #[serde(default, skip_serializing_if = "is_default")]
        transmission: Option<TransmissionId>,
    },
}

words! {
    /// The state of a transfer without its data.
    TransferStatus {
        Queued = "queued",
        Signed = "signed",
        Recalled = "recalled",
        Broadcast = "broadcast",
        Confirmed = "confirmed",
        Failed = "failed",
    }
}

impl TransferState {
    /// The state without its data.
    #[must_use]
    pub const fn status(&self) -> TransferStatus {
        match self {
            Self::Queued => TransferStatus::Queued,
            Self::Signed(_) => TransferStatus::Signed,
            Self::Recalled(_) => TransferStatus::Recalled,
            Self::Broadcast(_) => TransferStatus::Broadcast,
            Self::Confirmed(_) => TransferStatus::Confirmed,
            Self::Failed { .. } => TransferStatus::Failed,
        }
    }

    /// How it is sent, once a slot is reserved for it.
    #[must_use]
    pub const fn sent_in(&self) -> Option<&SentIn> {
        match self {
            Self::Signed(sent) | Self::Recalled(sent) | Self::Broadcast(sent) | Self::Confirmed(sent) => Some(sent),
            Self::Queued | Self::Failed { .. } => None,
        }
    }

    /// What is sent for it, or was before it failed.
    #[must_use]
    pub fn transmission(&self) -> Option<TransmissionId> {
        match self {
            Self::Failed { transmission, .. } => *transmission,
            state => state.sent_in().and_then(|sent| sent.transmission),
        }
    }

    /// The state of what has failed.
    pub(super) fn failed(self, reason: String) -> Self {
        Self::Failed { reason, transmission: self.transmission() }
    }
}

/// Coins leaving.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Transfer {
    pub id: TransferId,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    pub purpose: TransferPurpose,
    pub order: Option<OrderId>,
    /// The customer whose account is debited, if any.
    pub customer: Option<CustomerId>,
    pub coin: CoinId,
    /// In minor units.
    pub amount: Amount,
    /// The receiver's share of the network fee, in minor units: the account is debited by this much more than is sent. It is
    /// ours once the transfer is confirmed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub withheld: Amount,
    pub source: TransferSource,
    pub to: String,
    /// Whether the receiver has to be screened.
    #[serde(default = "Screening::of_earlier_version")]
    pub screening: Screening,
    /// The review item resolved by it, if it is a return from suspense; the item is reopened if the transfer fails.
    #[serde(default)]
    pub resolves: Option<ReviewId>,
    /// The deposits whose coins it takes from their address; they are uncollected again if it fails.
    #[serde(default)]
    pub deposits: Vec<DepositId>,
    /// Whether an earlier version booked its network fee; now its transmission says so.
    #[serde(default, skip_serializing_if = "is_default")]
    pub fee_booked: bool,
    /// When the receiver was last screened, if it was screened on its own.
    #[serde(default)]
    pub asked_at: Option<Timestamp>,
    /// Whether an operator created the refund and has seen the customer's eligibility.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by_person: bool,
    pub state: TransferState,
    pub created_at: Timestamp,
}

impl Transfer {
    /// A new transfer from the hot wallet, whose receiver has to be screened. `amount` is in minor units.
    #[must_use]
    pub fn new(mint: &Mint<'_>, purpose: TransferPurpose, coin: CoinId, amount: Amount, to: String) -> Self {
        Self {
            id: mint.id(),
            version: 0,
            purpose,
            order: None,
            customer: None,
            coin,
            amount,
            withheld: Amount::ZERO,
            source: TransferSource::Hot,
            to,
            screening: Screening::Due,
            resolves: None,
            deposits: Vec::new(),
            fee_booked: false,
            asked_at: None,
            by_person: false,
            state: TransferState::Queued,
            created_at: mint.now,
        }
    }

    /// The transfer's chain.
    #[must_use]
    pub const fn chain(&self) -> Chain {
        self.coin.chain
    }

    /// The amount debited from the account, in minor units: what is sent and what is withheld.
    #[must_use]
    pub const fn debited(&self) -> Amount {
        Amount::from_minor(self.amount.minor() + self.withheld.minor())
    }

    /// Its own holds, beside its order's: withdrawals and suspense returns hold the hot wallet until broadcast; suspense
    /// returns hold suspense until confirmed. In minor units.
    #[must_use]
    pub fn holds(&self) -> Vec<(Account, CoinId, Amount)> {
        let waits = matches!(self.state, TransferState::Queued | TransferState::Signed(_) | TransferState::Recalled(_));
        let ends = matches!(self.state, TransferState::Confirmed(_) | TransferState::Failed { .. });
        let own = matches!(self.purpose, TransferPurpose::SuspenseReturn | TransferPurpose::Withdrawal);
        let mut holds = Vec::new();
        if own && waits && self.source == TransferSource::Hot {
            holds.push((Account::ChainHot(self.chain()), self.coin, self.amount));
        }
        if self.purpose == TransferPurpose::SuspenseReturn && !ends {
            holds.push((Account::Suspense, self.coin, self.debited()));
        }
        holds
    }

    /// The step that creates it with its holds: a request is bound by the floor, what follows from a fact is not.
    #[must_use]
    pub fn create(self, origin: Origin, mint: &Mint<'_>) -> Step {
        let mut step = Step::new();
        change_holds(&mut step, &[], &self.holds(), origin);
        step.write(self.first_job(mint));
        step.write(self);
        step
    }
}
