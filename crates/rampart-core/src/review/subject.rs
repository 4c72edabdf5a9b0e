//! What a review item is about. Its stored form is a kind and a text, `source`, which are read here once.

use serde_json::Value as Json;

use super::{ReviewItem, ReviewResolution};
use crate::id::{FactId, OrderId, ReviewId, TransferId};
use crate::ledger::Account;
use crate::money::amount::Amount;
use crate::money::asset::{Asset, Chain};
use crate::stored::is_default;
use crate::text::words::words;
use crate::time::Timestamp;

macro_rules! subjects {
    ($($(#[$about:meta])* $kind:ident($source:ty) = $text:tt),+ $(,)?) => {
        words! {
            /// Why an operator is needed. Orders on hold have no review item: their state says why.
            ReviewKind { $($kind = $text),+ }
        }

        /// What a review item is about: a kind, with what is stored as its `source`.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum ReviewSubject {
            $($(#[$about])* $kind($source),)+
            /// Stored by another version with a source that is not read.
            Unreadable(ReviewKind, Option<String>),
        }

        impl ReviewSubject {
            /// The subject that is stored so.
            #[must_use]
            pub fn of_stored(kind: ReviewKind, source: Option<String>) -> Self {
                let json = Json::from(source.clone());
                let read = match kind { $(ReviewKind::$kind => serde_json::from_value(json).map(Self::$kind)),+ };
                read.ok().filter(|read| read.source() == source).unwrap_or(Self::Unreadable(kind, source))
            }

            /// What is stored as its source.
            #[must_use]
            pub fn source(&self) -> Option<String> {
                let json = match self {
                    $(Self::$kind(source) => serde_json::to_value(source).ok()?,)+
                    Self::Unreadable(_, source) => return source.clone(),
                };
                json.as_str().map(str::to_owned)
            }

            /// Its kind.
            #[must_use]
            pub const fn kind(&self) -> ReviewKind {
                match self { $(Self::$kind(_) => ReviewKind::$kind,)+ Self::Unreadable(kind, _) => *kind }
            }
        }
    };
}

subjects! {
    /// Something arrived that belongs to no order; it is in suspense. With the account or wallet it came from, if known.
    Suspense(Option<String>) = "suspense",
    /// A fact could not be applied.
    Quarantine(()) = "quarantine",
    /// A fact pushed an account below its floor.
    BelowFloor(Account) = "below_floor",
    /// A reversal after an order had completed. Without an account or wallet that it could go to, it is booked as lost.
    Reversal(Option<String>) = "reversal",
    /// A transaction of ours vanished from its chain, which refuses to accept it again.
    Vanished(TransferId) = "vanished",
    /// A transfer repeatedly cannot be signed.
    Unsigned(TransferId) = "unsigned",
    /// More was seen outside than we did, or the database was restored from a copy: nothing is sent until an operator resumes.
    /// The item's amount is the number that was seen.
    Stopped(StopScope) = "stopped",
    Ledger(()) = "ledger",
    /// Suspense lacks coins of this item, which were returned or kept before a reorganisation removed their deposit. Earlier
    /// versions did not store the item.
    Shortage(Option<ReviewId>) = "shortage",
    /// A provider reported the opposite of what an operator (or a rail) had said about a payout, and that was posted.
    Contradiction(()) = "contradiction",
}

/// What sending is stopped on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopScope {
    Everything,
    #[serde(untagged)]
    Chain(Chain),
}

impl ReviewSubject {
    /// The account or wallet that money or coins in suspense came from, or go to by the customer's wish.
    #[must_use]
    pub fn counterparty(&self) -> Option<&str> {
        match self {
            Self::Suspense(source) | Self::Reversal(source) => source.as_deref(),
            _ => None,
        }
    }
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
    use super::ReviewSubject::{
        BelowFloor, Contradiction, Ledger, Quarantine, Reversal, Shortage, Stopped, Suspense, Unreadable, Unsigned, Vanished,
    };
    use super::*;

    #[test]
    fn what_an_item_is_about_is_stored_as_a_kind_and_a_source() {
        let moment = Timestamp::from_micros(1);
        let (transfer, item) = (TransferId::first_at(moment), ReviewId::first_at(moment));
        let (of_transfer, of_item, chain) = (transfer.to_string(), item.to_string(), "polygon".parse().unwrap());
        let mut rows = vec![
            (Suspense(None), "suspense", None),
            (Suspense(Some("0x03".to_owned())), "suspense", Some("0x03")),
            (Reversal(None), "reversal", None),
            (Reversal(Some("0x03".to_owned())), "reversal", Some("0x03")),
            (Quarantine(()), "quarantine", None),
            (BelowFloor(Account::ChainHot(chain)), "below_floor", Some("chain:polygon:hot")),
            (Vanished(transfer), "vanished", Some(&*of_transfer)),
            (Unsigned(transfer), "unsigned", Some(&*of_transfer)),
            (Stopped(StopScope::Everything), "stopped", Some("everything")),
            (Stopped(StopScope::Chain(chain)), "stopped", Some("polygon")),
            (Ledger(()), "ledger", None),
            (Shortage(Some(item)), "shortage", Some(&*of_item)),
            (Shortage(None), "shortage", None),
            (Contradiction(()), "contradiction", None),
        ];
        let kinds = ReviewKind::ALL.into_iter().filter(|kind| !matches!(kind, ReviewKind::Suspense | ReviewKind::Reversal));
        rows.extend(kinds.map(|kind| (Unreadable(kind, Some("a text".to_owned())), kind.as_str(), Some("a text"))));
        rows.push((Unreadable(ReviewKind::Vanished, None), "vanished", None));
        rows.push((Unreadable(ReviewKind::BelowFloor, Some("customer:07".to_owned())), "below_floor", Some("customer:07")));
        for (subject, kind, source) in rows {
            let (source, at) = (Json::from(source), serde_json::to_string(&moment).unwrap());
            let stored = format!(
                r#"{{"id":"{item}","kind":"{kind}","order":null,"fact":null,"asset":null,"amount":"0","source":{source},"screening_hit":false,"reason":"why","created_at":{at},"resolution":null}}"#
            );
            let read: ReviewItem = serde_json::from_str(&stored).unwrap();
            assert_eq!((&read.subject, read.subject.kind().as_str()), (&subject, kind));
            assert_eq!(serde_json::to_string(&read).unwrap(), stored);
        }
    }
}
