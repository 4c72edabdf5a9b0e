//! The simulated world as a whole: its database, its ports and its scheduler.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use rampart_core::money::asset::Chain;
use rampart_core::ports::{BankPort, ChainPort, KycPort, PricePort, ProcessorPort, ScreeningPort};
use rampart_core::time::{Clock, Timestamp};
use sqlx::sqlite::SqliteConnection;
use tokio::task::JoinHandle;

use crate::bank::SimulatedBank;
use crate::chain::{self, SimulatedChain};
use crate::clock::MachineClock;
use crate::config::{OpeningBalance, WorldConfig};
use crate::database::SandboxDatabase;
use crate::error::WorldError;
use crate::kyc::SimulatedKyc;
use crate::prices::SimulatedPrices;
use crate::processor::SimulatedProcessors;
use crate::scheduler;
use crate::screening::SimulatedScreening;

/// The simulated outside world, with a port for each kind of provider.
pub struct World {
    pub(crate) database: Arc<SandboxDatabase>,
    bank: Arc<SimulatedBank>,
    processors: Arc<SimulatedProcessors>,
    chains: BTreeMap<Chain, Arc<SimulatedChain>>,
    identity: Arc<SimulatedKyc>,
    screening: Arc<SimulatedScreening>,
    prices: Arc<SimulatedPrices>,
    scheduler: Mutex<Option<JoinHandle<()>>>,
}

impl World {
    /// Opens the database and creates it if it is missing. What is new in the configuration, such as a chain, is added with
    /// its opening balance. Nothing happens by itself until [`World::start`].
    pub async fn open(path: impl AsRef<Path>, config: WorldConfig) -> Result<Arc<Self>, WorldError> {
        Self::open_on(path, config, Arc::new(MachineClock)).await
    }

    /// Like [`World::open`], on another real clock than the machine's.
    pub async fn open_on(path: impl AsRef<Path>, config: WorldConfig, real: Arc<dyn Clock>) -> Result<Arc<Self>, WorldError> {
        let database = SandboxDatabase::open(path.as_ref(), config, real).await?;
        let chains =
            database.config.chains.iter().map(|chain| (chain.name, Arc::new(SimulatedChain::new(database.clone(), chain.clone()))));
        Ok(Arc::new(Self {
            bank: Arc::new(SimulatedBank { database: database.clone() }),
            processors: Arc::new(SimulatedProcessors { database: database.clone() }),
            chains: chains.collect(),
            identity: Arc::new(SimulatedKyc { database: database.clone() }),
            screening: Arc::new(SimulatedScreening { database: database.clone() }),
            prices: Arc::new(SimulatedPrices { database: database.clone() }),
            scheduler: Mutex::new(None),
            database,
        }))
    }

    /// The bank, with all rails.
    #[must_use]
    pub fn bank(&self) -> Arc<dyn BankPort> {
        self.bank.clone()
    }

    /// The processors of redirect payments.
    #[must_use]
    pub fn processor(&self) -> Arc<dyn ProcessorPort> {
        self.processors.clone()
    }

    /// The port of a chain.
    #[must_use]
    pub fn chain(&self, name: Chain) -> Option<Arc<dyn ChainPort>> {
        self.chains.get(&name).map(|chain| chain.clone() as Arc<dyn ChainPort>)
    }

    /// The names of all chains.
    #[must_use]
    pub fn chains(&self) -> Vec<Chain> {
        self.chains.keys().copied().collect()
    }

    /// The identity provider.
    #[must_use]
    pub fn kyc(&self) -> Arc<dyn KycPort> {
        self.identity.clone()
    }

    /// The screening provider.
    #[must_use]
    pub fn screening(&self) -> Arc<dyn ScreeningPort> {
        self.screening.clone()
    }

    /// The price source.
    #[must_use]
    pub fn prices(&self) -> Arc<dyn PricePort> {
        self.prices.clone()
    }

    /// The business clock, shared by the ramp and the world.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.database.clock.clone()
    }

    /// The balances that the world opens with. The ramp's ledger opens with the same.
    #[must_use]
    pub fn opening_balances(&self) -> Vec<OpeningBalance> {
        self.database.config.opening_balances()
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &WorldConfig {
        &self.database.config
    }

    /// Does everything that is due now, and returns whether there was anything.
    pub async fn run_due(&self) -> Result<bool, WorldError> {
        let before = self.database.signals.progress();
        while scheduler::run_due_work(&self.database).await? {}
        Ok(self.database.signals.progress() != before)
    }

    /// Starts the scheduler. Of the processes that share a database one runs it; another takes over when that one dies.
    pub fn start(&self) {
        let mut scheduler = self.scheduler.lock();
        if scheduler.is_none() {
            *scheduler = Some(tokio::spawn(scheduler::run(Arc::downgrade(&self.database))));
        }
    }

    /// Stops the scheduler of this process; another process may take over. The ports stay usable.
    pub async fn stop(&self) {
        let scheduler = self.scheduler.lock().take();
        if let Some(scheduler) = scheduler {
            scheduler.abort();
            // An aborted task always returns an error.
            let _ = scheduler.await;
            if let Err(error) = scheduler::release_lease(&self.database).await {
                tracing::warn!(%error, "the sandbox scheduler's lease was not released");
            }
        }
    }

    pub(crate) fn simulated_chain(&self, name: Chain) -> Result<&Arc<SimulatedChain>, WorldError> {
        self.chains.get(&name).ok_or_else(|| WorldError::NotFound(format!("there is no chain {name}")))
    }
}

/// Inserts the rails, chains and coins that are in the configuration but not in the database.
pub(crate) async fn create_missing_rows(connection: &mut SqliteConnection, config: &WorldConfig, now: Timestamp) -> Result<(), WorldError> {
    for rail in &config.rails {
        sqlx::query("INSERT INTO bank_accounts (rail, balance) VALUES (?1, ?2) ON CONFLICT (rail) DO NOTHING")
            .bind(rail.name.as_str())
            .bind(rail.opening.to_string())
            .execute(&mut *connection)
            .await?;
    }
    for chain in &config.chains {
        sqlx::query(
            "INSERT INTO chains (name, height, fork, every_micros, mined_at) VALUES (?1, 0, 0, ?2, ?3) ON CONFLICT (name) DO NOTHING",
        )
        .bind(chain.name.as_str())
        .bind(i64::from(chain.block_seconds) * 1_000_000)
        .bind(now.micros())
        .execute(&mut *connection)
        .await?;
        for coin in &chain.coins {
            sqlx::query(
                "INSERT INTO balances (chain, address, symbol, amount, waiting) VALUES (?1, ?2, ?3, ?4, '0') \
                 ON CONFLICT (chain, address, symbol) DO NOTHING",
            )
            .bind(chain.name.as_str())
            .bind(chain::hot_address(config.seed, chain))
            .bind(coin.symbol.as_str())
            .bind(coin.opening.to_string())
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(())
}
