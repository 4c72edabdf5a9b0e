//! A transmission: what is sent for one or more transfers, as attempts that all spend the same slot. A transfer says what is owed, a
//! transmission what is sent.
//!
//! Slot and unsigned bytes are committed before a signature is asked for, and every signed attempt before it is first offered to the
//! chain. Any committed attempt may be offered again at any time: at most one of them can be in the chain. What a node says about an
//! attempt decides nothing. Only the slot does, once the block that spends it is final.

mod earlier;
mod observe;
mod slot;

pub use observe::{Carried, TransmissionFact};
pub use slot::{Lane, Slot, Wallet, WalletName};

use crate::catalogue::fees::FeeTerms;
use crate::id::{Mint, TransferId, TransmissionId};
use crate::money::amount::Amount;
use crate::money::asset::Chain;
use crate::stored::is_default;
use crate::text::words::words;
use crate::time::Timestamp;

/// A transaction without its signature.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unsigned {
    /// Its bytes, hexadecimal, in the chain's own form.
    pub body: String,
    pub fee: FeeTerms,
    /// Whether it only spends the slot, so that nothing else can.
    #[serde(default)]
    pub cancels: bool,
}

/// What a slot of ours was spent for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpentSlot {
    /// The transaction that spent it.
    pub txid: String,
    pub height: u64,
    /// Hash of its block.
    pub block: String,
    /// Whether it did what it was made for; `false` if it was included and reverted.
    pub succeeded: bool,
    /// The network fee, in minor units of the native coin. A reverted transaction pays it as well.
    pub network_fee: Amount,
}

/// A signed transaction.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SignedAttempt {
    pub txid: String,
    /// The signed bytes, hexadecimal.
    pub bytes: String,
    pub fee: FeeTerms,
    /// Whether it only spends the slot, so that nothing else can.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cancels: bool,
    /// Whether a node has ever taken it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub taken: bool,
    pub signed_at: Timestamp,
}

/// State of a transmission.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TransmissionState {
    /// No final block has spent its slot.
    Open,
    /// Nothing was signed for its slot: the next transfer of its wallet takes it.
    Free,
    /// One of its attempts has spent the slot.
    Settled { txid: String, height: u64 },
    /// Something else has spent the slot.
    SpentByOther { height: u64 },
}

words! {
    /// The state of a transmission without its data.
    TransmissionStatus {
        Open = "open",
        Free = "free",
        Settled = "settled",
        SpentByOther = "spent_by_other",
    }
}

impl TransmissionState {
    /// The state without its data.
    #[must_use]
    pub const fn status(&self) -> TransmissionStatus {
        match self {
            Self::Open => TransmissionStatus::Open,
            Self::Free => TransmissionStatus::Free,
            Self::Settled { .. } => TransmissionStatus::Settled,
            Self::SpentByOther { .. } => TransmissionStatus::SpentByOther,
        }
    }

    /// Height of the block that spent the slot.
    #[must_use]
    pub const fn height(&self) -> Option<u64> {
        match self {
            Self::Settled { height, .. } | Self::SpentByOther { height } => Some(*height),
            Self::Open | Self::Free => None,
        }
    }
}

/// The network fee of a transmission in the ledger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeBooking {
    #[default]
    None,
    /// In minor units of the native coin.
    Booked(Amount),
    /// By a version that did not keep the amount.
    BookedEarlier,
}

/// What is sent for one or more transfers.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Transmission {
    pub id: TransmissionId,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    pub chain: Chain,
    pub slot: Slot,
    /// The transfers that it carries; empty if it only spends its slot.
    pub transfers: Vec<TransferId>,
    /// What waits for its signature.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unsigned: Option<Unsigned>,
    /// How many signatures were asked for. Each has a number of its own, so that the answer to an earlier one is never taken for its.
    #[serde(default, skip_serializing_if = "is_default")]
    pub orders: u32,
    /// Everything that was ever signed for its slot, oldest first.
    pub attempts: Vec<SignedAttempt>,
    /// Why its slot is to be spent for nothing, if so. What is offered from then on only spends the slot.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cancel: Option<String>,
    pub state: TransmissionState,
    #[serde(default, skip_serializing_if = "is_default")]
    pub network_fee: FeeBooking,
    pub created_at: Timestamp,
}

impl Transmission {
    /// A slot for which nothing is to be signed yet.
    #[must_use]
    pub fn free(mint: &Mint<'_>, chain: Chain, slot: Slot) -> Self {
        Self {
            id: mint.id(),
            version: 0,
            chain,
            slot,
            transfers: Vec::new(),
            unsigned: None,
            orders: 0,
            attempts: Vec::new(),
            cancel: None,
            state: TransmissionState::Free,
            network_fee: FeeBooking::None,
            created_at: mint.now,
        }
    }

    /// Reserves its slot for transfers and what is to be signed for them.
    #[must_use]
    pub fn reserved(self, transfers: Vec<TransferId>, unsigned: Unsigned) -> Self {
        Self { transfers, state: TransmissionState::Open, ..self }.awaiting(unsigned)
    }

    /// Waits for a signature.
    pub(super) fn awaiting(self, unsigned: Unsigned) -> Self {
        Self { unsigned: Some(unsigned), orders: self.orders.saturating_add(1), ..self }
    }

    /// The attempt with this transaction identifier.
    #[must_use]
    pub fn attempt(&self, txid: &str) -> Option<&SignedAttempt> {
        self.attempts.iter().find(|attempt| attempt.txid == txid)
    }

    /// The attempts to offer to the chain, newest first: while it is to be cancelled, only those that do so.
    pub fn offered(&self) -> impl Iterator<Item = &SignedAttempt> {
        let cancels = self.cancel.is_some();
        self.attempts.iter().rev().filter(move |attempt| attempt.cancels == cancels)
    }

    /// Whether it needs an attempt that it does not have and that is not being signed.
    #[must_use]
    pub fn lacks_attempt(&self) -> bool {
        let cancels = self.cancel.is_some();
        self.state == TransmissionState::Open
            && self.offered().next().is_none()
            && self.unsigned.as_ref().is_none_or(|unsigned| unsigned.cancels != cancels)
    }
}
