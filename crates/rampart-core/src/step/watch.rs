//! How far the sources of facts have been read, and what is watched on the chains.

use crate::id::{DepositId, OrderId};
use crate::money::amount::Amount;
use crate::money::asset::CoinId;
use crate::text::code::Code;
use crate::text::words::words;
use crate::time::Timestamp;

/// Name of a source of facts: `bank-sepa`, `card`, `chain-polygon`, `kyc`, `fanout-…`.
pub type CursorName = Code<40>;

/// How far a source has been read. Advances in the step that stores what was read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cursor {
    pub id: CursorName,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    /// Where reading continues, in the source's own terms. For a chain: JSON of the
    /// [followed blocks](super::followed::FollowedBlocks).
    pub position: String,
    /// When the source was last confirmed to be fully read (real time).
    pub moved_at: Timestamp,
    /// Start of the last complete reading, to the end of what there was (business time).
    #[serde(default)]
    pub read_at: Option<Timestamp>,
}

words! {
    /// State of a deposit.
    DepositState {
        /// In a block, with fewer confirmations than the coin needs.
        Pending = "pending",
        Confirmed = "confirmed",
        Dropped = "dropped",
    }
}

/// Coins seen at a deposit address.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Deposit {
    pub id: DepositId,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    pub txid: String,
    /// Its number among the transfers of this coin to this receiver within the transaction, from 0. With those three it says which deposit
    /// it is, in whichever block the transaction is.
    pub index: u32,
    pub coin: CoinId,
    /// In minor units.
    pub amount: Amount,
    pub from: String,
    pub to: String,
    pub height: u64,
    /// Hash of its block.
    pub block: String,
    pub state: DepositState,
    pub order: Option<OrderId>,
    /// Whether it was swept into the hot wallet.
    pub swept: bool,
    pub seen_at: Timestamp,
    /// Timestamp of the first block that had it, if the chain has timestamps.
    #[serde(default)]
    pub block_time: Option<Timestamp>,
    /// Start of the last complete reading of the chain that did not show it (business time).
    #[serde(default)]
    pub read_before: Option<Timestamp>,
}
