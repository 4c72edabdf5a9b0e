//! What statements are given and what rows hold, the same for both engines.

use std::cell::RefCell;
use std::io::Write as _;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::error::SqlError;
use super::sqlite::SqliteRow;
use crate::error::StoreError;

/// A value to bind. Texts are shared, so that a batch that is tried again copies nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum SqlValue {
    /// A text.
    Text(Arc<str>),
    /// A text or nothing.
    TextOrNull(Option<Arc<str>>),
    /// A whole number.
    Int(i64),
    /// A whole number or nothing.
    IntOrNull(Option<i64>),
    /// A truth value.
    Bool(bool),
}

thread_local! {
    /// Where a text is put together before it is shared, so that it is allocated once, at its length.
    static DRAFT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A text that is written once and then shared.
fn drafted<E>(write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<Arc<str>, E> {
    DRAFT.with_borrow_mut(|draft| {
        draft.clear();
        write(draft)?;
        // Seeing that all of it is text, as it always is, takes less time than putting what is not into shape.
        Ok(std::str::from_utf8(draft).map_or_else(|_| String::from_utf8_lossy(draft).into(), Arc::from))
    })
}

/// What something prints as, to be shared.
pub(crate) fn shared(value: impl std::fmt::Display) -> Arc<str> {
    // Writing into memory does not fail.
    drafted(|draft| write!(draft, "{value}")).unwrap_or_default()
}

/// Something as JSON, to be shared.
pub(crate) fn shared_json(value: &impl Serialize) -> Result<Arc<str>, serde_json::Error> {
    drafted(|draft| serde_json::to_writer(draft, value))
}

impl SqlValue {
    /// What something prints as, to bind as text.
    pub(crate) fn display(value: impl std::fmt::Display) -> Self {
        Self::Text(shared(value))
    }

    /// The same for something that may be absent.
    pub(crate) fn display_or_null(value: Option<impl std::fmt::Display>) -> Self {
        Self::TextOrNull(value.map(shared))
    }
}

impl From<&str> for SqlValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for SqlValue {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Arc<str>> for SqlValue {
    fn from(text: Arc<str>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for SqlValue {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for SqlValue {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

/// A row of either engine, read by column position.
pub(crate) enum DbRow {
    Sqlite(SqliteRow),
    Postgres(PgRow),
    /// A row of one of several statements that ran together: whose it is, then its columns as texts.
    Combined(PgRow),
}

impl DbRow {
    pub(crate) fn text(&self, index: usize) -> Result<&str, SqlError> {
        match self {
            Self::Sqlite(row) => row.text(index)?.ok_or(SqlError::Column(index)),
            Self::Postgres(row) => Ok(row.try_get(index)?),
            Self::Combined(row) => Ok(row.try_get(index + 1)?),
        }
    }

    pub(crate) fn text_or_null(&self, index: usize) -> Result<Option<&str>, SqlError> {
        match self {
            Self::Sqlite(row) => row.text(index),
            Self::Postgres(row) => Ok(row.try_get(index)?),
            Self::Combined(row) => Ok(row.try_get(index + 1)?),
        }
    }

    pub(crate) fn int(&self, index: usize) -> Result<i64, SqlError> {
        match self {
            Self::Sqlite(row) => row.int(index)?.ok_or(SqlError::Column(index)),
            Self::Postgres(row) => Ok(row.try_get(index)?),
            Self::Combined(_) => self.text(index)?.parse().map_err(|_| SqlError::Column(index)),
        }
    }

    pub(crate) fn int_or_null(&self, index: usize) -> Result<Option<i64>, SqlError> {
        match self {
            Self::Sqlite(row) => row.int(index),
            Self::Postgres(row) => Ok(row.try_get(index)?),
            Self::Combined(_) => self.text_or_null(index)?.map(|text| text.parse().map_err(|_| SqlError::Column(index))).transpose(),
        }
    }

    pub(crate) fn bool(&self, index: usize) -> Result<bool, SqlError> {
        match self {
            Self::Sqlite(row) => Ok(row.int(index)?.ok_or(SqlError::Column(index))? != 0),
            Self::Postgres(row) => Ok(row.try_get(index)?),
            Self::Combined(_) => self.text(index)?.parse().map_err(|_| SqlError::Column(index)),
        }
    }

    /// Reads a text as what it stands for.
    pub(crate) fn parse<T: FromStr>(&self, index: usize) -> Result<T, StoreError> {
        let text = self.text(index)?;
        text.parse().map_err(|_| StoreError::defect(format!("column {index} holds a text that is not a {}", std::any::type_name::<T>())))
    }

    /// The same for a column that may be empty.
    pub(crate) fn parse_or_null<T: FromStr>(&self, index: usize) -> Result<Option<T>, StoreError> {
        match self.text_or_null(index)? {
            None => Ok(None),
            Some(_) => self.parse(index).map(Some),
        }
    }
}
