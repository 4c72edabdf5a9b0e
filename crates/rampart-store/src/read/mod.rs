//! Reads. Each sees what was committed before it began, holds no lock, and costs the same however large the table is.
//!
//! Every list has a `limit` and continues after a key, never at an offset. A read fails with [`StoreError`] when the database cannot
//! be read.

mod batched;
mod claims;
mod history;
mod installation;
mod ledger;
mod mode;
mod operators;
mod orders;
mod people;
mod records;
mod webhooks;
mod work;

pub use installation::InstallationRecord;
pub use ledger::{AccountBalance, EntryLine, LedgerPosting, PostedEntry};
pub use operators::OrderCounts;
pub use orders::OrderFilter;
pub use people::CustomerFilter;
pub use webhooks::{DueReceivers, UnfannedPartner};

pub(crate) use batched::CustomerBatcher;
pub(crate) use claims::{claim_id, read_claim};
pub(crate) use ledger::{balance_id, balance_parts, name_of, parse_name, read_balance};

use crate::Store;
use crate::error::StoreError;
use crate::sql::{DbRow, SqlText, SqlValue};
use crate::tables::{Stored, read};

/// A text that sorts after every identifier: where newest-first lists start.
pub(crate) const AFTER_ALL_IDS: &str = "~";

impl Store {
    /// The records of a statement that selects `version, data`.
    pub(crate) async fn list<T: Stored>(&self, sql: impl Into<SqlText>, values: Vec<SqlValue>) -> Result<Vec<T>, StoreError> {
        let rows = self.inner.readers.fetch_all(sql, values).await?;
        rows.iter().map(read).collect()
    }

    /// The record, if any, of a statement that selects `version, data`.
    pub(crate) async fn single<T: Stored>(&self, sql: impl Into<SqlText>, values: Vec<SqlValue>) -> Result<Option<T>, StoreError> {
        self.inner.readers.fetch_optional(sql, values).await?.as_ref().map(read).transpose()
    }

    pub(crate) async fn rows(&self, sql: impl Into<SqlText>, values: Vec<SqlValue>) -> Result<Vec<DbRow>, StoreError> {
        Ok(self.inner.readers.fetch_all(sql, values).await?)
    }
}

/// The lower bound of an oldest-first page: after this key, or the beginning.
pub(crate) fn lower_bound(key: Option<impl std::fmt::Display>) -> SqlValue {
    key.map_or_else(|| "".into(), SqlValue::display)
}

/// The upper bound of a newest-first page: before this key, or the newest.
pub(crate) fn upper_bound(key: Option<impl std::fmt::Display>) -> SqlValue {
    key.map_or_else(|| AFTER_ALL_IDS.into(), SqlValue::display)
}
