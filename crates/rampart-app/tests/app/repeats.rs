//! Repeated requests, by idempotency key and by the partner's external identifier.

use std::collections::HashSet;
use std::sync::Arc;

use rampart_core::money::amount::AmountSent;
use rampart_core::refusal::ErrorCode;
use rampart_testkit::partner_api::{CreatePaymentForm, CreateRampoffForm, ListForm};
use rampart_testkit::{CustomerOf, TestApp, buy, on_both_engines, partner_api, sell};

on_both_engines!(rampart_testkit::TestApp::start_idle => concurrent_requests, names, names_of_sales, one_meaning, only_successes,
    answers_end);

async fn concurrent_requests(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    for (key, name) in [(Some("key-1"), None), (None, Some("order-1")), (Some("key-2"), Some("order-2"))] {
        let concurrent_requests = (0..8).map(|_| {
            let test = test.clone();
            let request = CreatePaymentForm { external_id: name.map(str::to_owned), ..buy(customer, "100") };
            tokio::spawn(async move { partner_api::create_payment(&test.app, &test.caller, &request, key).await.unwrap() })
        });
        let mut answers = Vec::new();
        for request in concurrent_requests.collect::<Vec<_>>() {
            answers.push(request.await.unwrap());
        }
        assert_eq!(answers.iter().map(|answer| &answer.data).collect::<HashSet<_>>().len(), 1);
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    }
    let all = partner_api::payments(&test.app, &test.caller, &ListForm::default()).await.unwrap();
    assert_eq!(all.items.len(), 3);
}

async fn names(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let request = CreatePaymentForm { external_id: Some("order-1".into()), ..buy(customer, "100") };
    let first = partner_api::create_payment(&test.app, &test.caller, &request, None).await.unwrap();
    let again = partner_api::create_payment(&test.app, &test.caller, &request, None).await.unwrap();
    assert_eq!((&first.data, first.replayed, again.replayed), (&again.data, false, true));
    let other = CreatePaymentForm { fiat_amount: Some("101".into()), ..request.clone() };
    assert_eq!(test.refused_payment(&other).await, ErrorCode::ExternalIdConflict);
    // The external identifier is looked up before any other check.
    let nonsense = CreatePaymentForm { user_id: None, ..request.clone() };
    assert_eq!(test.refused_payment(&nonsense).await, ErrorCode::ExternalIdConflict);
    // With a known external identifier, the key is ignored and not used up.
    let keyed = partner_api::create_payment(&test.app, &test.caller, &request, Some("key-1")).await.unwrap();
    assert!(keyed.replayed);
    let list = ListForm { external_id: Some("order-1".into()), ..ListForm::default() };
    assert_eq!(partner_api::payments(&test.app, &test.caller, &list).await.unwrap().items.len(), 1);
    let long = CreatePaymentForm { external_id: Some("x".repeat(129)), ..request };
    assert_eq!(test.refused_payment(&long).await, ErrorCode::ValidationFailed);
}

async fn names_of_sales(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let request = CreateRampoffForm { external_id: Some("order-1".into()), ..sell(customer, "50") };
    let first = partner_api::create_rampoff(&test.app, &test.caller, &request, None).await.unwrap();
    let again = partner_api::create_rampoff(&test.app, &test.caller, &request, None).await.unwrap();
    assert_eq!((&first.data, again.replayed), (&again.data, true));
    let other = CreateRampoffForm { amount: Some("51".into()), ..request };
    assert_eq!(test.refused_rampoff(&other).await, ErrorCode::ExternalIdConflict);
    // Purchases and sales have separate external identifiers.
    let purchase = CreatePaymentForm { external_id: Some("order-1".into()), ..buy(customer, "100") };
    partner_api::create_payment(&test.app, &test.caller, &purchase, None).await.unwrap();
}

/// An amount as a JSON number, where JSON can write it so.
fn number(amount: &str) -> AmountSent {
    if amount.starts_with('0') { AmountSent::Text(amount.to_owned()) } else { AmountSent::Number(amount.to_owned()) }
}

/// JSON serializers differ in the zeros of a number; the case of a code does not matter to the call.
async fn one_meaning(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    for (key, name) in [(Some("key-1"), None), (None, Some("order-1"))] {
        let request = CreatePaymentForm { external_id: name.map(str::to_owned), ..buy(customer, "240") };
        let first = partner_api::create_payment(&test.app, &test.caller, &request, key).await.unwrap();
        for amount in ["240.0", "240.00", "2.4e2", "0240"] {
            let code = request.coin_symbol.as_deref().unwrap_or_default().to_ascii_lowercase();
            let again = CreatePaymentForm { fiat_amount: Some(number(amount)), coin_symbol: Some(code), ..request.clone() };
            let again = partner_api::create_payment(&test.app, &test.caller, &again, key).await.unwrap();
            assert_eq!((&again.data, again.replayed), (&first.data, true), "{amount}");
        }
        let other = CreatePaymentForm { fiat_amount: Some("240.01".into()), ..request };
        let conflict = if key.is_some() { ErrorCode::IdempotencyConflict } else { ErrorCode::ExternalIdConflict };
        assert_eq!(TestApp::code(partner_api::create_payment(&test.app, &test.caller, &other, key).await), conflict);
        let request = CreateRampoffForm { external_id: name.map(str::to_owned), ..sell(customer, "50") };
        let key = key.map(|key| format!("{key}-of-a-sale"));
        let first = partner_api::create_rampoff(&test.app, &test.caller, &request, key.as_deref()).await.unwrap();
        for amount in ["50.0", "50.000", "5e1"] {
            let again = CreateRampoffForm { amount: Some(number(amount)), ..request.clone() };
            let again = partner_api::create_rampoff(&test.app, &test.caller, &again, key.as_deref()).await.unwrap();
            assert_eq!((&again.data, again.replayed), (&first.data, true), "{amount}");
        }
        let other = CreateRampoffForm { amount: Some("5".into()), ..request };
        assert_eq!(TestApp::code(partner_api::create_rampoff(&test.app, &test.caller, &other, key.as_deref()).await), conflict);
    }
}

async fn only_successes(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let small = buy(customer, "0.01");
    assert_eq!(TestApp::code(partner_api::create_payment(&test.app, &test.caller, &small, Some("key-1")).await), ErrorCode::MinPurchase);
    let answer = partner_api::create_payment(&test.app, &test.caller, &buy(customer, "100"), Some("key-1")).await.unwrap();
    assert!(!answer.replayed);
    assert_eq!(
        TestApp::code(partner_api::create_payment(&test.app, &test.caller, &small, Some("key-1")).await),
        ErrorCode::IdempotencyConflict
    );
    // The same key of another partner is another key.
    assert_eq!(
        TestApp::code(partner_api::create_payment(&test.app, &test.stranger, &buy(customer, "100"), Some("key-1")).await),
        ErrorCode::UserNotFound
    );
}

async fn answers_end(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let first = partner_api::create_payment(&test.app, &test.caller, &buy(customer, "100"), Some("key-1")).await.unwrap();
    test.advance(24 * 3_600).await;
    let again = partner_api::create_payment(&test.app, &test.caller, &buy(customer, "100"), Some("key-1")).await.unwrap();
    assert_eq!((&first.data, again.replayed), (&again.data, true));
    test.advance(25 * 3_600).await;
    let later = partner_api::create_payment(&test.app, &test.caller, &buy(customer, "100"), Some("key-1")).await.unwrap();
    assert_ne!(first.data, later.data);
}
