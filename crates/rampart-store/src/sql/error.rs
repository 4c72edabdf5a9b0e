//! Classifies database errors for the caller. The class never depends on a constraint's name.

use std::error::Error as _;

use super::postgres::{Failure, describe};
use crate::error::StoreError;

/// An error of either database driver, or of a row that was read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqlError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("{}", describe(.0))]
    Postgres(tokio_postgres::Error),
    /// There is no connection.
    #[error("{}", describe(.0))]
    Connect(tokio_postgres::Error),
    /// The column's position; its value has an unexpected type or is missing.
    #[error("column {0} holds a value of another type")]
    Column(usize),
    /// No response, or no free connection, within the time limit.
    #[error("the database did not answer in time")]
    TimedOut,
    #[error("the store is closed")]
    Closed,
}

/// What a database error means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorClass {
    /// The connection is gone. The outcome of a commit in flight is unknown.
    ConnectionLost,
    /// Deadlock, busy database or serialisation failure: run the transaction again.
    Retry,
    /// The engine lacks a resource (space, memory, permission). It may work later.
    Unavailable,
    AlreadyExists,
    /// The statement is wrong, or its values cannot be stored.
    InvalidData,
}

pub(crate) fn classify(error: &SqlError) -> ErrorClass {
    match error {
        SqlError::Sqlite(rusqlite::Error::SqliteFailure(fault, _)) => sqlite(fault.extended_code),
        SqlError::Sqlite(_) | SqlError::Column(_) => ErrorClass::InvalidData,
        SqlError::Postgres(error) => postgres(error).unwrap_or_else(|| driver(error)),
        SqlError::Connect(error) => postgres(error).unwrap_or(ErrorClass::ConnectionLost),
        SqlError::TimedOut | SqlError::Closed => ErrorClass::Unavailable,
    }
}

impl From<tokio_postgres::Error> for SqlError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<Failure> for SqlError {
    fn from(failure: Failure) -> Self {
        Self::Postgres(failure.error)
    }
}

impl From<SqlError> for StoreError {
    fn from(error: SqlError) -> Self {
        match classify(&error) {
            ErrorClass::AlreadyExists | ErrorClass::InvalidData => Self::Defect(error.to_string()),
            ErrorClass::ConnectionLost | ErrorClass::Retry | ErrorClass::Unavailable => Self::Unavailable(error.to_string()),
        }
    }
}

fn sqlite(extended_code: i32) -> ErrorClass {
    match extended_code & 0xff {
        // CONSTRAINT_PRIMARYKEY, CONSTRAINT_UNIQUE
        19 if matches!(extended_code, 1555 | 2067) => ErrorClass::AlreadyExists,
        // BUSY, LOCKED, SCHEMA, PROTOCOL
        5 | 6 | 17 | 15 => ErrorClass::Retry,
        // PERM, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB
        3 | 7 | 8 | 9 | 10 | 11 | 13 | 14 | 26 => ErrorClass::Unavailable,
        _ => ErrorClass::InvalidData,
    }
}

/// The class of an error that the server reported.
fn postgres(error: &tokio_postgres::Error) -> Option<ErrorClass> {
    Some(match error.code()?.code() {
        "23505" => ErrorClass::AlreadyExists,
        "40001" | "40P01" | "55P03" => ErrorClass::Retry,
        // 25006: the server is read-only, so it is not, or not yet, the primary. A new connection may reach the primary.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25006" => ErrorClass::ConnectionLost,
        code => match code.get(..2).unwrap_or_default() {
            "08" => ErrorClass::ConnectionLost,
            "53" | "58" | "57" | "28" | "XX" => ErrorClass::Unavailable,
            _ => ErrorClass::InvalidData,
        },
    })
}

/// The class of an error that the driver found itself. It keeps its kinds to itself; a failure of the connection has a cause of the
/// system or none.
fn driver(error: &tokio_postgres::Error) -> ErrorClass {
    match error.source() {
        Some(cause) if !cause.is::<std::io::Error>() => ErrorClass::InvalidData,
        Some(_) | None => ErrorClass::ConnectionLost,
    }
}
