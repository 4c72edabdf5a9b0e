//! The providers: the simulated world or real adapters. What only a sandbox has (a movable clock, opening balances, the
//! `/sandbox` routes) comes with the world, so that live mode cannot offer it.

use std::path::Path;
use std::sync::Arc;

use rampart_app::{GatewayPlayer, Mode, Ports, SystemClock};
use rampart_core::ledger::Account;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_core::time::Clock;
use rampart_sandbox::{World, WorldConfig};
use rampart_store::Store;

use super::gateway::WorldGateway;
use crate::error::CommandError;
use crate::settings::Configuration;

/// The database of the simulated world, in the data folder.
pub(super) const WORLD_FILE: &str = "sandbox.db";

pub(crate) enum Providers {
    Simulated(Arc<World>),
    #[cfg_attr(not(test), expect(dead_code, reason = "no real adapter is built in yet"))]
    Real(Ports),
}

impl Providers {
    /// Opens the providers of the configured mode. Live mode is refused while no real adapter is built in.
    pub(crate) async fn open(configuration: &Configuration) -> Result<Self, CommandError> {
        match configuration.settings.mode {
            Mode::Sandbox => {
                let config = WorldConfig::from_catalogue(&configuration.catalogue, configuration.settings.sandbox.seed);
                Ok(Self::Simulated(World::open(configuration.settings.data.join(WORLD_FILE), config).await?))
            }
            Mode::Live => Err(CommandError::Refused("mode = \"live\" needs real adapters, and none is built in yet".to_owned())),
        }
    }

    /// Refuses providers that the mode does not allow, and in live mode the data folder of a sandbox.
    pub(crate) fn check(&self, mode: Mode, data: &Path) -> Result<(), CommandError> {
        match (mode, self) {
            (Mode::Live, Self::Simulated(_)) => Err(CommandError::Refused("mode = \"live\" refuses the simulated world".to_owned())),
            (Mode::Sandbox, Self::Real(_)) => Err(CommandError::Refused("mode = \"sandbox\" refuses real adapters".to_owned())),
            (Mode::Live, Self::Real(_)) if data.join(WORLD_FILE).exists() => Err(CommandError::Refused(format!(
                "{} holds the simulated world of a sandbox ({WORLD_FILE}): a live installation needs a data folder of its own",
                data.display()
            ))),
            (Mode::Live, Self::Real(_)) | (Mode::Sandbox, Self::Simulated(_)) => Ok(()),
        }
    }

    pub(crate) const fn world(&self) -> Option<&Arc<World>> {
        match self {
            Self::Simulated(world) => Some(world),
            Self::Real(_) => None,
        }
    }

    /// Starts the schedule of the simulated world.
    pub(crate) fn start(&self) {
        if let Some(world) = self.world() {
            world.start();
        }
    }

    pub(crate) async fn stop(&self) {
        if let Some(world) = self.world() {
            world.stop().await;
        }
    }

    /// The clock of business time. The one of the simulated world can be moved.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        match self {
            Self::Simulated(world) => world.clock(),
            Self::Real(_) => Arc::new(SystemClock),
        }
    }

    /// The opening balances of the ledger: none with real providers.
    pub(crate) fn opening_balances(&self) -> Vec<(Account, Asset, Amount)> {
        let world = self.world().map(|world| world.opening_balances()).unwrap_or_default();
        world.iter().map(|balance| (balance.account, balance.asset, balance.amount)).collect()
    }

    pub(crate) fn ports(&self, store: &Store) -> Ports {
        match self {
            Self::Simulated(world) => simulated(world, Some(Arc::new(WorldGateway::new(world.clone(), store.clone())))),
            Self::Real(ports) => ports.clone(),
        }
    }
}

/// The ports of the simulated world.
pub(super) fn simulated(world: &World, gateway_player: Option<Arc<dyn GatewayPlayer>>) -> Ports {
    Ports {
        banks: vec![world.bank()],
        processors: vec![world.processor()],
        chains: world.chains().into_iter().filter_map(|name| world.chain(name)).collect(),
        kyc: world.kyc(),
        screening: world.screening(),
        prices: world.prices(),
        gateway_player,
    }
}
