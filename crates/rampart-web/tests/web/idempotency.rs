//! Idempotency: a repeated request gets the stored answer, a different one with the same key is refused.

use std::sync::Arc;

use axum::http::Method;
use rampart_testkit::{CustomerOf, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{Client, documented_registration, purchase};

on_both_engines!(rampart_testkit::TestApp::start_idle => keys, names, concurrent_requests, broken_repeats);

async fn keys(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let key = [("idempotency-key", "first")];
    let body = documented_registration();
    let first = client.post_with("/api/registerUser", &key, &body).await;
    assert_eq!(first.header("idempotent-replayed"), None);
    let again = client.post_with("/api/registerUser", &key, &body).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.data(), again.data());
    // The password and unknown fields do not count when requests are compared.
    let mut other = body.clone();
    other["password"] = "another password".into();
    other["unknown"] = json!([1, 2]);
    assert_eq!(client.post_with("/api/registerUser", &key, &other).await.data(), first.data());
    other["name"] = "Eva".into();
    let conflict = client.post_with("/api/registerUser", &key, &other).await;
    assert_eq!((conflict.status.as_u16(), conflict.code().as_str()), (409, "idempotency_conflict"));
    // Failures are not stored.
    let mut wrong = documented_registration();
    wrong["email"] = "nobody".into();
    let key = [("idempotency-key", "second")];
    assert_eq!(client.post_with("/api/registerUser", &key, &wrong).await.code(), "validation_failed");
    wrong["email"] = "other@mail.example".into();
    assert_eq!(client.post_with("/api/registerUser", &key, &wrong).await.status, 200);
    for bad in ["has blank", "ñ", ""] {
        let answer = client.post_with("/api/registerUser", &[("idempotency-key", bad)], &body).await;
        assert_eq!(answer.code(), "validation_failed", "{bad}");
        assert!(answer.json()["errors"]["Idempotency-Key"].is_array());
    }
    let form = "url=https%3A%2F%2Fpartner.example%2Fhook&type=PAY_IN";
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("idempotency-key", "third")];
    for replayed in [None, Some("true")] {
        let answer = client.send(Method::POST, "/api/subscribeToWebhook", &headers, form).await;
        assert_eq!(answer.data(), "subscription_created");
        assert_eq!(answer.header("idempotent-replayed"), replayed);
    }
}

async fn names(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let user = test.verified(CustomerOf::SPAIN, "ana@mail.example").await.0;
    let mut order = purchase(user, "card", &json!(50));
    order["external_id"] = "order-1".into();
    let first = client.post("/api/createPayment", &order).await;
    let again = client.post("/api/createPayment", &order).await;
    assert_eq!(first.data(), again.data());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    order["fiat_amount"] = json!(51);
    let conflict = client.post("/api/createPayment", &order).await;
    assert_eq!((conflict.status.as_u16(), conflict.code().as_str()), (409, "external_id_conflict"));
    let found = client.get("/api/payments?external_id=order-1").await.json();
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(found["data"][0]["id"], first.data()["payment_id"]);
}

async fn concurrent_requests(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let user = test.verified(CustomerOf::SPAIN, "ana@mail.example").await.0;
    let order = purchase(user, "card", &json!(50));
    let key = [("idempotency-key", "concurrent")];
    let all = (0..10).map(|_| client.post_with("/api/createPayment", &key, &order));
    let answers = futures::future::join_all(all).await;
    let first = answers[0].data();
    assert!(answers.iter().all(|answer| answer.data() == first));
    assert_eq!(answers.iter().filter(|answer| answer.header("idempotent-replayed").is_none()).count(), 1);
    assert_eq!(client.get("/api/payments").await.json()["data"].as_array().unwrap().len(), 1);
}

/// Conflicts with an earlier request take precedence over invalid fields.
async fn broken_repeats(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let user = test.verified(CustomerOf::SPAIN, "ana@mail.example").await.0;
    let sale = json!({"user_id": user, "amount": 50, "symbol": "USDC", "blockchain": "polygon", "iban": CustomerOf::SPAIN.account});
    for (path, order, amount) in
        [("/api/createPayment", purchase(user, "card", &json!(50)), "fiat_amount"), ("/api/createRampoff", sale, "amount")]
    {
        let with = |name: &str, changes: &[(&str, Value)]| {
            let mut changed = order.clone();
            changed["external_id"] = name.into();
            for (field, value) in changes {
                changed[*field] = value.clone();
            }
            changed
        };
        let key = format!("key of {path}").replace([' ', '/'], "-");
        let (known, unknown) = ([("idempotency-key", key.as_str())], [("idempotency-key", "never-seen")]);
        client.post_with(path, &known, &with("first", &[])).await.data();
        for changes in [
            &[(amount, json!(-1))][..],
            &[(amount, json!("1e9999"))],
            &[(amount, json!(null))],
            &[("user_id", json!([]))],
            &[("user_id", json!("x")), ("external_id", json!(null))],
        ] {
            let fields = if changes[0].1.is_null() { "fail_mandatory_field" } else { "validation_failed" };
            let named = changes.iter().all(|(field, _)| *field != "external_id");
            let broken = client.post_with(path, &known, &with("other", changes)).await;
            assert_eq!((broken.status.as_u16(), broken.code().as_str()), (409, "idempotency_conflict"), "{path} {changes:?}");
            let broken = client.post(path, &with("first", changes)).await;
            assert_eq!(broken.code(), if named { "external_id_conflict" } else { fields }, "{path} {changes:?}");
            let broken = client.post_with(path, &unknown, &with("never-seen", changes)).await;
            assert_eq!(broken.code(), fields, "{path} {changes:?}");
            assert!(broken.json()["errors"].is_object());
        }
        // A body that is not a JSON object has no fields, and an invalid `external_id` identifies nothing.
        let wrong = client.send(Method::POST, path, &[("content-type", "application/json"), known[0]], "{").await;
        assert_eq!(wrong.code(), "malformed_json");
        let long = "x".repeat(129);
        assert_eq!(client.post(path, &with(&long, &[])).await.code(), "validation_failed");
    }
    // `external_id` is unique per partner.
    let token = client.token_of_stranger(&test).await;
    let mut order = purchase(user, "card", &json!(-1));
    order["external_id"] = "first".into();
    assert_eq!(client.token(Some(&token)).post("/api/createPayment", &order).await.code(), "validation_failed");
    // The same for forms and registrations.
    let key = [("idempotency-key", "registered")];
    client.post_with("/api/registerUser", &key, &documented_registration()).await.data();
    let mut broken = documented_registration();
    broken["dob"] = "yesterday".into();
    assert_eq!(client.post_with("/api/registerUser", &key, &broken).await.code(), "idempotency_conflict");
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("idempotency-key", "registered")];
    let form = client.send(Method::POST, "/api/subscribeToWebhook", &headers, "type=NOTHING").await;
    assert_eq!(form.code(), "idempotency_conflict");
}
