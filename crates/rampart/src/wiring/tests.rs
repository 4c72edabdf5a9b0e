//! A live installation, built from adapters that stand for real ones: it has nothing of a sandbox.

use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use rampart_app::{Mode, Ports, operate};
use rampart_sandbox::{World, WorldConfig};
use rampart_store::Schema;
use rampart_web::Front;
use tower::ServiceExt;

use super::*;
use crate::commands::serve::router;
use crate::settings::Overrides;

const FIT_FOR_LIVE: &str = "[server]\npublic_url = \"https://ramp.example.com\"\n";

/// A configuration with the key file of a new installation. The mode is set after loading, because loading refuses live mode
/// while no real adapter is built in.
fn configuration(folder: &Path, mode: Mode) -> Configuration {
    let (data, file) = (folder.join("data"), folder.join("my.toml"));
    std::fs::write(&file, FIT_FOR_LIVE).unwrap();
    let database = Some(format!("sqlite:{}", data.join("rampart.db").display()));
    let overrides = Overrides { config: Some(file), data: Some(data), database, listen: None };
    let mut configuration = Configuration::load(&overrides).unwrap();
    configuration.settings.mode = mode;
    key_file::create(&key_file::path(&configuration.settings)).unwrap();
    configuration
}

/// Another simulated world, whose adapters the ramp cannot distinguish from real ones.
async fn elsewhere(folder: &Path, configuration: &Configuration) -> (Arc<World>, Ports) {
    let world = World::open(folder.join("elsewhere.db"), WorldConfig::from_catalogue(&configuration.catalogue, 1)).await.unwrap();
    let ports = providers::simulated(&world, None);
    (world, ports)
}

async fn call(front: &Front, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> (StatusCode, String) {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = front.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), 16 << 20).await.unwrap();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

fn message<T>(result: Result<T, CommandError>) -> String {
    result.err().and_then(|failure| failure.message().map(str::to_owned)).expect("it was taken")
}

#[tokio::test]
async fn a_live_installation_has_nothing_of_a_sandbox() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = configuration(folder.path(), Mode::Live);
    let (world, ports) = elsewhere(folder.path(), &configuration).await;
    let installation = OpenInstallation::with(&configuration, "127.0.0.1:1", Providers::Real(ports), Schema::UpToDate).await.unwrap();
    assert!(installation.providers.world().is_none());
    assert!(!configuration.settings.data.join("sandbox.db").exists());
    assert!(operate::partners::partners(&installation.app, None, 1).await.unwrap().is_empty(), "no partner is made by itself");
    let balances = installation.app.store.balances(None, 10).await.unwrap();
    assert!(balances.is_empty(), "the ledger has no opening balances: {balances:?}");

    let partner = operate::partners::create_partner(&installation.app, "first", "test").await.unwrap();
    let front = router(&installation, installation.settings.server.web.clone());
    let body = format!(r#"{{"api_key":"{}","api_secret":"{}"}}"#, partner.api_key, partner.api_secret.reveal());
    let (_, granted) = call(&front, Method::POST, "/api/authenticate", &[], &body).await;
    let granted: serde_json::Value = serde_json::from_str(&granted).unwrap();
    let token = granted["data"]["token"].as_str().unwrap();
    let before = installation.app.business.now();
    for (method, path) in rampart_sandbox::routes() {
        let path = path.replace("{chain}", "polygon").replace("{user_id}", "1").replace(['{', '}'], "x");
        for headers in [&[][..], &[("auth", token)], &[("x-api-key", partner.api_key.as_str())]] {
            let (status, text) = call(&front, method.clone(), &path, headers, r#"{"advance_seconds":86400}"#).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}: {text}");
            assert!(text.contains("\"not_found\""), "{method} {path}: {text}");
        }
    }
    for path in ["/docs", "/openapi.json"] {
        let (status, text) = call(&front, Method::GET, path, &[], "").await;
        assert_eq!(status, StatusCode::OK);
        assert!(!text.contains("/sandbox/"), "{path} describes what is not there");
    }
    // Moving the clock of the adapters does not move ours.
    world.advance(86_400).await.unwrap();
    assert!(before.until(installation.app.business.now()).as_secs() < 3_600);
    installation.close().await;
}

#[tokio::test]
async fn a_sandboxs_folder_and_database_are_not_served_as_live() {
    let folder = tempfile::tempdir().unwrap();
    let mut configuration = configuration(folder.path(), Mode::Sandbox);
    OpenInstallation::open(&configuration, "127.0.0.1:1", Schema::UpToDate).await.unwrap().close().await;

    configuration.settings.mode = Mode::Live;
    assert!(message(OpenInstallation::open(&configuration, "x", Schema::UpToDate).await).contains("real adapters"));
    let (world, ports) = elsewhere(folder.path(), &configuration).await;
    let refused = message(OpenInstallation::with(&configuration, "x", Providers::Simulated(world), Schema::UpToDate).await);
    assert!(refused.contains("refuses the simulated world"), "{refused}");
    let refused = message(OpenInstallation::with(&configuration, "x", Providers::Real(ports.clone()), Schema::UpToDate).await);
    assert!(refused.contains("sandbox.db"), "{refused}");
    // Without the file of the world, the database still knows its mode.
    for file in ["sandbox.db", "sandbox.db-wal", "sandbox.db-shm"] {
        let _ = std::fs::remove_file(configuration.settings.data.join(file));
    }
    let refused = message(OpenInstallation::with(&configuration, "x", Providers::Real(ports.clone()), Schema::UpToDate).await);
    assert!(refused.contains("made in sandbox mode"), "{refused}");
    configuration.settings.mode = Mode::Sandbox;
    assert!(
        message(OpenInstallation::with(&configuration, "x", Providers::Real(ports), Schema::UpToDate).await)
            .contains("refuses real adapters")
    );
}
