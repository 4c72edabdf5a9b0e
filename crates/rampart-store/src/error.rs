//! Errors of the store, as callers see them.

use rampart_core::ledger::Account;
use rampart_core::money::asset::Asset;
use rampart_core::step::ClaimScope;
use rampart_core::step::counter::Counter;
use rampart_core::step::record::RecordKey;
use rampart_core::time::Timestamp;

/// The error of a read, or of any other operation except a commit.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is unreachable or too busy. Retrying may help.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The URL, the file or the database cannot be used.
    #[error("{0}")]
    Configuration(String),
    /// A defect of this program: a wrong statement, or a row with unexpected content.
    #[error("the store has a defect: {0}")]
    Defect(String),
}

impl StoreError {
    pub(crate) fn defect(text: impl Into<String>) -> Self {
        Self::Defect(text.into())
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        // serde_json's error states a position and never quotes a value.
        Self::Defect(format!("a stored record cannot be read: {error}"))
    }
}

/// An existing claim, with the response that was stored for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredClaim {
    pub scope: ClaimScope,
    pub key: String,
    /// The identifier of the order or customer it belongs to; may be empty.
    pub subject: String,
    /// The keyed fingerprint of the request that took the claim; empty where none is compared.
    pub fingerprint: String,
    /// The stored response; empty where there is none.
    pub answer: String,
    /// When it expires (business time); `None` means never.
    pub expires_at: Option<Timestamp>,
}

/// Why a step was not committed. Nothing of the step is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A record is not at the version that the step was decided on, or exists although it should be new. Load it and decide again.
    #[error("{0:?} has changed meanwhile")]
    Conflict(RecordKey),
    #[error("the key {:?} is taken", .0.scope)]
    AlreadyClaimed(Box<StoredClaim>),
    #[error("the counter {counter} would rise above its ceiling")]
    OverCeiling { counter: Counter },
    /// A request would lower the available amount of an account below zero.
    #[error("there is not enough {asset} available on {account}")]
    InsufficientFunds { account: Account, asset: Asset },
    /// The queue is full or the database is unreachable. Nothing was stored; retry later.
    #[error("the database is unavailable")]
    Unavailable,
    /// The step can never be stored: a defect of this program, or data that the engine refuses.
    #[error("the step cannot be stored: {0}")]
    Defect(String),
}
