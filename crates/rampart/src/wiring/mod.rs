//! Everything put together: configuration, key, world, database, application.

pub(crate) mod address;
pub(crate) mod engine;
pub(crate) mod first_start;
pub(crate) mod gateway;
pub(crate) mod key_file;
pub(crate) mod metrics;

use std::sync::Arc;
use std::time::Duration;

use rampart_app::{App, Mode, Ports, Sources, SystemClock, SystemRandomness, stops};
use rampart_core::time::Clock;
use rampart_sandbox::{World, WorldConfig};
use rampart_store::{Store, StoreOptions};

use crate::failure::Failure;
use crate::settings::{Configuration, Settings};
use key_file::InstallationKey;

/// The file of the data folder that keeps how far this node has seen the database come.
const NUMBER_FILE: &str = "batches";

/// An installation whose parts are open: what every command works on.
pub(crate) struct Installation {
    pub(crate) settings: Settings,
    pub(crate) app: App,
    pub(crate) world: Arc<World>,
}

impl Installation {
    /// Opens everything. `address` is where the process listens, for the links of an installation without a public URL.
    ///
    /// # Errors
    /// When something cannot be opened, or the key is not this database's.
    pub(crate) async fn open(configuration: &Configuration, address: &str) -> Result<Self, Failure> {
        let settings = configuration.settings.clone();
        std::fs::create_dir_all(&settings.data)
            .map_err(|error| Failure::Refused(format!("the data folder {} cannot be made: {error}", settings.data.display())))?;
        let key = installation_key(configuration).await?;
        let world_config = WorldConfig::from_catalogue(&configuration.catalogue, settings.sandbox.seed);
        let world = World::open(settings.data.join("sandbox.db"), world_config).await?;
        let sources = Sources { business: world.clock(), real: Arc::new(SystemClock), randomness: Arc::new(SystemRandomness) };
        let store = open_store(configuration, sources.business.clone()).await?;
        let catalogue = configuration.catalogue.clone();
        let app = App::new(store.clone(), ports(&world, &store), settings.app(address), catalogue, sources, &key).await?;
        // Before anything is committed, so that the database's number is the one that it came with.
        stops::compare_with_folder(&app, &settings.data.join(NUMBER_FILE)).await?;
        let opening: Vec<_> = world.opening_balances().iter().map(|balance| (balance.account, balance.asset, balance.amount)).collect();
        rampart_app::operate::opening::open_books(&app, opening).await?;
        Ok(Self { settings, app, world })
    }

    /// Makes what was decided durable and closes the files.
    pub(crate) async fn close(self) {
        self.app.store().close().await;
    }
}

/// The installation's key. A sandbox makes its own at the first start, and never for a database that has one already: a key
/// that lies beside a database of another is the harder to tell from the right one.
async fn installation_key(configuration: &Configuration) -> Result<InstallationKey, Failure> {
    let path = key_file::path(&configuration.settings);
    if configuration.settings.mode != Mode::Sandbox || path.exists() {
        return key_file::read(&path);
    }
    let store = open_store(configuration, Arc::new(SystemClock)).await?;
    let known = store.installation().await;
    store.close().await;
    match known? {
        None => key_file::create(&path),
        // Another process began this installation meanwhile.
        Some(_) if path.exists() => key_file::read(&path),
        Some(known) => Err(Failure::Refused(format!(
            "the key file {} is not there, and the database has the key {} already: put the file back",
            path.display(),
            known.key_fingerprint
        ))),
    }
}

/// Opens the configured database.
///
/// # Errors
/// When it cannot be opened.
pub(crate) async fn open_store(configuration: &Configuration, business: Arc<dyn Clock>) -> Result<Store, Failure> {
    open_store_at(&configuration.database_url()?, configuration, business).await
}

/// Opens a database by its URL, otherwise as configured.
///
/// # Errors
/// When it cannot be opened.
pub(crate) async fn open_store_at(url: &str, configuration: &Configuration, business: Arc<dyn Clock>) -> Result<Store, Failure> {
    let database = &configuration.settings.database;
    let options = StoreOptions {
        queue: database.queue,
        batch: database.batch,
        readers: database.readers,
        patience: Duration::from_secs(database.patience_seconds),
        ..StoreOptions::new(business, Arc::new(SystemRandomness))
    };
    Ok(Store::open(url, options).await?)
}

/// The simulated world behind every port.
fn ports(world: &Arc<World>, store: &Store) -> Ports {
    Ports {
        banks: vec![world.bank()],
        processors: vec![world.processor()],
        chains: world.chains().into_iter().filter_map(|name| world.chain(name)).collect(),
        kyc: world.kyc(),
        screening: world.screening(),
        prices: world.prices(),
        gateway_player: Some(Arc::new(gateway::WorldGateway::new(world.clone(), store.clone()))),
    }
}
