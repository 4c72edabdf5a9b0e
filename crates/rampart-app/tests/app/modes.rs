//! Sandbox and live: an installation keeps the mode it was created with.

use std::sync::Arc;

use rampart_app::{App, AppConfig, AppError, Mode, Ports, Sources, SystemClock, SystemRandomness};
use rampart_testkit::{TestApp, on_both_engines};

on_both_engines!(
    rampart_testkit::TestApp::start_idle => a_sandbox_stays_one, an_older_installation_keeps_its_first_mode;
    rampart_testkit::TestApp::start_live => a_live_installation_stays_one;
);

/// The same database, started in a mode.
async fn started(test: &TestApp, mode: Mode, change: impl FnOnce(&mut Ports)) -> Result<App, String> {
    let mut ports = test.app.ports.clone();
    change(&mut ports);
    let config = AppConfig { mode, public_url: "https://ramp.example.com".into(), ..test.app.config.clone() };
    let sources = Sources { business: Arc::new(SystemClock), real: Arc::new(SystemClock), randomness: Arc::new(SystemRandomness) };
    match App::new(test.app.store.clone(), ports, config, test.app.catalogue.clone(), sources, &[[42; 32]]).await {
        Ok(app) => Ok(app),
        Err(AppError::Defect(defect)) => Err(defect.to_string()),
        Err(other) => panic!("{other:?}"),
    }
}

fn without_player(ports: &mut Ports) {
    ports.gateway_player = None;
}

async fn a_sandbox_stays_one(test: Arc<TestApp>) {
    let refused = started(&test, Mode::Live, |_| {}).await.err().expect("nobody plays the processors of a live installation");
    assert!(refused.contains("simulated processors"), "{refused}");
    let refused = started(&test, Mode::Live, without_player).await.err().expect("a sandbox's database is not live");
    assert!(refused.contains("made in sandbox mode") && refused.contains("mode = \"live\""), "{refused}");
    started(&test, Mode::Sandbox, |_| {}).await.unwrap();
}

async fn a_live_installation_stays_one(test: Arc<TestApp>) {
    let refused = started(&test, Mode::Sandbox, |_| {}).await.err().expect("a live database is no sandbox's");
    assert!(refused.contains("made in live mode") && refused.contains("mode = \"sandbox\""), "{refused}");
    started(&test, Mode::Live, |_| {}).await.unwrap();
}

async fn an_older_installation_keeps_its_first_mode(test: Arc<TestApp>) {
    test.tamper("UPDATE installation SET mode = NULL");
    started(&test, Mode::Live, without_player).await.unwrap();
    let refused = started(&test, Mode::Sandbox, |_| {}).await.err().expect("its first start was live");
    assert!(refused.contains("made in live mode"), "{refused}");
}
