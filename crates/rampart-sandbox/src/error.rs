//! Errors of the simulated world.

use std::sync::Arc;

/// Why an operation of the world failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WorldError {
    /// The database could not be read or written.
    #[error("the sandbox database cannot be used: {0}")]
    File(Arc<sqlx::Error>),
    /// The database contains something that cannot be parsed.
    #[error("the sandbox database contains an invalid value: {0}")]
    Unreadable(String),
    /// The operation is not possible in the current state. The text is a sentence for people.
    #[error("{0}")]
    Impossible(String),
    /// What the operation refers to does not exist. The text is a sentence for people.
    #[error("{0}")]
    NotFound(String),
    #[error("the sandbox database is closed")]
    Closed,
}

impl WorldError {
    pub(crate) fn impossible(sentence: impl Into<String>) -> Self {
        Self::Impossible(sentence.into())
    }

    /// Whether the whole transaction must be rolled back.
    pub(crate) const fn is_fatal(&self) -> bool {
        matches!(self, Self::File(_) | Self::Unreadable(_) | Self::Closed)
    }
}

impl From<sqlx::Error> for WorldError {
    fn from(error: sqlx::Error) -> Self {
        Self::File(Arc::new(error))
    }
}

impl From<serde_json::Error> for WorldError {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}
