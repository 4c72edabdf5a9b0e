//! What can go wrong, as callers see it.

use rampart_core::asset::Asset;
use rampart_core::counter::Counter;
use rampart_core::ledger::Account;
use rampart_core::record::RecordKey;
use rampart_core::step::ClaimScope;
use rampart_core::time::Timestamp;

use crate::sql::{ErrorClass, SqlError, classify};

/// Why a read, or anything else that is not a commit, did not work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or is too busy. Worth trying again.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The URL, the file or the database is not one that can be worked with.
    #[error("{0}")]
    Configuration(String),
    /// A fault of ours: a statement that is wrong, or a row that does not hold what it should.
    #[error("the store has a defect: {0}")]
    Defect(String),
}

impl StoreError {
    pub(crate) fn defect(text: impl Into<String>) -> Self {
        Self::Defect(text.into())
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

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        // The error names a place in the text and never quotes a value of it.
        Self::Defect(format!("a stored record cannot be read: {error}"))
    }
}

/// A claim that is taken: what stands in its way, and the answer that was given for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredClaim {
    /// What the key is unique within.
    pub scope: ClaimScope,
    /// The key.
    pub key: String,
    /// What it belongs to: an order's or customer's identifier, or nothing.
    pub subject: String,
    /// The keyed fingerprint of the request that took it; empty where none is compared.
    pub fingerprint: String,
    /// The answer that was given; empty where none was stored.
    pub answer: String,
    /// When it may be forgotten (business time); never when absent.
    pub expires_at: Option<Timestamp>,
}

/// Why a step was not committed. Nothing of it was stored, unless it says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A record is not at the version the step was decided on (or exists although it should be new): load and decide again.
    #[error("{0:?} has changed meanwhile")]
    Conflict(RecordKey),
    /// A claim is taken.
    #[error("the key {:?} is taken", .0.scope)]
    AlreadyClaimed(Box<StoredClaim>),
    /// A counter would rise above its ceiling.
    #[error("the counter {counter} would rise above its ceiling")]
    OverCeiling {
        /// Which counter.
        counter: Counter,
    },
    /// A request would push what is available on an account below zero.
    #[error("there is not enough {asset} available on {account}")]
    InsufficientFunds {
        /// The account.
        account: Account,
        /// The asset.
        asset: Asset,
    },
    /// The queue is full, or the database cannot be reached: later. The step was not stored.
    #[error("the database is unavailable")]
    Unavailable,
    /// The step cannot be stored at all: a fault of ours, or data that the engine refuses.
    #[error("the step cannot be stored: {0}")]
    Defect(String),
}
