//! Review items, which an operator has to decide, and the audit log.

mod decision;
mod resolve;
pub mod suspense;

pub(crate) use decision::refuse;
pub use decision::{CheckedDestination, Operator, ReviewDecision, ReviewSubject, Vanished};

use crate::id::{AuditId, FactId, Mint, OrderId, ReviewId};
use crate::money::amount::Amount;
use crate::money::asset::Asset;
use crate::order::ProvidedBy;
use crate::outgoing::{OutgoingRecord, Screening};
use crate::stored::is_default;
use crate::text::words::words;
use crate::time::Timestamp;

words! {
    /// Why an operator is needed. Orders on hold have no review item: their state says why.
    ReviewKind {
        /// Something arrived that belongs to no order; it is in suspense.
        Suspense = "suspense",
        /// A fact could not be applied.
        Quarantine = "quarantine",
        /// A fact pushed an account below its floor.
        BelowFloor = "below_floor",
        /// A reversal after an order had completed.
        Reversal = "reversal",
        /// A transaction of ours vanished from its chain, which refuses to accept it again. `source` is the transfer.
        Vanished = "vanished",
        /// A transfer repeatedly cannot be signed. `source` is the transfer.
        Unsigned = "unsigned",
        /// More was seen outside than we did, or the database was restored from a copy: nothing is sent until an operator resumes.
        /// `source` is what is stopped, `everything` or a chain; `amount` is the number that was seen.
        Stopped = "stopped",
        Ledger = "ledger",
        /// Suspense lacks coins that were returned or kept before a reorganisation removed their deposit.
        Shortage = "shortage",
        /// A provider reported the opposite of what an operator (or a rail) had said about a payout, and that was posted.
        Contradiction = "contradiction",
    }
}

/// An item of `rampart review list`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReviewItem {
    pub id: ReviewId,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    pub kind: ReviewKind,
    pub order: Option<OrderId>,
    pub fact: Option<FactId>,
    pub asset: Option<Asset>,
    /// In minor units.
    pub amount: Amount,
    /// Source account or wallet it could be returned to, or the one the customer named.
    pub source: Option<String>,
    /// The account or wallet of the last attempt to return it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub destination: Option<String>,
    /// Whether screening had a hit on its receiver. An operator who returns it nevertheless has seen the hit, and the receiver
    /// is not screened again.
    #[serde(default)]
    pub screening_hit: bool,
    pub reason: String,
    pub created_at: Timestamp,
    pub resolution: Option<ReviewResolution>,
}

/// How an item was resolved.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReviewResolution {
    /// The decision, such as `assign`, `return`, `write_off` or `dismiss`; `undone` if a reorganisation removed what it was
    /// about, `another account` if another account was named.
    pub decision: String,
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
    pub fn new(mint: &Mint<'_>, kind: ReviewKind, reason: String) -> Self {
        Self {
            id: mint.id(),
            version: 0,
            kind,
            order: None,
            fact: None,
            asset: None,
            amount: Amount::ZERO,
            source: None,
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
            source: Some(account.to_owned()),
            destination: None,
            screening_hit: false,
            ..self.clone().reopened(mint, reason.to_owned())
        };
        let resolution = ReviewResolution {
            decision: "another account".to_owned(),
            order: None,
            sent: None,
            actor: by.as_str().to_owned(),
            reason: format!("another account was named; decide about {}", listed.id),
            at: mint.now,
        };
        [Self { resolution: Some(resolution), ..self }, listed]
    }

    /// Whether the receiver has to be screened: an operator who sends it to the same receiver again has seen the hit.
    pub(crate) fn screening_of(&self, to: &str) -> Screening {
        let asked_about = self.destination.as_deref().or(self.source.as_deref());
        Screening::decided(self.screening_hit && asked_about == Some(to))
    }

    /// Resolves the item, by a decision or by an event outside.
    #[must_use]
    pub fn settled(self, decision: &str, actor: &str, reason: String, sent: Option<OutgoingRecord>, at: Timestamp) -> Self {
        let resolution = ReviewResolution { decision: decision.to_owned(), order: None, sent, actor: actor.to_owned(), reason, at };
        Self { resolution: Some(resolution), ..self }
    }

    /// Whether a reorganisation removed the item's coins, so that there is nothing left to decide.
    #[must_use]
    pub fn is_undone(&self) -> bool {
        self.resolution.as_ref().is_some_and(|resolution| resolution.decision.ends_with(Self::UNDONE))
    }

    /// Marks the item as removed by a reorganisation, keeping the operator's decision readable.
    #[must_use]
    pub fn undone(self, at: Timestamp) -> Self {
        let resolution = match self.resolution {
            Some(settled) => ReviewResolution { decision: format!("{}, {}", settled.decision, Self::UNDONE), ..settled },
            None => ReviewResolution {
                decision: Self::UNDONE.to_owned(),
                order: None,
                sent: None,
                actor: "chain".to_owned(),
                reason: "a reorganisation removed the deposit".to_owned(),
                at,
            },
        };
        Self { resolution: Some(resolution), ..self }
    }

    const UNDONE: &str = "undone";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_stored_under_the_names_they_are_written_with() {
        use ReviewKind::{BelowFloor, Contradiction, Ledger, Quarantine, Reversal, Shortage, Stopped, Suspense, Unsigned, Vanished};
        for kind in [Suspense, Quarantine, BelowFloor, Reversal, Vanished, Unsigned, Stopped, Ledger, Shortage, Contradiction] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
