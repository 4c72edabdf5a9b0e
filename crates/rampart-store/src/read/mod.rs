//! Reads: each sees what was committed before it began, holds no lock, and costs the same however large the table is.
//!
//! Every list is cut by a `limit` and goes on behind a key, never by an offset.

mod claims;
mod history;
mod installation;
mod ledger;
mod mode;
mod operators;
mod orders;
mod people;
mod records;
mod together;
mod webhooks;
mod work;

pub use installation::Installation;
pub use ledger::{AccountBalance, EntryLine, LedgerPosting, PostedEntry};
pub use operators::OrderCounts;
pub use orders::OrderFilter;
pub use people::CustomerFilter;
pub use webhooks::{DueReceivers, UnfannedPartner};

pub(crate) use claims::{claim_id, read_claim};
pub(crate) use ledger::{balance_id, balance_parts, name_of, parse_name, read_balance};
pub(crate) use together::Together;

use sqlx::SqlSafeStr;

use crate::error::StoreError;
use crate::sql::{Row, Value};
use crate::store::Store;
use crate::tables::{Stored, read};

/// A text behind every identifier: pages that begin at the newest start below it.
pub(crate) const BEHIND_ALL: &str = "~";

impl Store {
    /// Records of a statement that selects `version, data`.
    pub(crate) async fn list<T: Stored>(&self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Vec<T>, StoreError> {
        let rows = self.inner.db.fetch_all(sql, values).await?;
        rows.iter().map(read).collect()
    }

    /// The record of a statement that selects `version, data`, if there is one.
    pub(crate) async fn single<T: Stored>(&self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Option<T>, StoreError> {
        self.inner.db.fetch_optional(sql, values).await?.as_ref().map(read).transpose()
    }

    /// Whatever a statement selects.
    pub(crate) async fn rows(&self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        Ok(self.inner.db.fetch_all(sql, values).await?)
    }
}

/// Where a page of identifiers that grow goes on: behind this one, or at the beginning.
pub(crate) fn after(key: Option<impl std::fmt::Display>) -> Value {
    key.map_or_else(|| "".into(), Value::display)
}

/// Where a page of identifiers, newest first, goes on: below this one, or at the newest.
pub(crate) fn before(key: Option<impl std::fmt::Display>) -> Value {
    key.map_or_else(|| BEHIND_ALL.into(), Value::display)
}
