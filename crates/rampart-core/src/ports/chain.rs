//! A blockchain in three parts: a reader without keys, a writer that makes transactions and hands them over, and a signer that has
//! the keys. What is sent, when, and at which fee is decided in [`crate::outgoing`]; adapters only know how their chain writes it.

use std::sync::Arc;
use std::time::Duration;

use super::{CallOutcome, LookupResult, PortFuture, Unavailable, never};
use crate::catalogue::fees::{FeeMarket, FeeTerms};
use crate::id::{TransferId, TransmissionId};
use crate::money::amount::Amount;
use crate::money::asset::{Chain, CoinId};
use crate::outgoing::{Lane, SignedAttempt, Slot, SpentSlot, Unsigned};
use crate::time::Timestamp;

/// A block's position in its chain.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BlockHead {
    pub height: u64,
    pub hash: String,
    pub parent: String,
    /// The block's own timestamp; `None` if the chain has none.
    #[serde(default)]
    pub time: Option<Timestamp>,
}

/// The newest block of a chain, and the newest that its own rules call final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainTip {
    pub newest: BlockHead,
    /// `None` if the chain does not say what is final, or has not said it yet.
    pub last_final: Option<BlockHead>,
}

/// A transfer of coins in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainTransfer {
    pub txid: String,
    pub from: String,
    /// In the form in which this port writes addresses.
    pub to: String,
    /// `None` for a token the catalogue does not have.
    pub coin: Option<CoinId>,
    /// In minor units.
    pub amount: Amount,
}

/// A block and its transfers, in the order of the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub head: BlockHead,
    pub transfers: Vec<ChainTransfer>,
}

/// What follows a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// The blocks after it, each the parent of the next; empty if it is the newest.
    Blocks(Vec<Block>),
    /// The chain has another block at its height.
    Undone,
}

/// What the chain says about a slot. None of it is final before its block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotStatus {
    /// Nothing in a block has spent it.
    Open {
        /// Whether the node has one of our attempts and waits to include it.
        is_pending: bool,
    },
    /// One of our attempts has spent it.
    Spent(SpentSlot),
    /// Something that is none of our attempts has spent it, in the block of this height.
    SpentByOther { height: u64 },
}

/// A movement of coins by a transaction of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoinMovement {
    pub transfer: TransferId,
    pub coin: CoinId,
    /// In minor units.
    pub amount: Amount,
    pub to: String,
}

/// What a movement takes of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Estimate {
    /// Units of work, such as gas or virtual bytes, without a margin.
    Units(u64),
    /// The chain would include it and revert it: the receiver is frozen, the token is paused.
    WouldFail { reason: String },
    /// The wallet lacks the coins or the fee. It has to be filled.
    Unfunded { reason: String },
}

/// What a transaction means, for the rules of a signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigningMeaning {
    Moves(Vec<CoinMovement>),
    /// Nothing is sent to anybody: it spends the slot of another.
    Cancels,
}

/// A request for a signature. Asking again for the same one is harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningOrder {
    pub transmission: TransmissionId,
    /// Number of the order within its transmission, from 1.
    pub number: u32,
    pub chain: Chain,
    pub lane: Lane,
    pub unsigned: Unsigned,
    pub meaning: SigningMeaning,
}

impl SigningOrder {
    /// The identifier by which the signer knows the request.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("{}-{}", self.transmission, self.number)
    }
}

/// A signature, hexadecimal, in the chain's own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature(pub String);

/// A signature is not the one of the wallet over these bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("wrong signature: {0}")]
pub struct WrongSignature(pub String);

/// A node's answer to a transaction that it was offered. Only the chain proves what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broadcast {
    /// The node has it now, or had it already.
    Taken,
    /// The node does not take it at this fee, or has another attempt of this slot.
    Underpriced { reason: String },
    /// The wallet lacks the coins or the fee.
    Unfunded { reason: String },
    /// The node does not take it now, or its answer was lost. It may be offered again.
    Later { reason: String },
    /// No node will ever take these bytes.
    Impossible { reason: String },
}

/// Reads a chain. It has no keys.
pub trait ChainReader: Send + Sync {
    /// The chain's name.
    fn chain(&self) -> Chain;
    /// The address of a wallet of ours, computed without the network. Chains of one family
    /// ([`crate::address::AddressKind`]) give the same address for a deposit index, so that coins sent on the wrong chain of the
    /// family can be returned.
    fn address(&self, lane: Lane) -> String;
    /// The newest block, and the newest final one.
    fn tip(&self) -> PortFuture<'_, Result<ChainTip, Unavailable>>;
    /// Usual business time between two blocks; `None` if blocks have no schedule, as on a simulated chain whose blocks are made
    /// by hand. A chain without a block for many times this interval has stalled.
    fn block_interval(&self) -> PortFuture<'_, Result<Option<Duration>, Unavailable>>;
    /// The head of the block at this height. `None` says that the node does not have it (yet), never that it was undone.
    fn header(&self, height: u64) -> PortFuture<'_, Result<Option<BlockHead>, Unavailable>>;
    /// At most `limit` blocks after this one, given by height and hash.
    ///
    /// # Errors
    /// [`Unavailable`] when the node does not have the block: it is behind.
    fn blocks<'a>(&'a self, height: u64, hash: &'a str, limit: usize) -> PortFuture<'a, Result<Followed, Unavailable>>;
    /// Reads final blocks a second time, from another source where there is one: first and last height, both included.
    ///
    /// # Errors
    /// [`Unavailable`] when one of them is missing.
    fn read_again(&self, first: u64, last: u64) -> PortFuture<'_, Result<Vec<Block>, Unavailable>>;
    /// What became of a slot; `attempts` are all that were ever signed for it.
    fn slot<'a>(&'a self, slot: &'a Slot, attempts: &'a [SignedAttempt]) -> PortFuture<'a, Result<SlotStatus, Unavailable>>;
    /// How many nonces of a wallet of ours are spent at the newest block.
    fn spent_nonces(&self, lane: Lane) -> PortFuture<'_, Result<u64, Unavailable>>;
    /// Balance of a wallet of ours in a coin, at the newest block.
    fn balance(&self, lane: Lane, coin: CoinId) -> PortFuture<'_, Result<Amount, Unavailable>>;
    /// Completes when there may be a block newer than `known`.
    fn news<'a>(&'a self, _known: &'a BlockHead) -> PortFuture<'a, ()> {
        never()
    }
}

/// Makes transactions and hands them to the chain. It has no keys.
pub trait ChainWriter: Send + Sync {
    /// What a unit of work costs now.
    fn fee_market(&self) -> PortFuture<'_, Result<FeeMarket, Unavailable>>;
    /// What a movement from a wallet takes at the newest block; nothing is reserved.
    fn estimate<'a>(&'a self, lane: Lane, movement: &'a CoinMovement) -> PortFuture<'a, Result<Estimate, Unavailable>>;
    /// Units of work of the transaction that only spends a slot.
    fn cancelling_units(&self) -> u64;
    /// The transaction that makes these movements and spends the slot; without movements it only spends the slot.
    ///
    /// # Errors
    /// [`Unavailable`] when the chain cannot write it: a foreign coin, a malformed address, more movements than fit.
    fn compose(&self, slot: &Slot, movements: &[CoinMovement], fee: FeeTerms) -> Result<Unsigned, Unavailable>;
    /// Puts a signature to a transaction, and checks that it is the wallet's own. Returns the transaction's identifier and its
    /// signed bytes, hexadecimal.
    ///
    /// # Errors
    /// [`WrongSignature`] when it is another's, or over other bytes.
    fn assemble(&self, lane: Lane, unsigned: &Unsigned, signature: &Signature) -> Result<(String, String), WrongSignature>;
    /// Offers signed bytes. Repeating it is harmless.
    fn broadcast<'a>(&'a self, attempt: &'a SignedAttempt) -> PortFuture<'a, Broadcast>;
}

/// Signs transactions. It may answer late or never; it is then asked by the order's reference.
pub trait SignerPort: Send + Sync {
    /// Signs. `Refused`: it did not sign and never will.
    fn sign<'a>(&'a self, order: &'a SigningOrder) -> PortFuture<'a, CallOutcome<Signature>>;
    /// Looks up a signature whose answer was lost.
    fn find<'a>(&'a self, order: &'a SigningOrder) -> PortFuture<'a, Result<LookupResult<Signature>, Unavailable>>;
}

/// The three ports of a chain.
#[derive(Clone)]
pub struct ChainPorts {
    pub reader: Arc<dyn ChainReader>,
    pub writer: Arc<dyn ChainWriter>,
    pub signer: Arc<dyn SignerPort>,
}
