//! Whether the receiver of money or coins has to be screened.

/// Whether the receiver has to be screened before something leaves. Stored with the payout or transfer, so that nothing leaves
/// unscreened, or is screened again, by accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Screening {
    /// Not screened yet: nothing leaves before.
    Due,
    Cleared,
    /// Screened with a hit, which an operator has seen and overruled; not screened again.
    Overruled,
    Exempt,
}

impl Screening {
    /// For records of versions that screened orders only: what they queued leaves as decided.
    pub(super) const fn of_earlier_version() -> Self {
        Self::Cleared
    }

    /// After an operator's decision: a hit the operator has seen is overruled.
    #[must_use]
    pub const fn decided(was_found: bool) -> Self {
        if was_found { Self::Overruled } else { Self::Due }
    }
}

/// Result of a screening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScreeningResult {
    Clear,
    Hit {
        /// Which name or wallet, and which list.
        reason: String,
    },
}

/// What a payout and a transfer share: while it is queued, its receiver is screened before it is sent.
macro_rules! screened_receiver {
    ($record:ident, $state:ident, $screen:expr, $send:expr) => {
        impl $record {
            /// Whether the receiver is being screened.
            #[must_use]
            pub fn awaits_screening(&self) -> bool {
                self.screening == Screening::Due && self.state == $state::Queued
            }

            /// Whether the receiver's screening is older than this.
            #[must_use]
            pub fn is_outdated(&self, now: Timestamp, fresh: Duration) -> bool {
                self.screening == Screening::Cleared && now >= self.asked_at.unwrap_or(self.created_at).after(fresh)
            }

            /// The job for its next action, due now.
            #[must_use]
            pub fn first_job(&self, mint: &Mint<'_>) -> Job {
                Job::due_now(mint, self.next_job(), self.id)
            }

            /// Its next action while queued: screen the receiver, or send it.
            #[must_use]
            pub const fn next_job(&self) -> JobKind {
                match self.screening {
                    Screening::Due => $screen,
                    Screening::Cleared | Screening::Overruled | Screening::Exempt => $send,
                }
            }

            fn asked_again(self, mint: &Mint<'_>) -> Step {
                let mut step = Step::new();
                if self.state == $state::Queued && self.screening == Screening::Cleared {
                    let due = Self { screening: Screening::Due, ..self };
                    step.write(due.first_job(mint));
                    step.write(due);
                }
                step
            }

            /// The screening had no hit: it can be sent.
            fn cleared(self, mint: &Mint<'_>) -> Step {
                let mut step = Step::new();
                if self.awaits_screening() {
                    let cleared = Self { screening: Screening::Cleared, asked_at: Some(mint.now), ..self };
                    step.write(cleared.first_job(mint));
                    step.write(cleared);
                }
                step
            }
        }
    };
}

pub(super) use screened_receiver;
