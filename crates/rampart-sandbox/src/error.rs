//! Errors of the simulated world.

/// Why an operation of the world failed.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The database could not be read or written.
    #[error("the sandbox database cannot be used: {0}")]
    File(#[from] rusqlite::Error),
    /// The database contains something that cannot be parsed.
    #[error("the sandbox database contains an invalid value: {0}")]
    Unreadable(String),
    /// The operation is not possible in the current state. The text is a sentence for people.
    #[error("{0}")]
    Impossible(String),
    /// What the operation refers to does not exist. The text is a sentence for people.
    #[error("{0}")]
    NotFound(String),
}

impl WorldError {
    pub(crate) fn impossible(sentence: impl Into<String>) -> Self {
        Self::Impossible(sentence.into())
    }
}

impl From<serde_json::Error> for WorldError {
    fn from(error: serde_json::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}
