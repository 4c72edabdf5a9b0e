//! Where `/metrics` is served, and the token it requires.

use std::path::Path;

use rampart_app::App;
use rampart_core::text::redacted::Redacted;
use rampart_web::{Front, WebConfig};
use tokio::net::TcpListener;

use crate::bounded;
use crate::error::CommandError;
use crate::settings::ProcessSettings;
use crate::wiring::providers::Providers;

/// A shorter token can be guessed.
const MIN_TOKEN_CHARACTERS: usize = 16;
const MAX_TOKEN_FILE_BYTES: u64 = 4_096;
/// Of the separate listener: a limited scrapers need limited.
const MAX_CONNECTIONS: usize = 64;

pub(crate) enum MetricsEndpoint {
    Separate(TcpListener, std::net::SocketAddr),
    /// On the listener of the API, for requests with the token.
    WithApi,
    Disabled,
}

impl MetricsEndpoint {
    /// Opens the separate listener, if one is configured.
    pub(crate) async fn open(settings: &ProcessSettings) -> Result<Self, CommandError> {
        let server = &settings.server;
        if !server.metrics_listen.is_empty() {
            let fault =
                |error| CommandError::Refused(format!("server.metrics_listen: cannot listen on {}: {error}", server.metrics_listen));
            let listener = TcpListener::bind(&server.metrics_listen).await.map_err(fault)?;
            let bound = listener.local_addr().map_err(fault)?;
            return Ok(Self::Separate(listener, bound));
        }
        Ok(if server.metrics_token_file.is_empty() { Self::Disabled } else { Self::WithApi })
    }

    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Separate(_, bound) => format!("metrics on http://{bound}/metrics, without a token"),
            Self::WithApi => "metrics at /metrics, with the token of server.metrics_token_file".to_owned(),
            Self::Disabled => "no metrics: set server.metrics_listen or server.metrics_token_file".to_owned(),
        }
    }

    /// Serves the separate listener, if there is one, until `stop` completes.
    pub(crate) async fn serve(self, front: &Front, config: &WebConfig, stop: impl Future<Output = ()>) {
        if let Self::Separate(listener, _) = self {
            let limited = WebConfig { connections: MAX_CONNECTIONS, connections_per_address: MAX_CONNECTIONS, ..config.clone() };
            rampart_web::serve(listener, front.operators(), &limited, stop).await;
        }
    }
}

/// Shows what the simulated world takes of this process, so that the rest is what the ramp takes.
pub(crate) fn register_world(app: &App, providers: &Providers) {
    if let Some(world) = providers.world().cloned() {
        let help = "Processor time that the simulated world has taken in this process";
        app.metrics.register_seconds("sandbox_processor_seconds", help, move || world.processor_time());
    }
}

/// The token of `/metrics` on the listener of the API.
pub(crate) fn token(settings: &ProcessSettings) -> Result<Option<Redacted>, CommandError> {
    let server = &settings.server;
    if !server.metrics_listen.is_empty() || server.metrics_token_file.is_empty() {
        return Ok(None);
    }
    let path = Path::new(&server.metrics_token_file);
    let fault = |reason: String| CommandError::Refused(format!("server.metrics_token_file: {} {reason}", path.display()));
    let text = bounded::read(path, MAX_TOKEN_FILE_BYTES).map_err(|error| fault(format!("cannot be read: {error}")))?;
    let token = text.trim();
    if token.len() < MIN_TOKEN_CHARACTERS || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(fault(format!("must contain a token of at least {MIN_TOKEN_CHARACTERS} visible ASCII characters")));
    }
    Ok(Some(token.into()))
}
