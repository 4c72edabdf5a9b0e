//! Calls of the engine to a provider, each of which a fault may make fail.

use std::time::Duration;

use rampart_core::ports::{CallOutcome, FactPage, Unavailable};
use rampart_core::time::Clock;

use super::SandboxFile;
use super::faults::{FaultCalls, FaultOutcome, FaultPort, FaultRule};
use super::settings::WorldSettings;
use super::transaction::Transaction;
use crate::error::WorldError;

const MAX_RULES: usize = 100;
const MAX_RULE_CALLS: u32 = 100_000;
const MAX_DELAY_SECONDS: u32 = 3_600;

impl WorldSettings {
    /// Makes the next calls to a provider fail. A rule with a count of 0 removes all rules of the provider.
    /// [`WorldError::Impossible`] for more than 100 rules, 100,000 calls per rule or an hour of delay.
    pub(crate) fn add_fault(&mut self, mut rule: FaultRule) -> Result<(), WorldError> {
        if rule.count > MAX_RULE_CALLS || rule.delay_seconds > MAX_DELAY_SECONDS {
            let sentence = format!("a fault can have at most {MAX_RULE_CALLS} calls and {MAX_DELAY_SECONDS} seconds of delay");
            return Err(WorldError::impossible(sentence));
        }
        if matches!(rule.port, FaultPort::Screening | FaultPort::Prices) {
            rule.calls = FaultCalls::Questions;
        }
        if rule.count == 0 {
            self.faults.retain(|known| known.port != rule.port);
        } else if self.faults.len() < MAX_RULES {
            self.faults.push(rule);
        } else {
            return Err(WorldError::impossible(format!("there are already {MAX_RULES} faults")));
        }
        Ok(())
    }
}

/// Parses the cursor of a stream. An empty cursor is the beginning.
fn cursor(text: &str) -> Result<i64, Unavailable> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| Unavailable(format!("'{text}' is not a cursor of this source")))
}

impl SandboxFile {
    /// Uses up one call of the first matching fault and waits for its delay.
    async fn fault(&self, port: FaultPort, calls: FaultCalls) -> Option<FaultOutcome> {
        let applies = |rule: &FaultRule| rule.port == port && rule.calls == calls;
        if !self.settings().faults.iter().any(applies) {
            return None;
        }
        let taken = self.change_settings(|settings| {
            let found = settings.faults.iter_mut().find(|rule| applies(rule)).map(|rule| {
                rule.count -= 1;
                (rule.outcome, rule.delay_seconds)
            });
            settings.faults.retain(|rule| rule.count > 0);
            Ok(found)
        });
        let (outcome, delay) = taken.ok().flatten()?;
        if delay > 0 {
            self.clock.sleep_until(self.now().after(Duration::from_secs(u64::from(delay)))).await;
        }
        (outcome != FaultOutcome::Delay).then_some(outcome)
    }

    /// Runs a call that has an effect, unless a fault applies to it.
    pub(crate) async fn act<T>(
        &self,
        port: FaultPort,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<CallOutcome<T>, WorldError>,
    ) -> CallOutcome<T> {
        let fault = self.fault(port, FaultCalls::Actions).await;
        let lost = || CallOutcome::Unknown { reason: "the answer was lost (sandbox fault)".to_owned() };
        match fault {
            Some(FaultOutcome::Refuse) => return CallOutcome::Refused { reason: "refused (sandbox fault)".to_owned() },
            Some(FaultOutcome::Fail) => return CallOutcome::NotSent { reason: "cannot be reached (sandbox fault)".to_owned() },
            Some(FaultOutcome::UnknownNotDone) => return lost(),
            Some(FaultOutcome::UnknownDone | FaultOutcome::Delay) | None => {}
        }
        let outcome = match self.write(work) {
            Ok(outcome) => outcome,
            Err(WorldError::Impossible(reason) | WorldError::NotFound(reason)) => CallOutcome::Refused { reason },
            // It is not known whether a failed commit took place.
            Err(error) => CallOutcome::Unknown { reason: error.to_string() },
        };
        if fault == Some(FaultOutcome::UnknownDone) { lost() } else { outcome }
    }

    /// Runs a call that only reads, unless a fault applies to it.
    pub(crate) async fn ask<T>(
        &self,
        port: FaultPort,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, WorldError>,
    ) -> Result<T, Unavailable> {
        match self.fault(port, FaultCalls::Questions).await {
            Some(_) => Err(Unavailable("no answer (sandbox fault)".to_owned())),
            None => self.read(work).map_err(|error| Unavailable(error.to_string())),
        }
    }

    /// A page of a stream as facts, unless a fault applies to the call.
    pub(crate) async fn facts<T>(
        &self,
        port: FaultPort,
        stream: &str,
        after: &str,
        limit: usize,
        fact: impl Fn(&Transaction<'_>, i64, &str) -> Result<T, WorldError>,
    ) -> Result<FactPage<T>, Unavailable> {
        let after = cursor(after)?;
        self.ask(port, |tx| {
            let (lines, has_more) = tx.lines(stream, after, limit)?;
            let next = lines.last().map_or(after, |line| line.0).to_string();
            let items = lines.iter().map(|(seq, body)| fact(tx, *seq, body)).collect::<Result<_, _>>()?;
            Ok(FactPage { items, next, has_more })
        })
        .await
    }

    /// Completes when a stream has a line after the cursor `after`; at once for a text that is no cursor.
    pub(crate) async fn news(&self, stream: &str, after: &str) {
        let Ok(after) = cursor(after) else { return };
        self.signals.wait_for_line(stream, after).await;
    }
}
