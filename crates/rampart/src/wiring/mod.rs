//! Everything put together: configuration, key, world, database, application.

pub(crate) mod address;
pub(crate) mod engine;
pub(crate) mod first_start;
pub(crate) mod gateway;
pub(crate) mod key_file;
pub(crate) mod metrics;
pub(crate) mod outside;
pub(crate) mod private;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use rampart_app::workers::Workers;
use rampart_app::{App, Mode, Sources, SystemClock, SystemRandomness, stops};
use rampart_core::time::Clock;
use rampart_store::{Schema, Store, StoreOptions};

use crate::failure::Failure;
use crate::settings::{Configuration, Settings};
use key_file::InstallationKey;
use outside::Outside;

/// The file of the data folder that keeps how far this node has seen the database come.
const NUMBER_FILE: &str = "batches";
/// The file of the data folder that is the database, where no other is configured.
pub(crate) const DATABASE_FILE: &str = "rampart.db";

/// An installation whose parts are open: what every command works on.
pub(crate) struct Installation {
    pub(crate) settings: Settings,
    pub(crate) app: App,
    pub(crate) outside: Outside,
}

impl Installation {
    /// Opens everything. `address` is where the process listens, for the links of an installation without a public URL.
    ///
    /// # Errors
    /// When something cannot be opened, the key is not this database's, or its schema is an earlier version's and stays `AsItIs`.
    pub(crate) async fn open(configuration: &Configuration, address: &str, schema: Schema) -> Result<Self, Failure> {
        make_data_folder(&configuration.settings)?;
        private::close_data_folder(&configuration.settings);
        let outside = Outside::open(configuration).await?;
        Self::with(configuration, address, outside, schema).await
    }

    /// Opens everything, with this outside.
    async fn with(configuration: &Configuration, address: &str, outside: Outside, schema: Schema) -> Result<Self, Failure> {
        let settings = configuration.settings.clone();
        outside.check(settings.mode, &settings.data)?;
        private::check_key_file(&key_file::path(&settings), settings.mode)?;
        let keys = installation_keys(configuration, schema).await?;
        let sources = Sources { business: outside.clock(), real: Arc::new(SystemClock), randomness: Arc::new(SystemRandomness) };
        let store = open_store(configuration, sources.business.clone(), schema).await?;
        let (ports, catalogue) = (outside.ports(&store), configuration.catalogue.clone());
        let app = App::new(store, ports, settings.app(address), catalogue, sources, &keys).await?;
        // Before anything is committed, so that the database's number is the one that it came with.
        stops::compare_with_folder(&app, &settings.data.join(NUMBER_FILE)).await?;
        rampart_app::operate::opening::open_books(&app, outside.opening_balances()).await?;
        Ok(Self { settings, app, outside })
    }

    /// Makes what was decided durable and closes the files.
    pub(crate) async fn close(self) {
        self.app.store().close().await;
    }

    /// Stops the workers, then the world, and closes the files, in `workers.stop_seconds` altogether: a database that has
    /// fallen silent keeps no process. What was not committed then was not acknowledged, and leases run out by themselves.
    pub(crate) async fn stop(self, workers: Workers) {
        let bound = self.settings.workers.stop();
        let stopping = async {
            workers.stop().await;
            self.outside.stop().await;
            self.close().await;
        };
        match tokio::time::timeout(bound, stopping).await {
            Ok(()) => tracing::info!("stopped"),
            Err(_) => tracing::warn!(
                seconds = bound.as_secs(),
                "stopped without having put everything away, which took longer than workers.stop_seconds; leases run out by themselves"
            ),
        }
    }
}

fn make_data_folder(settings: &Settings) -> Result<(), Failure> {
    std::fs::create_dir_all(&settings.data)
        .map_err(|error| Failure::Refused(format!("the data folder {} cannot be made: {error}", settings.data.display())))
}

/// The installation's keys. A sandbox makes its own at the first start, and never for a database that has one already: a key
/// that lies beside a database of another is the harder to tell from the right one.
async fn installation_keys(configuration: &Configuration, schema: Schema) -> Result<Vec<InstallationKey>, Failure> {
    let path = key_file::path(&configuration.settings);
    if configuration.settings.mode != Mode::Sandbox || path.exists() {
        return key_file::read(&path);
    }
    let store = open_store(configuration, Arc::new(SystemClock), schema).await?;
    let known = store.installation().await;
    store.close().await;
    match known? {
        None => key_file::create(&path),
        // Another process began this installation meanwhile.
        Some(_) if path.exists() => key_file::read(&path),
        Some(known) => Err(Failure::Refused(format!(
            "the key file {} is not there, and the database was made with the key {} already: put the file back",
            path.display(),
            known.key_fingerprint
        ))),
    }
}

/// Opens the configured database.
async fn open_store(configuration: &Configuration, business: Arc<dyn Clock>, schema: Schema) -> Result<Store, Failure> {
    open_store_at(&configuration.database_url()?, configuration, business, schema).await
}

/// Opens a database by its URL, otherwise as configured.
///
/// # Errors
/// When it cannot be opened.
pub(crate) async fn open_store_at(
    url: &str,
    configuration: &Configuration,
    business: Arc<dyn Clock>,
    schema: Schema,
) -> Result<Store, Failure> {
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
        private::close_database(file);
    }
    Ok(store)
}
