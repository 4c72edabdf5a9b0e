//! What only a person can decide, and the log of what persons did.

mod decision;

pub(crate) use decision::refuse;
pub use decision::{CheckedDestination, Operator, ReviewDecision, ReviewSubject, Vanished};

use crate::amount::Amount;
use crate::asset::Asset;
use crate::id::{AuditId, FactId, Mint, OrderId, ReviewId};
use crate::order::ProvidedBy;
use crate::outgoing::{OutgoingRecord, Screening};
use crate::record::says_nothing;
use crate::time::Timestamp;

/// Why a person is needed. Orders on hold are not listed here: their state says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewKind {
    /// Something arrived that belongs to no order; it lies in suspense.
    Suspense,
    /// A fact could not be applied.
    Quarantine,
    /// A fact pushed an account below its floor.
    BelowFloor,
    /// Something was taken back after an order had completed.
    Reversal,
    /// A transaction of ours vanished from its chain, which refuses to take it again. The item's `source` is the transfer.
    Vanished,
    /// A transfer cannot be signed, again and again. The item's `source` is the transfer.
    Unsigned,
    /// Outside there was more than we did, or the database was put back from a copy: nothing is sent until a person says go
    /// on. The item's `source` is what is stopped, `everything` or a chain; its `amount` the number that was seen.
    Stopped,
    /// A check of the ledger found that the books do not hold.
    Ledger,
    /// Suspense lacks coins that had gone back, or had been kept, before their chain undid the deposit that brought them.
    Shortage,
    /// The outside has shown the opposite of what a person (or a rail) had said of a payout, and that was posted.
    Contradiction,
}

impl ReviewKind {
    /// Its name, as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Suspense => "suspense",
            Self::Quarantine => "quarantine",
            Self::BelowFloor => "below_floor",
            Self::Reversal => "reversal",
            Self::Vanished => "vanished",
            Self::Unsigned => "unsigned",
            Self::Stopped => "stopped",
            Self::Ledger => "ledger",
            Self::Shortage => "shortage",
            Self::Contradiction => "contradiction",
        }
    }
}

/// An item on the list of `rampart review list`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReviewItem {
    /// Its identifier.
    pub id: ReviewId,
    /// The version it was loaded at; 0 before it is stored.
    #[serde(skip)]
    pub version: i64,
    /// Why a person is needed.
    pub kind: ReviewKind,
    /// The order, where there is one.
    pub order: Option<OrderId>,
    /// The fact, where there is one.
    pub fact: Option<FactId>,
    /// What lies in suspense.
    pub asset: Option<Asset>,
    /// How much of it, in minor units.
    pub amount: Amount,
    /// Where it came from, or where the customer wants it: the account or wallet it could be sent back to.
    pub source: Option<String>,
    /// The account or wallet that it was last to be sent to.
    #[serde(default, skip_serializing_if = "says_nothing")]
    pub destination: Option<String>,
    /// Whether the screening provider has found something about who would receive it back. Whoever decides to return it
    /// all the same has seen that, and the provider is not asked again.
    #[serde(default)]
    pub screening_hit: bool,
    /// One sentence for the operator.
    pub reason: String,
    /// When it was put on the list.
    pub created_at: Timestamp,
    /// What was decided, by whom and when.
    pub resolution: Option<ReviewResolution>,
}

/// How an item was settled.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReviewResolution {
    /// The decision, such as `assign`, `return`, `write_off` or `dismiss`; `undone` when the chain took back what it was
    /// about, `another account` when the customer named one.
    pub decision: String,
    /// The order that it was assigned to.
    #[serde(default)]
    pub order: Option<OrderId>,
    /// What was sent back.
    #[serde(default)]
    pub sent: Option<OutgoingRecord>,
    /// Who decided.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl ReviewItem {
    /// An item that waits from now on, about nothing but its reason yet.
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

    /// The item put back on the list, because what it was resolved by did not work.
    #[must_use]
    pub fn reopened(self, mint: &Mint<'_>, reason: String) -> Self {
        Self { id: mint.id(), version: 0, reason, created_at: mint.now, resolution: None, ..self }
    }

    /// What a bank sent back, when another account was named for it: the item as it is settled by that, and the
    /// one that takes its place. Whoever has seen the first decides anew about the second, whose account nobody has been
    /// asked about yet.
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

    /// Whether the provider is asked about a receiver: whoever has it sent there once more has seen what was found.
    pub(crate) fn screening_of(&self, to: &str) -> Screening {
        let asked_about = self.destination.as_deref().or(self.source.as_deref());
        Screening::decided(self.screening_hit && asked_about == Some(to))
    }

    /// The item as it is settled: by a decision, or by what the outside has shown.
    #[must_use]
    pub fn settled(self, decision: &str, actor: &str, reason: String, sent: Option<OutgoingRecord>, at: Timestamp) -> Self {
        let resolution = ReviewResolution { decision: decision.to_owned(), order: None, sent, actor: actor.to_owned(), reason, at };
        Self { resolution: Some(resolution), ..self }
    }

    /// Whether the chain took back the coins that the item is about, so that there is nothing to decide any more.
    #[must_use]
    pub fn is_undone(&self) -> bool {
        self.resolution.as_ref().is_some_and(|resolution| resolution.decision.ends_with(Self::UNDONE))
    }

    /// The item when the chain has taken back the coins that it is about; what a person had decided stays readable.
    #[must_use]
    pub fn undone(self, at: Timestamp) -> Self {
        let resolution = match self.resolution {
            Some(settled) => ReviewResolution { decision: format!("{}, {}", settled.decision, Self::UNDONE), ..settled },
            None => ReviewResolution {
                decision: Self::UNDONE.to_owned(),
                order: None,
                sent: None,
                actor: "chain".to_owned(),
                reason: "the chain undid the deposit".to_owned(),
                at,
            },
        };
        Self { resolution: Some(resolution), ..self }
    }

    const UNDONE: &str = "undone";
}

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AuditEntry {
    /// Its identifier.
    pub id: AuditId,
    /// Always 0: lines are only added.
    #[serde(skip)]
    pub version: i64,
    /// Who did it.
    pub actor: String,
    /// What was done, such as `order.release`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Why.
    pub reason: String,
    /// What it was about, where the action does not say it: such as a destination, and who gave that.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// When (business time).
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
