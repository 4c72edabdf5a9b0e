//! The last check of the ledger, as the database keeps it.

use rampart_core::id::ReviewId;
use rampart_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The state of the ledger checks of an installation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LedgerCheck {
    pub checks: u64,
    /// End of the last check (real time); `None` before the first.
    pub ended_at: Option<Timestamp>,
    pub took_milliseconds: u64,
    /// Entries summed by the last check.
    pub entries: u64,
    /// Inconsistencies found by the last check.
    pub findings: u64,
    pub review: Option<ReviewId>,
    /// Lease of a running check in a serving process (real time).
    pub leased_until: Option<Timestamp>,
}
