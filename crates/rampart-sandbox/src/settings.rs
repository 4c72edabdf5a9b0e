//! What people and tests have set: one document in the file, a copy of it in every process.

use std::collections::BTreeMap;

use rampart_core::rate::Rate;

use crate::database::SandboxDatabase;
use crate::error::WorldError;
use crate::faults::FaultRule;

/// What people and tests have set.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct WorldSettings {
    /// Counts the changes; a copy never replaces a newer one.
    pub(crate) version: i64,
    /// How far business time runs ahead of real time, in microseconds.
    pub(crate) clock_offset: i64,
    /// Prices that were set, by `SYMBOL/CURRENCY`.
    pub(crate) prices: BTreeMap<String, Rate>,
    /// Whether the price source is silent.
    pub(crate) silent: bool,
    /// Answers of the screening provider, by normalised name or wallet: whether it is a hit.
    pub(crate) screening: BTreeMap<String, bool>,
    /// Calls that will go wrong, in this order.
    pub(crate) faults: Vec<FaultRule>,
}

impl SandboxDatabase {
    /// The settings as this process knows them: its own changes at once, those of others within a tenth of a second.
    pub(crate) fn settings(&self) -> std::sync::Arc<WorldSettings> {
        self.signals.settings.borrow().clone()
    }

    /// Changes the settings. The change is refused, and nothing is written, when the closure refuses.
    pub(crate) async fn change_settings<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut WorldSettings) -> Result<T, WorldError> + Send + 'static,
    ) -> Result<T, WorldError> {
        self.write(move |batch| {
            Box::pin(async move {
                let mut settings = batch.settings().await?;
                let result = change(&mut settings)?;
                batch.put_settings(settings);
                Ok(result)
            })
        })
        .await
    }
}
