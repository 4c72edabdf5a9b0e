//! `rampart serve`: the partner API, the hosted pages, the workers, and in sandbox mode the simulated world.

use std::sync::Arc;

use clap::Args;
use futures::FutureExt;
use rampart_app::{operate::required_configuration, workers};
use rampart_store::Schema;
use rampart_web::WebConfig;
use tokio::net::TcpListener;

use crate::error::CommandError;
use crate::options::GlobalOptions;
use crate::settings::Configuration;
use crate::wiring::engine::RampEngine;
use crate::wiring::metrics::{self, MetricsEndpoint};
use crate::wiring::{OpenInstallation, address, first_start};
use crate::{descriptors, logs, output};

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Address to listen on; port 0 picks a free port [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
}

/// Serves until SIGTERM or SIGINT.
pub(crate) fn run(global: &GlobalOptions, arguments: ServeArguments) -> Result<(), CommandError> {
    let mut overrides = global.overrides();
    overrides.listen = arguments.listen;
    let configuration = Configuration::load(&overrides)?;
    logs::start(configuration.settings.log.format, &configuration.settings.log.level)?;
    let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    super::block_on_threads(threads, serve(&configuration))
}

async fn serve(configuration: &Configuration) -> Result<(), CommandError> {
    // First, so that no signal ends the process during startup.
    let stop = stop_signal()?.shared();
    let descriptors = descriptors::raise();
    let listen = &configuration.settings.server.listen;
    let listener = TcpListener::bind(listen).await.map_err(|error| CommandError::Refused(format!("cannot listen on {listen}: {error}")))?;
    let bound = listener.local_addr().map_err(|error| CommandError::Refused(format!("{listen}: {error}")))?;
    let reachable = reachable(bound).to_string();
    let metrics = MetricsEndpoint::open(&configuration.settings).await?;
    let web = WebConfig { metrics_token: metrics::token(&configuration.settings)?, ..configuration.settings.server.web.clone() };
    let web = descriptors::limit_connections(web, descriptors);
    let installation = tokio::select! {
        installation = open(configuration, &reachable) => installation?,
        // So that a database that does not respond cannot keep the process alive.
        () = stop.clone() => {
            tracing::info!("stopped during startup");
            return Ok(());
        }
    };
    address::keep(&installation.settings, &reachable);
    let OpenInstallation { settings, app, providers } = &installation;
    let has_demo_partner = providers.world().is_some() && settings.sandbox.demo_partner;
    let first = if has_demo_partner { first_start::demo_partner(app).await? } else { None };
    metrics::register_world(app, providers);
    let router = router(&installation, web.clone());
    let workers = workers::start(app);
    providers.start();
    if let Some(credentials) = &first {
        output::line(&first_start::shell_commands(&reachable, credentials));
    }
    output::line(&metrics.describe());
    output::line(&format!("listening on http://{bound}"));
    tracing::info!(address = %bound, mode = ?settings.mode, database = ?app.store.engine(), version = env!("CARGO_PKG_VERSION"), "serving");
    tokio::join!(metrics.serve(&router, &web, stop.clone()), rampart_web::serve(listener, router.clone(), &web, stop));
    tracing::info!("stopping: all accepted requests are answered");
    // After the requests: first the workers that they have woken, then the world, then the database.
    installation.stop(workers).await;
    Ok(())
}

/// Opens the installation and takes the lock for serving.
async fn open(configuration: &Configuration, reachable: &str) -> Result<OpenInstallation, CommandError> {
    let installation = OpenInstallation::open(configuration, reachable, Schema::UpToDate).await?;
    installation.app.store.lock_to_serve().await?;
    required_configuration::check(&installation.app).await?;
    Ok(installation)
}

/// The HTTP routes.
pub(crate) fn router(installation: &OpenInstallation, web: WebConfig) -> rampart_web::Front {
    // The calls under `/sandbox` exist only with a simulated world.
    let sandbox_calls = installation.providers.world().map(|world| {
        let engine = Arc::new(RampEngine::new(installation.app.clone()));
        (rampart_sandbox::calls(world.clone(), engine), rampart_sandbox::openapi())
    });
    rampart_web::router(installation.app.clone(), web, sandbox_calls.into_iter().collect())
}

/// An address that clients can connect to: loopback in place of the unspecified address.
pub(crate) fn reachable(address: std::net::SocketAddr) -> std::net::SocketAddr {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Completes at SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()>, CommandError> {
    use tokio::signal::unix::{SignalKind, signal};
    let fault = |error: std::io::Error| CommandError::Refused(format!("signals cannot be received: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(fault)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(fault)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
