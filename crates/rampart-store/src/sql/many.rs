//! Statements over many rows or keys, in the way that each engine does best: PostgreSQL is given whole columns as arrays, one
//! statement for all of them; SQLite, where a statement is a call of a function, runs a prepared one for each row.
//! Either way a text is the same for any number of rows, so that it stays prepared.

use std::sync::Arc;

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr, SqlStr};

use super::{Engine, Value};

/// Rows to write, as one flat list of values. Rows of one statement hold the same kinds of values in the same columns.
pub(crate) struct Rows {
    pub(super) width: usize,
    pub(super) values: Vec<Value>,
}

impl Rows {
    /// Rows of so many columns.
    pub(crate) const fn new(width: usize, values: Vec<Value>) -> Self {
        Self { width, values }
    }

    pub(crate) const fn count(&self) -> usize {
        self.values.len() / self.width
    }

    /// Where an `INSERT` takes its rows from. Further values of the statement are numbered behind the columns.
    pub(super) fn source(&self, engine: Engine) -> String {
        let columns = self.values.iter().take(self.width).enumerate();
        match engine {
            Engine::Sqlite => format!("VALUES ({})", columns.map(|(index, _)| format!("${}", index + 1)).collect::<Vec<_>>().join(", ")),
            Engine::Postgres => {
                let arrays = columns.map(|(index, value)| format!("${}::{}[]", index + 1, value.type_name()));
                format!("SELECT * FROM UNNEST({})", arrays.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// How a statement says that a column is one of the keys that it is asked for. Further values are numbered from `$2`.
pub(super) const fn among_keys(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "= $1",
        Engine::Postgres => "= ANY($1)",
    }
}

/// A text made of names that are ours, never of values.
pub(super) fn text(sql: String) -> SqlStr {
    AssertSqlSafe(Arc::<str>::from(sql)).into_sql_str()
}

type PgQuery<'q> = Query<'q, Postgres, PgArguments>;

impl Value {
    const fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::TextOrNull(_) => "text",
            Self::Int(_) | Self::IntOrNull(_) => "bigint",
            Self::Bool(_) => "boolean",
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
fn bind_column<'q>(query: PgQuery<'q>, column: &[&'q Value]) -> PgQuery<'q> {
    match column.first() {
        Some(Value::Int(_) | Value::IntOrNull(_)) => query.bind(column.iter().map(|value| value.number()).collect::<Vec<Option<i64>>>()),
        Some(Value::Bool(_)) => query.bind(column.iter().map(|value| matches!(value, Value::Bool(true))).collect::<Vec<bool>>()),
        _ => query.bind(column.iter().map(|value| value.text()).collect::<Vec<Option<&'q str>>>()),
    }
}

impl Value {
    fn number(&self) -> Option<i64> {
        match self {
            Self::Int(number) | Self::IntOrNull(Some(number)) => Some(*number),
            _ => None,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::TextOrNull(Some(text)) => Some(text),
            _ => None,
        }
    }
}

/// A query over rows, each column bound as an array, and further values.
pub(super) fn over_rows<'q>(sql: SqlStr, rows: &'q Rows, further: &[Value]) -> PgQuery<'q> {
    let columns = (0..rows.width).map(|column| rows.values.iter().skip(column).step_by(rows.width).collect::<Vec<&Value>>());
    let query = columns.fold(sqlx::query(sql), |query, column| bind_column(query, &column));
    further.iter().fold(query, |query, value| value.bind(query))
}

/// A query over keys, bound as an array, and further values.
pub(super) fn over_keys<'q>(sql: SqlStr, keys: &'q [Value], further: &[Value]) -> PgQuery<'q> {
    let query = bind_column(sqlx::query(sql), &keys.iter().collect::<Vec<&Value>>());
    further.iter().fold(query, |query, value| value.bind(query))
}
