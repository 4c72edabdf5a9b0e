//! Why a call fails.

use rampart_core::refusal::{ErrorCode, Refusal};

/// Why a call failed.
#[derive(Debug)]
pub enum CallFailure {
    /// A request that was understood and is refused.
    Refusal(Refusal),
    /// Something that is needed cannot be reached at the moment.
    Unavailable(String),
    /// A fault of ours.
    Defect(Box<dyn std::error::Error + Send + Sync>),
    RateLimited(RateLimitExceeded),
}

/// A call was refused by a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitExceeded {
    /// The size of the bucket, in calls.
    pub limit: u32,
    /// Seconds until the next call is allowed.
    pub retry_after: u64,
    /// Seconds until the bucket is full again.
    pub reset: u64,
}

/// The fields of a request were read by the table of another one.
#[derive(Debug, thiserror::Error)]
#[error("a request was not read by its table")]
pub struct WrongTable;

impl From<Refusal> for CallFailure {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<ErrorCode> for CallFailure {
    fn from(code: ErrorCode) -> Self {
        Self::Refusal(code.into())
    }
}

impl From<RateLimitExceeded> for CallFailure {
    fn from(limited: RateLimitExceeded) -> Self {
        Self::RateLimited(limited)
    }
}

impl From<WrongTable> for CallFailure {
    fn from(error: WrongTable) -> Self {
        Self::Defect(Box::new(error))
    }
}

impl From<serde_json::Error> for CallFailure {
    fn from(error: serde_json::Error) -> Self {
        Self::Defect(Box::new(error))
    }
}
