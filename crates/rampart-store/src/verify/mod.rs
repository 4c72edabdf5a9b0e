//! Checking the books: every balance recomputed from the entries, in one snapshot, in pages.

mod books;
mod orders;

use crate::error::StoreError;
use crate::sql::DbSession;
use crate::store::Store;

/// How many rows are read at once.
const PAGE_ROWS: i64 = 2_000;

/// What is wrong somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inconsistency {
    /// What was checked: `balance`, `account`, `posting`, `asset`, `held`, `order` or `events`.
    pub check: &'static str,
    /// Where.
    pub subject: String,
    /// What is wrong there.
    pub fault: String,
}

/// What a verification looked at and found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyReport {
    /// Entries that were added up.
    pub entries: u64,
    /// Postings that were added up.
    pub postings: u64,
    /// Balances that were compared.
    pub balances: u64,
    /// Orders whose entries on the customer's account were followed.
    pub orders: u64,
    /// Events that were counted.
    pub events: u64,
    /// What is wrong; empty when the books hold. At most [`VerifyReport::MOST_FINDINGS`] are kept.
    pub findings: Vec<Inconsistency>,
    /// What a person should look at and is no fault of the books. The store finds none: it does not know the configuration.
    pub warnings: Vec<Inconsistency>,
}

impl VerifyReport {
    /// The most findings a report keeps.
    pub const MOST_FINDINGS: usize = 1_000;

    /// Whether the books hold.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, check: &'static str, subject: impl ToString, fault: impl Into<String>) {
        if self.findings.len() < Self::MOST_FINDINGS {
            self.findings.push(Inconsistency { check, subject: subject.to_string(), fault: fault.into() });
        }
    }
}

impl Store {
    /// Verifies the books in one snapshot, while others go on writing:
    ///
    /// - every balance is the sum of its entries, whose numbers have no gap;
    /// - no account holds what accounts of its kind never do;
    /// - every posting balances in every asset, and so does each asset over all entries;
    /// - what is held on each account is what orders that are not settled, and transfers and payouts under way, have
    ///   reserved there;
    /// - on the customer's account, each order's entries never go below zero, posting by posting, and end at zero once the
    ///   order is settled;
    /// - every partner's events are numbered 1, 2, 3 … up to its counter.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read; what is wrong with the books is in the report.
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
