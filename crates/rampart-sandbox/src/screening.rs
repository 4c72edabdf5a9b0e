//! The screening provider: a list of names and wallets, and the magic ones.

use std::sync::Arc;

use rampart_core::name::folded;
use rampart_core::ports::{PortFuture, ScreeningPort, ScreeningResult, ScreeningSubject, Unavailable};

use crate::database::SandboxDatabase;
use crate::error::WorldError;
use crate::faults::FaultPort;
use crate::trigger::{self, TriggerOutcome};
use crate::world::World;

/// The screening provider's port.
pub(crate) struct SimulatedScreening {
    pub(crate) database: Arc<SandboxDatabase>,
}

/// The most names and wallets on the list.
const MAX_LIST_ENTRIES: usize = 10_000;

/// How the list writes a name or wallet: case, accents, punctuation and the order of words aside.
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
                // What a person has put on the list counts more than the magic words.
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
    /// Puts a name or wallet on the screening provider's list, as a hit or as cleared.
    ///
    /// # Errors
    /// [`WorldError::Impossible`] when nothing is left of the text, or the list is full.
    pub async fn list_for_screening(&self, name_or_wallet: &str, hit: bool) -> Result<(), WorldError> {
        let key = key(name_or_wallet);
        if key.is_empty() {
            return Err(WorldError::impossible("a name or wallet has letters or digits"));
        }
        self.database
            .change_settings(move |settings| {
                if settings.screening.len() >= MAX_LIST_ENTRIES && !settings.screening.contains_key(&key) {
                    return Err(WorldError::impossible(format!("the list holds {MAX_LIST_ENTRIES} names and wallets already")));
                }
                settings.screening.insert(key, hit);
                Ok(())
            })
            .await
    }
}
