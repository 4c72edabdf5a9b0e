//! A ramp in live mode with test adapters: no route behaves as in a sandbox.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Method;
use rampart_testkit::{CustomerOf, TestApp, on_both_engines};
use rampart_web::AuthKind;
use serde_json::json;

use crate::support::{Client, purchase};

on_both_engines!(rampart_testkit::TestApp::start_live => nothing_of_a_sandbox_answers);

/// Texts that only a sandbox shows, in either language.
const OF_A_SANDBOX: [&str; 5] = ["/sandbox/", "Test environment", "Entorno de pruebas", "test environment", "simulated"];

/// The token in the link of a page.
fn token_of(url: &str) -> String {
    url.split("token=").nth(1).and_then(|rest| rest.split('&').next()).expect("a link with a token").to_owned()
}

async fn nothing_of_a_sandbox_answers(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let user = client.get(&format!("/api/kyc/check?user_id={}", customer.0)).await.data();
    let card = client.post("/api/createPayment", &purchase(customer.0, "card", &json!(100))).await.data();
    let transfer = client.post("/api/createPayment", &purchase(customer.0, "transfer", &json!(100))).await.data();
    let (card_id, card_token) = (card["payment_id"].as_str().unwrap(), token_of(card["url_payment"].as_str().unwrap()));
    let tokens =
        [token_of(user["kyc_form_url"].as_str().unwrap()), card_token.clone(), token_of(transfer["url_payment"].as_str().unwrap())];
    for route in rampart_web::routes() {
        let path = route.path.replace("{payment_type}", "card").replace("{method}", "card").replace(['{', '}'], "");
        let targets: Vec<String> = match route.auth {
            AuthKind::PageToken => tokens.iter().map(|token| format!("{path}?token={token}&lang=en")).collect(),
            AuthKind::Nothing | AuthKind::Token => vec![path.clone()],
        };
        for target in targets {
            let form = [("content-type", "application/x-www-form-urlencoded")];
            let answer = client.send(route.method.clone(), &target, &form, Body::empty()).await;
            for words in OF_A_SANDBOX {
                assert!(!answer.text.contains(words), "{} {target} says {words:?}: {}", route.method, answer.text);
            }
        }
    }
    // There is no simulated processor: the sandbox's actions do not pay.
    let gateway = format!("/gateway/card?token={card_token}");
    for action in ["pay", "decline"] {
        let pressed = client.post_form(&gateway, &format!("action={action}")).await;
        assert_eq!(pressed.status, 404, "{action}: {}", pressed.text);
    }
    let opened = client.get(&gateway).await;
    assert_eq!(opened.status, 502, "the processor gave no page, and ours does not play it: {}", opened.text);
    assert_eq!(client.get(&format!("/api/payment/{card_id}")).await.data()["status"], "started");
    // Time is the system time, whatever the adapters do.
    let before = test.app.business.now();
    test.world.advance(86_400).await.unwrap();
    assert!(before.until(test.app.business.now()).as_secs() < 3_600);
    assert_eq!(client.send(Method::POST, "/sandbox/clock", &[], Body::empty()).await.status, 404);
}
