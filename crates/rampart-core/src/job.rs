//! Pieces of work that touch the outside world, claimed by lease.

use crate::id::JobId;
use crate::time::Timestamp;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Ask the screening provider about a payment before its coins are sent. Subject: the order.
    ScreenPayment,
    /// Ask the screening provider about a ramp-off before its payout leaves. Subject: the order.
    ScreenRampoff,
    /// Sign, commit and broadcast a transfer of coins. Subject: the transfer.
    SendTransfer,
    /// Ask about who receives a payout. Subject: the payout.
    ScreenPayout,
    /// Ask about who receives coins. Subject: the transfer.
    ScreenTransfer,
    /// Hand a payout to its rail. Subject: the payout.
    SendPayout,
    /// Ask a rail what became of a payout whose answer was lost. Subject: the payout.
    CheckPayout,
    /// Hand an identity form to the provider. Subject: the customer.
    SubmitKyc,
    /// Ask the provider what became of a submission whose answer was lost. Subject: the customer.
    CheckKyc,
}

impl JobKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::ScreenPayment,
        Self::ScreenRampoff,
        Self::ScreenPayout,
        Self::ScreenTransfer,
        Self::SendTransfer,
        Self::SendPayout,
        Self::CheckPayout,
        Self::SubmitKyc,
        Self::CheckKyc,
    ];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ScreenPayment => "screen_payment",
            Self::ScreenRampoff => "screen_rampoff",
            Self::ScreenPayout => "screen_payout",
            Self::ScreenTransfer => "screen_transfer",
            Self::SendTransfer => "send_transfer",
            Self::SendPayout => "send_payout",
            Self::CheckPayout => "check_payout",
            Self::SubmitKyc => "submit_kyc",
            Self::CheckKyc => "check_kyc",
        }
    }
}

/// A piece of work. It is removed in the step that records its result; that step is fenced by the version the lease
/// was taken at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Job {
    /// Its identifier.
    pub id: JobId,
    /// The version it was loaded at; 0 before it is stored.
    #[serde(skip)]
    pub version: i64,
    /// What is to be done.
    pub kind: JobKind,
    /// With which order, transfer, payout or customer.
    pub subject: String,
    /// When it is due (business time).
    pub due_at: Timestamp,
    /// Until when a worker holds it (real time).
    pub leased_until: Option<Timestamp>,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it went wrong for the first time (business time).
    #[serde(default)]
    pub first_failed_at: Option<Timestamp>,
}

impl Job {
    /// After so many attempts a job is failing, which is about half a minute after the first.
    pub const FAILING_AFTER: u32 = 5;

    /// Whether it was tried again and again. One that never said why counts too: whoever tried it may have died of it.
    #[must_use]
    pub const fn is_failing(&self) -> bool {
        self.attempts >= Self::FAILING_AFTER
    }

    /// When it failed first, or was made when nobody noted that (business time).
    #[must_use]
    pub fn failing_since(&self) -> Timestamp {
        self.first_failed_at.unwrap_or_else(|| self.id.minted_at())
    }

    /// A new piece of work, due at once.
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
