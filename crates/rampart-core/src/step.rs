//! What a decision wants done, as data. The core performs none of it; the store's commit path does, all or nothing.

use crate::amount::Amount;
use crate::asset::Asset;
use crate::counter::Counter;
use crate::event::EventDraft;
use crate::ledger::{Account, Hold, Origin, Posting};
use crate::record::{Record, RecordKey};
use crate::time::Timestamp;

/// One decision: everything in it becomes durable together, or none of it does.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// Records that were only relied upon: they must still be at the version the decision saw.
    pub relied: Vec<(RecordKey, i64)>,
    /// Records to write. A record of version 0 is inserted; any other replaces the one stored at that very version,
    /// and is stored with the next.
    pub writes: Vec<Record>,
    /// Records to remove, at the version the decision saw.
    pub removals: Vec<(RecordKey, i64)>,
    /// Keys that must be free, and are taken.
    pub claims: Vec<Claim>,
    /// Keys that must be free, and are not taken. Against another node that takes one at this very moment they are no lock.
    pub must_be_free: Vec<(ClaimScope, String)>,
    /// Ledger postings.
    pub postings: Vec<Posting>,
    /// Changes of what is promised on accounts.
    pub holds: Vec<Hold>,
    /// The company takes something out: it may not lower its own of an asset below zero.
    pub own: Vec<OwnFunds>,
    /// Counters to raise under a ceiling.
    pub raises: Vec<CounterChange>,
    /// Changes to tell a partner of; the store numbers them without gaps.
    pub events: Vec<EventDraft>,
}

impl Step {
    /// A step that does nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing would be written.
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

    /// Adds a posting, where there is one.
    pub fn post(&mut self, posting: impl Into<Option<Posting>>) {
        self.postings.extend(posting.into());
    }

    /// Adds a change of what is held on an account, unless it is zero.
    pub fn hold(&mut self, account: Account, asset: impl Into<Asset>, change: Amount, origin: Origin) {
        if !change.is_zero() {
            self.holds.push(Hold { account, asset: asset.into(), change, origin });
        }
    }

    /// Adds everything another step wants.
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

/// What the company's own of an asset is summed up from: see [`Account::adds_to_own`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFunds {
    /// The asset.
    pub asset: Asset,
    /// Every account of the house that has anything of it.
    pub accounts: Vec<Account>,
}

/// What a claim's key is unique within.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimScope {
    /// `<partner>:<Idempotency-Key>`; carries the answer.
    IdempotencyKey,
    /// `<partner>:<external_id>` of payments.
    PaymentExternalId,
    /// `<partner>:<external_id>` of ramp-offs.
    RampoffExternalId,
    /// `<partner>:<e-mail>`, for each of its [keys](crate::email::Email::keys).
    CustomerEmail,
    /// A quote's identifier: used once.
    Quote,
    /// A fact's natural key, such as `deposit:polygon:<txid>:<index>`.
    Fact,
    /// `<partner>:<event type>` of webhook subscriptions.
    Subscription,
    /// A payment's `concept`.
    Concept,
    /// A partner's `api_key`.
    ApiKey,
    /// A partner's name, which operators call it by.
    PartnerName,
    /// An address as its chains write it: one of ours, on every chain of its family, that waits for the coins of one ramp-off.
    DepositAddress,
    /// A keyed hash of partner, country and the document that its person is counted by: the customer that was the first with it.
    Document,
}

/// A key that must be free, and is taken by the step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What the key is unique within.
    pub scope: ClaimScope,
    /// The key.
    pub key: String,
    /// What it belongs to: an order's or customer's identifier, or nothing.
    pub subject: String,
    /// A keyed fingerprint of the request that took it; empty where none is compared.
    pub fingerprint: String,
    /// The answer that was given, stored for repeats of the request; empty where none is.
    pub answer: String,
    /// When it may be forgotten; never when absent.
    pub expires_at: Option<Timestamp>,
}

impl Claim {
    /// A claim for ever, without fingerprint or answer.
    #[must_use]
    pub fn forever(scope: ClaimScope, key: String, subject: impl ToString) -> Self {
        Self { scope, key, subject: subject.to_string(), fingerprint: String::new(), answer: String::new(), expires_at: None }
    }
}

/// A change of a counter. Counters hold limits and caps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterChange {
    /// The counter.
    pub counter: Counter,
    /// By how much; negative gives back.
    pub by: Amount,
    /// The most it may become; without one nothing refuses the change.
    pub ceiling: Option<Amount>,
    /// When the counter may be forgotten.
    pub expires_at: Option<Timestamp>,
}
