//! What an error of the database means for whoever waits. Never decided by a constraint's name.

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqlError {
    /// SQLite said so.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL said so, or the way to it.
    #[error(transparent)]
    Postgres(#[from] sqlx::Error),
    /// A column does not hold what it should.
    #[error("column {0} holds a value of another type")]
    Column(usize),
    /// No answer, or no connection that is free, in bearable time.
    #[error("the database did not answer in time")]
    TimedOut,
    /// Nothing is lent any more.
    #[error("the store is closed")]
    Closed,
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorClass {
    /// The connection is gone; what became of a commit in flight is unknown.
    ConnectionLost,
    /// Deadlock, busy or serialisation failure: the same again.
    Retry,
    /// The engine lacks something (space, memory, permission): later perhaps.
    Unavailable,
    /// A row that was to be new is there.
    AlreadyExists,
    /// What was sent cannot be stored, or the statement is wrong.
    InvalidData,
}

/// Tells what an error means.
pub(crate) fn classify(error: &SqlError) -> ErrorClass {
    match error {
        SqlError::Sqlite(rusqlite::Error::SqliteFailure(fault, _)) => sqlite(fault.extended_code),
        SqlError::Sqlite(_) | SqlError::Column(_) => ErrorClass::InvalidData,
        SqlError::Postgres(error) => postgres(error),
        SqlError::TimedOut | SqlError::Closed => ErrorClass::Unavailable,
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

fn postgres(error: &sqlx::Error) -> ErrorClass {
    let Some(fault) = error.as_database_error() else {
        return match error {
            sqlx::Error::Encode(_)
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::InvalidArgument(_)
            | sqlx::Error::RowNotFound => ErrorClass::InvalidData,
            _ => ErrorClass::ConnectionLost,
        };
    };
    match &fault.code().unwrap_or_default()[..] {
        "23505" => ErrorClass::AlreadyExists,
        "40001" | "40P01" | "55P03" => ErrorClass::Retry,
        // A server that only reads (25006) is not the one that writes any more, or not yet: another connection may lead to it.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25006" => ErrorClass::ConnectionLost,
        code => match code.get(..2).unwrap_or_default() {
            "08" => ErrorClass::ConnectionLost,
            "53" | "58" | "57" | "28" | "XX" => ErrorClass::Unavailable,
            _ => ErrorClass::InvalidData,
        },
    }
}
