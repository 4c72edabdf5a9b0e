//! Calls that go wrong on purpose.

use std::future::Future;
use std::time::Duration;

use rampart_core::ports::{CallOutcome, Unavailable};
use rampart_core::time::Clock;

use crate::database::SandboxDatabase;
use crate::error::WorldError;
use crate::world::World;

/// Which provider is troubled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FaultPort {
    /// The bank, on every rail.
    Bank,
    /// The processors of redirect payments.
    Card,
    /// Every chain.
    Chain,
    /// The identity provider.
    Kyc,
    /// The screening provider.
    Screening,
    /// The price source.
    Prices,
}

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultOutcome {
    /// The provider says no.
    Refuse,
    /// The provider cannot be reached; nothing was sent.
    Fail,
    /// The provider did the work and the answer was lost.
    UnknownDone,
    /// The request was lost and so was the answer.
    UnknownNotDone,
    /// The provider answers rightly, later.
    Delay,
}

/// Which calls to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Calls {
    /// Those that do something: pay, refund, open a session, broadcast, submit. For screening and prices, which do
    /// nothing, the questions.
    #[default]
    Actions,
    /// Those that only ask: statements, events, blocks, decisions.
    Questions,
}

/// Calls that will go wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FaultRule {
    /// Which provider.
    pub port: FaultPort,
    /// Which of its calls.
    pub calls: Calls,
    /// How they go wrong.
    pub outcome: FaultOutcome,
    /// How many calls are left to go wrong.
    pub count: u32,
    /// How much later the answer comes, in seconds of business time.
    pub delay_seconds: u32,
}

/// The most rules at once, the most calls of a rule, and the longest delay.
const MAX_RULES: usize = 100;
const MAX_RULE_CALLS: u32 = 100_000;
const MAX_DELAY_SECONDS: u32 = 3_600;

impl World {
    /// Makes the next calls to a provider go wrong. A rule for no calls takes back what was set for the provider.
    ///
    /// # Errors
    /// [`WorldError::Impossible`] for more than 100 rules, 100,000 calls or an hour of delay.
    pub async fn add_fault(&self, mut rule: FaultRule) -> Result<(), WorldError> {
        if rule.count > MAX_RULE_CALLS || rule.delay_seconds > MAX_DELAY_SECONDS {
            let sentence = format!("a fault is for at most {MAX_RULE_CALLS} calls and {MAX_DELAY_SECONDS} seconds of delay");
            return Err(WorldError::impossible(sentence));
        }
        if matches!(rule.port, FaultPort::Screening | FaultPort::Prices) {
            rule.calls = Calls::Questions;
        }
        let change = move |settings: &mut crate::settings::WorldSettings| {
            if rule.count == 0 {
                settings.faults.retain(|known| known.port != rule.port);
            } else if settings.faults.len() < MAX_RULES {
                settings.faults.push(rule);
            } else {
                return Err(WorldError::impossible(format!("there are {MAX_RULES} faults waiting already")));
            }
            Ok(())
        };
        self.database.change_settings(change).await
    }

    /// The calls that will still go wrong.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultRule> {
        self.database.settings().faults.clone()
    }
}

impl SandboxDatabase {
    /// Takes the trouble that is waiting for a call to a provider, where there is any. A delay is waited out here.
    async fn fault(&self, port: FaultPort, calls: Calls) -> Option<FaultOutcome> {
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

    /// Does something for a provider, unless trouble is waiting for it.
    pub(crate) async fn act<T>(
        &self,
        port: FaultPort,
        work: impl Future<Output = Result<CallOutcome<T>, WorldError>> + Send,
    ) -> CallOutcome<T> {
        let fault = self.fault(port, Calls::Actions).await;
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
            // Whether a failed commit took place cannot be told from here.
            Err(error) => CallOutcome::Unknown { reason: error.to_string() },
        };
        if fault == Some(FaultOutcome::UnknownDone) { lost() } else { outcome }
    }

    /// Asks a provider, unless trouble is waiting for it.
    pub(crate) async fn ask<T>(&self, port: FaultPort, work: impl Future<Output = Result<T, WorldError>> + Send) -> Result<T, Unavailable> {
        match self.fault(port, Calls::Questions).await {
            Some(_) => Err(Unavailable("no answer (sandbox fault)".to_owned())),
            None => work.await.map_err(|error| Unavailable(error.to_string())),
        }
    }
}
