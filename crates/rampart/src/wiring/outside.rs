//! Who is outside: the simulated world, or real adapters. Whatever a sandbox alone has (the world that is played, the clock
//! that is moved, the books that open by themselves) comes with the world, so that live mode has none of it to give.

use std::path::Path;
use std::sync::Arc;

use rampart_app::{GatewayPlayer, Mode, Ports, SystemClock};
use rampart_core::amount::Amount;
use rampart_core::asset::Asset;
use rampart_core::ledger::Account;
use rampart_core::time::Clock;
use rampart_sandbox::{World, WorldConfig};
use rampart_store::Store;

use super::gateway::WorldGateway;
use crate::failure::Failure;
use crate::settings::Configuration;

/// The file of the data folder that holds the simulated world.
pub(super) const WORLD_FILE: &str = "sandbox.db";

/// Who is outside.
pub(crate) enum Outside {
    /// The simulated world.
    Simulated(Arc<World>),
    /// Real adapters.
    #[cfg_attr(not(test), expect(dead_code, reason = "no real adapter is built in yet"))]
    Real(Ports),
}

impl Outside {
    /// Opens what the mode wants.
    ///
    /// # Errors
    /// When the world cannot be opened; in live mode when a provider has no real adapter.
    pub(crate) async fn open(configuration: &Configuration) -> Result<Self, Failure> {
        match configuration.settings.mode {
            Mode::Sandbox => {
                let config = WorldConfig::from_catalogue(&configuration.catalogue, configuration.settings.sandbox.seed);
                Ok(Self::Simulated(World::open(configuration.settings.data.join(WORLD_FILE), config).await?))
            }
            Mode::Live => Err(Failure::Refused("mode = \"live\" needs real adapters, and none is built in yet".to_owned())),
        }
    }

    /// Refuses an outside that the mode does not allow, and the data folder of a sandbox in live mode.
    ///
    /// # Errors
    /// When they do not fit together.
    pub(crate) fn check(&self, mode: Mode, data: &Path) -> Result<(), Failure> {
        match (mode, self) {
            (Mode::Live, Self::Simulated(_)) => Err(Failure::Refused("mode = \"live\" refuses the simulated world".to_owned())),
            (Mode::Sandbox, Self::Real(_)) => Err(Failure::Refused("mode = \"sandbox\" refuses real adapters".to_owned())),
            (Mode::Live, Self::Real(_)) if data.join(WORLD_FILE).exists() => Err(Failure::Refused(format!(
                "{} holds the simulated world of a sandbox ({WORLD_FILE}): a live installation needs a data folder of its own",
                data.display()
            ))),
            (Mode::Live, Self::Real(_)) | (Mode::Sandbox, Self::Simulated(_)) => Ok(()),
        }
    }

    /// The simulated world, where there is one.
    pub(crate) const fn world(&self) -> Option<&Arc<World>> {
        match self {
            Self::Simulated(world) => Some(world),
            Self::Real(_) => None,
        }
    }

    /// Lets the simulated world play itself.
    pub(crate) fn start(&self) {
        if let Some(world) = self.world() {
            world.start();
        }
    }

    /// Stops the simulated world.
    pub(crate) async fn stop(&self) {
        if let Some(world) = self.world() {
            world.stop().await;
        }
    }

    /// The clock of business time: the world's can be moved, the machine's cannot.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        match self {
            Self::Simulated(world) => world.clock(),
            Self::Real(_) => Arc::new(SystemClock),
        }
    }

    /// What the books open with.
    pub(crate) fn opening_balances(&self) -> Vec<(Account, Asset, Amount)> {
        let world = self.world().map(|world| world.opening_balances()).unwrap_or_default();
        world.iter().map(|balance| (balance.account, balance.asset, balance.amount)).collect()
    }

    /// Every port.
    pub(crate) fn ports(&self, store: &Store) -> Ports {
        match self {
            Self::Simulated(world) => simulated(world, Some(Arc::new(WorldGateway::new(world.clone(), store.clone())))),
            Self::Real(ports) => ports.clone(),
        }
    }
}

/// The simulated world behind every port, and who plays the processors' pages.
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
