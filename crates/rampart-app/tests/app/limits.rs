//! Limits and caps with concurrent orders.

use rampart_testkit::{CustomerOf, TestApp, TestEngine, buy, catalogue_with, on_both_engines, partner_api, refusal_of};
use std::sync::Arc;

use rampart_core::customer::kyc::{KycLevel, KycStatus};
use rampart_core::refusal::ErrorCode;

/// Sets `limits.EUR.<level>` for all methods together.
fn limit(table: &mut toml::Table, level: &str, transaction: &str, day: &str) {
    let mut values = toml::Table::new();
    for (name, value) in [("transaction", transaction), ("day", day), ("month", "100000"), ("quarter", "100000")] {
        values.insert(name.into(), value.into());
    }
    table["limits"]["EUR"].as_table_mut().unwrap().insert(level.into(), values.into());
}

async fn tight(engine: TestEngine) -> TestApp {
    let catalogue = catalogue_with(|table| {
        limit(table, "1", "200", "450");
        limit(table, "2", "300", "450");
    });
    TestApp::start_idle_with(engine, catalogue).await
}

async fn lifted(engine: TestEngine) -> TestApp {
    let catalogue = catalogue_with(|table| {
        limit(table, "1", "200", "450");
        limit(table, "2", "500", "900");
    });
    TestApp::start_idle_with(engine, catalogue).await
}

async fn capped(engine: TestEngine) -> TestApp {
    let catalogue = catalogue_with(|table| {
        table["open_caps"].as_table_mut().unwrap().insert("customer_orders".into(), toml::Value::Integer(3));
    });
    TestApp::start_idle_with(engine, catalogue).await
}

on_both_engines!(
    super::tight => ten_at_once, alone_too_large;
    super::lifted => a_higher_level_helps;
    super::capped => open_orders;
);

async fn ten_at_once(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let orders = (0..10).map(|_| {
        let test = test.clone();
        tokio::spawn(async move { partner_api::create_payment(&test.app, &test.caller, &buy(customer, "100"), None).await })
    });
    let mut made = 0;
    for order in orders.collect::<Vec<_>>() {
        match order.await.unwrap() {
            Ok(_) => made += 1,
            refused => assert_eq!(TestApp::code(refused), ErrorCode::LimitExceded),
        }
    }
    assert_eq!(made, 4, "450 a day, 100 each");
    partner_api::create_payment(&test.app, &test.caller, &buy(customer, "50"), None).await.unwrap();
    assert_eq!(test.refused_payment(&buy(customer, "20")).await, ErrorCode::LimitExceded);
    test.advance(86_400).await;
    partner_api::create_payment(&test.app, &test.caller, &buy(customer, "100"), None).await.unwrap();
}

async fn alone_too_large(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let refusal = refusal_of(partner_api::create_payment(&test.app, &test.caller, &buy(customer, "250"), None).await);
    assert_eq!(refusal.code, ErrorCode::KycReinforcedRequired);
    assert!(refusal.data.unwrap().as_str().unwrap().contains("/kyc?token="));
    assert_eq!(test.refused_payment(&buy(customer, "350")).await, ErrorCode::LimitExceded);
}

async fn a_higher_level_helps(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    for _ in 0..2 {
        partner_api::create_payment(&test.app, &test.caller, &buy(customer, "200"), None).await.unwrap();
    }
    assert_eq!(test.refused_payment(&buy(customer, "200")).await, ErrorCode::KycReinforcedRequired);
    test.decide(customer, KycLevel::Reinforced, KycStatus::Valid).await;
    partner_api::create_payment(&test.app, &test.caller, &buy(customer, "400"), None).await.unwrap();
    assert_eq!(test.refused_payment(&buy(customer, "400")).await, ErrorCode::LimitExceded);
}

async fn open_orders(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    for _ in 0..3 {
        partner_api::create_payment(&test.app, &test.caller, &buy(customer, "30"), None).await.unwrap();
    }
    assert_eq!(test.refused_payment(&buy(customer, "30")).await, ErrorCode::TooManyOpen);
    let sale = rampart_testkit::sell(customer, "50");
    assert_eq!(test.refused_rampoff(&sale).await, ErrorCode::TooManyOpen);
    // Without a price the caps are still checked first.
    test.world.advance(86_400).await.unwrap();
    assert_eq!(test.refused_payment(&buy(customer, "30")).await, ErrorCode::TooManyOpen);
}
