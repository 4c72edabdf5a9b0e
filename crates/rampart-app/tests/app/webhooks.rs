//! Webhook subscriptions.

use std::sync::Arc;

use rampart_app::App;
use rampart_core::refusal::ErrorCode;
use rampart_testkit::{TestApp, on_both_engines, partner_api, refusal_of, some};

on_both_engines!(
    rampart_testkit::TestApp::start_idle => subscriptions, urls;
    rampart_testkit::TestApp::start_live => live_urls;
);

async fn subscriptions(test: Arc<TestApp>) {
    let (app, caller) = (&test.app, &test.caller);
    let url = "https://example.com/hook";
    let missing = partner_api::update_subscription(app, caller, some(url), some("PAY_IN"), None).await;
    assert_eq!(TestApp::code(missing), ErrorCode::SubscriptionNotFound);
    assert_eq!(partner_api::subscribe(app, caller, some(url), some("PAY_IN"), None).await.unwrap().data, "\"subscription_created\"");
    assert_eq!(
        partner_api::subscribe(app, caller, some("https://example.com/2"), some("PAY_IN"), None).await.unwrap().data,
        "\"subscription_created\""
    );
    let updated = partner_api::update_subscription(app, caller, some("https://example.com/3"), some("PAY_IN"), None).await.unwrap();
    assert_eq!(updated.data, "\"subscription_updated\"");
    // The later name is used in deliveries and is the same subscription.
    partner_api::subscribe(app, caller, some(url), some("RAMPOFF_FINISHED"), None).await.unwrap();
    partner_api::subscribe(app, caller, some(url), some("TRANSFER_RAMPOFF_FINISHED"), None).await.unwrap();
    let list = partner_api::subscriptions(app, caller).await.unwrap();
    let mut names: Vec<_> = list.iter().map(|view| (view.kind.as_str(), view.url.as_str())).collect();
    names.sort_unstable();
    assert_eq!(names, [("PAY_IN", "https://example.com/3"), ("TRANSFER_RAMPOFF_FINISHED", url)]);
    assert!(partner_api::subscriptions(app, &test.stranger).await.unwrap().is_empty());
    for (bad, code) in [
        (None, ErrorCode::FailMandatoryField),
        (some("ftp://example.com"), ErrorCode::ValidationFailed),
        (some("nonsense"), ErrorCode::ValidationFailed),
    ] {
        assert_eq!(TestApp::code(partner_api::subscribe(app, caller, bad, some("PAY_IN"), None).await), code);
    }
    assert_eq!(TestApp::code(partner_api::subscribe(app, caller, some(url), some("NEWS"), None).await), ErrorCode::ValidationFailed);
    partner_api::delete_subscription(app, caller, "PAY_IN").await.unwrap();
    assert_eq!(TestApp::code(partner_api::delete_subscription(app, caller, "PAY_IN").await), ErrorCode::SubscriptionNotFound);
    assert_eq!(
        TestApp::code(partner_api::update_subscription(app, caller, some(url), some("PAY_IN"), None).await),
        ErrorCode::SubscriptionNotFound
    );
    partner_api::subscribe(app, caller, some(url), some("PAY_IN"), None).await.unwrap();
    // Two concurrent first subscriptions make one.
    let (one, two) = tokio::join!(
        partner_api::subscribe(app, caller, some(url), some("KYC_UPDATED"), None),
        partner_api::subscribe(app, caller, some(url), some("KYC_UPDATED"), None)
    );
    one.and(two).unwrap();
    assert_eq!(partner_api::subscriptions(app, caller).await.unwrap().len(), 3);
    let first = partner_api::subscribe(app, caller, some(url), some("COINS_SENT"), Some("key-1")).await.unwrap();
    let again = partner_api::subscribe(app, caller, some(url), some("COINS_SENT"), Some("key-1")).await.unwrap();
    assert_eq!((first.data, again.replayed), (again.data, true));
    assert_eq!(
        TestApp::code(partner_api::subscribe(app, caller, some(url), some("PAY_IN"), Some("key-1")).await),
        ErrorCode::IdempotencyConflict
    );
}

/// URLs, and whether a sandbox and a live installation accept them.
const URLS: [(&str, bool, bool); 16] = [
    ("https://example.com/hook", true, true),
    // Blanks around it are refused, as they are published.
    (" https://example.com/hook ", false, false),
    ("https://example.com:443/hook", true, true),
    ("https://example.com:8443/hook", true, true),
    ("https://example.com:22/hook", true, false),
    ("http://example.com:443/hook", true, false),
    ("http://example.com:6379/hook", true, false),
    ("https://user:pass@example.com/hook", false, false),
    ("https://user@example.com/hook", false, false),
    ("https://:pass@example.com/hook", false, false),
    ("https://exam\tple.com/hook", false, false),
    ("https://example.com/ho\nok", false, false),
    ("https://example.com/ho\u{7f}ok", false, false),
    ("https://example.com/ho\u{9b}ok", false, false),
    ("https://example.com/ho ok", false, false),
    ("https:/\r/example.com/hook", false, false),
];

async fn urls(test: Arc<TestApp>) {
    for (url, taken, _) in URLS {
        subscribes(&test.app, &test, url, taken).await;
    }
}

async fn live_urls(test: Arc<TestApp>) {
    let app = test.with_settings(|config| config.webhooks.live_ports = vec![443, 8_443]).await;
    for (url, _, taken) in URLS {
        subscribes(&app, &test, url, taken).await;
    }
}

async fn subscribes(app: &App, test: &TestApp, url: &str, taken: bool) {
    match partner_api::subscribe(app, &test.caller, some(url), some("PAY_IN"), None).await {
        Ok(_) => assert!(taken, "{url:?}"),
        refused => {
            let refusal = refusal_of(refused);
            assert!(!taken, "{url:?}: {refusal:?}");
            assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (ErrorCode::ValidationFailed, "url"), "{url:?}");
            assert!(!format!("{refusal:?}").contains("pass@"), "{refusal:?}");
        }
    }
}
