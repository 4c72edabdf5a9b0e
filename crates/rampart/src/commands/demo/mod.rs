//! `rampart demo`: a complete purchase and sale over HTTP with its own webhook receiver, then a verified ledger. The exit code
//! says whether all checks passed.

mod client;
mod receiver;
mod scenario;
mod session;

use std::path::PathBuf;

use clap::Args;
use rampart_app::workers;
use rampart_store::Schema;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::context::start_log;
use super::serve::router;
use crate::error::CommandError;
use crate::options::GlobalOptions;
use crate::settings::Configuration;
use crate::wiring::OpenInstallation;
use session::DemoSession;

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {}

/// Runs the demo in the given data folder, or in a temporary one.
pub(crate) fn run(global: &GlobalOptions, _arguments: DemoArguments) -> Result<(), CommandError> {
    let mut overrides = global.overrides();
    let temporary = if overrides.data.is_none() {
        let folder = tempfile::Builder::new().prefix("rampart-demo-").tempdir();
        Some(folder.map_err(|error| CommandError::Refused(format!("cannot create a temporary folder: {error}")))?)
    } else {
        None
    };
    if let Some(folder) = &temporary {
        overrides.data = Some(PathBuf::from(folder.path()));
    }
    overrides.listen = Some("127.0.0.1:0".to_owned());
    let configuration = Configuration::load(&overrides)?;
    start_log(&configuration)?;
    super::block_on(run_demo(&configuration))
}

async fn run_demo(configuration: &Configuration) -> Result<(), CommandError> {
    let listen = &configuration.settings.server.listen;
    let cannot_listen = |error: std::io::Error| CommandError::Refused(format!("cannot listen on {listen}: {error}"));
    let listener = TcpListener::bind(listen).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    let installation = OpenInstallation::open(configuration, &address.to_string(), Schema::AsItIs).await?;
    installation.app.store.lock_to_serve().await?;
    let workers = workers::start(&installation.app);
    installation.providers.start();
    let (stop, stopped) = oneshot::channel::<()>();
    let web = installation.settings.server.web.clone();
    let router = router(&installation, web.clone());
    let server = tokio::spawn(async move {
        rampart_web::serve(listener, router, &web, async {
            // Completes when the sender is dropped.
            let _ = stopped.await;
        })
        .await;
    });
    let result = match DemoSession::start(&installation, address).await {
        Ok(mut session) => scenario::run(&mut session).await,
        Err(failure) => Err(failure),
    };
    drop(stop);
    let served = server.await;
    installation.stop(workers).await;
    served.map_err(|error| CommandError::Refused(format!("the server failed: {error}")))?;
    result
}
