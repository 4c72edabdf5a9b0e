//! Review items, which an operator has to decide, and the audit log.

mod decision;
mod resolve;
mod subject;
pub mod suspense;

pub(crate) use decision::refuse;
pub use decision::{CheckedDestination, Operator, Outcome, ReviewDecision, ReviewRecords};
pub use subject::{ReviewKind, ReviewSubject, StopScope};

use crate::id::{AuditId, FactId, Mint, OrderId, ReviewId};
use crate::money::amount::Amount;
use crate::money::asset::Asset;
use crate::order::ProvidedBy;
use crate::outgoing::{OutgoingRecord, Screening};
use crate::time::Timestamp;

/// An item of `rampart review list`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "subject::StoredReviewItem", into = "subject::StoredReviewItem")]
pub struct ReviewItem {
    pub id: ReviewId,
    /// Version when loaded; 0 for a new record.
    pub version: i64,
    pub subject: ReviewSubject,
    pub order: Option<OrderId>,
    /// The fact that brought it; for coins, the deposit ([`DepositId::named_by`](crate::id::DepositId::named_by)).
    pub fact: Option<FactId>,
    pub asset: Option<Asset>,
    /// In minor units.
    pub amount: Amount,
    /// The account or wallet of the last attempt to return it.
    pub destination: Option<String>,
    /// Whether screening had a hit on its receiver. An operator who returns it nevertheless has seen the hit, and the receiver
    /// is not screened again.
    pub screening_hit: bool,
    pub reason: String,
    pub created_at: Timestamp,
    pub resolution: Option<ReviewResolution>,
}

/// How an item was resolved.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReviewResolution {
    pub decision: Outcome,
    #[serde(default)]
    pub order: Option<OrderId>,
    /// The payout or transfer that returned it.
    #[serde(default)]
    pub sent: Option<OutgoingRecord>,
    pub actor: String,
    pub reason: String,
    pub at: Timestamp,
}

impl ReviewItem {
    /// An open item with a reason only.
    #[must_use]
    pub fn new(mint: &Mint<'_>, subject: ReviewSubject, reason: String) -> Self {
        Self {
            id: mint.id(),
            version: 0,
            subject,
            order: None,
            fact: None,
            asset: None,
            amount: Amount::ZERO,
            destination: None,
            screening_hit: false,
            reason,
            created_at: mint.now,
            resolution: None,
        }
    }

    /// Reopens the item, because its resolution failed.
    #[must_use]
    pub fn reopened(self, mint: &Mint<'_>, reason: String) -> Self {
        Self { id: mint.id(), version: 0, reason, created_at: mint.now, resolution: None, ..self }
    }

    /// Replaces an item about a returned payout when another account is named for it: the resolved item and its replacement.
    /// The operator decides again, because the new account has not been screened.
    #[must_use]
    pub fn with_account(self, account: &str, by: ProvidedBy, mint: &Mint<'_>) -> [Self; 2] {
        let reason = "the bank returned the payout, and another account was named";
        let listed = Self {
            subject: ReviewSubject::Reversal(Some(account.to_owned())),
            destination: None,
            screening_hit: false,
            ..self.clone().reopened(mint, reason.to_owned())
        };
        let reason = format!("another account was named; decide about {}", listed.id);
        [self.settled(ReviewDecision::AnotherAccount, by.as_str(), reason, None, mint.now), listed]
    }

    /// Whether the receiver has to be screened: an operator who sends it to the same receiver again has seen the hit.
    pub(crate) fn screening_of(&self, to: &str) -> Screening {
        let asked_about = self.destination.as_deref().or(self.subject.counterparty());
        Screening::decided(self.screening_hit && asked_about == Some(to))
    }

    /// Resolves the item, by a decision or by an event outside.
    #[must_use]
    pub fn settled(self, decision: ReviewDecision, actor: &str, reason: String, sent: Option<OutgoingRecord>, at: Timestamp) -> Self {
        let resolution = ReviewResolution { decision: decision.into(), order: None, sent, actor: actor.to_owned(), reason, at };
        Self { resolution: Some(resolution), ..self }
    }

    /// Whether a reorganisation removed the item's coins, so that there is nothing left to decide.
    #[must_use]
    pub fn is_undone(&self) -> bool {
        self.resolution.as_ref().is_some_and(|resolution| resolution.decision.is_undone())
    }

    /// Marks the item as removed by a reorganisation, keeping the operator's decision readable.
    #[must_use]
    pub fn undone(self, at: Timestamp) -> Self {
        let resolution = match self.resolution {
            Some(settled) => ReviewResolution { decision: settled.decision.then(ReviewDecision::Undone), ..settled },
            None => return self.settled(ReviewDecision::Undone, "chain", "a reorganisation removed the deposit".to_owned(), None, at),
        };
        Self { resolution: Some(resolution), ..self }
    }
}

/// One entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AuditEntry {
    pub id: AuditId,
    /// Always 0: the log is append-only.
    #[serde(skip)]
    pub version: i64,
    pub actor: String,
    /// Such as `order.release`.
    pub action: String,
    pub subject: String,
    pub reason: String,
    /// Details that the action does not name, such as a destination and who gave it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Business time.
    pub at: Timestamp,
}
