//! Rows, the same for both engines.

use std::str::FromStr;

use tokio_postgres::Row as PostgresRow;
use tokio_postgres::types::FromSql;

use super::error::SqlError;
use super::sqlite::SqliteRow;
use crate::error::StoreError;

/// A row of either engine, read by column position.
pub(crate) enum DbRow {
    Sqlite(SqliteRow),
    Postgres(PostgresRow),
}

fn column<'r, T: FromSql<'r>>(row: &'r PostgresRow, index: usize) -> Result<T, SqlError> {
    row.try_get(index).map_err(|_| SqlError::Column(index))
}

impl DbRow {
    pub(crate) fn text(&self, index: usize) -> Result<&str, SqlError> {
        match self {
            Self::Sqlite(row) => row.text(index)?.ok_or(SqlError::Column(index)),
            Self::Postgres(row) => column(row, index),
        }
    }

    pub(crate) fn text_or_null(&self, index: usize) -> Result<Option<&str>, SqlError> {
        match self {
            Self::Sqlite(row) => row.text(index),
            Self::Postgres(row) => column(row, index),
        }
    }

    pub(crate) fn int(&self, index: usize) -> Result<i64, SqlError> {
        match self {
            Self::Sqlite(row) => row.int(index)?.ok_or(SqlError::Column(index)),
            Self::Postgres(row) => column(row, index),
        }
    }

    pub(crate) fn int_or_null(&self, index: usize) -> Result<Option<i64>, SqlError> {
        match self {
            Self::Sqlite(row) => row.int(index),
            Self::Postgres(row) => column(row, index),
        }
    }

    pub(crate) fn bool(&self, index: usize) -> Result<bool, SqlError> {
        match self {
            Self::Sqlite(row) => Ok(row.int(index)?.ok_or(SqlError::Column(index))? != 0),
            Self::Postgres(row) => column(row, index),
        }
    }

    /// Parses a text column.
    pub(crate) fn parse<T: FromStr>(&self, index: usize) -> Result<T, StoreError> {
        let text = self.text(index)?;
        text.parse().map_err(|_| StoreError::defect(format!("column {index} holds a text that is not a {}", std::any::type_name::<T>())))
    }

    /// Like [`DbRow::parse`], with NULL as `None`.
    pub(crate) fn parse_or_null<T: FromStr>(&self, index: usize) -> Result<Option<T>, StoreError> {
        match self.text_or_null(index)? {
            None => Ok(None),
            Some(_) => self.parse(index).map(Some),
        }
    }
}
