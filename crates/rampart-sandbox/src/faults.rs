//! Faults: calls to providers that are made to fail.

use std::future::Future;
use std::time::Duration;

use rampart_core::ports::{CallOutcome, Unavailable};
use rampart_core::time::Clock;

use crate::database::SandboxDatabase;
use crate::error::WorldError;
use crate::world::World;

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

const MAX_RULES: usize = 100;
const MAX_RULE_CALLS: u32 = 100_000;
const MAX_DELAY_SECONDS: u32 = 3_600;

impl World {
    /// Makes the next calls to a provider fail. A rule with a count of 0 removes all rules of the provider.
    /// [`WorldError::Impossible`] for more than 100 rules, 100,000 calls per rule or an hour of delay.
    pub async fn add_fault(&self, mut rule: FaultRule) -> Result<(), WorldError> {
        if rule.count > MAX_RULE_CALLS || rule.delay_seconds > MAX_DELAY_SECONDS {
            let sentence = format!("a fault can have at most {MAX_RULE_CALLS} calls and {MAX_DELAY_SECONDS} seconds of delay");
            return Err(WorldError::impossible(sentence));
        }
        if matches!(rule.port, FaultPort::Screening | FaultPort::Prices) {
            rule.calls = FaultCalls::Questions;
        }
        let change = move |settings: &mut crate::settings::WorldSettings| {
            if rule.count == 0 {
                settings.faults.retain(|known| known.port != rule.port);
            } else if settings.faults.len() < MAX_RULES {
                settings.faults.push(rule);
            } else {
                return Err(WorldError::impossible(format!("there are already {MAX_RULES} faults")));
            }
            Ok(())
        };
        self.database.change_settings(change).await
    }

    /// The faults that have not been used up.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultRule> {
        self.database.settings().faults.clone()
    }
}

impl SandboxDatabase {
    /// Uses up one call of the first matching fault and waits for its delay.
    async fn fault(&self, port: FaultPort, calls: FaultCalls) -> Option<FaultOutcome> {
        let applies = move |rule: &FaultRule| rule.port == port && rule.calls == calls;
        if !self.settings().faults.iter().any(applies) {
            return None;
        }
        let taken = self.change_settings(move |settings| {
            let found = settings.faults.iter_mut().find(|rule| applies(rule)).map(|rule| {
                rule.count -= 1;
                (rule.outcome, rule.delay_seconds)
            });
            settings.faults.retain(|rule| rule.count > 0);
            Ok(found)
        });
        let (outcome, delay) = taken.await.ok().flatten()?;
        if delay > 0 {
            let moment = self.now().after(Duration::from_secs(u64::from(delay)));
            self.clock.sleep_until(moment).await;
        }
        (outcome != FaultOutcome::Delay).then_some(outcome)
    }

    /// Runs a call that has an effect, unless a fault applies to it.
    pub(crate) async fn act<T>(
        &self,
        port: FaultPort,
        work: impl Future<Output = Result<CallOutcome<T>, WorldError>> + Send,
    ) -> CallOutcome<T> {
        let fault = self.fault(port, FaultCalls::Actions).await;
        let lost = || CallOutcome::Unknown { reason: "the answer was lost (sandbox fault)".to_owned() };
        match fault {
            Some(FaultOutcome::Refuse) => return CallOutcome::Refused { reason: "refused (sandbox fault)".to_owned() },
            Some(FaultOutcome::Fail) => return CallOutcome::NotSent { reason: "cannot be reached (sandbox fault)".to_owned() },
            Some(FaultOutcome::UnknownNotDone) => return lost(),
            Some(FaultOutcome::UnknownDone | FaultOutcome::Delay) | None => {}
        }
        let outcome = match work.await {
            Ok(outcome) => outcome,
            Err(WorldError::Impossible(reason) | WorldError::NotFound(reason)) => CallOutcome::Refused { reason },
            // It is not known whether a failed commit took place.
            Err(error) => CallOutcome::Unknown { reason: error.to_string() },
        };
        if fault == Some(FaultOutcome::UnknownDone) { lost() } else { outcome }
    }

    /// Runs a call that only reads, unless a fault applies to it.
    pub(crate) async fn ask<T>(&self, port: FaultPort, work: impl Future<Output = Result<T, WorldError>> + Send) -> Result<T, Unavailable> {
        match self.fault(port, FaultCalls::Questions).await {
            Some(_) => Err(Unavailable("no answer (sandbox fault)".to_owned())),
            None => work.await.map_err(|error| Unavailable(error.to_string())),
        }
    }
}
