//! Webhook subscriptions.

use std::sync::Arc;

use rampart_core::refusal::Code;
use rampart_testkit::{Engine, TestApp, on_both_engines};

async fn idle(engine: Engine) -> TestApp {
    TestApp::start_idle(engine, rampart_testkit::catalogue()).await
}

on_both_engines!(super::idle => subscriptions);

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

async fn subscriptions(test: Arc<TestApp>) {
    let (app, caller) = (&test.app, &test.caller);
    let url = "https://example.com/hook";
    let missing = app.update_subscription(caller, some(url), some("PAY_IN"), None).await;
    assert_eq!(TestApp::code(missing), Code::SubscriptionNotFound);
    assert_eq!(app.subscribe(caller, some(url), some("PAY_IN"), None).await.unwrap().data, "\"subscription_created\"");
    assert_eq!(app.subscribe(caller, some("https://example.com/2"), some("PAY_IN"), None).await.unwrap().data, "\"subscription_created\"");
    let updated = app.update_subscription(caller, some("https://example.com/3"), some("PAY_IN"), None).await.unwrap();
    assert_eq!(updated.data, "\"subscription_updated\"");
    // The later name is delivered under itself, and is the same subscription.
    app.subscribe(caller, some(url), some("RAMPOFF_FINISHED"), None).await.unwrap();
    app.subscribe(caller, some(url), some("TRANSFER_RAMPOFF_FINISHED"), None).await.unwrap();
    let list = app.subscriptions(caller).await.unwrap();
    let mut names: Vec<_> = list.iter().map(|view| (view.kind.as_str(), view.url.as_str())).collect();
    names.sort_unstable();
    assert_eq!(names, [("PAY_IN", "https://example.com/3"), ("TRANSFER_RAMPOFF_FINISHED", url)]);
    assert!(app.subscriptions(&test.stranger).await.unwrap().is_empty());
    for (bad, code) in
        [(None, Code::FailMandatoryField), (some("ftp://example.com"), Code::ValidationFailed), (some("nonsense"), Code::ValidationFailed)]
    {
        assert_eq!(TestApp::code(app.subscribe(caller, bad, some("PAY_IN"), None).await), code);
    }
    assert_eq!(TestApp::code(app.subscribe(caller, some(url), some("NEWS"), None).await), Code::ValidationFailed);
    app.delete_subscription(caller, "PAY_IN").await.unwrap();
    assert_eq!(TestApp::code(app.delete_subscription(caller, "PAY_IN").await), Code::SubscriptionNotFound);
    assert_eq!(TestApp::code(app.update_subscription(caller, some(url), some("PAY_IN"), None).await), Code::SubscriptionNotFound);
    app.subscribe(caller, some(url), some("PAY_IN"), None).await.unwrap();
    // Two first ones at once make one.
    let (one, two) = tokio::join!(
        app.subscribe(caller, some(url), some("KYC_UPDATED"), None),
        app.subscribe(caller, some(url), some("KYC_UPDATED"), None)
    );
    one.and(two).unwrap();
    assert_eq!(app.subscriptions(caller).await.unwrap().len(), 3);
    let first = app.subscribe(caller, some(url), some("COINS_SENT"), Some("key-1")).await.unwrap();
    let again = app.subscribe(caller, some(url), some("COINS_SENT"), Some("key-1")).await.unwrap();
    assert_eq!((first.data, again.replayed), (again.data, true));
    assert_eq!(TestApp::code(app.subscribe(caller, some(url), some("PAY_IN"), Some("key-1")).await), Code::IdempotencyConflict);
}
