//! The screening provider: a list of names and wallets, then the triggers.

use std::sync::Arc;

use rampart_core::identity::letters::folded;
use rampart_core::ports::{PortFuture, ScreeningPort, ScreeningResult, ScreeningSubject, Unavailable};

use crate::error::WorldError;
use crate::file::{FaultPort, SandboxFile, WorldSettings};
use crate::trigger::{self, TriggerOutcome};

/// The port of the screening provider.
pub(crate) struct SimulatedScreening {
    pub(crate) file: Arc<SandboxFile>,
}

const MAX_LIST_ENTRIES: usize = 10_000;

/// The key of a name or wallet in the list, without case, accents, punctuation and order of words.
fn key(text: &str) -> String {
    let folded = folded(text);
    let mut words: Vec<&str> = folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words.join(" ")
}

fn screen(settings: &WorldSettings, subject: &ScreeningSubject) -> ScreeningResult {
    let listed = |text: &str| if settings.screening.is_empty() { None } else { settings.screening.get(&key(text)).copied() };
    // An entry of the list overrides a trigger.
    if subject.names.iter().any(|name| listed(name).unwrap_or_else(|| trigger::is_screened_name(name))) {
        return ScreeningResult::Hit { reason: "a name is on the sandbox's sanctions list".to_owned() };
    }
    let is_hit = |wallet: &str| listed(wallet).unwrap_or_else(|| trigger::by_wallet(wallet) == Some(TriggerOutcome::ScreeningHit));
    if subject.wallets.iter().any(|wallet| is_hit(wallet)) {
        return ScreeningResult::Hit { reason: "a wallet is on the sandbox's sanctions list".to_owned() };
    }
    ScreeningResult::Clear
}

impl ScreeningPort for SimulatedScreening {
    fn screen<'a>(&'a self, subject: &'a ScreeningSubject) -> PortFuture<'a, Result<ScreeningResult, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Screening, |tx| Ok(screen(&tx.settings, subject))))
    }
}

impl SimulatedScreening {
    /// Adds a name or wallet to the list, as a hit or as cleared.
    pub(crate) fn list(&self, name_or_wallet: &str, hit: bool) -> Result<(), WorldError> {
        let key = key(name_or_wallet);
        if key.is_empty() {
            return Err(WorldError::impossible("a name or wallet must have letters or digits"));
        }
        self.file.change_settings(|settings| {
            if settings.screening.len() >= MAX_LIST_ENTRIES && !settings.screening.contains_key(&key) {
                return Err(WorldError::impossible(format!("the list already has {MAX_LIST_ENTRIES} names and wallets")));
            }
            settings.screening.insert(key, hit);
            Ok(())
        })
    }
}
