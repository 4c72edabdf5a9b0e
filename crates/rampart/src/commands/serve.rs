//! `rampart serve`: the partner API, the hosted pages, every worker, and the sandbox's world.

use std::sync::Arc;

use clap::Args;
use futures::FutureExt;
use rampart_app::{required_configuration, workers};
use rampart_store::Schema;
use rampart_web::WebConfig;
use tokio::net::TcpListener;

use crate::cli::Global;
use crate::failure::Failure;
use crate::settings::Configuration;
use crate::wiring::engine::RampEngine;
use crate::wiring::metrics::{self, Metrics};
use crate::wiring::{Installation, address, first_start};
use crate::{descriptors, logs, output};

/// `rampart serve`
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
}

/// Serves until the process is told to stop.
///
/// # Errors
/// When it cannot begin.
pub(crate) fn run(global: &Global, arguments: ServeArguments) -> Result<(), Failure> {
    let mut overrides = global.overrides();
    overrides.listen = arguments.listen;
    let configuration = Configuration::load(&overrides)?;
    logs::start(configuration.settings.log.format, &configuration.settings.log.level)?;
    let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    super::block_on_threads(threads, serve(&configuration))
}

async fn serve(configuration: &Configuration) -> Result<(), Failure> {
    // Before anything is accepted, so that no signal ends the process in between.
    let stop = stop_signal()?.shared();
    let descriptors = descriptors::raise();
    let listen = &configuration.settings.server.listen;
    let listener = TcpListener::bind(listen).await.map_err(|error| Failure::Refused(format!("{listen} cannot be listened on: {error}")))?;
    let bound = listener.local_addr().map_err(|error| Failure::Refused(format!("{listen}: {error}")))?;
    let reachable = reachable(bound).to_string();
    let metrics = Metrics::open(&configuration.settings).await?;
    let web = WebConfig { metrics_token: metrics::token(&configuration.settings)?, ..configuration.settings.server.web.clone() };
    let web = descriptors::fitted(web, descriptors);
    let installation = tokio::select! {
        installation = open(configuration, &reachable) => installation?,
        // A database that has fallen silent keeps no process.
        () = stop.clone() => {
            tracing::info!("stopped before it served");
            return Ok(());
        }
    };
    address::keep(&installation.settings, &reachable);
    let Installation { settings, app, outside } = &installation;
    let is_demonstrated = outside.world().is_some() && settings.sandbox.demo_partner;
    let first = if is_demonstrated { first_start::demo_partner(app).await? } else { None };
    let router = router(&installation, web.clone());
    let workers = workers::start(app);
    outside.start();
    if let Some(credentials) = &first {
        output::line(&first_start::what_to_paste(&reachable, credentials));
    }
    output::line(&metrics.said());
    output::line(&format!("listening on http://{bound}"));
    tracing::info!(address = %bound, mode = ?settings.mode, database = ?app.store().engine(), version = env!("CARGO_PKG_VERSION"), "serving");
    tokio::join!(metrics.serve(&router, &web, stop.clone()), rampart_web::serve(listener, router.clone(), &web, stop));
    tracing::info!("stopping: every accepted request is answered");
    // Requests first, then the workers that their steps have woken, then the world, then the files.
    installation.stop(workers).await;
    Ok(())
}

/// Opens an installation that may serve.
async fn open(configuration: &Configuration, reachable: &str) -> Result<Installation, Failure> {
    let installation = Installation::open(configuration, reachable, Schema::UpToDate).await?;
    installation.app.store().lock_to_serve().await?;
    required_configuration::check(&installation.app).await?;
    Ok(installation)
}

/// Everything that is answered over HTTP.
pub(crate) fn router(installation: &Installation, web: WebConfig) -> rampart_web::Front {
    // Without a world there is nobody to play.
    let played = installation.outside.world().map(|world| {
        let engine = Arc::new(RampEngine::new(installation.app.clone()));
        (rampart_sandbox::router(world.clone(), engine), rampart_sandbox::openapi())
    });
    rampart_web::router(installation.app.clone(), web, played.into_iter().collect())
}

/// An address that can be connected to: where all of them are listened on, this machine's own.
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
fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let fault = |error: std::io::Error| Failure::Refused(format!("signals cannot be received: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(fault)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(fault)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
