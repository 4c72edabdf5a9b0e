//! What a review item is about. Its stored form is a kind and a text, `source`, which are read here once.

use std::fmt;
use std::str::FromStr;

use super::{ReviewItem, ReviewResolution};
use crate::id::{FactId, OrderId, ReviewId, TransferId};
use crate::ledger::Account;
use crate::money::amount::Amount;
use crate::money::asset::{Asset, Chain};
use crate::stored::is_default;
use crate::text::words::words;
use crate::time::Timestamp;

words! {
    /// Why an operator is needed. Orders on hold have no review item: their state says why.
    ReviewKind {
        Suspense = "suspense",
        Quarantine = "quarantine",
        BelowFloor = "below_floor",
        Reversal = "reversal",
        Vanished = "vanished",
        Unsigned = "unsigned",
        Stopped = "stopped",
        Ledger = "ledger",
        Shortage = "shortage",
        Contradiction = "contradiction",
    }
}

/// What a review item is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewSubject {
    /// Something arrived that belongs to no order; it is in suspense. With the account or wallet it came from, if known.
    Suspense {
        source: Option<String>,
    },
    /// A fact could not be applied.
    Quarantine,
    /// A fact pushed an account below its floor.
    BelowFloor(Account),
    /// A reversal after an order had completed. Without an account or wallet that it could go to, it is booked as lost.
    Reversal {
        source: Option<String>,
    },
    /// A transaction of ours vanished from its chain, which refuses to accept it again.
    Vanished(TransferId),
    /// A transfer repeatedly cannot be signed.
    Unsigned(TransferId),
    /// More was seen outside than we did, or the database was restored from a copy: nothing is sent until an operator resumes.
    /// The item's amount is the number that was seen.
    Stopped(StopScope),
    Ledger,
    /// Suspense lacks coins that were returned or kept before a reorganisation removed their deposit. Earlier versions did not
    /// store the item.
    Shortage {
        of: Option<ReviewId>,
    },
    /// A provider reported the opposite of what an operator (or a rail) had said about a payout, and that was posted.
    Contradiction,
    /// Stored by another version in a form that is none of these.
    Unreadable {
        kind: ReviewKind,
        source: Option<String>,
    },
}

/// What sending is stopped on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopScope {
    /// All chains and rails.
    Everything,
    Chain(Chain),
}

impl fmt::Display for StopScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => formatter.write_str("everything"),
            Self::Chain(chain) => chain.fmt(formatter),
        }
    }
}

impl ReviewSubject {
    /// The subject that is stored so.
    #[must_use]
    pub fn of_stored(kind: ReviewKind, source: Option<String>) -> Self {
        let text = source.as_deref();
        let read = match kind {
            ReviewKind::Suspense => return Self::Suspense { source },
            ReviewKind::Reversal => return Self::Reversal { source },
            ReviewKind::Quarantine => Some(Self::Quarantine),
            ReviewKind::Ledger => Some(Self::Ledger),
            ReviewKind::Contradiction => Some(Self::Contradiction),
            ReviewKind::BelowFloor => parsed(text).map(Self::BelowFloor),
            ReviewKind::Vanished => parsed(text).map(Self::Vanished),
            ReviewKind::Unsigned => parsed(text).map(Self::Unsigned),
            ReviewKind::Stopped if text == Some("everything") => Some(Self::Stopped(StopScope::Everything)),
            ReviewKind::Stopped => parsed(text).map(StopScope::Chain).map(Self::Stopped),
            ReviewKind::Shortage => Some(Self::Shortage { of: parsed(text) }),
        };
        read.filter(|read| read.source() == source).unwrap_or(Self::Unreadable { kind, source })
    }

    /// The stored text: what it is about, in words that an operator can use.
    #[must_use]
    pub fn source(&self) -> Option<String> {
        match self {
            Self::Suspense { source } | Self::Reversal { source } | Self::Unreadable { source, .. } => source.clone(),
            Self::BelowFloor(account) => Some(account.to_string()),
            Self::Vanished(transfer) | Self::Unsigned(transfer) => Some(transfer.to_string()),
            Self::Stopped(scope) => Some(scope.to_string()),
            Self::Shortage { of } => of.map(|item| item.to_string()),
            Self::Quarantine | Self::Ledger | Self::Contradiction => None,
        }
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> ReviewKind {
        match self {
            Self::Suspense { .. } => ReviewKind::Suspense,
            Self::Quarantine => ReviewKind::Quarantine,
            Self::BelowFloor(_) => ReviewKind::BelowFloor,
            Self::Reversal { .. } => ReviewKind::Reversal,
            Self::Vanished(_) => ReviewKind::Vanished,
            Self::Unsigned(_) => ReviewKind::Unsigned,
            Self::Stopped(_) => ReviewKind::Stopped,
            Self::Ledger => ReviewKind::Ledger,
            Self::Shortage { .. } => ReviewKind::Shortage,
            Self::Contradiction => ReviewKind::Contradiction,
            Self::Unreadable { kind, .. } => *kind,
        }
    }

    /// The account or wallet that money or coins in suspense came from, or go to by the customer's wish.
    #[must_use]
    pub fn counterparty(&self) -> Option<&str> {
        match self {
            Self::Suspense { source } | Self::Reversal { source } => source.as_deref(),
            _ => None,
        }
    }
}

fn parsed<T: FromStr>(text: Option<&str>) -> Option<T> {
    text?.parse().ok()
}

/// A review item as stored.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct StoredReviewItem {
    id: ReviewId,
    kind: ReviewKind,
    order: Option<OrderId>,
    fact: Option<FactId>,
    asset: Option<Asset>,
    amount: Amount,
    source: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    destination: Option<String>,
    #[serde(default)]
    screening_hit: bool,
    reason: String,
    created_at: Timestamp,
    resolution: Option<ReviewResolution>,
}

impl From<StoredReviewItem> for ReviewItem {
    fn from(stored: StoredReviewItem) -> Self {
        let StoredReviewItem { id, kind, order, fact, asset, amount, source, destination, screening_hit, reason, created_at, resolution } =
            stored;
        let subject = ReviewSubject::of_stored(kind, source);
        Self { id, version: 0, subject, order, fact, asset, amount, destination, screening_hit, reason, created_at, resolution }
    }
}

impl From<ReviewItem> for StoredReviewItem {
    fn from(item: ReviewItem) -> Self {
        let (kind, source) = (item.subject.kind(), item.subject.source());
        let ReviewItem { id, order, fact, asset, amount, destination, screening_hit, reason, created_at, resolution, .. } = item;
        Self { id, kind, order, fact, asset, amount, source, destination, screening_hit, reason, created_at, resolution }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_item_is_about_is_stored_as_a_kind_and_a_text() {
        use ReviewSubject::{BelowFloor, Contradiction, Ledger, Quarantine, Reversal, Shortage, Stopped, Suspense, Unsigned, Vanished};
        let moment = Timestamp::from_micros(1);
        let (transfer, item) = (TransferId::first_at(moment), ReviewId::first_at(moment));
        let (wallet, chain) = (Some("0x03".to_owned()), "polygon".parse().unwrap());
        let (of_transfer, of_item) = (format!("\"{transfer}\""), format!("\"{item}\""));
        let unreadable = |kind, source: Option<&str>| ReviewSubject::Unreadable { kind, source: source.map(str::to_owned) };
        for (subject, kind, source) in [
            (Suspense { source: None }, "suspense", "null"),
            (Suspense { source: wallet.clone() }, "suspense", "\"0x03\""),
            (Reversal { source: None }, "reversal", "null"),
            (Reversal { source: wallet }, "reversal", "\"0x03\""),
            (Quarantine, "quarantine", "null"),
            (BelowFloor(Account::ChainHot(chain)), "below_floor", "\"chain:polygon:hot\""),
            (Vanished(transfer), "vanished", &*of_transfer),
            (Unsigned(transfer), "unsigned", &*of_transfer),
            (Stopped(StopScope::Everything), "stopped", "\"everything\""),
            (Stopped(StopScope::Chain(chain)), "stopped", "\"polygon\""),
            (Ledger, "ledger", "null"),
            (Shortage { of: Some(item) }, "shortage", &*of_item),
            (Shortage { of: None }, "shortage", "null"),
            (Contradiction, "contradiction", "null"),
            // Kinds whose text does not say what it should, or that have none.
            (unreadable(ReviewKind::Vanished, None), "vanished", "null"),
            (unreadable(ReviewKind::Unsigned, Some("0x03")), "unsigned", "\"0x03\""),
            (unreadable(ReviewKind::Stopped, Some("a chain, once")), "stopped", "\"a chain, once\""),
            (unreadable(ReviewKind::BelowFloor, Some("customer:07")), "below_floor", "\"customer:07\""),
            (unreadable(ReviewKind::Shortage, Some("0x03")), "shortage", "\"0x03\""),
            (unreadable(ReviewKind::Ledger, Some("0x03")), "ledger", "\"0x03\""),
        ] {
            let stored = format!(
                r#"{{"id":"{item}","kind":"{kind}","order":null,"fact":null,"asset":null,"amount":"0","source":{source},"screening_hit":false,"reason":"why","created_at":{at},"resolution":null}}"#,
                at = serde_json::to_string(&moment).unwrap()
            );
            let read: ReviewItem = serde_json::from_str(&stored).unwrap();
            assert_eq!((&read.subject, read.subject.kind().as_str()), (&subject, kind));
            assert_eq!(serde_json::to_string(&read).unwrap(), stored);
        }
    }
}
