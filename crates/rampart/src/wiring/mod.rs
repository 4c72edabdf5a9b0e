//! Builds an installation from its parts: configuration, keys, providers, database and application.

pub(crate) mod address;
pub(crate) mod engine;
pub(crate) mod first_start;
pub(crate) mod gateway;
pub(crate) mod key_file;
pub(crate) mod metrics;
pub(crate) mod private;
pub(crate) mod providers;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use rampart_app::workers::Workers;
use rampart_app::{App, Mode, Sources, SystemClock, SystemRandomness, workers::stops};
use rampart_core::time::Clock;
use rampart_store::{Schema, Store, StoreOptions};

use crate::error::CommandError;
use crate::settings::{Configuration, ProcessSettings};
use key_file::KeyBytes;
use providers::Providers;

/// The number of the last batch this node has seen, to notice a restored backup.
const BATCH_NUMBER_FILE: &str = "batches";

/// What a command works on.
pub(crate) struct OpenInstallation {
    pub(crate) settings: ProcessSettings,
    pub(crate) app: App,
    pub(crate) providers: Providers,
}

impl OpenInstallation {
    /// Opens an installation. `address` is where the process listens; without a public URL, links are built from it.
    ///
    /// # Errors
    /// When a part cannot be opened, the key does not belong to the database, or its schema is outdated and `schema` is `AsItIs`.
    pub(crate) async fn open(configuration: &Configuration, address: &str, schema: Schema) -> Result<Self, CommandError> {
        make_data_folder(&configuration.settings)?;
        private::restrict_data_folder(&configuration.settings);
        let providers = Providers::open(configuration).await?;
        Self::with(configuration, address, providers, schema).await
    }

    /// Opens an installation with the given providers.
    async fn with(configuration: &Configuration, address: &str, providers: Providers, schema: Schema) -> Result<Self, CommandError> {
        let settings = configuration.settings.clone();
        providers.check(settings.mode, &settings.data)?;
        private::check_key_file(&key_file::path(&settings), settings.mode)?;
        let keys = installation_keys(configuration, schema).await?;
        let sources = Sources { business: providers.clock(), real: Arc::new(SystemClock), randomness: Arc::new(SystemRandomness) };
        let store = open_store(configuration, sources.business.clone(), schema).await?;
        let (ports, catalogue) = (providers.ports(&store), configuration.catalogue.clone());
        let app = App::new(store, ports, settings.app(address), catalogue, sources, &keys).await?;
        // Before the first commit, which would change the batch number of the database.
        stops::compare_with_folder(&app, &settings.data.join(BATCH_NUMBER_FILE)).await?;
        rampart_app::operate::opening::open_books(&app, providers.opening_balances()).await?;
        Ok(Self { settings, app, providers })
    }

    /// Flushes and closes the database.
    pub(crate) async fn close(self) {
        self.app.store.close().await;
    }

    /// Stops the workers, then the world, then the database, within `workers.stop_seconds` altogether, so that a database that
    /// does not respond cannot keep the process alive. Uncommitted work was not acknowledged, and its leases expire.
    pub(crate) async fn stop(self, workers: Workers) {
        let time_limit = self.settings.workers.stop();
        let stopping = async {
            workers.stop().await;
            self.providers.stop().await;
            self.close().await;
        };
        match tokio::time::timeout(time_limit, stopping).await {
            Ok(()) => tracing::info!("stopped"),
            Err(_) => tracing::warn!(
                seconds = time_limit.as_secs(),
                "stopped before everything was closed, because that took longer than workers.stop_seconds; leases will expire"
            ),
        }
    }
}

fn make_data_folder(settings: &ProcessSettings) -> Result<(), CommandError> {
    std::fs::create_dir_all(&settings.data)
        .map_err(|error| CommandError::Refused(format!("cannot create the data folder {}: {error}", settings.data.display())))
}

/// The installation's keys. A sandbox creates its key at the first start, but never for a database that was made with another
/// key: a wrong key file is harder to notice than a missing one.
async fn installation_keys(configuration: &Configuration, schema: Schema) -> Result<Vec<KeyBytes>, CommandError> {
    let path = key_file::path(&configuration.settings);
    if configuration.settings.mode != Mode::Sandbox || path.exists() {
        return key_file::read(&path);
    }
    let store = open_store(configuration, Arc::new(SystemClock), schema).await?;
    let known = store.installation().await;
    store.close().await;
    match known? {
        None => key_file::create(&path),
        // Another process created the key in the meantime.
        Some(_) if path.exists() => key_file::read(&path),
        Some(known) => Err(CommandError::Refused(format!(
            "the key file {} is missing, and the database was created with the key {}: put the file back",
            path.display(),
            known.key_fingerprint
        ))),
    }
}

async fn open_store(configuration: &Configuration, business: Arc<dyn Clock>, schema: Schema) -> Result<Store, CommandError> {
    open_store_at(&configuration.database_url()?, configuration, business, schema).await
}

/// Opens the database at `url` with the configured options.
pub(crate) async fn open_store_at(
    url: &str,
    configuration: &Configuration,
    business: Arc<dyn Clock>,
    schema: Schema,
) -> Result<Store, CommandError> {
    let database = &configuration.settings.database;
    let options = StoreOptions {
        queue: database.queue,
        batch: database.batch,
        readers: database.readers,
        patience: Duration::from_secs(database.patience_seconds),
        schema,
        ..StoreOptions::new(business, Arc::new(SystemRandomness))
    };
    let store = Store::open(url, options).await?;
    if let Some(file) = store.file() {
        private::restrict_database(file);
    }
    Ok(store)
}
