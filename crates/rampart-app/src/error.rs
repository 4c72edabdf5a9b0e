//! The errors of use cases.

use rampart_core::order::CommandRefusal;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_http::{CallFailure, WrongTable};
use rampart_store::{CommitError, StoreError};

/// The error of a use case.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A request that was understood and is refused.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// The database or a provider cannot be reached, or a queue is full. May be retried.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A fault of ours. It is logged with its source chain and reported as `unexpected_error`.
    #[error("defect: {0}")]
    Defect(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The result of a use case.
pub type AppResult<T> = Result<T, AppError>;

impl AppError {
    /// A defect with this description.
    #[must_use]
    pub fn defect(text: impl Into<String>) -> Self {
        Self::Defect(text.into().into())
    }

    /// The refusal of an error code, with its standard message.
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

impl From<WrongTable> for AppError {
    fn from(error: WrongTable) -> Self {
        Self::Defect(Box::new(error))
    }
}

impl From<AppError> for CallFailure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Refusal(refusal) => Self::Refusal(refusal),
            AppError::Unavailable(reason) => Self::Unavailable(reason),
            AppError::Defect(error) => Self::Defect(error),
        }
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

/// Commit failures that the caller cannot act on. Use cases handle the others (claims, ceilings, floors) before.
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

/// A command that the order's state does not allow. Pages and operators get it as a refusal of their request.
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

/// A refusal, in a sentence for the operator.
pub(crate) fn refuse(sentence: impl Into<String>) -> AppError {
    AppError::Refusal(Refusal::new(ErrorCode::ValidationFailed, sentence))
}
