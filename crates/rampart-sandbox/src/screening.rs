//! The screening provider: a list of names and wallets, then the triggers.

use std::sync::Arc;

use rampart_core::identity::letters::folded;
use rampart_core::ports::{PortFuture, ScreeningPort, ScreeningResult, ScreeningSubject, Unavailable};

use crate::database::SandboxDatabase;
use crate::error::WorldError;
use crate::faults::FaultPort;
use crate::trigger::{self, TriggerOutcome};
use crate::world::World;

pub(crate) struct SimulatedScreening {
    pub(crate) database: Arc<SandboxDatabase>,
}

const MAX_LIST_ENTRIES: usize = 10_000;

/// The key of a name or wallet in the list, without case, accents, punctuation and order of words.
fn key(text: &str) -> String {
    let folded = folded(text);
    let mut words: Vec<&str> = folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words.join(" ")
}

impl ScreeningPort for SimulatedScreening {
    fn screen<'a>(&'a self, subject: &'a ScreeningSubject) -> PortFuture<'a, Result<ScreeningResult, Unavailable>> {
        let read = async move {
            let settings = self.database.settings();
            let listed = |text: &str| if settings.screening.is_empty() { None } else { settings.screening.get(&key(text)).copied() };
            for name in &subject.names {
                // An entry of the list overrides a trigger.
                if listed(name).unwrap_or_else(|| trigger::is_screened_name(name)) {
                    return Ok(ScreeningResult::Hit { reason: "a name is on the sandbox's sanctions list".to_owned() });
                }
            }
            for wallet in &subject.wallets {
                if listed(wallet).unwrap_or_else(|| trigger::by_wallet(wallet) == Some(TriggerOutcome::ScreeningHit)) {
                    return Ok(ScreeningResult::Hit { reason: "a wallet is on the sandbox's sanctions list".to_owned() });
                }
            }
            Ok(ScreeningResult::Clear)
        };
        Box::pin(self.database.ask(FaultPort::Screening, read))
    }
}

impl World {
    /// Adds a name or wallet to the screening list, as a hit or as cleared.
    /// [`WorldError::Impossible`] when the text has no letter or digit, or the list is full.
    pub async fn list_for_screening(&self, name_or_wallet: &str, hit: bool) -> Result<(), WorldError> {
        let key = key(name_or_wallet);
        if key.is_empty() {
            return Err(WorldError::impossible("a name or wallet must have letters or digits"));
        }
        self.database
            .change_settings(move |settings| {
                if settings.screening.len() >= MAX_LIST_ENTRIES && !settings.screening.contains_key(&key) {
                    return Err(WorldError::impossible(format!("the list already has {MAX_LIST_ENTRIES} names and wallets")));
                }
                settings.screening.insert(key, hit);
                Ok(())
            })
            .await
    }
}
