//! A decision as data. The core performs none of it; the store's commit executes all of it or nothing.

pub mod counter;
pub mod fact;
pub mod followed;
pub mod installation_key;
pub mod job;
pub mod record;
pub mod sighting;
pub mod watch;

use crate::ledger::{Account, Hold, Origin, Posting};
use crate::money::amount::Amount;
use crate::money::asset::Asset;
use crate::partner::event::EventDraft;
use crate::step::counter::Counter;
use crate::step::record::{Record, RecordKey};
use crate::time::Timestamp;

/// One decision: all of it is committed together, or nothing.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// Records relied upon: they must still have the version the decision read.
    pub relied: Vec<(RecordKey, i64)>,
    /// Records to write. A record of version 0 is inserted; any other replaces the stored one of the same version and gets the
    /// next version.
    pub writes: Vec<Record>,
    /// Records to remove, with the version the decision read.
    pub removals: Vec<(RecordKey, i64)>,
    /// Keys to claim, which must be free.
    pub claims: Vec<Claim>,
    /// Keys that must be free, but are not claimed. No lock against another node that claims one at the same moment.
    pub must_be_free: Vec<(ClaimScope, String)>,
    pub postings: Vec<Posting>,
    pub holds: Vec<Hold>,
    /// Withdrawals of the company, which may not lower its own funds below zero.
    pub own: Vec<OwnFunds>,
    pub raises: Vec<CounterChange>,
    /// Events for partners; the store numbers them without gaps.
    pub events: Vec<EventDraft>,
}

impl Step {
    /// An empty step.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it would write nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
            && self.removals.is_empty()
            && self.claims.is_empty()
            && self.postings.is_empty()
            && self.own.is_empty()
            && self.holds.is_empty()
            && self.raises.is_empty()
            && self.events.is_empty()
    }

    /// Adds a record to write.
    pub fn write(&mut self, record: impl Into<Record>) {
        self.writes.push(record.into());
    }

    /// Adds a record relied upon.
    pub fn rely(&mut self, key: RecordKey, version: i64) {
        self.relied.push((key, version));
    }

    /// Adds a posting, if there is one.
    pub fn post(&mut self, posting: impl Into<Option<Posting>>) {
        self.postings.extend(posting.into());
    }

    /// Adds a change of a hold, unless it is zero.
    pub fn hold(&mut self, account: Account, asset: impl Into<Asset>, change: Amount, origin: Origin) {
        if !change.is_zero() {
            self.holds.push(Hold { account, asset: asset.into(), change, origin });
        }
    }

    /// Adds everything of another step.
    pub fn extend(&mut self, other: Self) {
        self.relied.extend(other.relied);
        self.writes.extend(other.writes);
        self.removals.extend(other.removals);
        self.claims.extend(other.claims);
        self.must_be_free.extend(other.must_be_free);
        self.postings.extend(other.postings);
        self.holds.extend(other.holds);
        self.own.extend(other.own);
        self.raises.extend(other.raises);
        self.events.extend(other.events);
    }
}

/// The accounts of which own funds are computed: see [`Account::adds_to_own`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFunds {
    pub asset: Asset,
    /// Every own account with a balance in the asset.
    pub accounts: Vec<Account>,
}

/// Scope in which a claim's key is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimScope {
    /// `<partner>:<Idempotency-Key>`; stores the response.
    IdempotencyKey,
    /// `<partner>:<external_id>` of payments.
    PaymentExternalId,
    /// `<partner>:<external_id>` of ramp-offs.
    RampoffExternalId,
    /// `<partner>:<e-mail>`, for each of its [keys](crate::identity::email::Email::keys).
    CustomerEmail,
    Quote,
    /// A fact's natural key, such as `deposit:polygon:<txid>:<symbol>:<receiver>:<index>`.
    Fact,
    /// `<partner>:<event type>` of webhook subscriptions.
    Subscription,
    Concept,
    ApiKey,
    PartnerName,
    /// A deposit address as its chains write it, claimed on every chain of its family by the ramp-off that waits for coins.
    DepositAddress,
    /// A keyed hash of partner, country and document: the first customer with it.
    Document,
}

/// A key that must be free, and is claimed by the step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub scope: ClaimScope,
    pub key: String,
    /// Identifier of the order or customer it belongs to, or empty.
    pub subject: String,
    /// Keyed fingerprint of the request that claimed it; empty if none is compared.
    pub fingerprint: String,
    /// The response stored for repeated requests; empty if there is none.
    pub answer: String,
    /// `None`: never expires.
    pub expires_at: Option<Timestamp>,
}

impl Claim {
    /// A claim without expiry, fingerprint or response.
    #[must_use]
    pub fn forever(scope: ClaimScope, key: String, subject: impl ToString) -> Self {
        Self { scope, key, subject: subject.to_string(), fingerprint: String::new(), answer: String::new(), expires_at: None }
    }
}

/// A change of a counter, for limits and caps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterChange {
    pub counter: Counter,
    pub by: Amount,
    /// Maximum after the change; `None` if nothing refuses it.
    pub ceiling: Option<Amount>,
    /// `None`: never expires.
    pub expires_at: Option<Timestamp>,
}
