//! A payout: money leaving over a bank rail, or going back through the processor it came from.

mod payable_step;
mod observe;
mod postings;

pub use observe::PayoutFact;

use std::time::Duration;

use super::{Screening, change_holds};
use crate::amount::Amount;
use crate::asset::Currency;
use crate::catalogue::Catalogue;
use crate::id::{CustomerId, Mint, OrderId, PayoutId, ReviewId};
use crate::job::{Job, JobKind};
use crate::ledger::{Account, Origin, Processor, Rail};
use crate::record::says_nothing;
use crate::redacted::Redacted;
use crate::step::Step;
use crate::time::Timestamp;

/// What a payout is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutPurpose {
    /// The money a customer gets for coins.
    Rampoff,
    /// A customer's money going back.
    Refund,
    /// Something from suspense going back to where it came from.
    SuspenseReturn,
}

/// Which way a payout takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(tag = "route", content = "name", rename_all = "snake_case")]
pub enum PayoutRoute {
    /// A bank rail.
    Bank(Rail),
    /// Back through the processor that captured the payment.
    Processor(Processor),
}

impl PayoutRoute {
    /// The account money leaves from.
    #[must_use]
    pub const fn account(self) -> Account {
        match self {
            Self::Bank(rail) => Account::Bank(rail),
            Self::Processor(processor) => Account::Card(processor),
        }
    }

    /// The account for what has left and not yet arrived.
    #[must_use]
    pub const fn in_transit(self) -> Account {
        match self {
            Self::Bank(name) | Self::Processor(name) => Account::InTransit(name),
        }
    }
}

/// Where a payout goes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PayoutDestination {
    /// The account; for a processor, the reference of the captured payment.
    pub account: Redacted,
    /// The bank's code where the account needs one.
    pub bank_code: Option<String>,
    /// The kind of account where it needs one.
    pub account_type: Option<String>,
    /// The bank's name, as said.
    pub bank_name: Option<String>,
    /// The holder.
    pub name: Redacted,
}

/// Where a payout stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PayoutState {
    /// Waiting to be handed to the rail.
    Queued,
    /// Handed over, and the answer was lost: the rail is asked before anything else happens.
    Unknown,
    /// The rail has taken it.
    Accepted {
        /// The rail's reference.
        reference: String,
    },
    /// It arrived.
    Settled {
        /// The bank's reference.
        reference: String,
    },
    /// It did not leave, or came back before it had arrived.
    Failed {
        /// Why.
        reason: String,
    },
    /// It had arrived and was sent back.
    Returned {
        /// Why.
        reason: String,
    },
}

impl PayoutState {
    /// Its name, as it is stored.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Unknown => "unknown",
            Self::Accepted { .. } => "accepted",
            Self::Settled { .. } => "settled",
            Self::Failed { .. } => "failed",
            Self::Returned { .. } => "returned",
        }
    }
}

/// Money leaving.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Payout {
    /// Its identifier, which is the rail's idempotency key too.
    pub id: PayoutId,
    /// The version it was loaded at; 0 before it is stored.
    #[serde(skip)]
    pub version: i64,
    /// What it is for.
    pub purpose: PayoutPurpose,
    /// The order, where there is one.
    pub order: Option<OrderId>,
    /// The customer whose account is debited; suspense where there is none.
    pub customer: Option<CustomerId>,
    /// Which way it takes.
    pub route: PayoutRoute,
    /// The currency.
    pub currency: Currency,
    /// How much, in minor units.
    pub amount: Amount,
    /// What its rail cannot pay beside that, because it pays whole steps only: the company keeps it. In minor units.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub rounding: Amount,
    /// Where it goes.
    pub destination: PayoutDestination,
    /// Whether the screening provider has to be asked about the receiver.
    #[serde(default = "Screening::of_earlier_version")]
    pub screening: Screening,
    /// The item of the list of reviews that was resolved by it, where it is a return from suspense: when it does not work,
    /// that item is put back.
    #[serde(default)]
    pub resolves: Option<ReviewId>,
    /// The item as it was put back, when it did not work.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub put_back: Option<ReviewId>,
    /// Who said where it stands, where that was a person and not the rail.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub said_by: Option<String>,
    /// When the screening provider last answered about who receives it, where it was asked about that alone.
    #[serde(default)]
    pub asked_at: Option<Timestamp>,
    /// Whether it arrived after it had been taken for failed and its order's money had gone another way: it is booked as lost.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub lost: bool,
    /// Whether a person has ordered it to go back, and has seen how its customer stands.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub by_person: bool,
    /// Where it stands.
    pub state: PayoutState,
    /// When it was decided.
    pub created_at: Timestamp,
}

impl Payout {
    /// One of no order that is ordered now, about whose receiver the screening provider is asked first. The amount is in minor
    /// units.
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

    /// The same of what its rail can pay. A processor gives back whatever it captured.
    #[must_use]
    pub fn payable(self, catalogue: &Catalogue) -> Self {
        let amount = self.payable_amount(catalogue);
        let rounding = Amount::from_minor(self.rounding.minor() + self.amount.minor() - amount.minor());
        Self { amount, rounding, ..self }
    }

    /// What the account is debited, in minor units: what is paid, and what the rail cannot pay of it.
    #[must_use]
    pub fn takes(&self) -> Amount {
        Amount::from_minor(self.amount.minor() + self.rounding.minor())
    }

    /// What is promised for it beside what its order promises: what goes back from suspense is held there until it
    /// arrived or failed. In minor units.
    #[must_use]
    pub fn holds(&self) -> Vec<(Account, Currency, Amount)> {
        let is_open = matches!(self.state, PayoutState::Queued | PayoutState::Unknown | PayoutState::Accepted { .. });
        match self.purpose {
            PayoutPurpose::SuspenseReturn if is_open => vec![(Account::Suspense, self.currency, self.takes())],
            _ => Vec::new(),
        }
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
        self.screening == Screening::Due && self.state == PayoutState::Queued
    }

    /// Whether it was certainly not handed over. Whoever held a lease may have handed it over, also when the lease has run
    /// out; and without a job that the stop can remove, one may be made and leased beside it.
    #[must_use]
    pub fn can_be_stopped(&self, jobs: &[Job]) -> bool {
        let may_leave = |job: &Job| job.kind == JobKind::SendPayout && job.leased_until.is_some();
        self.state == PayoutState::Queued && !jobs.iter().any(may_leave) && jobs.iter().any(|job| job.kind == self.next_job())
    }

    /// Whether nothing is known yet of what the rail makes of it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, PayoutState::Queued | PayoutState::Unknown)
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

    /// What is to be done with it while it is queued: the provider is asked, or the rail.
    #[must_use]
    pub const fn next_job(&self) -> JobKind {
        match self.screening {
            Screening::Due => JobKind::ScreenPayout,
            Screening::Cleared | Screening::Overruled | Screening::Exempt => JobKind::SendPayout,
        }
    }
}
