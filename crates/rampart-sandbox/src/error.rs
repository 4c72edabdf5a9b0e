//! What can go wrong in the world.

use std::sync::Arc;

/// Why the world could not do what it was told.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WorldError {
    /// Its file could not be read or written.
    #[error("the sandbox world's file cannot be used: {0}")]
    File(Arc<sqlx::Error>),
    /// What the file holds cannot be understood.
    #[error("the sandbox world's file holds something unreadable: {0}")]
    Unreadable(String),
    /// It cannot happen in the world as it is; one sentence for a person.
    #[error("{0}")]
    Impossible(String),
    /// There is no such thing in the world; one sentence for a person.
    #[error("{0}")]
    NotFound(String),
    /// The world has been closed.
    #[error("the sandbox world is closed")]
    Closed,
}

impl WorldError {
    pub(crate) fn impossible(sentence: impl Into<String>) -> Self {
        Self::Impossible(sentence.into())
    }

    /// Whether the whole transaction it happened in has to be given up.
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
