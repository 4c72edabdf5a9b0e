//! Direct access to SQLite. Statements run on the calling thread, so that a batch of them needs no thread switches. Async callers
//! use spawn_blocking.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, Value as SqliteValue, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, Statement, ToSql};

use super::error::SqlError;
use super::value::SqlValue;

/// How long a statement waits for another process's write lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A row, detached from its statement.
pub(crate) struct SqliteRow(Box<[SqliteValue]>);

impl SqliteRow {
    pub(super) fn text(&self, index: usize) -> Result<Option<&str>, SqlError> {
        match self.0.get(index) {
            Some(SqliteValue::Text(text)) => Ok(Some(text)),
            Some(SqliteValue::Null) => Ok(None),
            _ => Err(SqlError::Column(index)),
        }
    }

    pub(super) fn int(&self, index: usize) -> Result<Option<i64>, SqlError> {
        match self.0.get(index) {
            Some(SqliteValue::Integer(number)) => Ok(Some(*number)),
            Some(SqliteValue::Null) => Ok(None),
            _ => Err(SqlError::Column(index)),
        }
    }
}

impl ToSql for SqlValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(text) | Self::TextOrNull(Some(text)) => ValueRef::Text(text.as_bytes()),
            Self::Int(number) | Self::IntOrNull(Some(number)) => ValueRef::Integer(*number),
            Self::Bool(truth) => ValueRef::Integer(i64::from(*truth)),
            Self::TextOrNull(None) | Self::IntOrNull(None) => ValueRef::Null,
        }))
    }
}

/// Opens a file. With `create`, a missing one is created. `settings` are pragmas in addition to those of every connection.
pub(super) fn open(path: &Path, create: bool, statements: usize, settings: &[(&str, &str)]) -> Result<Connection, SqlError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(statements);
    let always = [("journal_mode", "WAL"), ("synchronous", "FULL"), ("foreign_keys", "ON")];
    for (name, value) in always.iter().chain(settings) {
        connection.pragma_update(None, name, value)?;
    }
    Ok(connection)
}

/// Rewrites `$1` as `?1`: SQLite treats `$1` as a name and would look it up at every binding.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

fn prepared<'c>(connection: &'c Connection, sql: &str) -> Result<CachedStatement<'c>, SqlError> {
    Ok(connection.prepare_cached(&numbered(sql))?)
}

/// Binds values to parameters `first`, `first + 1`, …; parameters count from 1.
fn bind(statement: &mut Statement<'_>, first: usize, values: &[SqlValue]) -> Result<(), SqlError> {
    for (index, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(first + index, value)?;
    }
    Ok(())
}

fn collect(statement: &mut Statement<'_>, found: &mut Vec<SqliteRow>) -> Result<(), SqlError> {
    let columns = statement.column_count();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let values: rusqlite::Result<Box<[SqliteValue]>> = (0..columns).map(|index| row.get(index)).collect();
        found.push(SqliteRow(values?));
    }
    Ok(())
}

pub(super) fn fetch_all(connection: &Connection, sql: &str, values: &[SqlValue]) -> Result<Vec<SqliteRow>, SqlError> {
    let mut statement = prepared(connection, sql)?;
    bind(&mut statement, 1, values)?;
    let mut found = Vec::new();
    collect(&mut statement, &mut found)?;
    Ok(found)
}

/// Runs a statement once for each group of `width` values, followed by the further parameters, and returns all rows.
pub(super) fn fetch_each(
    connection: &Connection,
    sql: &str,
    width: usize,
    values: &[SqlValue],
    further: &[SqlValue],
) -> Result<Vec<SqliteRow>, SqlError> {
    let mut statement = prepared(connection, sql)?;
    bind(&mut statement, width + 1, further)?;
    let mut found = Vec::with_capacity(values.len() / width);
    for group in values.chunks_exact(width) {
        bind(&mut statement, 1, group)?;
        collect(&mut statement, &mut found)?;
    }
    Ok(found)
}

/// Runs one statement and returns the number of rows it changed.
pub(super) fn execute(connection: &Connection, sql: &str, values: &[SqlValue]) -> Result<u64, SqlError> {
    let mut statement = prepared(connection, sql)?;
    bind(&mut statement, 1, values)?;
    Ok(u64::try_from(statement.raw_execute()?).unwrap_or(u64::MAX))
}

/// Runs a statement once for each group of `width` values, followed by the further parameters. Returns the number of rows changed in
/// total.
pub(super) fn execute_each(
    connection: &Connection,
    sql: &str,
    width: usize,
    values: &[SqlValue],
    further: &[SqlValue],
) -> Result<u64, SqlError> {
    let mut statement = prepared(connection, sql)?;
    bind(&mut statement, width + 1, further)?;
    let mut changed = 0;
    for group in values.chunks_exact(width) {
        bind(&mut statement, 1, group)?;
        changed += statement.raw_execute()?;
    }
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}
