//! Statements over many rows or keys, in the way that each engine does best: PostgreSQL is given whole columns as arrays, one
//! statement for all of them; SQLite, where a statement is a call of a function, runs a prepared one for each row.
//! Either way a text is the same for any number of rows, so that it stays prepared.

use std::sync::Arc;

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr, SqlStr};

use super::{DatabaseEngine, SqlValue};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnType {
    /// Texts.
    Text,
    /// Whole numbers.
    Int,
    /// Truth values.
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

/// Rows to write, as one flat list of values. Rows of one statement hold the same kinds of values in the same columns.
pub(crate) struct Rows {
    pub(super) width: usize,
    pub(super) values: Vec<SqlValue>,
    types: &'static [ColumnType],
}

impl Rows {
    /// Rows of so many columns.
    pub(crate) const fn new(width: usize, values: Vec<SqlValue>) -> Self {
        Self { width, values, types: &[] }
    }

    /// Rows of columns of these kinds, of which there may be none.
    pub(crate) const fn of(types: &'static [ColumnType], values: Vec<SqlValue>) -> Self {
        Self { width: types.len(), values, types }
    }

    /// What a column holds, as was said or as its first value tells.
    fn column_type(&self, column: usize) -> ColumnType {
        self.types.get(column).copied().or_else(|| self.values.get(column).map(SqlValue::column_type)).unwrap_or(ColumnType::Text)
    }

    pub(crate) const fn count(&self) -> usize {
        self.values.len() / self.width
    }

    /// Where an `INSERT` takes its rows from. Further values of the statement are numbered behind the columns.
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

/// A statement that merges the rows of ranges, each of which an index gives in the order that `order` says with its limit.
/// Little more is read than is answered. SQLite sees the order of each range; PostgreSQL takes it only where it is told to.
pub(super) fn merged(engine: DatabaseEngine, ranges: &[String], order: &str) -> String {
    let ranges: Vec<String> = match engine {
        DatabaseEngine::Postgres if ranges.len() > 1 => ranges.iter().map(|range| format!("({range} {order})")).collect(),
        DatabaseEngine::Sqlite | DatabaseEngine::Postgres => ranges.to_vec(),
    };
    format!("{} {order}", ranges.join(" UNION ALL "))
}

/// How a statement says that a column is one of the keys that it is asked for. Further values are numbered from `$2`.
pub(super) const fn key_condition(engine: DatabaseEngine) -> &'static str {
    match engine {
        DatabaseEngine::Sqlite => "= $1",
        DatabaseEngine::Postgres => "= ANY($1)",
    }
}

/// A text made of names that are ours, never of values.
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

    /// Binds it alone.
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

/// Binds a column of values of one kind as an array.
fn bind_column<'q>(query: PgQuery<'q>, column_type: ColumnType, column: impl Iterator<Item = &'q SqlValue>) -> PgQuery<'q> {
    match column_type {
        ColumnType::Int => query.bind(column.map(SqlValue::number).collect::<Vec<Option<i64>>>()),
        ColumnType::Bool => query.bind(column.map(|value| matches!(value, SqlValue::Bool(true))).collect::<Vec<bool>>()),
        ColumnType::Text => query.bind(column.map(SqlValue::text).collect::<Vec<Option<&'q str>>>()),
    }
}

/// Binds each column of rows as an array.
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

/// A query over rows, each column bound as an array, and further values.
pub(super) fn over_rows<'q>(sql: SqlStr, rows: &'q Rows, further: &[SqlValue]) -> PgQuery<'q> {
    further.iter().fold(bind_rows(sqlx::query(sql), rows), |query, value| value.bind(query))
}

/// A query over keys, bound as an array, and further values.
pub(super) fn over_keys<'q>(sql: SqlStr, keys: &'q [SqlValue], further: &[SqlValue]) -> PgQuery<'q> {
    let column_type = keys.first().map_or(ColumnType::Text, SqlValue::column_type);
    further.iter().fold(bind_column(sqlx::query(sql), column_type, keys.iter()), |query, value| value.bind(query))
}
