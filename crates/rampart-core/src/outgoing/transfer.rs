//! A transfer: coins leaving a wallet of ours. Nonce, signed bytes and transaction id are committed before the
//! broadcast, and only those bytes are ever sent again.

use super::Screening;
use crate::amount::Amount;
use crate::asset::{Chain, CoinId};
use crate::id::{CustomerId, FactId, Mint, OrderId, ReviewId, TransferId};
use crate::job::{Job, JobKind};
use crate::ledger::{Account, Movement, Origin, Posting, PostingKind};
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
pub struct Signed {
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
    Signed(Signed),
    /// The chain has taken it.
    Broadcast(Signed),
    /// It has enough confirmations.
    Confirmed(Signed),
    /// The chain refused it for good.
    Failed {
        /// Why.
        reason: String,
    },
}

impl TransferState {
    /// What was signed, once it was.
    #[must_use]
    pub const fn signed(&self) -> Option<&Signed> {
        match self {
            Self::Signed(signed) | Self::Broadcast(signed) | Self::Confirmed(signed) => Some(signed),
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
    /// Where it stands.
    pub state: TransferState,
    /// When it was decided.
    pub created_at: Timestamp,
}

impl Transfer {
    /// Its chain.
    #[must_use]
    pub const fn chain(&self) -> Chain {
        self.coin.chain
    }

    /// What is promised for it beside what its order promises: what nobody ordered is held on the wallet until the chain
    /// has taken it, and what goes back from suspense is held there until it is confirmed. In minor units.
    #[must_use]
    pub fn holds(&self) -> Vec<(Account, CoinId, Amount)> {
        let waits = matches!(self.state, TransferState::Queued | TransferState::Signed(_));
        let ends = matches!(self.state, TransferState::Confirmed(_) | TransferState::Failed { .. });
        let own = matches!(self.purpose, TransferPurpose::SuspenseReturn | TransferPurpose::Withdrawal);
        let mut holds = Vec::new();
        if own && waits && self.source == TransferSource::Hot {
            holds.push((Account::ChainHot(self.chain()), self.coin, self.amount));
        }
        if self.purpose == TransferPurpose::SuspenseReturn && !ends {
            holds.push((Account::Suspense, self.coin, self.amount));
        }
        holds
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

    fn wallet(&self) -> Account {
        match self.source {
            TransferSource::Hot => Account::ChainHot(self.chain()),
            TransferSource::Deposit(_) => Account::ChainDeposits(self.chain()),
        }
    }

    fn destination(&self) -> Account {
        match (self.purpose, self.customer) {
            (TransferPurpose::Sweep, _) => Account::ChainHot(self.chain()),
            (TransferPurpose::Withdrawal, _) => Account::Capital,
            (_, Some(customer)) => Account::Customer(customer),
            (_, None) => Account::Suspense,
        }
    }

    fn post(&self, mint: &Mint<'_>, kind: PostingKind, debit: Account, credit: Account) -> Option<Posting> {
        Posting::moving(mint, kind, Origin::Fact, self.order, &[Movement::new(debit, credit, self.coin, self.amount)])
    }

    /// The chain has taken it: `in_transit` is debited, the wallet credited.
    #[must_use]
    pub fn broadcast(&self, mint: &Mint<'_>) -> Option<Posting> {
        self.post(mint, PostingKind::CoinsBroadcast, Account::InTransit(self.chain()), self.wallet())
    }

    /// It is confirmed: `customer` (or `suspense`, `capital`, the hot wallet) is debited, `in_transit` credited.
    #[must_use]
    pub fn confirmed(&self, mint: &Mint<'_>) -> Option<Posting> {
        self.post(mint, PostingKind::CoinsConfirmed, self.destination(), Account::InTransit(self.chain()))
    }

    /// The chain undid it: what [`Transfer::confirmed`] did is taken back; the same bytes are on their way again.
    #[must_use]
    pub fn unconfirmed(&self, mint: &Mint<'_>) -> Option<Posting> {
        self.post(mint, PostingKind::CoinsUnconfirmed, Account::InTransit(self.chain()), self.destination())
    }

    /// The chain undid it by its own rules after it had taken it: the wallet is debited, `in_transit` credited.
    #[must_use]
    pub fn returned(&self, mint: &Mint<'_>) -> Option<Posting> {
        self.post(mint, PostingKind::CoinsReturned, self.wallet(), Account::InTransit(self.chain()))
    }

    /// What the chain took for it: `network_fees` is debited, the wallet credited, in the chain's own coin.
    #[must_use]
    pub fn network_fee(&self, mint: &Mint<'_>, native: CoinId, fee: Amount) -> Option<Posting> {
        let movement = Movement::new(Account::NetworkFees, self.wallet(), native, fee);
        Posting::moving(mint, PostingKind::NetworkFee, Origin::Fact, self.order, &[movement])
    }
}
