//! Faults: calls to providers that are made to fail.

/// The provider whose calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FaultPort {
    /// The bank, on every rail.
    Bank,
    /// The processors of redirect payments.
    Card,
    /// All chains.
    Chain,
    Kyc,
    Screening,
    Prices,
}

/// How the call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultOutcome {
    /// The provider refuses.
    Refuse,
    /// The provider cannot be reached; the request was not sent.
    Fail,
    /// The provider executed the request, but its response was lost.
    UnknownDone,
    /// The request was lost before the provider executed it; the caller cannot know that.
    UnknownNotDone,
    /// The provider responds correctly, but later.
    Delay,
}

/// Which calls to the provider fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = FaultCalls)]
pub enum FaultCalls {
    /// Calls that have an effect: pay, refund, open a session, broadcast, submit. For screening and prices, which have no
    /// such calls, the same as `questions`.
    #[default]
    Actions,
    /// Calls that only read: statements, events, blocks, decisions.
    Questions,
}

/// Calls to a provider that will fail.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[schema(as = SandboxFault)]
pub struct FaultRule {
    pub port: FaultPort,
    pub calls: FaultCalls,
    pub outcome: FaultOutcome,
    // Calls that are still to fail.
    pub count: u32,
    // Before each call, of business time.
    pub delay_seconds: u32,
}
