//! Another partner's records answer exactly as records that do not exist.

use std::sync::Arc;

use rampart_core::refusal::Refusal;
use rampart_testkit::partner_api::ListForm;
use rampart_testkit::{CustomerOf, TestApp, buy, on_both_engines, partner_api, refusal_of, sell};

on_both_engines!(rampart_testkit::TestApp::start_idle => nothing_is_seen, pages_of_lists);

async fn nothing_is_seen(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let payment = test.bought(&buy(customer, "100")).await.to_string();
    let rampoff = test.sold(&sell(customer, "50")).await.to_string();
    let nobody = "0000000000000000000000000";
    let same = |foreign: Refusal, missing: Refusal| assert_eq!(foreign, missing);
    let stranger = &test.stranger;
    same(
        refusal_of(partner_api::payment(&test.app, stranger, &payment).await),
        refusal_of(partner_api::payment(&test.app, stranger, nobody).await),
    );
    same(
        refusal_of(partner_api::rampoff(&test.app, stranger, &rampoff).await),
        refusal_of(partner_api::rampoff(&test.app, stranger, nobody).await),
    );
    same(
        refusal_of(partner_api::payment(&test.app, &test.caller, &rampoff).await),
        refusal_of(partner_api::payment(&test.app, &test.caller, nobody).await),
    );
    let check = |id: String| partner_api::kyc_check(&test.app, stranger, Some(id));
    same(refusal_of(check(customer.to_string()).await), refusal_of(check("424242".into()).await));
    let mut missing = buy(customer, "100");
    missing.user_id = Some("424242".into());
    same(
        refusal_of(partner_api::create_payment(&test.app, stranger, &buy(customer, "100"), None).await),
        refusal_of(partner_api::create_payment(&test.app, stranger, &missing, None).await),
    );
    same(
        refusal_of(partner_api::create_rampoff(&test.app, stranger, &sell(customer, "50"), None).await),
        refusal_of(partner_api::create_rampoff(&test.app, stranger, &sell(rampart_core::id::CustomerId(424_242), "50"), None).await),
    );
    let of_customer = ListForm { user_id: Some(customer.to_string()), ..ListForm::default() };
    for list in [ListForm::default(), of_customer] {
        assert!(partner_api::payments(&test.app, stranger, &list).await.unwrap().items.is_empty());
        assert!(partner_api::rampoffs(&test.app, stranger, &list).await.unwrap().items.is_empty());
    }
    assert!(partner_api::events(&test.app, stranger, None, None).await.unwrap().events.is_empty());
}

async fn pages_of_lists(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(test.bought(&buy(customer, "30")).await.to_string());
    }
    made.reverse();
    let mut request = ListForm { limit: Some("2".into()), ..ListForm::default() };
    let mut seen = Vec::new();
    loop {
        let page = partner_api::payments(&test.app, &test.caller, &request).await.unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items.into_iter().map(|payment| payment.id));
        assert_eq!(page.has_more, page.next_cursor.is_some());
        match page.next_cursor {
            Some(cursor) => request.cursor = Some(cursor),
            None => break,
        }
    }
    assert_eq!(seen, made, "newest first, each once");
    let with = |status: &str| ListForm { status: Some(status.into()), ..ListForm::default() };
    assert_eq!(partner_api::payments(&test.app, &test.caller, &with("started")).await.unwrap().items.len(), 5);
    assert_eq!(partner_api::payments(&test.app, &test.caller, &with("expired,coins_sent")).await.unwrap().items.len(), 0);
    let later = ListForm { from: Some("2200-01-01T00:00:00Z".into()), ..ListForm::default() };
    assert!(partner_api::payments(&test.app, &test.caller, &later).await.unwrap().items.is_empty());
    let before = ListForm { to: Some("9999-12-30T00:00:00Z".into()), ..ListForm::default() };
    assert_eq!(partner_api::payments(&test.app, &test.caller, &before).await.unwrap().items.len(), 5);
    for bad in [
        with("paid"),
        ListForm { limit: Some("0".into()), ..ListForm::default() },
        ListForm { limit: Some("101".into()), ..ListForm::default() },
        ListForm { cursor: Some("zzz".into()), ..ListForm::default() },
        ListForm { from: Some("yesterday".into()), ..ListForm::default() },
        ListForm { user_id: Some("ana".into()), ..ListForm::default() },
    ] {
        assert_eq!(
            TestApp::code(partner_api::payments(&test.app, &test.caller, &bad).await),
            rampart_core::refusal::ErrorCode::ValidationFailed
        );
    }
}
