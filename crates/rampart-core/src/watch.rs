//! How far the sources of facts have been read, and what is being watched on the chains.

use crate::amount::Amount;
use crate::asset::{Chain, CoinId};
use crate::code::Code;
use crate::id::{FactId, OrderId};
use crate::time::Timestamp;

/// A source of facts: `bank-sepa`, `card`, `chain-polygon`, `kyc`, `fanout-…`.
pub type CursorName = Code<40>;

/// How far a source has been read. It advances in the step that stores what was read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cursor {
    /// The source.
    pub id: CursorName,
    /// The version it was loaded at; 0 before it is stored.
    #[serde(skip)]
    pub version: i64,
    /// Where reading goes on, in the source's own terms. For a chain: JSON of the last blocks, newest last.
    pub position: String,
    /// When it was last confirmed to be up to date (real time).
    pub moved_at: Timestamp,
    /// When the last good reading began: one that went to the end of what there was (business time).
    #[serde(default)]
    pub read_at: Option<Timestamp>,
}

/// A hot wallet: which nonce comes next. Its version makes two senders collide instead of sharing a nonce.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Wallet {
    /// Its chain.
    pub id: Chain,
    /// The version it was loaded at; 0 before it is stored.
    #[serde(skip)]
    pub version: i64,
    /// The nonce of the next transaction.
    pub next_nonce: u64,
}

/// Where a deposit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepositState {
    /// In a block, with fewer confirmations than the coin asks for.
    Pending,
    /// Confirmed.
    Confirmed,
    /// The chain undid the block it was in.
    Dropped,
}

/// Coins seen at a deposit address.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Deposit {
    /// The identifier of the fact that told of it first.
    pub id: FactId,
    /// The version it was loaded at; 0 before it is stored.
    #[serde(skip)]
    pub version: i64,
    /// The transaction.
    pub txid: String,
    /// Which of the transaction's transfers.
    pub index: u32,
    /// What arrived.
    pub coin: CoinId,
    /// How much, in minor units.
    pub amount: Amount,
    /// From whom.
    pub from: String,
    /// To which address of ours.
    pub to: String,
    /// The height of its block.
    pub height: u64,
    /// The hash of its block.
    pub block: String,
    /// Where it stands.
    pub state: DepositState,
    /// The ramp-off whose address it is.
    pub order: Option<OrderId>,
    /// Whether it was collected into the hot wallet.
    pub swept: bool,
    /// When it was seen.
    pub seen_at: Timestamp,
    /// The time of the first block it was seen in, where the chain tells it.
    #[serde(default)]
    pub block_time: Option<Timestamp>,
    /// When the last good reading of the chain began that did not show it (business time).
    #[serde(default)]
    pub read_before: Option<Timestamp>,
}
