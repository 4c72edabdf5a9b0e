//! What an error of the database means for whoever waits. Never decided by a constraint's name.

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The connection is gone; what became of a commit in flight is unknown.
    Lost,
    /// Deadlock, busy or serialisation failure: the same again.
    Again,
    /// The engine lacks something (space, memory, permission): later perhaps.
    Unavailable,
    /// What was sent cannot be stored, or the statement is wrong.
    Data,
}

/// Tells what an error means.
pub(crate) fn trouble(error: &sqlx::Error) -> Trouble {
    let Some(fault) = error.as_database_error() else {
        return match error {
            sqlx::Error::Encode(_)
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::InvalidArgument(_)
            | sqlx::Error::RowNotFound => Trouble::Data,
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Trouble::Unavailable,
            _ => Trouble::Lost,
        };
    };
    let code = fault.code().unwrap_or_default();
    // PostgreSQL has five characters, SQLite a number whose lowest byte is the primary code.
    if code.len() == 5 {
        return match &code[..] {
            "40001" | "40P01" | "55P03" => Trouble::Again,
            "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => Trouble::Lost,
            _ => match &code[..2] {
                "08" => Trouble::Lost,
                "53" | "58" | "57" | "28" | "XX" => Trouble::Unavailable,
                _ => Trouble::Data,
            },
        };
    }
    match code.parse::<u32>().map(|code| code & 0xff) {
        // BUSY, LOCKED, SCHEMA, PROTOCOL
        Ok(5 | 6 | 17 | 15) => Trouble::Again,
        // PERM, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB
        Ok(3 | 7 | 8 | 9 | 10 | 11 | 13 | 14 | 26) => Trouble::Unavailable,
        _ => Trouble::Data,
    }
}
