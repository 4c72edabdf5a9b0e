//! The traits that adapters implement: everything the ramp asks of the outside world. Adapters know this module and
//! nothing else of ours.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::amount::Amount;
use crate::asset::{Chain, CoinId, Currency, Symbol};
use crate::fact::{BankCredit, PayoutReport, ProcessorPaid};
use crate::id::{CustomerId, OrderId, PayoutId};
use crate::kyc::{KycLevel, KycStatus};
use crate::ledger::{Processor, Rail};
use crate::outgoing::{Payout, SignedTransaction, TransferSource};
use crate::rate::Rate;
use crate::time::Timestamp;

/// What a port's method returns.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How a call that does something outside ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome<T> {
    /// It was done, or will be.
    Accepted(T),
    /// It was not done and never will be.
    Refused {
        /// The provider's reason.
        reason: String,
    },
    /// It failed before anything was sent; trying again is safe.
    NotSent {
        /// What went wrong.
        reason: String,
    },
    /// Nobody knows; it must be asked for by our reference and never be repeated blindly.
    Unknown {
        /// What went wrong.
        reason: String,
    },
}

/// The answer to "what became of it?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupResult<T> {
    /// It is there.
    Found(T),
    /// It is not there, and may yet appear.
    NotYet,
    /// It is not there, and never will be.
    NeverWill,
}

/// A question could not be answered now. Asking again is safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unavailable: {0}")]
pub struct Unavailable(pub String);

/// A page of facts and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactPage<T> {
    /// The facts, oldest first.
    pub items: Vec<T>,
    /// The cursor behind the last of them.
    pub next: String,
    /// Whether more are waiting.
    pub has_more: bool,
}

/// Told to whoever waits for news of a source. The default of every port never completes, so that a worker falls back
/// to asking at intervals.
fn never<'a>() -> PortFuture<'a, ()> {
    Box::pin(std::future::pending())
}

/// A line of a bank's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementLine {
    /// Money arrived.
    Credit(BankCredit),
    /// Money that had arrived was taken back: a recall, a returned direct debit.
    Reversal {
        /// The line's own reference.
        line: String,
        /// The line of the money that is taken back.
        of: String,
        /// How much, in minor units.
        amount: Amount,
        /// The currency.
        currency: Currency,
        /// Why.
        reason: String,
    },
    /// What became of a payout of ours.
    Payout {
        /// The line's own reference.
        line: String,
        /// The payout.
        payout: PayoutId,
        /// What became of it.
        report: PayoutReport,
    },
}

/// A bank behind one or more rails.
pub trait BankPort: Send + Sync {
    /// The rails it serves.
    fn rails(&self) -> Vec<Rail>;
    /// Hands over a payout; its identifier is the idempotency key. Gives the rail's reference.
    fn pay<'a>(&'a self, payout: &'a Payout) -> PortFuture<'a, CallOutcome<String>>;
    /// What became of a payout whose answer was lost.
    fn find(&self, rail: Rail, payout: PayoutId) -> PortFuture<'_, Result<LookupResult<String>, Unavailable>>;
    /// The lines of a rail's statement behind a cursor (empty for the beginning), at most `limit`.
    fn statement<'a>(&'a self, rail: Rail, after: &'a str, limit: usize) -> PortFuture<'a, Result<FactPage<StatementLine>, Unavailable>>;
    /// Completes when a rail's statement may have grown behind `after`.
    fn news<'a>(&'a self, _rail: Rail, _after: &'a str) -> PortFuture<'a, ()> {
        never()
    }
}

/// What a processor is asked to collect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRequest {
    /// The processor.
    pub processor: Processor,
    /// The order, which is the idempotency key too.
    pub payment: OrderId,
    /// How much, in minor units.
    pub amount: Amount,
    /// The currency.
    pub currency: Currency,
    /// Where the customer comes back to.
    pub return_url: String,
    /// Until when it may be paid.
    pub expires_at: Timestamp,
}

/// A processor's payment page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The processor's reference.
    pub reference: String,
    /// Where the customer pays. Absent where our own page plays the processor (sandbox).
    pub url: Option<String>,
}

/// What a processor reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessorEvent {
    /// A payment was captured.
    Paid(ProcessorPaid),
    /// A payment was refused.
    Declined {
        /// The event's own identifier.
        event: String,
        /// The order.
        payment: OrderId,
        /// Why.
        reason: String,
    },
    /// A captured payment was taken back.
    Reversed {
        /// The event's own identifier.
        event: String,
        /// The order.
        payment: OrderId,
        /// The processor's reference of the capture.
        capture: String,
        /// How much, in minor units.
        amount: Amount,
        /// The currency.
        currency: Currency,
        /// Why.
        reason: String,
    },
    /// What became of a refund of ours.
    Refund {
        /// The event's own identifier.
        event: String,
        /// The payout.
        payout: PayoutId,
        /// What became of it.
        report: PayoutReport,
    },
}

/// Processors of redirect payments: cards, wallets, bank redirects.
pub trait ProcessorPort: Send + Sync {
    /// The processors it serves.
    fn processors(&self) -> Vec<Processor>;
    /// Opens a payment page, when the customer opens ours.
    fn open_session<'a>(&'a self, request: &'a SessionRequest) -> PortFuture<'a, CallOutcome<Session>>;
    /// Sends a captured payment back; the payout's identifier is the idempotency key. Gives the reference.
    fn refund<'a>(&'a self, payout: &'a Payout) -> PortFuture<'a, CallOutcome<String>>;
    /// What became of a refund whose answer was lost.
    fn find_refund(&self, processor: Processor, payout: PayoutId) -> PortFuture<'_, Result<LookupResult<String>, Unavailable>>;
    /// The events of a processor behind a cursor (empty for the beginning), at most `limit`.
    fn events<'a>(
        &'a self,
        processor: Processor,
        after: &'a str,
        limit: usize,
    ) -> PortFuture<'a, Result<FactPage<ProcessorEvent>, Unavailable>>;
    /// Completes when there may be events behind `after`.
    fn news<'a>(&'a self, _processor: Processor, _after: &'a str) -> PortFuture<'a, ()> {
        never()
    }
}

/// A block's place in its chain.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BlockHead {
    /// Its height.
    pub height: u64,
    /// Its hash.
    pub hash: String,
    /// The hash of the block before it.
    pub parent: String,
    /// When it was made, as it says itself; nothing on a chain whose blocks do not tell.
    #[serde(default)]
    pub time: Option<Timestamp>,
}

/// Coins that moved in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainTransfer {
    /// The transaction.
    pub txid: String,
    /// Which of the transaction's transfers.
    pub index: u32,
    /// From whom.
    pub from: String,
    /// To whom, in the form this port writes addresses.
    pub to: String,
    /// Which coin; absent for a token the catalogue does not know.
    pub coin: Option<CoinId>,
    /// How much, in minor units.
    pub amount: Amount,
}

/// A block with what moved in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its place.
    pub head: BlockHead,
    /// What moved.
    pub transfers: Vec<ChainTransfer>,
}

/// Where a transaction of ours stands on its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactionStatus {
    /// The chain does not know it (any more).
    Unknown,
    /// Waiting for a block.
    Waiting,
    /// In a block.
    InBlock {
        /// The block's height.
        height: u64,
        /// What the chain took, in minor units of its own coin.
        network_fee: Amount,
    },
    /// In a block and undone by the chain's own rules (reverted); it will never deliver.
    Reverted {
        /// The block's height.
        height: u64,
        /// What the chain took all the same.
        network_fee: Amount,
    },
}

/// What is to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningRequest {
    /// Which coin.
    pub coin: CoinId,
    /// How many, in minor units.
    pub amount: Amount,
    /// Which wallet of ours they leave from.
    pub source: TransferSource,
    /// Where they go.
    pub to: String,
    /// The nonce.
    pub nonce: u64,
}

/// A chain.
pub trait ChainPort: Send + Sync {
    /// Its name.
    fn chain(&self) -> Chain;
    /// The hot wallet's address.
    fn hot_address(&self) -> String;
    /// The deposit address of an index. Computed, not asked: it must work without the network. Chains of one family
    /// ([`crate::address::AddressKind`]) give the same address for it: coins that somebody sends on the wrong one of them can
    /// be sent back then.
    fn deposit_address(&self, index: u64) -> String;
    /// The newest block.
    fn head(&self) -> PortFuture<'_, Result<BlockHead, Unavailable>>;
    /// How much business time usually lies between two blocks; nothing when none is due however long it takes, as on a
    /// simulated chain whose blocks are made by hand. A chain that shows no block for many times as long stands still.
    fn block_interval(&self) -> PortFuture<'_, Result<Option<Duration>, Unavailable>>;
    /// The block at a height of the chain as it is now; nothing above the newest.
    fn block(&self, height: u64) -> PortFuture<'_, Result<Option<Block>, Unavailable>>;
    /// The nonce that the chain expects next of a wallet of ours, counting waiting transactions.
    fn next_nonce(&self, source: TransferSource) -> PortFuture<'_, Result<u64, Unavailable>>;
    /// Signs a transfer. Sends nothing.
    fn sign<'a>(&'a self, request: &'a SigningRequest) -> PortFuture<'a, Result<SignedTransaction, Unavailable>>;
    /// Sends signed bytes. Sending the same bytes again is harmless, and accepted when the chain has them.
    fn broadcast<'a>(&'a self, signed: &'a SignedTransaction) -> PortFuture<'a, CallOutcome<()>>;
    /// Where a transaction of ours stands.
    fn transaction<'a>(&'a self, txid: &'a str) -> PortFuture<'a, Result<TransactionStatus, Unavailable>>;
    /// What a wallet of ours holds of a coin.
    fn balance(&self, source: TransferSource, coin: CoinId) -> PortFuture<'_, Result<Amount, Unavailable>>;
    /// Completes when there may be a newer block than this.
    fn news<'a>(&'a self, _known: &'a BlockHead) -> PortFuture<'a, ()> {
        never()
    }
}

/// An identity form handed to the provider.
#[derive(Debug, Clone, PartialEq)]
pub struct KycSubmission {
    /// Our reference, which is the idempotency key too.
    pub reference: String,
    /// The customer.
    pub customer: CustomerId,
    /// The level asked for.
    pub level: KycLevel,
    /// What the form says.
    pub details: KycDetails,
}

/// What an identity form says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KycDetails {
    /// The whole name.
    pub name: String,
    /// Date of birth, `YYYY-MM-DD`.
    pub date_of_birth: String,
    /// The country's alpha-3 code.
    pub country: String,
    /// The document's API value.
    pub document: String,
    /// The document's number, normalised.
    pub number: String,
    /// What the customer does for a living (reinforced).
    pub occupation: String,
    /// Where the money comes from (reinforced).
    pub source_of_funds: String,
}

/// What an identity provider decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KycDecision {
    /// The decision's own identifier.
    pub event: String,
    /// Our reference.
    pub reference: String,
    /// The customer.
    pub customer: CustomerId,
    /// The level decided upon.
    pub level: KycLevel,
    /// `processing`, `valid` or `fail`.
    pub status: KycStatus,
    /// Why, for the customer.
    pub reasons: Vec<String>,
    /// Whether a failed customer may try again.
    pub may_retry: bool,
}

/// An identity provider.
pub trait KycPort: Send + Sync {
    /// Hands over a form.
    fn submit<'a>(&'a self, submission: &'a KycSubmission) -> PortFuture<'a, CallOutcome<()>>;
    /// Whether a form whose answer was lost has arrived.
    fn find<'a>(&'a self, reference: &'a str) -> PortFuture<'a, Result<LookupResult<()>, Unavailable>>;
    /// The decisions behind a cursor (empty for the beginning), at most `limit`.
    fn decisions<'a>(&'a self, after: &'a str, limit: usize) -> PortFuture<'a, Result<FactPage<KycDecision>, Unavailable>>;
    /// Completes when there may be decisions behind `after`.
    fn news<'a>(&'a self, _after: &'a str) -> PortFuture<'a, ()> {
        never()
    }
}

/// Who or what is screened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScreeningSubject {
    /// Our reference: the order.
    pub reference: String,
    /// The names concerned: customer and payer.
    pub names: Vec<String>,
    /// The wallets concerned.
    pub wallets: Vec<String>,
    /// The chain of the wallets.
    pub chain: Option<Chain>,
}

/// What the screening provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScreeningResult {
    /// Nothing is known against it.
    Clear,
    /// It is on a list.
    Hit {
        /// Which name or wallet, and which list.
        reason: String,
    },
}

/// A screening provider. Asking changes nothing, so asking again is safe.
pub trait ScreeningPort: Send + Sync {
    /// Asks.
    fn screen<'a>(&'a self, subject: &'a ScreeningSubject) -> PortFuture<'a, Result<ScreeningResult, Unavailable>>;
}

/// A market price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MarketPrice {
    /// The coin.
    pub symbol: Symbol,
    /// The currency.
    pub currency: Currency,
    /// The middle of the market.
    pub rate: Rate,
    /// When it was observed (business time).
    pub observed_at: Timestamp,
}

/// A source of market prices.
pub trait PricePort: Send + Sync {
    /// Every price it has.
    fn prices(&self) -> PortFuture<'_, Result<Vec<MarketPrice>, Unavailable>>;
    /// Completes when prices may have changed since `known`.
    fn news(&self, _known: Timestamp) -> PortFuture<'_, ()> {
        never()
    }
}
