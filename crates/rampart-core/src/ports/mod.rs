//! Ports: the traits that adapters implement, with everything the ramp asks of providers. Adapters depend on this module and on
//! the types it names.

mod chain;

use std::future::Future;
use std::pin::Pin;

pub use crate::catalogue::fees::FeeMarket;
pub use crate::outgoing::{SpentSlot, Unsigned};
pub use chain::{
    Block, BlockHead, Broadcast, ChainPorts, ChainReader, ChainTip, ChainTransfer, ChainWriter, CoinMovement, Estimate, Followed,
    Signature, SignerPort, SigningMeaning, SigningOrder, SlotStatus, WrongSignature,
};

use crate::id::{CustomerId, OrderId, PayoutId};
use crate::identity::level::{KycLevel, KycStatus};
use crate::ledger::{Processor, Rail};
use crate::money::amount::Amount;
use crate::money::asset::{Chain, Currency, Symbol};
use crate::money::rate::Rate;
use crate::outgoing::Payout;
pub use crate::outgoing::ScreeningResult;
use crate::step::fact::{BankCredit, PayoutReport, ProcessorPaid};
use crate::time::Timestamp;

/// The result of a port's method.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Outcome of a call that changes something at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome<T> {
    Accepted(T),
    /// It was not done and never will be.
    Refused {
        reason: String,
    },
    /// It failed before anything was sent; repeating it is safe.
    NotSent {
        reason: String,
    },
    /// Unknown: it must be looked up by our reference and never be repeated blindly.
    Unknown {
        reason: String,
    },
}

/// Result of looking up an earlier call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupResult<T> {
    Found(T),
    /// Not found; it may still appear.
    NotYet,
    /// Not found; it will never appear.
    NeverWill,
}

/// A question could not be answered now. Repeating it is safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unavailable: {0}")]
pub struct Unavailable(pub String);

/// A page of facts, and the cursor of the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactPage<T> {
    /// Oldest first.
    pub items: Vec<T>,
    /// The cursor after the last item.
    pub next: String,
    pub has_more: bool,
}

/// Default of every port's `news`: never completes, so that workers fall back to polling.
fn never<'a>() -> PortFuture<'a, ()> {
    Box::pin(std::future::pending())
}

/// A line of a bank statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementLine {
    Credit(BankCredit),
    /// Money was reversed: a recall or a returned direct debit.
    Reversal {
        line: String,
        of: String,
        /// In minor units.
        amount: Amount,
        currency: Currency,
        reason: String,
    },
    /// The outcome of a payout.
    Payout {
        line: String,
        payout: PayoutId,
        report: PayoutReport,
    },
}

/// A bank behind one or more rails.
pub trait BankPort: Send + Sync {
    /// The rails it serves.
    fn rails(&self) -> Vec<Rail>;
    /// Sends a payout; its identifier is the idempotency key. Returns the rail's reference.
    fn pay<'a>(&'a self, payout: &'a Payout) -> PortFuture<'a, CallOutcome<String>>;
    /// Looks up a payout whose answer was lost.
    fn find(&self, rail: Rail, payout: PayoutId) -> PortFuture<'_, Result<LookupResult<String>, Unavailable>>;
    /// At most `limit` lines of a rail's statement after a cursor (empty for the beginning).
    fn statement<'a>(&'a self, rail: Rail, after: &'a str, limit: usize) -> PortFuture<'a, Result<FactPage<StatementLine>, Unavailable>>;
    /// Completes when a rail's statement may have new lines after the cursor.
    fn news<'a>(&'a self, _rail: Rail, _after: &'a str) -> PortFuture<'a, ()> {
        never()
    }
}

/// A payment that a processor is asked to collect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRequest {
    pub processor: Processor,
    pub payment: OrderId,
    /// In minor units.
    pub amount: Amount,
    pub currency: Currency,
    /// Where the customer returns to.
    pub return_url: String,
    pub expires_at: Timestamp,
}

/// A processor's payment page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub reference: String,
    /// The page's URL; `None` if our own page simulates the processor (sandbox).
    pub url: Option<String>,
}

/// A processor's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProcessorEvent {
    Paid(ProcessorPaid),
    Declined {
        event: String,
        payment: OrderId,
        reason: String,
    },
    Reversed {
        event: String,
        payment: OrderId,
        capture: String,
        /// In minor units.
        amount: Amount,
        currency: Currency,
        reason: String,
    },
    /// The outcome of a refund.
    Refund {
        event: String,
        payout: PayoutId,
        report: PayoutReport,
    },
}

/// Processors of redirect payments: cards, wallets, bank redirects.
pub trait ProcessorPort: Send + Sync {
    /// The processors it serves.
    fn processors(&self) -> Vec<Processor>;
    /// Opens a payment page, when the customer opens ours.
    fn open_session<'a>(&'a self, request: &'a SessionRequest) -> PortFuture<'a, CallOutcome<Session>>;
    /// Refunds a captured payment; the payout's identifier is the idempotency key. Returns the processor's reference.
    fn refund<'a>(&'a self, payout: &'a Payout) -> PortFuture<'a, CallOutcome<String>>;
    /// Looks up a refund whose answer was lost.
    fn find_refund(&self, processor: Processor, payout: PayoutId) -> PortFuture<'_, Result<LookupResult<String>, Unavailable>>;
    /// At most `limit` events of a processor after a cursor (empty for the beginning).
    fn events<'a>(
        &'a self,
        processor: Processor,
        after: &'a str,
        limit: usize,
    ) -> PortFuture<'a, Result<FactPage<ProcessorEvent>, Unavailable>>;
    /// Completes when there may be new events after the cursor.
    fn news<'a>(&'a self, _processor: Processor, _after: &'a str) -> PortFuture<'a, ()> {
        never()
    }
}

/// An identity form sent to the provider.
#[derive(Debug, Clone, PartialEq)]
pub struct KycSubmission {
    pub reference: String,
    pub customer: CustomerId,
    pub level: KycLevel,
    pub details: KycDetails,
}

/// Contents of an identity form.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KycDetails {
    pub name: String,
    /// Date of birth, `YYYY-MM-DD`.
    pub date_of_birth: String,
    /// ISO 3166-1 alpha-3.
    pub country: String,
    pub document: String,
    pub number: String,
    pub occupation: String,
    pub source_of_funds: String,
}

/// A decision of the identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KycDecision {
    pub event: String,
    pub reference: String,
    pub customer: CustomerId,
    pub level: KycLevel,
    /// `processing`, `valid` or `fail`.
    pub status: KycStatus,
    pub reasons: Vec<String>,
    /// Whether a failed customer may try again.
    pub may_retry: bool,
}

/// An identity provider.
pub trait KycPort: Send + Sync {
    /// Sends a form.
    fn submit<'a>(&'a self, submission: &'a KycSubmission) -> PortFuture<'a, CallOutcome<()>>;
    /// Looks up a form whose answer was lost.
    fn find<'a>(&'a self, reference: &'a str) -> PortFuture<'a, Result<LookupResult<()>, Unavailable>>;
    /// At most `limit` decisions after a cursor (empty for the beginning).
    fn decisions<'a>(&'a self, after: &'a str, limit: usize) -> PortFuture<'a, Result<FactPage<KycDecision>, Unavailable>>;
    /// Completes when there may be new decisions after the cursor.
    fn news<'a>(&'a self, _after: &'a str) -> PortFuture<'a, ()> {
        never()
    }
}

/// Names and wallets to screen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScreeningSubject {
    pub reference: String,
    pub names: Vec<String>,
    pub wallets: Vec<String>,
    pub chain: Option<Chain>,
}

/// A screening provider. Screening changes nothing, so repeating it is safe.
pub trait ScreeningPort: Send + Sync {
    /// Screens a subject.
    fn screen<'a>(&'a self, subject: &'a ScreeningSubject) -> PortFuture<'a, Result<ScreeningResult, Unavailable>>;
}

/// A market price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MarketPrice {
    pub symbol: Symbol,
    pub currency: Currency,
    pub rate: Rate,
    /// Business time.
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
