//! A transfer: coins leaving a wallet of ours. Nonce, signed bytes and transaction id are committed before the
//! broadcast, and only those bytes are ever sent again.

mod observe;
mod postings;

pub use observe::TransferFact;

use std::time::Duration;

use super::{Screening, change_holds};
use crate::amount::Amount;
use crate::asset::{Chain, CoinId};
use crate::id::{CustomerId, FactId, Mint, OrderId, ReviewId, TransferId};
use crate::job::{Job, JobKind};
use crate::ledger::{Account, Origin};
use crate::record::says_nothing;
use crate::step::Step;
use crate::time::Timestamp;

/// What a transfer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferPurpose {
    /// The coins a customer bought.
    Buy,
    /// A customer's coins going back.
    Refund,
    /// Something from suspense going back to where it came from.
    SuspenseReturn,
    /// Deposits being collected into the hot wallet.
    Sweep,
    /// The company taking coins out.
    Withdrawal,
}

/// Which wallet of ours coins leave from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(tag = "from", content = "index", rename_all = "snake_case")]
pub enum TransferSource {
    /// The hot wallet.
    Hot,
    /// The deposit address of this index.
    Deposit(u64),
}

/// What is sent to a chain, fixed before it is sent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SignedTransaction {
    /// The nonce it was signed with.
    pub nonce: u64,
    /// The transaction's identifier.
    pub txid: String,
    /// The signed bytes, hexadecimal.
    pub bytes: String,
}

/// Where a transfer stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TransferState {
    /// Waiting to be signed.
    Queued,
    /// Signed and committed; perhaps broadcast.
    Signed(SignedTransaction),
    /// Signed, perhaps broadcast, and not to be broadcast again: a transfer to ourselves takes its nonce. If that becomes final,
    /// it never left.
    Recalled(SignedTransaction),
    /// The chain has taken it.
    Broadcast(SignedTransaction),
    /// It has enough confirmations.
    Confirmed(SignedTransaction),
    /// The chain refused it for good.
    Failed {
        /// Why.
        reason: String,
    },
}

impl TransferState {
    /// Its name, as it is stored.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Signed(_) => "signed",
            Self::Recalled(_) => "recalled",
            Self::Broadcast(_) => "broadcast",
            Self::Confirmed(_) => "confirmed",
            Self::Failed { .. } => "failed",
        }
    }

    /// What was signed, once it was.
    #[must_use]
    pub const fn signed(&self) -> Option<&SignedTransaction> {
        match self {
            Self::Signed(signed) | Self::Recalled(signed) | Self::Broadcast(signed) | Self::Confirmed(signed) => Some(signed),
            Self::Queued | Self::Failed { .. } => None,
        }
    }
}

/// Coins leaving.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Transfer {
    /// Its identifier.
    pub id: TransferId,
    /// The version it was loaded at; 0 before it is stored.
    #[serde(skip)]
    pub version: i64,
    /// What it is for.
    pub purpose: TransferPurpose,
    /// The order, where there is one.
    pub order: Option<OrderId>,
    /// The customer whose account is debited, where there is one.
    pub customer: Option<CustomerId>,
    /// Which coin.
    pub coin: CoinId,
    /// How many, in minor units.
    pub amount: Amount,
    /// What the receiver bears of the transaction's cost, in minor units: so much less is sent than the account is debited, and
    /// it becomes ours when the transfer is confirmed.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub withheld: Amount,
    /// Which wallet they leave from.
    pub source: TransferSource,
    /// Where they go.
    pub to: String,
    /// Whether the screening provider has to be asked about the receiver.
    #[serde(default = "Screening::of_earlier_version")]
    pub screening: Screening,
    /// The item of the list of reviews that was resolved by it, where it is a return from suspense: when it does not work,
    /// that item is put back.
    #[serde(default)]
    pub resolves: Option<ReviewId>,
    /// The deposits whose coins it takes from their address: when it does not work, they lie there again.
    #[serde(default)]
    pub deposits: Vec<FactId>,
    /// Whether what the chain took for it is booked: it takes that once, however often it mines the same bytes.
    #[serde(default)]
    pub fee_booked: bool,
    /// When the screening provider last answered about who receives it, where it was asked about that alone.
    #[serde(default)]
    pub asked_at: Option<Timestamp>,
    /// Whether a person has ordered it to go back, and has seen how its customer stands.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub by_person: bool,
    /// Where it stands.
    pub state: TransferState,
    /// When it was decided.
    pub created_at: Timestamp,
}

impl Transfer {
    /// One from the hot wallet that is ordered now, about whose receiver the screening provider is asked first. The amount is in
    /// minor units.
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

    /// Its chain.
    #[must_use]
    pub const fn chain(&self) -> Chain {
        self.coin.chain
    }

    /// What the account is debited, in minor units: what is sent, and what is withheld of it.
    #[must_use]
    pub const fn debited(&self) -> Amount {
        Amount::from_minor(self.amount.minor() + self.withheld.minor())
    }

    /// What is promised for it beside what its order promises: what nobody ordered is held on the wallet until the chain
    /// has taken it, and what goes back from suspense is held there until it is confirmed. In minor units.
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

    /// The step that orders it, with what is promised for it: a request is bound by the floor, what follows from a fact is not.
    #[must_use]
    pub fn create(self, origin: Origin, mint: &Mint<'_>) -> Step {
        let mut step = Step::new();
        change_holds(&mut step, &[], &self.holds(), origin);
        step.write(self.first_job(mint));
        step.write(self);
        step
    }

    /// Whether the screening provider is being asked about who receives it.
    #[must_use]
    pub fn awaits_screening(&self) -> bool {
        self.screening == Screening::Due && self.state == TransferState::Queued
    }

    /// Whether what the screening provider said about who receives it is older than this.
    #[must_use]
    pub fn is_outdated(&self, now: Timestamp, fresh: Duration) -> bool {
        self.screening == Screening::Cleared && now >= self.asked_at.unwrap_or(self.created_at).after(fresh)
    }

    /// What is to be done with it first.
    #[must_use]
    pub fn first_job(&self, mint: &Mint<'_>) -> Job {
        Job::due_now(mint, self.next_job(), self.id)
    }

    /// What is to be done with it until the chain has taken it: the provider is asked, or the chain.
    #[must_use]
    pub const fn next_job(&self) -> JobKind {
        match self.screening {
            Screening::Due => JobKind::ScreenTransfer,
            Screening::Cleared | Screening::Overruled | Screening::Exempt => JobKind::SendTransfer,
        }
    }
}
