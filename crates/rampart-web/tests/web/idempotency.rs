//! Repeats: the stored answer comes again, another request does not pass.

use std::sync::Arc;

use rampart_testkit::{CustomerOf, TestApp, on_both_engines};
use serde_json::json;

use crate::support::{Client, documented_registration, purchase};

on_both_engines!(crate::support::idle => keys, names, twins);

async fn keys(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let key = [("idempotency-key", "first")];
    let body = documented_registration();
    let first = client.post_with("/api/registerUser", &key, &body).await;
    assert_eq!(first.header("idempotent-replayed"), None);
    let again = client.post_with("/api/registerUser", &key, &body).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.data(), again.data());
    // The password is no part of what makes a request the same, and neither are fields that nobody knows.
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
        let answer = client.send(axum::http::Method::POST, "/api/subscribeToWebhook", &headers, form).await;
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

async fn twins(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let user = test.verified(CustomerOf::SPAIN, "ana@mail.example").await.0;
    let order = purchase(user, "card", &json!(50));
    let key = [("idempotency-key", "twins")];
    let all = (0..10).map(|_| client.post_with("/api/createPayment", &key, &order));
    let answers = futures::future::join_all(all).await;
    let first = answers[0].data();
    assert!(answers.iter().all(|answer| answer.data() == first));
    assert_eq!(answers.iter().filter(|answer| answer.header("idempotent-replayed").is_none()).count(), 1);
    assert_eq!(client.get("/api/payments").await.json()["data"].as_array().unwrap().len(), 1);
}
