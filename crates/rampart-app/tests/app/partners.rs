//! Keys, tokens and permissions of callers.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rampart_app::{Credentials, PartnerChange, operate};
use rampart_core::id::CustomerId;
use rampart_core::refusal::ErrorCode;
use rampart_core::text::redacted::Redacted;
use rampart_testkit::{CustomerOf, TestApp, buy, on_both_engines, partner_api, refusal_of, sell};

on_both_engines!(rampart_testkit::TestApp::start_idle => tokens, refused_alike, networks, rotation, a_leak, orders_through_a_rotation,
    names_are_one_partners, every_key_costs_the_same_look_ups, what_is_anothers_costs_the_same_look_ups);

const OVERLAP: Duration = Duration::from_secs(600);

fn here() -> IpAddr {
    "203.0.113.7".parse().unwrap()
}

async fn token(test: &TestApp, of: &Credentials) -> String {
    partner_api::authenticate(&test.app, &of.api_key, of.api_secret.reveal(), here()).await.unwrap().token
}

async fn tokens(test: Arc<TestApp>) {
    let token = token(&test, &test.credentials).await;
    assert_eq!(partner_api::caller(&test.app, &token, here()).await.unwrap().partner.id, test.caller.partner.id);
    let mut forged = token.clone();
    let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
    forged.push(last);
    for bad in ["", "x", &forged, &token[1..], &"a".repeat(5_000)] {
        assert_eq!(TestApp::code(partner_api::caller(&test.app, bad, here()).await), ErrorCode::AuthorizationIncorrect);
    }
    // Disabling revokes every token, and enabling restores none.
    let id = test.caller.partner.id;
    for enabled in [false, true] {
        let change = PartnerChange { enabled: Some(enabled), ..PartnerChange::default() };
        operate::partners::set_partner(&test.app, id, &change, "test", "trial").await.unwrap();
        assert_eq!(TestApp::code(partner_api::caller(&test.app, &token, here()).await), ErrorCode::AuthorizationIncorrect);
    }
    let fresh = self::token(&test, &test.credentials).await;
    partner_api::caller(&test.app, &fresh, here()).await.unwrap();
}

async fn refused_alike(test: Arc<TestApp>) {
    let (key, secret) = (test.credentials.api_key.clone(), test.credentials.api_secret.reveal().to_owned());
    let unknown = refusal_of(partner_api::authenticate(&test.app, "rk_nobody", &secret, here()).await);
    let wrong = refusal_of(partner_api::authenticate(&test.app, &key, "wrong", here()).await);
    let change = PartnerChange { allow_ips: Some(vec!["198.51.100.0/24".into()]), ..PartnerChange::default() };
    operate::partners::set_partner(&test.app, test.caller.partner.id, &change, "test", "trial").await.unwrap();
    let elsewhere = refusal_of(partner_api::authenticate(&test.app, &key, &secret, here()).await);
    let change = PartnerChange { enabled: Some(false), allow_ips: Some(Vec::new()), ..PartnerChange::default() };
    operate::partners::set_partner(&test.app, test.caller.partner.id, &change, "test", "trial").await.unwrap();
    let disabled = refusal_of(partner_api::authenticate(&test.app, &key, &secret, here()).await);
    assert_eq!(unknown.code, ErrorCode::AuthorizationIncorrect);
    for refusal in [wrong, elsewhere, disabled] {
        assert_eq!(refusal, unknown);
    }
}

async fn networks(test: Arc<TestApp>) {
    let token = token(&test, &test.credentials).await;
    let allow = |networks: &[&str]| PartnerChange {
        allow_ips: Some(networks.iter().map(|network| (*network).to_owned()).collect()),
        ..PartnerChange::default()
    };
    let id = test.caller.partner.id;
    operate::partners::set_partner(&test.app, id, &allow(&["10.0.0.0/8", "203.0.113.7"]), "test", "trial").await.unwrap();
    for (ip, may) in [("203.0.113.7", true), ("203.0.113.8", false), ("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("::1", false)] {
        assert_eq!(partner_api::caller(&test.app, &token, ip.parse().unwrap()).await.is_ok(), may, "{ip}");
    }
    operate::partners::set_partner(&test.app, id, &allow(&["::ffff:10.0.0.0/104", "::ffff:203.0.113.7"]), "test", "trial").await.unwrap();
    for (ip, may) in [("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("11.1.2.3", false), ("203.0.113.7", true), ("203.0.113.8", false)] {
        assert_eq!(partner_api::caller(&test.app, &token, ip.parse().unwrap()).await.is_ok(), may, "{ip}");
    }
    for none in ["10.0.0.0/33", "::ffff:0.0.0.0/95", "::ffff:10.0.0.0/8"] {
        let refusal = refusal_of(operate::partners::set_partner(&test.app, id, &allow(&[none]), "test", "trial").await);
        assert_eq!(refusal.code, ErrorCode::ValidationFailed, "{none}");
    }
}

/// The number of database reads does not reveal whether a key is, was or never was in use.
async fn every_key_costs_the_same_look_ups(test: Arc<TestApp>) {
    let (id, first) = (test.caller.partner.id, test.credentials.clone());
    let old = operate::partners::rotate_partner_key(&test.app, id, OVERLAP, "test", "trial").await.unwrap();
    let (granted, reads) = test.reads_of(partner_api::authenticate(&test.app, &first.api_key, first.api_secret.reveal(), here())).await;
    assert!(granted.is_ok(), "the key before works on for a while");
    assert_eq!(reads, 1);
    let new = operate::partners::rotate_partner_key(&test.app, id, Duration::ZERO, "test", "trial").await.unwrap();
    let secret = new.api_secret.reveal();
    let mut costs = Vec::new();
    for (key, secret) in [
        (new.api_key.as_str(), secret),
        (new.api_key.as_str(), "wrong"),
        (old.api_key.as_str(), old.api_secret.reveal()),
        (old.api_key.as_str(), "wrong"),
        ("rk_nobody", secret),
    ] {
        costs.push(test.reads_of(partner_api::authenticate(&test.app, key, secret, here())).await.1);
    }
    assert_eq!(costs, [1; 5]);
}

/// Nor does it reveal whether another partner has the requested record.
async fn what_is_anothers_costs_the_same_look_ups(test: Arc<TestApp>) {
    let (owner, stranger) = (&test.stranger, &test.caller);
    let customer = test.register(owner, CustomerOf::SPAIN, "theirs@mail.example").await;
    test.decide(customer, rampart_core::customer::kyc::KycLevel::Basic, rampart_core::customer::kyc::KycStatus::Valid).await;
    let payment = TestApp::order_of(&partner_api::create_payment(&test.app, owner, &buy(customer, "50"), None).await.unwrap());
    let rampoff = TestApp::order_of(&partner_api::create_rampoff(&test.app, owner, &sell(customer, "50"), None).await.unwrap());
    let nowhere = "0Do000000000000000000000a";
    let nobody = CustomerId(987_654_321);
    let asked = async |payment: &str, rampoff: &str, customer: CustomerId| {
        let user = || Some(customer.0.to_string());
        let payments = test.reads_of(partner_api::payment(&test.app, stranger, payment)).await;
        let rampoffs = test.reads_of(partner_api::rampoff(&test.app, stranger, rampoff)).await;
        let checks = test.reads_of(partner_api::kyc_check(&test.app, stranger, user())).await;
        let buy = test.reads_of(partner_api::create_payment(&test.app, stranger, &buy(customer, "50"), None)).await;
        let sell = test.reads_of(partner_api::create_rampoff(&test.app, stranger, &sell(customer, "50"), None)).await;
        let said = [
            TestApp::code(payments.0.map(|_| ())),
            TestApp::code(rampoffs.0.map(|_| ())),
            TestApp::code(checks.0.map(|_| ())),
            TestApp::code(buy.0.map(|_| ())),
            TestApp::code(sell.0.map(|_| ())),
        ];
        (said, [payments.1, rampoffs.1, checks.1, buy.1, sell.1])
    };
    let theirs = asked(&payment.to_string(), &rampoff.to_string(), customer).await;
    assert_eq!(theirs, asked(nowhere, nowhere, nobody).await);
    assert!(theirs.1.iter().all(|reads| *reads > 0), "{theirs:?}");
}

async fn rotation(test: Arc<TestApp>) {
    let (app, id) = (&test.app, test.caller.partner.id);
    let before = token(&test, &test.credentials).await;
    let new = operate::partners::rotate_partner_key(app, id, OVERLAP, "test", "trial").await.unwrap();
    assert_ne!(new.api_key, test.credentials.api_key);
    // Both pairs of credentials work, and so do their tokens; webhooks are signed with the old secret as well.
    let grant = partner_api::authenticate(app, &test.credentials.api_key, test.credentials.api_secret.reveal(), here()).await.unwrap();
    let (old, fresh) = (grant.token, token(&test, &new).await);
    for token in [&before, &old, &fresh] {
        assert_eq!(partner_api::caller(app, token, here()).await.unwrap().partner.api_key.key, new.api_key);
    }
    let partner = partner_api::caller_for_key(app, &new.api_key).await.unwrap().partner;
    let secrets = partner_api::secrets_of(app, &partner).unwrap();
    assert_eq!(secrets, [new.api_secret.clone(), test.credentials.api_secret.clone()] as [Redacted; 2], "the old one still counts");
    // A token of the old key expires no later than the key.
    assert!(grant.expires_in <= OVERLAP.as_secs());
    let later = test.with_real_time_ahead(OVERLAP).await;
    assert_eq!(partner_api::secrets_of(&later, &partner).unwrap(), [new.api_secret.clone()] as [Redacted; 1]);
    let ended = partner_api::authenticate(&later, &test.credentials.api_key, test.credentials.api_secret.reveal(), here()).await;
    assert_eq!(TestApp::code(ended.map(|_| ())), ErrorCode::AuthorizationIncorrect);
    for (token, holds) in [(&before, false), (&old, false), (&fresh, true)] {
        assert_eq!(partner_api::caller(&later, token, here()).await.is_ok(), holds);
    }
    // A disabled partner is refused with either key.
    for enabled in [false, true] {
        let change = PartnerChange { enabled: Some(enabled), ..PartnerChange::default() };
        operate::partners::set_partner(app, id, &change, "test", "trial").await.unwrap();
        for token in [&before, &old, &fresh] {
            assert_eq!(TestApp::code(partner_api::caller(app, token, here()).await), ErrorCode::AuthorizationIncorrect);
        }
    }
    token(&test, &test.credentials).await;
}

async fn a_leak(test: Arc<TestApp>) {
    let (app, id) = (&test.app, test.caller.partner.id);
    let first = token(&test, &test.credentials).await;
    let second = operate::partners::rotate_partner_key(app, id, OVERLAP, "test", "trial").await.unwrap();
    let of_second = token(&test, &second).await;
    let third = operate::partners::rotate_partner_key(app, id, Duration::ZERO, "test", "a leak").await.unwrap();
    for credentials in [&test.credentials, &second] {
        let ended = partner_api::authenticate(app, &credentials.api_key, credentials.api_secret.reveal(), here()).await;
        assert_eq!(TestApp::code(ended.map(|_| ())), ErrorCode::AuthorizationIncorrect);
    }
    for token in [&first, &of_second] {
        assert_eq!(TestApp::code(partner_api::caller(app, token, here()).await), ErrorCode::AuthorizationIncorrect);
    }
    token(&test, &third).await;
    let partner = partner_api::caller_for_key(app, &third.api_key).await.unwrap().partner;
    assert_eq!(partner_api::secrets_of(app, &partner).unwrap(), [third.api_secret] as [Redacted; 1]);
    let long = operate::partners::rotate_partner_key(app, id, Duration::from_secs(31 * 24 * 3_600), "test", "trial").await;
    assert_eq!(refusal_of(long).code, ErrorCode::ValidationFailed);
}

/// An order made with the old key succeeds during a rotation by another node, but not after a key was revoked as leaked.
async fn orders_through_a_rotation(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let caller = partner_api::caller(&test.app, &token(&test, &test.credentials).await, here()).await.unwrap();
    let node = test.another_node().await;
    operate::partners::rotate_partner_key(&node, caller.partner.id, OVERLAP, "test", "trial").await.unwrap();
    partner_api::create_payment(&test.app, &caller, &buy(customer, "50"), None).await.unwrap();
    partner_api::create_rampoff(&test.app, &caller, &sell(customer, "50"), None).await.unwrap();
    operate::partners::rotate_partner_key(&node, caller.partner.id, Duration::ZERO, "test", "a leak").await.unwrap();
    assert_eq!(
        TestApp::code(partner_api::create_payment(&test.app, &caller, &buy(customer, "50"), None).await),
        ErrorCode::AuthorizationIncorrect
    );
    assert_eq!(
        TestApp::code(partner_api::create_rampoff(&test.app, &caller, &sell(customer, "50"), None).await),
        ErrorCode::AuthorizationIncorrect
    );
    node.store.close().await;
}

/// Operators identify partners by name, so names are unique.
async fn names_are_one_partners(test: Arc<TestApp>) {
    let refused = async |name: &str| {
        let refusal = refusal_of(operate::partners::create_partner(&test.app, name, "test").await);
        assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (ErrorCode::ValidationFailed, "name"), "{name}");
        refusal.message
    };
    let first = test.caller.partner.id;
    assert!(refused("first").await.contains(&first.to_string()));
    refused(" first ").await;
    refused(&first.to_string()).await;

    // Of several concurrent requests on two nodes, one gets the name.
    let node = test.another_node().await;
    let at_once = futures::future::join_all((0..6).map(|turn| {
        let app = if turn % 2 == 0 { test.app.clone() } else { node.clone() };
        async move { operate::partners::create_partner(&app, "contested", "test").await }
    }))
    .await;
    assert_eq!(at_once.iter().filter(|made| made.is_ok()).count(), 1, "{at_once:?}");

    // Renaming does not circumvent this, and frees no name for others.
    let rename = async |id, name: &str| {
        let change = PartnerChange { name: Some(name.to_owned()), ..PartnerChange::default() };
        operate::partners::set_partner(&test.app, id, &change, "test", "renamed").await
    };
    let second = test.stranger.partner.id;
    assert_eq!(TestApp::code(rename(second, "first").await), ErrorCode::ValidationFailed);
    assert_eq!(rename(second, "another").await.unwrap().name, "another");
    assert_eq!(rename(second, "another").await.unwrap().name, "another");
    assert_eq!(TestApp::code(rename(first, "second").await), ErrorCode::ValidationFailed);
    assert_eq!(rename(second, "second").await.unwrap().name, "second", "what was its own is its own again");
    node.store.close().await;
}
