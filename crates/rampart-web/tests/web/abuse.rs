//! Requests that every route of this crate must refuse, by the router's own table. The tests of the binary check the same for
//! mounted routers, with slow bodies and identifiers of other partners.

use rampart_app::operate;
use rampart_testkit::{CustomerOf, TestApp, on_both_engines, partner_api};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use rampart_web::{AuthKind, RouteInfo, WebConfig, routes};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Standing, app_with_clock, description, purchase};

on_both_engines!(rampart_testkit::TestApp::start_idle =>
    nobody_gets_in_without_a_good_token,
    other_partners_things_do_not_exist,
    methods_that_a_path_does_not_have,
    bodies_of_the_wrong_kind,
);

/// The example of a route in the description: its path with query, and a body per content type.
struct Example {
    target: String,
    bodies: Vec<(String, String)>,
}

fn example(description: &Value, route: &RouteInfo) -> Example {
    let operation = &description["paths"][route.path][route.method.as_str().to_ascii_lowercase()];
    let mut target =
        route.path.replace("{payment_id}", "0123456789012345678901234").replace("{type}", "PAY_IN").replace("{method}", "card");
    while let (Some(begin), Some(end)) = (target.find('{'), target.find('}')) {
        target.replace_range(begin..=end, "x");
    }
    let query: Vec<String> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|parameter| parameter["in"] == "query" && parameter["required"] == true)
        .map(|parameter| {
            let value = match &parameter["example"] {
                Value::String(text) => text.clone(),
                Value::Null => "x".to_owned(),
                other => other.to_string(),
            };
            let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            format!("{}={encoded}", parameter["name"].as_str().unwrap())
        })
        .collect();
    if !query.is_empty() {
        target = format!("{target}?{}", query.join("&"));
    }
    let contents = operation["requestBody"]["content"].as_object().into_iter().flatten();
    let bodies = contents.map(|(kind, content)| {
        let example = &content["example"];
        let body = if kind.contains("json") {
            example.to_string()
        } else {
            let pairs = example.as_object().into_iter().flatten();
            pairs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect::<Vec<_>>().join("&")
        };
        (kind.clone(), body)
    });
    Example { target, bodies: bodies.collect() }
}

/// Sends the example of a route.
async fn ask(client: &Client, route: &RouteInfo, example: &Example) -> Answer {
    match example.bodies.first() {
        Some((kind, body)) => client.send(route.method.clone(), &example.target, &[("content-type", kind)], body.clone()).await,
        None => client.send(route.method.clone(), &example.target, &[], Body::empty()).await,
    }
}

async fn nobody_gets_in_without_a_good_token(test: Arc<TestApp>) {
    let (client, description) = (Client::of(&test).await, description());
    let good = client.token.clone().unwrap();
    let past = Standing(test.app.real.now().before(Duration::from_secs(7_200)));
    let expired = Client::with(app_with_clock(&test.app, Arc::new(past)).await, WebConfig::default()).signed_in(&test).await.token.unwrap();
    let forged = format!("{}A", &good[..good.len() - 1]);
    let swapped: String = good.chars().rev().collect();
    let tokens = [None, Some("x"), Some(""), Some(expired.as_str()), Some(forged.as_str()), Some(swapped.as_str())];
    for route in routes() {
        let example = example(&description, &route);
        for token in tokens {
            // The last base64 character of a token has unused bits; changing only those gives the same token.
            let answer = ask(&client.token(token), &route, &example).await;
            let place = format!("{} {} with {token:?}: {}", route.method, example.target, answer.text);
            match route.auth {
                AuthKind::Token if token == Some(forged.as_str()) && good.ends_with('A') => {}
                AuthKind::Token => {
                    assert_eq!(answer.status, 401, "{place}");
                    assert_eq!(answer.code(), "authorization_incorrect", "{place}");
                }
                AuthKind::PageToken => assert!(answer.status.is_client_error(), "{place}"),
                AuthKind::Nothing => assert!(answer.status != 500, "{place}"),
            }
        }
        if route.auth == AuthKind::Token {
            assert_ne!(ask(&client, &route, &example).await.status, 401, "{} {}", route.method, example.target);
            let bearer = client.token(None);
            let header = [("authorization", format!("Bearer {good}"))];
            let header: Vec<(&str, &str)> = header.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_ne!(bearer.send(route.method.clone(), &example.target, &header, Body::empty()).await.status, 401);
        }
    }
    // Rotating the key without overlap revokes all tokens.
    operate::partners::rotate_partner_key(&test.app, test.caller.partner.id, std::time::Duration::ZERO, "test", "a leak").await.unwrap();
    assert_eq!(client.get("/api/availableAssets").await.status, 401);
}

async fn other_partners_things_do_not_exist(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let stranger = test.stranger.clone();
    let theirs = test.register(&stranger, CustomerOf::SPAIN, "theirs@mail.example").await;
    let mine = test.verified(CustomerOf::SPAIN, "mine@mail.example").await;
    test.decide(theirs, rampart_core::customer::kyc::KycLevel::Basic, rampart_core::customer::kyc::KycStatus::Valid).await;
    let payment = partner_api::create_payment(&test.app, &stranger, &rampart_testkit::buy(theirs, "50"), None).await.unwrap();
    let payment = TestApp::order_of(&payment);
    let rampoff = partner_api::create_rampoff(&test.app, &stranger, &rampart_testkit::sell(theirs, "50"), None).await.unwrap();
    let rampoff = TestApp::order_of(&rampoff);
    let nowhere = "0Do000000000000000000000a";
    let without_name = |answer: Answer| {
        let mut json = answer.json();
        json["request_id"] = Value::Null;
        (answer.status, json)
    };
    for (theirs, nobodys) in [
        (format!("/api/payment/{payment}"), format!("/api/payment/{nowhere}")),
        (format!("/api/payment/{rampoff}"), format!("/api/payment/{nowhere}")),
        (format!("/api/getRampoff?id={rampoff}"), format!("/api/getRampoff?id={nowhere}")),
        (format!("/api/getRampoff?id={payment}"), format!("/api/getRampoff?id={nowhere}")),
        (format!("/api/kyc/check?user_id={theirs}"), "/api/kyc/check?user_id=987654321".to_owned()),
        (format!("/api/payments?user_id={theirs}"), "/api/payments?user_id=987654321".to_owned()),
        (format!("/api/rampoffs?user_id={theirs}"), "/api/rampoffs?user_id=987654321".to_owned()),
    ] {
        assert_eq!(without_name(client.get(&theirs).await), without_name(client.get(&nobodys).await), "{theirs}");
    }
    let sale =
        |user: i64| json!({"user_id": user, "amount": 50, "symbol": "USDC", "blockchain": "polygon", "iban": "ES9121000418450200051332"});
    for (path, theirs, nobodys) in [
        ("/api/createPayment", purchase(theirs.0, "card", &json!(50)), purchase(987_654_321, "card", &json!(50))),
        ("/api/createRampoff", sale(theirs.0), sale(987_654_321)),
    ] {
        let answer = client.post(path, &theirs).await;
        assert_eq!(answer.code(), "user_not_found", "{path}");
        assert_eq!(without_name(answer), without_name(client.post(path, &nobodys).await), "{path}");
    }
    assert_eq!(client.get("/api/payments").await.json()["data"], json!([]));
    assert_eq!(
        client.get("/api/events").await.json()["data"].as_array().unwrap().iter().filter(|event| event["type"] != "KYC_UPDATED").count(),
        0
    );
    assert_eq!(client.get(&format!("/api/kyc/check?user_id={mine}")).await.status, 200);
    // A sealed quote of another partner is not accepted.
    let request = rampart_testkit::partner_api::QuoteForm {
        amount: Some("50".into()),
        symbol: Some("USDC".into()),
        payment_type: Some("card".into()),
        ..Default::default()
    };
    let quote = partner_api::quote(&test.app, &stranger, &request).await.unwrap().quote_id;
    let mut order = purchase(mine.0, "card", &json!(50));
    order["quote_id"] = quote.into();
    assert_eq!(client.post("/api/createPayment", &order).await.code(), "quote_mismatch");
}

async fn methods_that_a_path_does_not_have(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let description = description();
    let all = routes();
    for route in &all {
        let target = example(&description, route).target;
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"] {
            if all.iter().any(|other| other.path == route.path && other.method.as_str() == method) {
                continue;
            }
            let answer = client.send(Method::from_bytes(method.as_bytes()).unwrap(), &target, &[], Body::empty()).await;
            assert_eq!(answer.status, 405, "{method} {target}");
            let allow = answer.header("allow").unwrap_or_default().to_owned();
            assert!(allow.contains(route.method.as_str()), "{method} {target}: {allow:?}");
            if route.auth == AuthKind::Token {
                assert_eq!(answer.code(), "http_method_not_allowed");
            }
        }
    }
    for path in ["/", "/api", "/api/", "/api/quote/", "/api/payment/a/b", "/API/quote", "//api/quote", "/%2e%2e/etc/passwd"] {
        assert_eq!(client.get(path).await.code(), "not_found", "{path}");
    }
    let head = client.send(Method::HEAD, "/api/availableAssets", &[], Body::empty()).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
}

async fn bodies_of_the_wrong_kind(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let description = description();
    let huge = vec![b' '; 10 * 1024 * 1024];
    for route in routes() {
        let example = example(&description, &route);
        let place = format!("{} {}", route.method, example.target);
        let answer = client.send(route.method.clone(), &example.target, &[("content-type", "application/json")], huge.clone()).await;
        assert_eq!(answer.status, 413, "{place}");
        let is_call = matches!(route.auth, AuthKind::Token) || route.path == "/api/authenticate";
        if !is_call || example.bodies.is_empty() {
            continue;
        }
        assert_eq!(answer.code(), "body_too_large", "{place}");
        let sent = async |kind: &str, body: String| {
            client.send(route.method.clone(), &example.target, &[("content-type", kind)], body).await.code()
        };
        let json = "application/json";
        for kind in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "", "application/json+x"] {
            assert_eq!(sent(kind, "{}".into()).await, "unsupported_media_type", "{place} as {kind:?}");
        }
        for body in ["", "{", "nonsense", "{\"a\":1}}", "\u{feff}{}"] {
            assert_eq!(sent(json, body.into()).await, "malformed_json", "{place} with {body:?}");
        }
        for deep in [
            "[".repeat(60_000),
            format!("{{\"name\":{}", "{\"a\":".repeat(10_000)),
            format!("{{\"x\":{}1{}}}", "[".repeat(500), "]".repeat(500)),
        ] {
            assert_eq!(sent(json, deep).await, "malformed_json", "{place} with deep JSON");
        }
        for body in ["[]", "null", "7", "\"text\""] {
            assert_eq!(sent(json, body.into()).await, "validation_failed", "{place} with {body:?}");
        }
        assert_eq!(sent(json, "{}".into()).await, "fail_mandatory_field", "{place} with nothing");
    }
}
