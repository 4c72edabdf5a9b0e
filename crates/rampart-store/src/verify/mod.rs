//! Verifies the books: recomputes every balance from its entries, page by page, in one snapshot.

mod books;
mod orders;

use crate::Store;
use crate::error::StoreError;
use crate::sql::DbSession;

const PAGE_ROWS: i64 = 2_000;

/// One inconsistency in the books.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Inconsistency {
    /// The check: `balance`, `account`, `posting`, `asset`, `held`, `order` or `events`.
    pub check: &'static str,
    /// The row or record that is wrong.
    pub subject: String,
    pub fault: String,
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct VerifyReport {
    pub entries: u64,
    pub postings: u64,
    pub balances: u64,
    /// Orders whose entries on the customer's account were checked.
    pub orders: u64,
    pub events: u64,
    /// Empty when the books are consistent. At most [`VerifyReport::MAX_FINDINGS`] are kept.
    pub findings: Vec<Inconsistency>,
    /// What an operator should look at although the books are consistent. The store adds none: it does not know the configuration.
    pub warnings: Vec<Inconsistency>,
}

impl VerifyReport {
    /// The number of findings that a report keeps.
    pub const MAX_FINDINGS: usize = 1_000;

    /// Whether the books are consistent.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, check: &'static str, subject: impl ToString, fault: impl Into<String>) {
        if self.findings.len() < Self::MAX_FINDINGS {
            self.findings.push(Inconsistency { check, subject: subject.to_string(), fault: fault.into() });
        }
    }
}

impl Store {
    /// Verifies the books in one snapshot, while writes continue:
    ///
    /// - every balance is the sum of its entries, which are numbered without gaps;
    /// - no account holds an asset that accounts of its kind cannot hold;
    /// - every posting balances in every asset, and so does each asset over all entries;
    /// - the held amount of each account is what open orders, transfers and payouts have reserved there;
    /// - on the customer's account, each order's entries never go below zero, posting by posting, and sum to zero once the order is
    ///   settled;
    /// - every partner's events are numbered 1, 2, 3 … up to its counter.
    ///
    /// An inconsistency is reported in the result and is not an error.
    pub async fn verify(&self) -> Result<VerifyReport, StoreError> {
        let mut session = self.snapshot().await?;
        let mut report = VerifyReport::default();
        let checked = check(&mut session, &mut report).await;
        session.close().await;
        checked.map(|()| report)
    }
}

async fn check(session: &mut DbSession, report: &mut VerifyReport) -> Result<(), StoreError> {
    books::balances(session, report).await?;
    books::postings(session, report).await?;
    orders::held(session, report).await?;
    orders::customers(session, report).await?;
    books::events(session, report).await
}
