//! Statements over many rows or keys. PostgreSQL receives whole columns as arrays in one statement. On SQLite a statement is a
//! function call, so a prepared one runs once per row. In both cases the SQL text does not depend on the number of rows, so it stays
//! prepared.

use std::sync::Arc;

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr, SqlStr};

use super::{DatabaseEngine, SqlValue};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnType {
    Text,
    Int,
    Bool,
}

impl ColumnType {
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Int => "bigint",
            Self::Bool => "boolean",
        }
    }
}

/// Rows to write, as one flat list of values. All rows of a statement have the same column types.
pub(crate) struct Rows {
    pub(super) width: usize,
    pub(super) values: Vec<SqlValue>,
    types: &'static [ColumnType],
}

impl Rows {
    /// Rows of `width` columns, whose types are those of the first row's values.
    pub(crate) const fn new(width: usize, values: Vec<SqlValue>) -> Self {
        Self { width, values, types: &[] }
    }

    /// Rows with these column types; needed when there may be no rows.
    pub(crate) const fn of(types: &'static [ColumnType], values: Vec<SqlValue>) -> Self {
        Self { width: types.len(), values, types }
    }

    /// The declared type, or else that of the first value.
    fn column_type(&self, column: usize) -> ColumnType {
        self.types.get(column).copied().or_else(|| self.values.get(column).map(SqlValue::column_type)).unwrap_or(ColumnType::Text)
    }

    pub(crate) const fn count(&self) -> usize {
        self.values.len() / self.width
    }

    /// The source of an `INSERT`'s rows. Further parameters are numbered after the columns.
    pub(super) fn source(&self, engine: DatabaseEngine) -> String {
        let columns = 0..self.width;
        match engine {
            DatabaseEngine::Sqlite => {
                format!("VALUES ({})", columns.map(|column| format!("${}", column + 1)).collect::<Vec<_>>().join(", "))
            }
            DatabaseEngine::Postgres => {
                let arrays = columns.map(|column| format!("${}::{}[]", column + 1, self.column_type(column).name()));
                format!("SELECT * FROM UNNEST({})", arrays.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// Merges the rows of several index ranges. Each range is read in the order and with the limit that `order` states, so few more rows
/// are read than returned. SQLite applies the order to each range itself; for PostgreSQL every range states it.
pub(super) fn merged(engine: DatabaseEngine, ranges: &[String], order: &str) -> String {
    let ranges: Vec<String> = match engine {
        DatabaseEngine::Postgres if ranges.len() > 1 => ranges.iter().map(|range| format!("({range} {order})")).collect(),
        DatabaseEngine::Sqlite | DatabaseEngine::Postgres => ranges.to_vec(),
    };
    format!("{} {order}", ranges.join(" UNION ALL "))
}

/// The condition that a column is one of the requested keys. Further parameters are numbered from `$2`.
pub(super) const fn key_condition(engine: DatabaseEngine) -> &'static str {
    match engine {
        DatabaseEngine::Sqlite => "= $1",
        DatabaseEngine::Postgres => "= ANY($1)",
    }
}

/// SQL built from identifiers of this crate, never from values.
pub(super) fn text(sql: String) -> SqlStr {
    AssertSqlSafe(Arc::<str>::from(sql)).into_sql_str()
}

type PgQuery<'q> = Query<'q, Postgres, PgArguments>;

impl SqlValue {
    const fn column_type(&self) -> ColumnType {
        match self {
            Self::Text(_) | Self::TextOrNull(_) => ColumnType::Text,
            Self::Int(_) | Self::IntOrNull(_) => ColumnType::Int,
            Self::Bool(_) => ColumnType::Bool,
        }
    }

    pub(super) fn bind<'q>(&self, query: PgQuery<'q>) -> PgQuery<'q> {
        match self {
            Self::Text(text) | Self::TextOrNull(Some(text)) => query.bind(Arc::clone(text)),
            Self::TextOrNull(None) => query.bind(None::<String>),
            Self::Int(number) => query.bind(*number),
            Self::IntOrNull(number) => query.bind(*number),
            Self::Bool(truth) => query.bind(*truth),
        }
    }
}

fn bind_column<'q>(query: PgQuery<'q>, column_type: ColumnType, column: impl Iterator<Item = &'q SqlValue>) -> PgQuery<'q> {
    match column_type {
        ColumnType::Int => query.bind(column.map(SqlValue::number).collect::<Vec<Option<i64>>>()),
        ColumnType::Bool => query.bind(column.map(|value| matches!(value, SqlValue::Bool(true))).collect::<Vec<bool>>()),
        ColumnType::Text => query.bind(column.map(SqlValue::text).collect::<Vec<Option<&'q str>>>()),
    }
}

pub(super) fn bind_rows<'q>(query: PgQuery<'q>, rows: &'q Rows) -> PgQuery<'q> {
    let column = |column| rows.values.iter().skip(column).step_by(rows.width);
    (0..rows.width).fold(query, |query, place| bind_column(query, rows.column_type(place), column(place)))
}

impl SqlValue {
    fn number(&self) -> Option<i64> {
        match self {
            Self::Int(number) | Self::IntOrNull(Some(number)) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::TextOrNull(Some(text)) => Some(text),
            _ => None,
        }
    }
}

/// A query whose columns are bound as arrays, followed by further parameters.
pub(super) fn over_rows<'q>(sql: SqlStr, rows: &'q Rows, further: &[SqlValue]) -> PgQuery<'q> {
    further.iter().fold(bind_rows(sqlx::query(sql), rows), |query, value| value.bind(query))
}

/// A query whose keys are bound as an array, followed by further parameters.
pub(super) fn over_keys<'q>(sql: SqlStr, keys: &'q [SqlValue], further: &[SqlValue]) -> PgQuery<'q> {
    let column_type = keys.first().map_or(ColumnType::Text, SqlValue::column_type);
    further.iter().fold(bind_column(sqlx::query(sql), column_type, keys.iter()), |query, value| value.bind(query))
}
