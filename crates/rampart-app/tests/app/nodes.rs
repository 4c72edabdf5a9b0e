//! Several nodes on one database.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use rampart_app::{PartnerChange, operate};
use rampart_core::partner::HttpErrors;
use rampart_core::refusal::ErrorCode;
use rampart_testkit::partner_api::{CreatePaymentForm, ListForm};
use rampart_testkit::{
    CustomerOf, TestApp, TestEngine, buy, catalogue_with, data_of, documented_registration, on_both_engines, partner_api,
};

async fn tight(engine: TestEngine) -> TestApp {
    let catalogue = catalogue_with(|table| {
        for level in ["1", "2"] {
            let limits = table["limits"]["EUR"][level].as_table_mut().unwrap();
            limits.insert("transaction".into(), "100".into());
            limits.insert("day".into(), "450".into());
        }
    });
    TestApp::start_idle_with(engine, catalogue).await
}

on_both_engines!(super::tight => concurrent_requests, one_limit, one_address, a_disabled_partner, changes_of_a_partner_are_seen_everywhere);

async fn concurrent_requests(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let nodes = [test.app.clone(), test.another_node().await];
    for (key, name) in [(Some("key-1"), None), (None, Some("order-1"))] {
        let concurrent_requests = (0..8).map(|number| {
            let (node, caller) = (nodes[number % 2].clone(), test.caller.clone());
            let request = CreatePaymentForm { external_id: name.map(str::to_owned), ..buy(customer, "100") };
            tokio::spawn(async move { partner_api::create_payment(&node, &caller, &request, key).await.unwrap() })
        });
        let mut answers = Vec::new();
        for request in concurrent_requests.collect::<Vec<_>>() {
            answers.push(request.await.unwrap());
        }
        assert_eq!(answers.iter().map(|answer| &answer.data).collect::<HashSet<_>>().len(), 1);
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    }
    assert_eq!(partner_api::payments(&test.app, &test.caller, &ListForm::default()).await.unwrap().items.len(), 2);
    nodes[1].store.close().await;
}

async fn one_limit(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let nodes = [test.app.clone(), test.another_node().await];
    let orders = (0..10).map(|number| {
        let (node, caller) = (nodes[number % 2].clone(), test.caller.clone());
        tokio::spawn(async move { partner_api::create_payment(&node, &caller, &buy(customer, "100"), None).await })
    });
    let mut made = 0;
    for order in orders.collect::<Vec<_>>() {
        match order.await.unwrap() {
            Ok(_) => made += 1,
            refused => assert_eq!(TestApp::code(refused), ErrorCode::LimitExceded),
        }
    }
    assert_eq!(made, 4);
    nodes[1].store.close().await;
}

async fn one_address(test: Arc<TestApp>) {
    let nodes = [test.app.clone(), test.another_node().await];
    let registrations = (0..6).map(|number| {
        let (node, caller) = (nodes[number % 2].clone(), test.caller.clone());
        tokio::spawn(async move { partner_api::register_user(&node, &caller, &documented_registration(), None).await })
    });
    let mut made = HashSet::new();
    for registration in registrations.collect::<Vec<_>>() {
        match registration.await.unwrap() {
            Ok(answer) => assert!(made.insert(data_of(&answer)["id"].as_i64().unwrap())),
            refused => assert_eq!(TestApp::code(refused), ErrorCode::UserAlreadyExists),
        }
    }
    assert_eq!(made.len(), 1);
    nodes[1].store.close().await;
}

async fn a_disabled_partner(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let node = test.another_node().await;
    // This node has cached the old partner; the order relies on the stored one.
    partner_api::create_payment(&node, &test.caller, &buy(customer, "50"), None).await.unwrap();
    let change = PartnerChange { enabled: Some(false), ..PartnerChange::default() };
    operate::partners::set_partner(&test.app, test.caller.partner.id, &change, "test", "trial").await.unwrap();
    assert_eq!(
        TestApp::code(partner_api::create_payment(&node, &test.caller, &buy(customer, "50"), None).await),
        ErrorCode::AuthorizationIncorrect
    );
    node.store.close().await;
}

/// Once a change of a partner was acknowledged, no node serves the old state, whatever it has cached.
async fn changes_of_a_partner_are_seen_everywhere(test: Arc<TestApp>) {
    let node = test.another_node().await;
    let here = "203.0.113.7".parse().unwrap();
    let mut credentials = test.credentials.clone();
    for change in ["networks", "disabled", "rotated", "errors"] {
        let token = partner_api::authenticate(&node, &credentials.api_key, credentials.api_secret.reveal(), here).await.unwrap().token;
        // This node caches the present partner.
        partner_api::caller(&node, &token, here).await.unwrap();
        let set = async |change: PartnerChange| {
            operate::partners::set_partner(&test.app, test.caller.partner.id, &change, "test", "trial").await.unwrap()
        };
        match change {
            "networks" => drop(set(PartnerChange { allow_ips: Some(vec!["198.51.100.0/24".into()]), ..PartnerChange::default() }).await),
            "disabled" => drop(set(PartnerChange { enabled: Some(false), ..PartnerChange::default() }).await),
            "errors" => drop(set(PartnerChange { http_errors: Some(HttpErrors::Documented), ..PartnerChange::default() }).await),
            _ => {
                credentials = operate::partners::rotate_partner_key(&test.app, test.caller.partner.id, Duration::ZERO, "test", "a leak")
                    .await
                    .unwrap()
            }
        }
        match partner_api::caller(&node, &token, here).await {
            Ok(caller) => assert_eq!((change, caller.partner.http_errors), ("errors", HttpErrors::Documented)),
            refused => assert_eq!(TestApp::code(refused), ErrorCode::AuthorizationIncorrect, "{change}"),
        }
        set(PartnerChange { enabled: Some(true), allow_ips: Some(Vec::new()), ..PartnerChange::default() }).await;
    }
    node.store.close().await;
}
