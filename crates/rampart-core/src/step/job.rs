//! Jobs: work that touches the outside world, leased by workers.

use crate::id::JobId;
use crate::text::words::words;
use crate::time::Timestamp;

words! {
    /// Kind of a job.
    JobKind {
        /// Screen a payment before its coins are sent. Subject: the order.
        ScreenPayment = "screen_payment",
        /// Screen a ramp-off before its payout leaves. Subject: the order.
        ScreenRampoff = "screen_rampoff",
        /// Sign, commit and broadcast a transfer. Subject: the transfer.
        SendTransfer = "send_transfer",
        /// Screen the receiver of a payout. Subject: the payout.
        ScreenPayout = "screen_payout",
        /// Screen the receiver of a transfer. Subject: the transfer.
        ScreenTransfer = "screen_transfer",
        /// Send a payout to its rail. Subject: the payout.
        SendPayout = "send_payout",
        /// Look up a payout whose answer was lost. Subject: the payout.
        CheckPayout = "check_payout",
        /// Send an identity form to the provider. Subject: the customer.
        SubmitKyc = "submit_kyc",
        /// Look up a submission whose answer was lost. Subject: the customer.
        CheckKyc = "check_kyc",
    }
}

/// A job. The step that records its result removes it, fenced by the version at which it was leased.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Job {
    pub id: JobId,
    /// Version when loaded; 0 for a new record.
    #[serde(skip)]
    pub version: i64,
    pub kind: JobKind,
    /// Identifier of an order, transfer, payout or customer.
    pub subject: String,
    /// Business time.
    pub due_at: Timestamp,
    /// End of a worker's lease (real time).
    pub leased_until: Option<Timestamp>,
    pub attempts: u32,
    pub last_error: Option<String>,
    /// First failure (business time).
    #[serde(default)]
    pub first_failed_at: Option<Timestamp>,
}

impl Job {
    /// Attempts after which a job counts as failing: about half a minute after the first.
    pub const FAILING_AFTER_ATTEMPTS: u32 = 5;

    /// Whether it keeps failing. A job without a recorded error counts too: its worker may have crashed.
    #[must_use]
    pub const fn is_failing(&self) -> bool {
        self.attempts >= Self::FAILING_AFTER_ATTEMPTS
    }

    /// When it first failed; if that was not recorded, when it was created (business time).
    #[must_use]
    pub fn failing_since(&self) -> Timestamp {
        self.first_failed_at.unwrap_or_else(|| self.id.minted_at())
    }

    /// A new job, due at once.
    #[must_use]
    pub fn due_now(mint: &crate::id::Mint<'_>, kind: JobKind, subject: impl ToString) -> Self {
        Self {
            id: mint.id(),
            version: 0,
            kind,
            subject: subject.to_string(),
            due_at: mint.now,
            leased_until: None,
            attempts: 0,
            last_error: None,
            first_failed_at: None,
        }
    }
}
