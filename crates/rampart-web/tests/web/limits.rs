//! Limits of rate, concurrency and size, and the two settings for the status of failures.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Method;
use rampart_app::{PartnerChange, operate};
use rampart_core::customer::Customer;
use rampart_core::id::CustomerId;
use rampart_core::partner::HttpErrors;
use rampart_core::step::Step;
use rampart_http::describe::described;
use rampart_http::{Access, Call, CallResponse, Envelope, FieldSource, Idempotency};
use rampart_testkit::{CustomerOf, TestApp, on_both_engines};
use rampart_web::WebConfig;
use serde_json::json;
use tokio::sync::Notify;

use crate::support::{Client, purchase, with_metrics};

on_both_engines!(rampart_testkit::TestApp::start_idle => rates, documented_statuses, sizes_and_numbers, names_and_headers,
    customers_beyond_an_accounts_room, probes_need_no_place, browsers_stay_with_https);

async fn rates(test: Arc<TestApp>) {
    let app = test.with_settings(|config| (config.rate_limits.partner_per_second, config.rate_limits.partner_burst) = (1, 3)).await;
    let client = Client::with(app, WebConfig::default()).signed_in(&test).await;
    for _ in 0..3 {
        assert_eq!(client.get("/api/availableAssets").await.status, 200);
    }
    let limited = client.get("/api/availableAssets").await;
    assert_eq!((limited.status.as_u16(), limited.code().as_str()), (429, "rate_limited"));
    assert_eq!(limited.header("retry-after"), Some("1"));
    assert_eq!(limited.header("ratelimit-limit"), Some("3"));
    assert_eq!(limited.header("ratelimit-remaining"), Some("0"));
    assert!(limited.header("ratelimit-reset").is_some());

    let app = test.with_settings(|config| (config.rate_limits.ip_per_second, config.rate_limits.ip_burst) = (1, 2)).await;
    let trusting = WebConfig { trusted_proxies: vec!["127.0.0.1".parse().unwrap()], ..WebConfig::default() };
    let client = Client::with(app, trusting);
    let from = async |address: &str, path: &str| client.send(Method::GET, path, &[("x-forwarded-for", address)], Body::empty()).await;
    for (address, statuses) in [("203.0.113.1", [200, 200, 429]), ("203.0.113.2", [200, 200, 429])] {
        for status in statuses {
            assert_eq!(from(address, "/openapi.json").await.status, status, "{address}");
        }
    }
    let page = from("203.0.113.1", "/status?token=x").await;
    assert_eq!((page.status.as_u16(), page.header("retry-after")), (429, Some("1")));
    assert!(page.text.starts_with("<!"), "people are shown a page: {}", page.text);

    let app =
        test.with_settings(|config| (config.rate_limits.authenticate_per_second, config.rate_limits.authenticate_burst) = (1, 1)).await;
    let client = Client::with(app, WebConfig::default());
    let guess = serde_json::json!({"api_key": "x", "api_secret": "y"});
    assert_eq!(client.post("/api/authenticate", &guess).await.status, 401);
    assert_eq!(client.post("/api/authenticate", &guess).await.status, 429);

    let off = test.with_settings(|config| (config.rate_limits.enabled, config.rate_limits.ip_burst) = (false, 1)).await;
    let client = Client::with(off, WebConfig::default());
    for _ in 0..5 {
        assert_eq!(client.get("/openapi.json").await.status, 200);
    }
}

async fn documented_statuses(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let calls = [
        ("/api/kyc/check?user_id=987654321", "user_not_found", 404, 200),
        ("/api/payment/nothing", "payment_not_found", 404, 200),
        ("/api/quote?amount=0.01&symbol=USDC&payment_type=card", "min_purchase", 422, 200),
        ("/api/quote?amount=50&symbol=NONE&payment_type=card", "coin_not_supported", 422, 200),
        ("/api/quote?amount=-1&symbol=USDC&payment_type=card", "validation_failed", 422, 422),
        ("/api/quote", "fail_mandatory_field", 422, 422),
        ("/api/nothing", "not_found", 404, 404),
    ];
    for (path, code, rest, _) in calls {
        let answer = client.get(path).await;
        assert_eq!((answer.code().as_str(), answer.status.as_u16()), (code, rest), "{path}");
    }
    let change = PartnerChange { http_errors: Some(HttpErrors::Documented), ..PartnerChange::default() };
    operate::partners::set_partner(&test.app, test.caller.partner.id, &change, "test", "documented").await.unwrap();
    for (path, code, _, documented) in calls {
        let answer = client.get(path).await;
        assert_eq!((answer.code().as_str(), answer.status.as_u16()), (code, documented), "{path}");
        assert_eq!(answer.json()["status"], "error");
    }
    assert_eq!(client.token(Some("x")).get("/api/availableAssets").await.status, 401);
}

async fn sizes_and_numbers(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let large = "x".repeat(20_000);
    let answer = client.send(Method::GET, "/healthz", &[("x-large", &large)], Body::empty()).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (431, "headers_too_large"));
    assert_eq!(client.get(&format!("/api/quote?x={large}")).await.code(), "headers_too_large");
    // A body without a content length.
    let chunks = futures::stream::iter((0..100).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1_000])));
    let answer = client.send(Method::POST, "/api/registerUser", &[("content-type", "application/json")], Body::from_stream(chunks)).await;
    assert_eq!(answer.code(), "body_too_large");
    // A body that never arrives completely.
    let quick = WebConfig { read_timeout_milliseconds: 50, concurrency: 1, bodies: 1, ..WebConfig::default() };
    let client = Client::with(test.app.clone(), quick).token(client.token.as_deref());
    let trickle = || {
        Body::from_stream(futures::stream::unfold((), async |()| {
            tokio::task::yield_now().await;
            Some((Ok::<_, std::io::Error>(Vec::new()), ()))
        }))
    };
    let slow = || client.send(Method::POST, "/api/registerUser", &[("content-type", "application/json")], trickle());
    // While it is arriving, it takes the only permit of arriving bodies and none of the requests in progress. A body that
    // arrived with its head needs no permit.
    let nothing = json!({});
    let (slow, other, whole, quote) = futures::join!(
        slow(),
        slow(),
        client.post("/api/registerUser", &nothing),
        client.get("/api/quote?amount=50&symbol=USDC&payment_type=card")
    );
    assert_eq!(whole.code(), "fail_mandatory_field");
    assert_eq!((slow.status.as_u16(), slow.code().as_str()), (408, "request_timeout"));
    assert_eq!((other.status.as_u16(), other.code().as_str()), (503, "service_unavailable"));
    assert_eq!(other.header("retry-after"), Some("1"));
    assert_eq!(quote.status, 200, "{}", quote.text);
    assert_eq!(client.post("/api/registerUser", &nothing).await.code(), "fail_mandatory_field", "the place was given back");
}

#[derive(Default)]
struct Slow {
    begun: Notify,
    go_on: Notify,
}

/// A call that says when it has begun, and ends when it may.
static SLOW: Call<Arc<Slow>> = Call {
    method: Method::GET,
    paths: &["/slow"],
    id: "slow",
    group: "Test",
    summary: "",
    about: "",
    access: Access::Signature,
    takes: FieldSource::None,
    idempotency: Idempotency::None,
    codes: &[],
    envelope: Envelope::Ok,
    data: described::<String>,
    run: |state, _| {
        Box::pin(async move {
            state.begun.notify_one();
            state.go_on.notified().await;
            Ok(CallResponse::ok_json("null", false))
        })
    },
};

/// Health probes are answered while the concurrency limit is reached.
async fn probes_need_no_place(test: Arc<TestApp>) {
    let state = Arc::new(Slow::default());
    let config = WebConfig { concurrency: 1, ..with_metrics() };
    let nothing = utoipa::openapi::OpenApiBuilder::new().build();
    let client = Client { router: rampart_web::router(test.app.clone(), config, vec![(vec![SLOW.on(&state)], nothing)]), token: None };
    let asking = async {
        state.begun.notified().await;
        assert_eq!(client.get("/openapi.json").await.status, 503);
        for path in ["/healthz", "/readyz"] {
            assert_eq!(client.get(path).await.status, 200, "{path}");
        }
        let apart = Client { router: client.router.operators(), token: None };
        assert_eq!(apart.get("/metrics").await.status, 200, "operators look just then");
        state.go_on.notify_one();
    };
    let (slow, ()) = futures::join!(client.get("/slow"), asking);
    assert_eq!(slow.status, 200);
    assert_eq!(client.get("/openapi.json").await.status, 200, "the place was given back");
}

async fn browsers_stay_with_https(test: Arc<TestApp>) {
    let secure = Some("max-age=31536000");
    for (url, expected) in [("https://pay.example", secure), ("HTTPS://Pay.example", secure), ("http://127.0.0.1:8080", None)] {
        let client = Client::with(test.with_settings(|config| config.public_url = url.to_owned()).await, WebConfig::default());
        for path in ["/status?token=x", "/docs", "/api/quote", "/healthz", "/nothing"] {
            assert_eq!(client.get(path).await.header("strict-transport-security"), expected, "{url} {path}");
        }
    }
}

async fn names_and_headers(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let answer = client.send(Method::GET, "/api/nothing", &[("x-request-id", "mine-1")], Body::empty()).await;
    assert_eq!(answer.header("x-request-id"), Some("mine-1"));
    assert_eq!(answer.json()["request_id"], "mine-1");
    let answer = client.send(Method::GET, "/api/nothing", &[("x-request-id", "not sane <b>")], Body::empty()).await;
    assert!(answer.header("x-request-id").unwrap().starts_with("req_"));
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id").unwrap());
    for path in ["/api/availableAssets", "/api/nothing", "/healthz", "/openapi.json", "/docs", "/kyc?token=x"] {
        let answer = client.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(answer.header("cache-control").is_some(), "{path}");
        assert!(answer.header("content-type").is_some(), "{path}");
    }
    let apart = Client { router: client.router.operators(), token: None };
    let metrics = apart.get("/metrics").await.text;
    assert!(metrics.contains(r#"rampart_http_requests_total{method="GET",path="/api/availableAssets",status="200"} 1"#), "{metrics}");
    assert!(metrics.contains(r#"path="none",status="404""#), "paths that were asked for are no labels");
    let odd = [
        "/api/quote?amount=%00",
        "/api/quote?amount=%ff&symbol=%c3%28",
        "/api/payment/%00",
        "/api/payment/%ff",
        "/api/events?after=1&after=2",
        "/api/events?after=null",
        "/api/events?after=99999999999999999999999999",
        "/api/payments?cursor=%F0%9F%92%A9",
        "/api/webhooks/%E2%80%AE",
    ];
    for path in odd {
        let status = client.get(path).await.status.as_u16();
        assert!((400..500).contains(&status), "{path}: {status}");
    }
}

/// A CLABE has space for seven digits of a customer's number.
async fn customers_beyond_an_accounts_room(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let order = |user: i64| {
        let mut order = purchase(user, "SPEI", &json!(2_000));
        order["fiat_symbol"] = "MXN".into();
        order
    };
    // Numbers as an earlier version assigned them.
    let numbered = async |number: i64, email: &str| {
        let drawn = test.verified(CustomerOf::MEXICO, email).await;
        let customer = test.app.store.customer(drawn).await.unwrap().unwrap();
        let mut step = Step::new();
        step.write(Customer { id: CustomerId(number), version: 0, ..customer });
        test.app.commit(step).await.unwrap();
        number
    };
    let last = numbered(9_999_999, "last@mail.example").await;
    let account = client.post("/api/createPayment", &order(last)).await.data()["iban"].as_str().unwrap().to_owned();
    assert!(account.contains("9999999"), "{account}");
    let beyond = numbered(10_000_000, "beyond@mail.example").await;
    let refused = client.post("/api/createPayment", &order(beyond)).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "method_not_allowed"), "{}", refused.text);
}
