//! Statements over many rows or keys. PostgreSQL receives whole columns as arrays in one statement. On SQLite a statement is a
//! function call, so a prepared one runs once per row. In both cases the SQL text does not depend on the number of rows, so it stays
//! prepared.

use std::fmt::Write as _;

use super::postgres::{Answer, Parameter, Request};
use super::{DatabaseEngine, DbRow, DbSession, ErrorClass, SqlError, SqlValue, classify, sqlite};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ColumnType {
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

impl SqlValue {
    const fn column_type(&self) -> ColumnType {
        match self {
            Self::Text(_) | Self::TextOrNull(_) => ColumnType::Text,
            Self::Int(_) | Self::IntOrNull(_) => ColumnType::Int,
            Self::Bool(_) => ColumnType::Bool,
        }
    }

    const fn number(&self) -> Option<i64> {
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

/// A statement over many rows or keys. Without any it is not run, and its text is not made: most tables of a batch have none.
pub(crate) struct BulkStatement {
    sql: String,
    width: usize,
    /// The rows or keys, as one flat list. A column's type is that of its first value.
    rows: Vec<SqlValue>,
    further: Vec<SqlValue>,
    returns_rows: bool,
}

impl BulkStatement {
    /// A statement that reads the rows of some keys, which must be distinct. `sql` receives the condition on the key column; further
    /// parameters are numbered from `$2`.
    pub(crate) fn read(engine: DatabaseEngine, sql: impl Fn(&str) -> String, keys: Vec<SqlValue>, further: Vec<SqlValue>) -> Self {
        let sql = if keys.is_empty() { String::new() } else { sql(key_condition(engine)) };
        Self { sql, width: 1, rows: keys, further, returns_rows: true }
    }

    /// Like [`BulkStatement::read`], for a statement that changes the rows.
    pub(crate) fn change(engine: DatabaseEngine, sql: impl Fn(&str) -> String, keys: Vec<SqlValue>) -> Self {
        Self { returns_rows: false, ..Self::read(engine, sql, keys, Vec::new()) }
    }

    /// A statement that writes rows of `width` columns. `sql` receives the source of the rows; further parameters are numbered after
    /// the columns.
    pub(crate) fn write(
        engine: DatabaseEngine,
        sql: impl Fn(&str) -> String,
        width: usize,
        rows: Vec<SqlValue>,
        further: Vec<SqlValue>,
    ) -> Self {
        let sql = if rows.is_empty() { String::new() } else { sql(&row_source(engine, width, &rows)) };
        Self { sql, width, rows, further, returns_rows: false }
    }

    /// With the rows that the statement's `RETURNING` returns.
    pub(crate) fn returning(self) -> Self {
        Self { returns_rows: true, ..self }
    }

    fn run_on_sqlite(&self, connection: &rusqlite::Connection) -> Result<StatementResult, SqlError> {
        let Self { sql, width, rows, further, .. } = self;
        if self.returns_rows {
            let found = sqlite::fetch_each(connection, sql, *width, rows, further)?;
            Ok(StatementResult { rows: found.into_iter().map(DbRow::Sqlite).collect(), changed: 0 })
        } else {
            Ok(StatementResult { rows: Vec::new(), changed: sqlite::execute_each(connection, sql, *width, rows, further)? })
        }
    }

    const fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    /// The requests of the statements that have rows.
    fn requests(statements: &[Self]) -> Vec<Request<'_>> {
        let with_rows = statements.iter().filter(|statement| statement.has_rows());
        with_rows.map(|statement| request(&statement.sql, statement.width, &statement.rows, &statement.further)).collect()
    }
}

/// What a statement returned, or the number of rows it changed.
#[derive(Default)]
pub(crate) struct StatementResult {
    pub(crate) rows: Vec<DbRow>,
    pub(crate) changed: u64,
}

impl From<Answer> for StatementResult {
    fn from(answer: Answer) -> Self {
        Self { rows: answer.rows.into_iter().map(DbRow::Postgres).collect(), changed: answer.changed }
    }
}

/// Why a transaction was not, or may not have been, committed.
#[derive(Debug)]
pub(crate) enum TransactionError {
    /// A statement failed, so nothing was committed.
    Statement(SqlError),
    /// The commit failed, or the connection ended after it may have been sent.
    Commit(SqlError),
}

impl DbSession {
    /// Runs statements one after the other, on PostgreSQL in one round trip, and returns the result of each.
    pub(crate) async fn run(&mut self, statements: &[BulkStatement]) -> Result<Vec<StatementResult>, SqlError> {
        match self {
            Self::Sqlite(connection) => statements
                .iter()
                .map(|statement| if statement.has_rows() { statement.run_on_sqlite(connection) } else { Ok(StatementResult::default()) })
                .collect(),
            Self::Postgres(session) => {
                let requests = BulkStatement::requests(statements);
                if requests.is_empty() {
                    return Ok(statements.iter().map(|_| StatementResult::default()).collect());
                }
                let mut answers = session.run(&requests).await.map_err(SqlError::from)?.into_iter().map(StatementResult::from);
                let mut result = |statement: &BulkStatement| if statement.has_rows() { answers.next() } else { None };
                Ok(statements.iter().map(|statement| result(statement).unwrap_or_default()).collect())
            }
        }
    }

    /// Runs the last statements of a transaction and commits it, on PostgreSQL in one round trip.
    pub(crate) async fn run_and_commit(&mut self, statements: &[BulkStatement]) -> Result<(), TransactionError> {
        let session = match self {
            Self::Sqlite(_) => {
                self.run(statements).await.map_err(TransactionError::Statement)?;
                return self.commit().await.map_err(TransactionError::Commit);
            }
            Self::Postgres(session) => session,
        };
        let mut requests = BulkStatement::requests(statements);
        requests.push(Request::new("COMMIT", &[]));
        match session.run(&requests).await {
            Ok(_) => Ok(()),
            Err(failure) => {
                let is_statement = failure.position + 1 < requests.len();
                let error = SqlError::from(failure);
                // A server that goes away in between may have carried out the commit.
                let is_certain = is_statement && classify(&error) != ErrorClass::ConnectionLost;
                Err(if is_certain { TransactionError::Statement(error) } else { TransactionError::Commit(error) })
            }
        }
    }
}

/// The request of a statement whose rows or keys are bound as arrays, one per column.
pub(super) fn request<'v>(sql: &'v str, width: usize, rows: &'v [SqlValue], further: &'v [SqlValue]) -> Request<'v> {
    let columns = (0..width).map(|column| {
        let column_type = rows.get(column).map_or(ColumnType::Text, SqlValue::column_type);
        let values = rows.iter().skip(column).step_by(width);
        match column_type {
            ColumnType::Int => Parameter::Ints(values.map(SqlValue::number).collect()),
            ColumnType::Bool => Parameter::Bools(values.map(|value| *value == SqlValue::Bool(true)).collect()),
            ColumnType::Text => Parameter::Texts(values.map(SqlValue::text).collect()),
        }
    });
    Request { sql, parameters: columns.chain(further.iter().map(Parameter::Value)).collect() }
}

/// The source of an `INSERT`'s rows.
fn row_source(engine: DatabaseEngine, width: usize, rows: &[SqlValue]) -> String {
    match engine {
        DatabaseEngine::Sqlite => {
            let mut text = String::with_capacity("VALUES ()".len() + width * "$10, ".len());
            text.push_str("VALUES (");
            for number in 1..=width {
                // Writing to a string does not fail.
                let _ = write!(text, "{}${number}", if number == 1 { "" } else { ", " });
            }
            text.push(')');
            text
        }
        DatabaseEngine::Postgres => {
            let arrays =
                rows.iter().take(width).enumerate().map(|(column, value)| format!("${}::{}[]", column + 1, value.column_type().name()));
            format!("SELECT * FROM UNNEST({})", arrays.collect::<Vec<_>>().join(", "))
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
