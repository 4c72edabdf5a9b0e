//! What operators and their machines ask of a process: whether it does its work, and what is measured.

use std::sync::Arc;

use rampart_app::App;
use rampart_testkit::{TestApp, on_both_engines};
use rampart_web::WebConfig;

use crate::support::Client;

on_both_engines!(crate::support::idle => metrics_without_a_database, chains_that_stand_still);

fn client(app: &App) -> Client {
    Client::with(app.clone(), WebConfig::default())
}

async fn metrics_without_a_database(test: Arc<TestApp>) {
    let node = test.another_node().await;
    let client = client(&node);
    let metrics = client.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    for line in ["rampart_database_up 1", "rampart_deliveries_parked 0", "rampart_commit_running 1"] {
        assert!(metrics.text.lines().any(|found| found == line), "{line}: {}", metrics.text);
    }
    assert_eq!(client.get("/readyz").await.status, 200);
    node.store().close().await;
    let metrics = client.get("/metrics").await;
    assert_eq!(metrics.status, 200, "{}", metrics.text);
    for line in ["rampart_database_up 0", "rampart_commit_running 0"] {
        assert!(metrics.text.lines().any(|found| found == line), "{line}: {}", metrics.text);
    }
    assert!(metrics.text.contains(r#"rampart_http_requests_total{method="GET",path="/readyz",status="200"} 1"#), "{}", metrics.text);
    assert!(!metrics.text.contains("rampart_deliveries_parked"), "what is not known is not told: {}", metrics.text);
    let not_ready = client.get("/readyz").await;
    assert_eq!((not_ready.status.as_u16(), not_ready.json()["status"].as_str()), (503, Some("unavailable")));
    assert_eq!(client.get("/healthz").await.status, 200);
}

/// The reasons that `/readyz` gives once they are as wanted.
async fn ready_when(test: &TestApp, client: &Client, what: &str, wanted: impl Fn(&[String]) -> bool) {
    let look = || async {
        let answer = client.get("/readyz").await;
        let reasons: Vec<String> = serde_json::from_value(answer.json()["reasons"].clone()).unwrap();
        assert_eq!(answer.status.as_u16(), if reasons.is_empty() { 200 } else { 503 });
        wanted(&reasons).then_some(())
    };
    test.eventually(what, look).await;
}

/// The world does not play: its chains make no blocks, although blocks are due.
async fn chains_that_stand_still(test: Arc<TestApp>) {
    let app = test.with_settings(|config| config.workers.stuck_after_seconds = 2).await;
    let workers = rampart_app::workers::start(&app);
    let client = client(&app);
    let chains: Vec<String> = app.catalogue().chains.iter().map(|chain| chain.name.to_string()).collect();
    let silent = |reasons: &[String], chain: &str| reasons.iter().any(|reason| reason.contains(&format!("chain-{chain} has stood still")));
    ready_when(&test, &client, "every cursor is where it should be", <[String]>::is_empty).await;
    // Business time goes on, and a minute is more than a dozen blocks.
    test.advance(60).await;
    ready_when(&test, &client, "every chain is named", |reasons| chains.iter().all(|chain| silent(reasons, chain))).await;
    let (first, others) = chains.split_first().unwrap();
    for chain in others {
        // Made by hand from now on: none is due.
        test.world.automine(chain.parse().unwrap(), 0).await.unwrap();
    }
    ready_when(&test, &client, "one chain is named", |reasons| reasons.len() == 1 && silent(reasons, first)).await;
    test.world.mine(first.parse().unwrap(), 1).await.unwrap();
    ready_when(&test, &client, "it has moved", <[String]>::is_empty).await;
    workers.stop().await;
}
