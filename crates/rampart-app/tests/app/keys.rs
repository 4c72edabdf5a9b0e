//! The installation key is rotated while nodes serve.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use rampart_app::operate::{doctor, keys, partners};
use rampart_app::orders::page_links;
use rampart_app::{App, key_fingerprint, operate, pages};
use rampart_core::customer::Customer;
use rampart_core::id::CustomerId;
use rampart_core::refusal::ErrorCode;
use rampart_testkit::partner_api::{CreatePaymentForm, QuoteForm, RegisterUserForm};
use rampart_testkit::{CustomerOf, KEY, TestApp, buy, data_of, documented_registration, on_both_engines, partner_api};

use crate::workers_buying::operator;

const NEW: [u8; 32] = [43; 32];
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

on_both_engines!(rampart_testkit::TestApp::start_idle => everything_lives_through_a_change, a_change_that_was_stopped_goes_on,
    steps_are_taken_in_order);

async fn customer(app: &App, id: CustomerId) -> Customer {
    app.store.customer(id).await.unwrap().unwrap()
}

fn transfer(customer: CustomerId) -> CreatePaymentForm {
    CreatePaymentForm { payment_type: Some("transfer".into()), ..buy(customer, "20") }
}

/// The first partner's token, from its key and secret.
async fn token(test: &TestApp, app: &App) -> String {
    let secret = test.credentials.api_secret.reveal();
    partner_api::authenticate(app, &test.credentials.api_key, secret, HOME).await.unwrap().token
}

async fn everything_lives_through_a_change(test: Arc<TestApp>) {
    let id = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let old = &test.app;
    let token_before = token(&test, old).await;
    let request =
        QuoteForm { amount: Some("100".into()), symbol: Some("USDC".into()), payment_type: Some("card".into()), ..QuoteForm::default() };
    let quote = partner_api::quote(old, &test.caller, &request).await.unwrap().quote_id;
    let first = partner_api::create_payment(old, &test.caller, &buy(id, "20"), Some("key-1")).await.unwrap();
    let mut references = HashSet::new();
    for _ in 0..5 {
        let answer = partner_api::create_payment(old, &test.caller, &transfer(id), None).await.unwrap();
        references.insert(data_of(&answer)["concept"].to_string());
    }
    let (page, form) = (page_links::payment_token(old, TestApp::order_of(&first)), page_links::identity_token(old, id));

    // First every node gets the new key; nothing is sealed with it yet.
    let node = test.another_node_with(&[KEY, NEW]).await.unwrap();
    assert_eq!(node.keys.identity(), key_fingerprint(&KEY));
    assert_eq!(TestApp::code(keys::make_newest(old, key_fingerprint(&NEW), &operator()).await), ErrorCode::ValidationFailed, "it has not");
    keys::make_newest(&node, key_fingerprint(&NEW), &operator()).await.unwrap();
    keys::make_newest(&node, key_fingerprint(&NEW), &operator()).await.unwrap();
    assert_eq!(node.keys.identity(), key_fingerprint(&NEW));

    // A node without the key refuses to start, and a running one reports it.
    let refused = test.another_node_with(&[KEY]).await.err().unwrap().to_string();
    assert!(refused.contains(&key_fingerprint(&NEW).to_string()), "{refused}");
    let found = doctor::examine(old).await.unwrap();
    assert!(found.iter().any(|finding| !finding.ok && finding.detail.contains(&key_fingerprint(&NEW).to_string())), "{found:?}");

    // What the old key sealed can be opened by a node that starts now, in whatever order its file lists the keys.
    for node in [&node, &test.another_node_with(&[NEW, KEY]).await.unwrap()] {
        let caller = partner_api::caller(node, &token_before, HOME).await.unwrap();
        partner_api::caller(node, &token(&test, node).await, HOME).await.unwrap();
        assert_eq!(pages::page_payment(node, &page).await.unwrap().payment.id, TestApp::order_of(&first));
        assert_eq!(pages::page_customer(node, &form).await.unwrap().customer.id, id);
        let replayed = partner_api::create_payment(node, &caller, &buy(id, "20"), Some("key-1")).await.unwrap();
        assert!(replayed.replayed && replayed.data == first.data);
        let conflict = partner_api::create_payment(node, &caller, &buy(id, "21"), Some("key-1")).await;
        assert_eq!(TestApp::code(conflict), ErrorCode::IdempotencyConflict);
        let answer = partner_api::create_payment(node, &caller, &transfer(id), None).await.unwrap();
        references.insert(data_of(&answer)["concept"].to_string());
    }
    assert_eq!(references.len(), 7, "no reference is given out twice");
    let quoted = CreatePaymentForm { quote_id: Some(quote), ..buy(id, "100") };
    partner_api::create_payment(&node, &test.caller, &quoted, None).await.unwrap();

    // Fingerprints still match: another registration with the same document counts as the first.
    keys::reseal(&node, &operator()).await.unwrap();
    keys::retire(&node, key_fingerprint(&KEY), true, &operator()).await.unwrap();
    let only_new = test.another_node_with(&[NEW]).await.unwrap();
    let request = RegisterUserForm { email: Some("again@example.com".into()), ..registration_of(&customer(&only_new, id).await) };
    let answer = partner_api::register_user(&only_new, &test.caller, &request, None).await.unwrap();
    let again = CustomerId(data_of(&answer)["id"].as_i64().unwrap());
    assert_eq!(customer(&only_new, again).await.counts_as, Some(id));

    // Links stay valid. Tokens signed by the retired key have ended, even if the key is still in the file.
    for node in [&only_new, &node, &test.another_node_with(&[KEY, NEW]).await.unwrap()] {
        assert_eq!(pages::page_payment(node, &page).await.unwrap().payment.id, TestApp::order_of(&first));
        assert_eq!(pages::page_customer(node, &form).await.unwrap().customer.id, id);
        assert_eq!(TestApp::code(partner_api::caller(node, &token_before, HOME).await), ErrorCode::AuthorizationIncorrect);
        partner_api::caller(node, &token(&test, node).await, HOME).await.unwrap();
    }
    assert!(partner_api::create_payment(&only_new, &test.caller, &buy(id, "20"), Some("key-1")).await.unwrap().replayed);
    assert!(test.another_node_with(&[KEY]).await.is_err());
}

fn registration_of(customer: &Customer) -> RegisterUserForm {
    let given = customer.identification.as_ref().unwrap();
    RegisterUserForm {
        identification_type: Some(given.document.as_str().into()),
        identification_number: Some(given.number.reveal().into()),
        country_code: None,
        country: Some("ESP".into()),
        phone: None,
        ..documented_registration()
    }
}

/// The process is killed when half of the partners are sealed with the new key.
async fn a_change_that_was_stopped_goes_on(test: Arc<TestApp>) {
    let node = test.another_node_with(&[KEY, NEW]).await.unwrap();
    let rotated =
        operate::partners::rotate_partner_key(&node, test.caller.partner.id, Duration::from_secs(86_400), "test", "test").await.unwrap();
    let before = partners::partners(&node, None, 10).await.unwrap();
    keys::make_newest(&node, key_fingerprint(&NEW), &operator()).await.unwrap();
    let sealed = |app: &App| {
        let app = app.clone();
        async move {
            operate::partners::partners(&app, None, 10)
                .await
                .unwrap()
                .into_iter()
                .map(|partner| partner.api_key.sealed_secret)
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(keys::reseal(&node, &operator()).await.unwrap(), 2);
    let done = sealed(&node).await;
    // The second partner as a process leaves it that was killed after the first.
    let mut second = node.store.partner(before[1].id).await.unwrap().unwrap();
    second.api_key = before[1].api_key.clone();
    let mut step = rampart_core::step::Step::new();
    step.write(second);
    node.commit(step).await.unwrap();
    let half = test.another_node_with(&[KEY, NEW]).await.unwrap();
    partner_api::authenticate(&half, &rotated.api_key, rotated.api_secret.reveal(), HOME).await.unwrap();
    let refused = keys::retire(&half, key_fingerprint(&KEY), true, &operator()).await.unwrap_err().to_string();
    assert!(refused.contains("reseal"), "{refused}");
    assert_eq!(keys::reseal(&half, &operator()).await.unwrap(), 1);
    assert_eq!(sealed(&half).await[0], done[0], "what was done is not done again");
    assert_eq!(keys::reseal(&half, &operator()).await.unwrap(), 0);
    keys::retire(&half, key_fingerprint(&KEY), true, &operator()).await.unwrap();
    let only_new = test.another_node_with(&[NEW]).await.unwrap();
    partner_api::authenticate(&only_new, &rotated.api_key, rotated.api_secret.reveal(), HOME).await.unwrap();
    let partner = only_new.store.partner(before[0].id).await.unwrap().unwrap();
    assert_eq!(
        partner_api::secrets_of(&only_new, &partner).unwrap().len(),
        2,
        "webhooks are still signed with the secret before the rotation"
    );
}

async fn steps_are_taken_in_order(test: Arc<TestApp>) {
    let node = test.another_node_with(&[KEY, NEW]).await.unwrap();
    let (old, new) = (key_fingerprint(&KEY), key_fingerprint(&NEW));
    let roles = || async {
        let lines = keys::list(&node, &[old, new]).await.unwrap();
        lines.iter().map(|line| serde_json::to_value(line.role).unwrap().as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(roles().await, ["newest", "unused"]);
    assert_eq!(TestApp::code(keys::retire(&node, old, true, &operator()).await), ErrorCode::ValidationFailed, "the newest");
    assert_eq!(TestApp::code(keys::retire(&node, new, true, &operator()).await), ErrorCode::ValidationFailed, "unknown");
    keys::make_newest(&node, new, &operator()).await.unwrap();
    assert_eq!(roles().await, ["readable", "newest"]);
    assert_eq!(TestApp::code(keys::retire(&node, old, true, &operator()).await), ErrorCode::ValidationFailed, "not sealed anew");
    keys::reseal(&node, &operator()).await.unwrap();
    let refused = keys::retire(&node, old, false, &operator()).await.unwrap_err().to_string();
    assert!(refused.contains("are good until"), "{refused}");
    for _ in 0..2 {
        keys::retire(&node, old, true, &operator()).await.unwrap();
    }
    assert_eq!(roles().await, ["retired", "newest"]);
    assert_eq!(TestApp::code(keys::make_newest(&node, old, &operator()).await), ErrorCode::ValidationFailed, "retired for good");
    let audited = node.store.audit(None, 50).await.unwrap();
    let actions: Vec<&str> = audited.iter().filter(|entry| entry.action.starts_with("keys.")).map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["keys.retire", "keys.reseal", "keys.use"]);
}
