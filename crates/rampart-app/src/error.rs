//! What can come of a use case instead of an answer.

use rampart_core::order::CommandRefusal;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_store::{CommitError, StoreError};

/// What comes of a use case instead of an answer.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A request that is understood and not granted.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// Not now: the database or a provider cannot be reached, or too much is waiting. Worth trying again.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A fault of ours. It is logged with its chain, and told as `unexpected_error`.
    #[error("defect: {0}")]
    Defect(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a use case comes to.
pub type AppResult<T> = Result<T, AppError>;

impl AppError {
    /// A defect of these words.
    #[must_use]
    pub fn defect(text: impl Into<String>) -> Self {
        Self::Defect(text.into().into())
    }

    /// The refusal of a code, in its own words.
    #[must_use]
    pub fn code(code: ErrorCode) -> Self {
        Self::Refusal(code.into())
    }
}

impl From<ErrorCode> for AppError {
    fn from(code: ErrorCode) -> Self {
        Self::code(code)
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(reason) => Self::Unavailable(reason),
            StoreError::Configuration(_) | StoreError::Defect(_) => Self::Defect(Box::new(error)),
        }
    }
}

/// A commit that came to nothing for a reason that means nothing to the one who asked. Use cases handle what does mean
/// something (claims, ceilings, floors) before they come here.
impl From<CommitError> for AppError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Unavailable => Self::Unavailable("the database does not take more at the moment".into()),
            CommitError::Conflict(_) => Self::Unavailable("the record is changing too fast".into()),
            CommitError::InsufficientFunds { .. } => Self::code(ErrorCode::NoLiquidity),
            CommitError::AlreadyClaimed(_) | CommitError::OverCeiling { .. } | CommitError::Defect(_) => Self::Defect(Box::new(error)),
        }
    }
}

/// A command that the order's state does not allow: to the pages and to operators this is about the request.
impl From<CommandRefusal> for AppError {
    fn from(refusal: CommandRefusal) -> Self {
        match refusal {
            CommandRefusal::NoPrice => Self::code(ErrorCode::PriceUnavailable),
            CommandRefusal::WrongState { .. }
            | CommandRefusal::DestinationGiven
            | CommandRefusal::BelowFees
            | CommandRefusal::BelowNetworkFee
            | CommandRefusal::NoMethod => Self::Refusal(Refusal::new(ErrorCode::ValidationFailed, refusal.to_string())),
        }
    }
}
