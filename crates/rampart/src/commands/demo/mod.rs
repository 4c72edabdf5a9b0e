//! `rampart demo`: a complete buy and sell over HTTP, with webhooks received by a listener of its own, ending with
//! verified books. The exit code says whether everything held.

mod client;
mod listener;
mod scene;
mod story;

use std::path::PathBuf;

use clap::Args;
use rampart_app::workers;
use rampart_store::Schema;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::office;
use super::serve::router;
use crate::cli::Global;
use crate::failure::Failure;
use crate::settings::Configuration;
use crate::wiring::Installation;
use scene::Scene;

/// `rampart demo`
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {}

/// Runs the demonstration: in the given data folder, or in one that is removed afterwards.
///
/// # Errors
/// When something did not hold; it has been printed then.
pub(crate) fn run(global: &Global, _arguments: DemoArguments) -> Result<(), Failure> {
    let mut overrides = global.overrides();
    let temporary = if overrides.data.is_none() {
        let folder = tempfile::Builder::new().prefix("rampart-demo-").tempdir();
        Some(folder.map_err(|error| Failure::Refused(format!("no temporary folder: {error}")))?)
    } else {
        None
    };
    if let Some(folder) = &temporary {
        overrides.data = Some(PathBuf::from(folder.path()));
    }
    overrides.listen = Some("127.0.0.1:0".to_owned());
    let configuration = Configuration::load(&overrides)?;
    office::start_log(&configuration)?;
    super::block_on(play(&configuration))
}

async fn play(configuration: &Configuration) -> Result<(), Failure> {
    let listen = &configuration.settings.server.listen;
    let fault = |error: std::io::Error| Failure::Refused(format!("{listen} cannot be listened on: {error}"));
    let listener = TcpListener::bind(listen).await.map_err(fault)?;
    let address = listener.local_addr().map_err(fault)?;
    let installation = Installation::open(configuration, &address.to_string(), Schema::AsItIs).await?;
    installation.app.store().lock_to_serve().await?;
    let workers = workers::start(&installation.app);
    installation.outside.start();
    let (stop, stopped) = oneshot::channel::<()>();
    let web = installation.settings.server.web.clone();
    let router = router(&installation, web.clone());
    let server = tokio::spawn(async move {
        rampart_web::serve(listener, router, &web, async {
            // Ends when the sender is used or dropped, which both mean the same.
            let _ = stopped.await;
        })
        .await;
    });
    let result = match Scene::set(&installation, address).await {
        Ok(mut scene) => story::tell(&mut scene).await,
        Err(failure) => Err(failure),
    };
    drop(stop);
    let served = server.await;
    installation.stop(workers).await;
    served.map_err(|error| Failure::Refused(format!("the server ended badly: {error}")))?;
    result
}
