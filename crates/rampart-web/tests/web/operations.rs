//! The operators' endpoints: health and metrics.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Method;
use rampart_app::App;
use rampart_testkit::{TestApp, on_both_engines};

use crate::support::{Client, METRICS_TOKEN, Manual, app_with_clock, with_metrics};

on_both_engines!(rampart_testkit::TestApp::start_idle => metrics_without_a_database, chains_that_stand_still, metrics_are_for_operators,
    readings_cost_no_more_for_many);

fn client(app: &App) -> Client {
    Client::with(app.clone(), with_metrics())
}

async fn metrics_without_a_database(test: Arc<TestApp>) {
    let node = test.another_node().await;
    let clock = Manual::at(test.app.real.now());
    let node = app_with_clock(&node, clock.clone()).await;
    let client = client(&node);
    let metrics = client.get_as_operator("/metrics").await;
    assert_eq!(metrics.status, 200);
    for line in ["rampart_database_up 1", "rampart_deliveries_parked 0", "rampart_commit_running 1"] {
        assert!(metrics.text.lines().any(|found| found == line), "{line}: {}", metrics.text);
    }
    assert_eq!(client.get("/readyz").await.status, 200);
    node.store.close().await;
    clock.advance(5);
    let metrics = client.get_as_operator("/metrics").await;
    assert_eq!(metrics.status, 200, "{}", metrics.text);
    for line in ["rampart_database_up 0", "rampart_commit_running 0"] {
        assert!(metrics.text.lines().any(|found| found == line), "{line}: {}", metrics.text);
    }
    assert!(metrics.text.contains(r#"rampart_http_requests_total{method="GET",path="/readyz",status="200"} 1"#), "{}", metrics.text);
    assert!(!metrics.text.contains("rampart_deliveries_parked"), "unknown values are not reported: {}", metrics.text);
    let not_ready = client.get("/readyz").await;
    assert_eq!((not_ready.status.as_u16(), not_ready.json()["status"].as_str()), (503, Some("unavailable")));
    assert_eq!(not_ready.json()["reasons"], serde_json::json!([]), "strangers hear yes or no");
    let reasons = client.get_as_operator("/readyz").await.json()["reasons"].to_string();
    assert!(reasons.contains("the database does not answer"), "{reasons}");
    assert_eq!(client.get("/healthz").await.status, 200);
}

async fn metrics_are_for_operators(test: Arc<TestApp>) {
    let without = Client::of(&test).await;
    for client in [&without, &without.token(None)] {
        let answer = client.get("/metrics").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "not_found"), "{}", answer.text);
    }
    assert_eq!(without.get_as_operator("/metrics").await.status, 404);
    let with = client(&test.app);
    let long = format!("Bearer {METRICS_TOKEN}x");
    for header in
        [None, Some("Bearer "), Some("Bearer a-token-for-metric"), Some(&long), Some(METRICS_TOKEN), Some("Basic a-token-for-metrics")]
    {
        let headers: Vec<(&str, &str)> = header.map(|value| ("authorization", value)).into_iter().collect();
        let answer = with.send(Method::GET, "/metrics", &headers, Body::empty()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "authorization_incorrect"), "{header:?}");
    }
    // A partner's token is not the operator's.
    assert_eq!(with.token(without.token.as_deref()).get("/metrics").await.status, 401);
    assert_eq!(with.get_as_operator("/metrics").await.status, 200);
    // The operators' listener needs no token and serves nothing else.
    let apart = Client { router: without.router.operators(), token: None };
    assert!(apart.get("/metrics").await.text.contains("rampart_database_up 1"));
    assert_eq!((apart.get("/readyz").await.status.as_u16(), apart.get("/healthz").await.status.as_u16()), (200, 200));
    for path in ["/api/availableAssets", "/docs", "/status?token=x", "/"] {
        assert_eq!(apart.get(path).await.status, 404, "{path}");
    }
    assert_eq!(apart.post("/metrics", &serde_json::json!({})).await.status, 405);
}

/// Frequent or concurrent probes cost the database no more than a single one.
async fn readings_cost_no_more_for_many(test: Arc<TestApp>) {
    let clock = Manual::at(test.app.real.now());
    let app = app_with_clock(&test.app, clock.clone()).await;
    let client = client(&app);
    for path in ["/metrics", "/readyz"] {
        let once = test.reads_of(client.get_as_operator(path)).await.1;
        assert!(once > 0, "{path}");
        let often = async || {
            let all = futures::future::join_all((0..64).map(|_| client.get_as_operator(path))).await;
            assert!(all.iter().all(|answer| answer.status == 200), "{path}");
        };
        assert_eq!(test.reads_of(often()).await.1, 0, "{path}");
        clock.advance(60);
        assert_eq!(test.reads_of(often()).await.1, once, "{path}");
    }
}

/// Waits until the reasons of `/readyz` satisfy the condition.
async fn ready_when(test: &TestApp, client: &Client, what: &str, wanted: impl Fn(&[String]) -> bool) {
    let look = || async {
        let answer = client.get_as_operator("/readyz").await;
        let reasons: Vec<String> = serde_json::from_value(answer.json()["reasons"].clone()).unwrap();
        assert_eq!(answer.status.as_u16(), if reasons.is_empty() { 200 } else { 503 });
        wanted(&reasons).then_some(())
    };
    test.eventually(what, look).await;
}

/// The simulation does not run: its chains produce no blocks, although blocks are due.
async fn chains_that_stand_still(test: Arc<TestApp>) {
    let app = test.with_settings(|config| config.workers.stuck_after_seconds = 2).await;
    let workers = rampart_app::workers::start(&app);
    let client = client(&app);
    let chains: Vec<String> = app.catalogue.chains.iter().map(|chain| chain.name.to_string()).collect();
    let silent =
        |reasons: &[String], chain: &str| reasons.iter().any(|reason| reason.contains(&format!("cursor chain-{chain} has not moved")));
    ready_when(&test, &client, "every cursor is where it should be", <[String]>::is_empty).await;
    // A minute of business time is more than a dozen blocks.
    test.advance(60).await;
    ready_when(&test, &client, "every chain is named", |reasons| chains.iter().all(|chain| silent(reasons, chain))).await;
    let (first, others) = chains.split_first().unwrap();
    for chain in others {
        // Blocks are made by hand from now on: none is due.
        test.world.automine(chain.parse().unwrap(), 0).await.unwrap();
    }
    ready_when(&test, &client, "one chain is named", |reasons| reasons.len() == 1 && silent(reasons, first)).await;
    test.world.mine(first.parse().unwrap(), 1).await.unwrap();
    ready_when(&test, &client, "it has moved", <[String]>::is_empty).await;
    workers.stop().await;
}
