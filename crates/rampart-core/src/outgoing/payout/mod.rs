//! A payout: money leaving over a bank rail, or refunded through the processor that captured it.

mod observe;
mod payable_step;
mod postings;

pub use observe::PayoutFact;

use std::time::Duration;

use super::screening::screened_receiver;
use super::{Screening, change_holds};
use crate::catalogue::Catalogue;
use crate::id::{CustomerId, Mint, OrderId, PayoutId, ReviewId};
use crate::ledger::{Account, Origin, Processor, Rail};
use crate::money::amount::Amount;
use crate::money::asset::Currency;
use crate::step::Step;
use crate::step::job::{Job, JobKind};
use crate::stored::is_default;
use crate::text::redacted::Redacted;
use crate::text::words::words;
use crate::time::Timestamp;

screened_receiver!(Payout, PayoutState, JobKind::ScreenPayout, JobKind::SendPayout);

/// Purpose of a payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutPurpose {
    /// The money a customer gets for coins.
    Rampoff,
    Refund,
    /// Something in suspense returned to its source.
    SuspenseReturn,
}

/// Route of a payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(tag = "route", content = "name", rename_all = "snake_case")]
pub enum PayoutRoute {
    Bank(Rail),
    /// Back through the processor that captured the payment.
    Processor(Processor),
}

impl PayoutRoute {
    /// The account the money leaves from.
    #[must_use]
    pub const fn account(self) -> Account {
        match self {
            Self::Bank(rail) => Account::Bank(rail),
            Self::Processor(processor) => Account::Card(processor),
        }
    }

    /// The account for money that has left and not arrived.
    #[must_use]
    pub const fn in_transit(self) -> Account {
        match self {
            Self::Bank(name) | Self::Processor(name) => Account::InTransit(name),
        }
    }
}

/// Receiver of a payout.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PayoutDestination {
    /// The account number; for a processor, its reference of the capture.
    pub account: Redacted,
    /// The bank's code, if the account number needs one.
    pub bank_code: Option<String>,
    /// The type of account, if the account number needs one.
    pub account_type: Option<String>,
    pub bank_name: Option<String>,
    pub name: Redacted,
}

/// State of a payout.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PayoutState {
    Queued,
    /// Sent, and the answer was lost: it is looked up before anything else happens.
    Unknown,
    Accepted {
        reference: String,
    },
    Settled {
        reference: String,
    },
    /// It did not leave, or was returned before it settled.
    Failed {
        reason: String,
    },
    Returned {
        reason: String,
    },
}

words! {
    /// The state of a payout without its data.
    PayoutStatus {
        Queued = "queued",
        Unknown = "unknown",
        Accepted = "accepted",
        Settled = "settled",
        Failed = "failed",
        Returned = "returned",
    }
}

impl PayoutState {
    /// The state without its data.
    #[must_use]
    pub const fn status(&self) -> PayoutStatus {
        match self {
            Self::Queued => PayoutStatus::Queued,
            Self::Unknown => PayoutStatus::Unknown,
            Self::Accepted { .. } => PayoutStatus::Accepted,
            Self::Settled { .. } => PayoutStatus::Settled,
            Self::Failed { .. } => PayoutStatus::Failed,
            Self::Returned { .. } => PayoutStatus::Returned,
        }
    }
}

/// Money leaving.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Payout {
    /// Also the idempotency key at the rail.
    pub id: PayoutId,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    pub purpose: PayoutPurpose,
    pub order: Option<OrderId>,
    /// The customer whose account is debited; suspense if `None`.
    pub customer: Option<CustomerId>,
    pub route: PayoutRoute,
    pub currency: Currency,
    /// In minor units.
    pub amount: Amount,
    /// The rest its rail cannot pay, kept as a fee, in minor units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rounding: Amount,
    pub destination: PayoutDestination,
    /// Whether the receiver has to be screened.
    #[serde(default = "Screening::of_earlier_version")]
    pub screening: Screening,
    /// The review item resolved by it, if it is a return from suspense; the item is reopened if the payout fails.
    #[serde(default)]
    pub resolves: Option<ReviewId>,
    /// The item as reopened after it failed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub put_back: Option<ReviewId>,
    /// The operator who reported its outcome, if the rail did not.
    #[serde(default, skip_serializing_if = "is_default")]
    pub said_by: Option<String>,
    /// When the receiver was last screened, if it was screened on its own.
    #[serde(default)]
    pub asked_at: Option<Timestamp>,
    /// Whether it settled after it had been treated as failed and its order's money had gone another way: booked as lost.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lost: bool,
    /// Whether an operator created the refund and has seen the customer's eligibility.
    #[serde(default, skip_serializing_if = "is_default")]
    pub by_person: bool,
    pub state: PayoutState,
    pub created_at: Timestamp,
}

impl Payout {
    /// A new payout of no order, whose receiver has to be screened. `amount` is in minor units.
    #[must_use]
    pub fn new(
        mint: &Mint<'_>,
        purpose: PayoutPurpose,
        route: PayoutRoute,
        currency: Currency,
        amount: Amount,
        destination: PayoutDestination,
    ) -> Self {
        Self {
            id: mint.id(),
            version: 0,
            purpose,
            order: None,
            customer: None,
            route,
            currency,
            amount,
            rounding: Amount::ZERO,
            destination,
            screening: Screening::Due,
            resolves: None,
            put_back: None,
            said_by: None,
            asked_at: None,
            by_person: false,
            lost: false,
            state: PayoutState::Queued,
            created_at: mint.now,
        }
    }

    fn payable_amount(&self, catalogue: &Catalogue) -> Amount {
        match self.route {
            PayoutRoute::Bank(rail) => self.amount.rounded_down(catalogue.payable_step(rail)),
            PayoutRoute::Processor(_) => self.amount,
        }
    }

    /// Rounds it down to what its rail can pay. A processor refunds any amount it captured.
    #[must_use]
    pub fn payable(self, catalogue: &Catalogue) -> Self {
        let amount = self.payable_amount(catalogue);
        let rounding = Amount::from_minor(self.rounding.minor() + self.amount.minor() - amount.minor());
        Self { amount, rounding, ..self }
    }

    /// The amount debited from the account, in minor units: what is paid and what the rail cannot pay.
    #[must_use]
    pub fn takes(&self) -> Amount {
        Amount::from_minor(self.amount.minor() + self.rounding.minor())
    }

    /// Its own holds, beside its order's: a return holds suspense until it settles or fails. In minor units.
    #[must_use]
    pub fn holds(&self) -> Vec<(Account, Currency, Amount)> {
        let is_open = matches!(self.state, PayoutState::Queued | PayoutState::Unknown | PayoutState::Accepted { .. });
        match self.purpose {
            PayoutPurpose::SuspenseReturn if is_open => vec![(Account::Suspense, self.currency, self.takes())],
            _ => Vec::new(),
        }
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

    /// Whether it was certainly not sent. The holder of a lease may have sent it, even after the lease expired; without a job
    /// that the stop can remove, one could be created and leased meanwhile.
    #[must_use]
    pub fn can_be_stopped(&self, jobs: &[Job]) -> bool {
        let may_leave = |job: &Job| job.kind == JobKind::SendPayout && job.leased_until.is_some();
        self.state == PayoutState::Queued && !jobs.iter().any(may_leave) && jobs.iter().any(|job| job.kind == self.next_job())
    }

    /// Whether its outcome at the rail is unknown.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, PayoutState::Queued | PayoutState::Unknown)
    }
}
