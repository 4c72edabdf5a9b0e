//! Settings that are changed at run time: one JSON document in the database, with a copy in every process.

use std::collections::BTreeMap;

use rampart_core::money::rate::Rate;

use crate::database::SandboxDatabase;
use crate::error::WorldError;
use crate::faults::FaultRule;

/// What was set through the routes or by tests.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct WorldSettings {
    /// Incremented by each change. An older copy never replaces a newer one.
    pub(crate) version: i64,
    /// How far business time is ahead of real time, in microseconds.
    pub(crate) clock_offset: i64,
    /// Fixed prices by `SYMBOL/CURRENCY`.
    pub(crate) prices: BTreeMap<String, Rate>,
    pub(crate) silent: bool,
    /// Screening results by normalised name or wallet: `true` is a hit.
    pub(crate) screening: BTreeMap<String, bool>,
    /// Faults in the order in which they apply.
    pub(crate) faults: Vec<FaultRule>,
}

impl SandboxDatabase {
    /// The settings as this process knows them. Its own changes are seen at once, others within 100 milliseconds.
    pub(crate) fn settings(&self) -> std::sync::Arc<WorldSettings> {
        self.signals.settings.borrow().clone()
    }

    /// Changes the settings. If the closure returns an error, nothing is written.
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
