//! Where the metrics are served, and what they ask for.

use std::path::Path;

use rampart_core::redacted::Redacted;
use rampart_web::{Front, WebConfig};
use tokio::net::TcpListener;

use crate::bounded;
use crate::failure::Failure;
use crate::settings::Settings;

/// The fewest characters of a token: what is shorter can be guessed.
const SHORTEST: usize = 16;
/// The most bytes of its file.
const LONGEST: u64 = 4_096;
/// How many connections the listener of the metrics has: whoever reads them needs few.
const CONNECTIONS: usize = 64;

/// Where the metrics are served.
pub(crate) enum Metrics {
    /// On a listener of their own.
    Apart(TcpListener, std::net::SocketAddr),
    /// Beside the API, for who has the token.
    WithToken,
    /// Nowhere.
    Nowhere,
}

impl Metrics {
    /// Listens where the settings say so.
    ///
    /// # Errors
    /// When that cannot be listened on.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Failure> {
        let server = &settings.server;
        if !server.metrics_listen.is_empty() {
            let fault =
                |error| Failure::Refused(format!("server.metrics_listen: {} cannot be listened on: {error}", server.metrics_listen));
            let listener = TcpListener::bind(&server.metrics_listen).await.map_err(fault)?;
            let bound = listener.local_addr().map_err(fault)?;
            return Ok(Self::Apart(listener, bound));
        }
        Ok(if server.metrics_token_file.is_empty() { Self::Nowhere } else { Self::WithToken })
    }

    /// What a start says of it.
    pub(crate) fn said(&self) -> String {
        match self {
            Self::Apart(_, bound) => format!("metrics on http://{bound}/metrics, without a token"),
            Self::WithToken => "metrics at /metrics, with the token of server.metrics_token_file".to_owned(),
            Self::Nowhere => "no metrics: set server.metrics_listen or server.metrics_token_file".to_owned(),
        }
    }

    /// Serves them until `stop` completes, if they have a listener of their own.
    pub(crate) async fn serve(self, front: &Front, config: &WebConfig, stop: impl Future<Output = ()>) {
        if let Self::Apart(listener, _) = self {
            let few = WebConfig { connections: CONNECTIONS, connections_per_address: CONNECTIONS, ..config.clone() };
            rampart_web::serve(listener, front.operators(), &few, stop).await;
        }
    }
}

/// The token that the metrics beside the API ask for.
///
/// # Errors
/// When its file cannot be read, or holds none that cannot be guessed.
pub(crate) fn token(settings: &Settings) -> Result<Option<Redacted>, Failure> {
    let server = &settings.server;
    if !server.metrics_listen.is_empty() || server.metrics_token_file.is_empty() {
        return Ok(None);
    }
    let path = Path::new(&server.metrics_token_file);
    let fault = |reason: String| Failure::Refused(format!("server.metrics_token_file: {} {reason}", path.display()));
    let text = bounded::read(path, LONGEST).map_err(|error| fault(format!("cannot be read: {error}")))?;
    let token = text.trim();
    if token.len() < SHORTEST || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(fault(format!("must hold a token of {SHORTEST} visible ASCII characters or more")));
    }
    Ok(Some(token.into()))
}
