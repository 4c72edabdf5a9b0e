//! The mode of an installation is fixed when its database is created. Simulated providers are for sandboxes only.

use rampart_store::Store;

use crate::config::{AppConfig, Mode};
use crate::error::{AppError, AppResult};
use crate::state::ports::Ports;

impl Mode {
    /// The name in configuration and database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Live => "live",
        }
    }
}

/// Compares the configured mode with the adapters and with the database's mode. A new database adopts it.
pub(crate) async fn check(store: &Store, config: &AppConfig, ports: &Ports) -> AppResult<()> {
    if config.is_live() && ports.gateway_player.is_some() {
        return Err(AppError::defect("mode = \"live\" does not permit simulated processors"));
    }
    let (configured, kept) = (config.mode.as_str(), store.set_mode_once(config.mode.as_str()).await?);
    if kept == configured {
        return Ok(());
    }
    Err(AppError::defect(format!(
        "this database was made in {kept} mode, and mode = \"{configured}\" is configured: an installation keeps its mode; give it a \
         database of its own"
    )))
}
