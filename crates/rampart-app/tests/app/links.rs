//! Links to hosted pages: made for each response, stored nowhere, and valid only for their purpose.

use std::sync::Arc;

use parking_lot::Mutex;
use rampart_app::orders::page_links;
use rampart_app::{KycForm, StatusPage, pages};
use rampart_core::customer::kyc::KycLevel;
use rampart_core::id::PayoutId;
use rampart_core::ledger::Processor;
use rampart_core::outgoing::Payout;
use rampart_core::partner::event::EventType;
use rampart_core::ports::{
    CallOutcome, FactPage, LookupResult, PortFuture, ProcessorEvent, ProcessorPort, Session, SessionRequest, Unavailable,
};
use rampart_core::refusal::ErrorCode;
use rampart_core::step::ClaimScope;
use rampart_testkit::{CustomerOf, TestApp, buy, data_of, documented_registration, on_both_engines, partner_api, sell};

use crate::pages::empty;

on_both_engines!(rampart_testkit::TestApp::start_idle => what_is_stored_has_no_token, a_link_to_the_form_ends, a_link_leads_to_one_thing,
    a_processor_gets_a_link_without_power);

const DAY_SECONDS: u64 = 86_400;

fn token_of(url: &str) -> String {
    url.split_once("?token=").unwrap().1.to_owned()
}

async fn what_is_stored_has_no_token(test: Arc<TestApp>) {
    let registered = partner_api::register_user(&test.app, &test.caller, &documented_registration(), Some("person")).await.unwrap();
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let bought = partner_api::create_payment(&test.app, &test.caller, &buy(customer, "20"), Some("bought")).await.unwrap();
    let sold = partner_api::create_rampoff(&test.app, &test.caller, &sell(customer, "50"), Some("sold")).await.unwrap();
    for (key, field, answer) in [("person", "kyc_form_url", &registered), ("bought", "url_payment", &bought), ("sold", "url_status", &sold)]
    {
        let claim = test.app.store.claim(ClaimScope::IdempotencyKey, &format!("{}:{key}", test.caller.partner.id)).await.unwrap().unwrap();
        let link = data_of(answer)[field].as_str().unwrap().to_owned();
        let token = token_of(&link);
        assert!(!token.is_empty() && !claim.answer.contains(&token), "{}", claim.answer);
        assert_eq!(claim.answer.replace("?token=", &format!("?token={token}")), answer.data, "{key}");
    }
    let again = partner_api::create_payment(&test.app, &test.caller, &buy(customer, "20"), Some("bought")).await.unwrap();
    assert!(again.replayed && again.data == bought.data);
    let again = partner_api::create_rampoff(&test.app, &test.caller, &sell(customer, "50"), Some("sold")).await.unwrap();
    assert!(again.replayed && again.data == sold.data);
    let again = partner_api::register_user(&test.app, &test.caller, &documented_registration(), Some("person")).await.unwrap();
    assert!(again.replayed && again.data == registered.data);
    // The event carries a link that leads to the form.
    let stored = test.app.store.events_after(test.caller.partner.id, 0, 10).await.unwrap();
    assert!(stored.iter().any(|event| event.draft.data.contains("/kyc?token=\"")), "{stored:?}");
    let events = partner_api::events(&test.app, &test.caller, None, None).await.unwrap().events;
    let data: serde_json::Value = events
        .iter()
        .find(|event| event.kind == EventType::KycUpdated)
        .map(|event| serde_json::from_str(event.data.get()).unwrap())
        .unwrap();
    let page = pages::page_customer(&test.app, &token_of(data["kyc_form_url"].as_str().unwrap())).await.unwrap();
    assert_eq!(page.customer.id.0, data["user_id"].as_i64().unwrap());
}

fn form() -> KycForm {
    KycForm { dob: Some("1986-05-03".into()), ..empty(KycLevel::Basic) }
}

async fn a_link_to_the_form_ends(test: Arc<TestApp>) {
    let customer = test.register(&test.caller, CustomerOf::SPAIN, "ana@example.com").await;
    let new_token =
        || async { token_of(&partner_api::kyc_check(&test.app, &test.caller, Some(customer.to_string())).await.unwrap().kyc_form_url) };
    let first = new_token().await;
    test.advance(29 * DAY_SECONDS).await;
    assert_eq!(pages::page_customer(&test.app, &first).await.unwrap().customer.id, customer);
    assert_eq!(page_links::ended_link(&test.app, &first).await.unwrap(), None);
    let second = new_token().await;
    test.advance(3 * DAY_SECONDS).await;
    assert_eq!(TestApp::code(pages::page_customer(&test.app, &first).await), ErrorCode::NotFound);
    assert_eq!(TestApp::code(pages::submit_kyc_form(&test.app, &first, form()).await), ErrorCode::NotFound);
    assert_eq!(page_links::ended_link(&test.app, &first).await.unwrap().as_deref(), Some("first"));
    assert_eq!(page_links::ended_link(&test.app, "x").await.unwrap(), None);
    // Every response that carries the link has renewed it.
    pages::submit_kyc_form(&test.app, &second, form()).await.unwrap();
    let shorter = test.with_settings(|config| config.identity_link_days = 1).await;
    let short = page_links::identity_token(&shorter, customer);
    test.advance(2 * DAY_SECONDS + 1).await;
    assert_eq!(TestApp::code(pages::page_customer(&test.app, &short).await), ErrorCode::NotFound);
}

async fn a_link_leads_to_one_thing(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let bought = test.bought(&buy(customer, "20")).await;
    let sold = test.sold(&sell(customer, "50")).await;
    let app = &test.app;
    // Each also with the other's identifier, which differs only by its kind.
    let tokens = [
        page_links::payment_token(app, bought),
        page_links::rampoff_token(app, sold),
        page_links::identity_token(app, customer),
        page_links::returned_token(app, bought),
        page_links::payment_token(app, sold),
        page_links::rampoff_token(app, bought),
        page_links::returned_token(app, sold),
    ];
    for (place, token) in tokens.iter().enumerate() {
        let leads = |found: Result<(), rampart_app::AppError>| found.is_ok();
        assert_eq!(leads(pages::page_payment(app, token).await.map(drop)), place == 0, "{place}");
        assert_eq!(leads(pages::gateway_session(app, token).await.map(drop)), place == 0, "{place}");
        assert_eq!(leads(pages::page_rampoff(app, token).await.map(drop)), place == 1, "{place}");
        assert_eq!(leads(pages::page_status(app, token).await.map(drop)), place <= 1, "{place}");
        assert_eq!(leads(pages::page_customer(app, token).await.map(drop)), place == 2, "{place}");
        assert_eq!(leads(pages::page_returned(app, token).await.map(drop)), place == 3, "{place}");
    }
    assert!(matches!(pages::page_status(app, &tokens[1]).await.unwrap(), StatusPage::Rampoff(_)));
}

/// A processor that records the return URLs of customers.
struct RecordingProcessor {
    processor: Arc<dyn ProcessorPort>,
    return_urls: Mutex<Vec<String>>,
}

impl ProcessorPort for RecordingProcessor {
    fn processors(&self) -> Vec<Processor> {
        self.processor.processors()
    }

    fn open_session<'a>(&'a self, request: &'a SessionRequest) -> PortFuture<'a, CallOutcome<Session>> {
        self.return_urls.lock().push(request.return_url.clone());
        self.processor.open_session(request)
    }

    fn refund<'a>(&'a self, payout: &'a Payout) -> PortFuture<'a, CallOutcome<String>> {
        self.processor.refund(payout)
    }

    fn find_refund(&self, processor: Processor, payout: PayoutId) -> PortFuture<'_, Result<LookupResult<String>, Unavailable>> {
        self.processor.find_refund(processor, payout)
    }

    fn events<'a>(
        &'a self,
        processor: Processor,
        after: &'a str,
        limit: usize,
    ) -> PortFuture<'a, Result<FactPage<ProcessorEvent>, Unavailable>> {
        self.processor.events(processor, after, limit)
    }
}

async fn a_processor_gets_a_link_without_power(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let bought = test.bought(&buy(customer, "20")).await;
    let kept = Arc::new(RecordingProcessor { processor: test.app.ports.processors[0].clone(), return_urls: Mutex::default() });
    let app = test.with_ports(|ports| ports.processors = vec![kept.clone()]).await;
    let own = page_links::payment_token(&app, bought);
    pages::gateway_session(&app, &own).await.unwrap();
    let url = kept.return_urls.lock()[0].clone();
    let token = token_of(&url);
    assert!(url.starts_with("http://127.0.0.1:8080/returned?token=") && token != own, "{url}");
    assert_eq!(pages::page_returned(&app, &token).await.unwrap().payment.id, bought);
    for refused in [
        pages::cancel_payment(&app, &token).await,
        pages::declare_sent(&app, &token).await,
        partner_api::give_refund_account(&app, &token, CustomerOf::SPAIN.account, "Ana García").await,
        pages::page_status(&app, &token).await.map(drop),
        pages::gateway_session(&app, &token).await.map(drop),
    ] {
        assert_eq!(TestApp::code(refused), ErrorCode::NotFound);
    }
}
