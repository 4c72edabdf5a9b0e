//! Keys, tokens and who may call.

use std::net::IpAddr;
use std::sync::Arc;

use rampart_app::{Credentials, PartnerChange};
use rampart_core::id::CustomerId;
use rampart_core::redacted::Redacted;
use rampart_core::refusal::Code;
use rampart_testkit::{CustomerOf, Engine, TestApp, buy, on_both_engines, refusal_of, sell};

async fn idle(engine: Engine) -> TestApp {
    TestApp::start_idle(engine, rampart_testkit::catalogue()).await
}

on_both_engines!(super::idle => tokens, refused_alike, networks, rotation, every_key_costs_the_same_look_ups, what_is_anothers_costs_the_same_look_ups);

fn here() -> IpAddr {
    "203.0.113.7".parse().unwrap()
}

async fn token(test: &TestApp, of: &Credentials) -> String {
    test.app.authenticate(&of.api_key, of.api_secret.reveal(), here()).await.unwrap().token
}

async fn tokens(test: Arc<TestApp>) {
    let token = token(&test, &test.credentials).await;
    assert_eq!(test.app.caller(&token, here()).await.unwrap().partner.id, test.caller.partner.id);
    let mut forged = token.clone();
    let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
    forged.push(last);
    for bad in ["", "x", &forged, &token[1..], &"a".repeat(5_000)] {
        assert_eq!(TestApp::code(test.app.caller(bad, here()).await), Code::AuthorizationIncorrect);
    }
    // Disabling ends every token, and enabling brings none back.
    let id = test.caller.partner.id;
    for enabled in [false, true] {
        let change = PartnerChange { enabled: Some(enabled), ..PartnerChange::default() };
        test.app.set_partner(id, &change, "test", "trial").await.unwrap();
        assert_eq!(TestApp::code(test.app.caller(&token, here()).await), Code::AuthorizationIncorrect);
    }
    let fresh = self::token(&test, &test.credentials).await;
    test.app.caller(&fresh, here()).await.unwrap();
}

async fn refused_alike(test: Arc<TestApp>) {
    let (key, secret) = (test.credentials.api_key.clone(), test.credentials.api_secret.reveal().to_owned());
    let unknown = refusal_of(test.app.authenticate("rk_nobody", &secret, here()).await);
    let wrong = refusal_of(test.app.authenticate(&key, "wrong", here()).await);
    let change = PartnerChange { allow_ips: Some(vec!["198.51.100.0/24".into()]), ..PartnerChange::default() };
    test.app.set_partner(test.caller.partner.id, &change, "test", "trial").await.unwrap();
    let elsewhere = refusal_of(test.app.authenticate(&key, &secret, here()).await);
    let change = PartnerChange { enabled: Some(false), allow_ips: Some(Vec::new()), ..PartnerChange::default() };
    test.app.set_partner(test.caller.partner.id, &change, "test", "trial").await.unwrap();
    let disabled = refusal_of(test.app.authenticate(&key, &secret, here()).await);
    assert_eq!(unknown.code, Code::AuthorizationIncorrect);
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
    test.app.set_partner(id, &allow(&["10.0.0.0/8", "203.0.113.7"]), "test", "trial").await.unwrap();
    for (ip, may) in [("203.0.113.7", true), ("203.0.113.8", false), ("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("::1", false)] {
        assert_eq!(test.app.caller(&token, ip.parse().unwrap()).await.is_ok(), may, "{ip}");
    }
    test.app.set_partner(id, &allow(&["::ffff:10.0.0.0/104", "::ffff:203.0.113.7"]), "test", "trial").await.unwrap();
    for (ip, may) in [("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("11.1.2.3", false), ("203.0.113.7", true), ("203.0.113.8", false)] {
        assert_eq!(test.app.caller(&token, ip.parse().unwrap()).await.is_ok(), may, "{ip}");
    }
    for none in ["10.0.0.0/33", "::ffff:0.0.0.0/95", "::ffff:10.0.0.0/8"] {
        let refusal = refusal_of(test.app.set_partner(id, &allow(&[none]), "test", "trial").await);
        assert_eq!(refusal.code, Code::ValidationFailed, "{none}");
    }
}

/// How often the database is asked tells nobody whether a key is in use, was before, or never was.
async fn every_key_costs_the_same_look_ups(test: Arc<TestApp>) {
    let old = test.credentials.clone();
    let new = test.app.rotate_partner_key(test.caller.partner.id, "test", "trial").await.unwrap();
    let secret = new.api_secret.reveal();
    let mut costs = Vec::new();
    for (key, secret) in [
        (new.api_key.as_str(), secret),
        (new.api_key.as_str(), "wrong"),
        (old.api_key.as_str(), old.api_secret.reveal()),
        (old.api_key.as_str(), "wrong"),
        ("rk_nobody", secret),
    ] {
        costs.push(test.reads_of(test.app.authenticate(key, secret, here())).await.1);
    }
    assert_eq!(costs, [1; 5]);
}

/// Nor does it tell whether somebody else has what is asked for.
async fn what_is_anothers_costs_the_same_look_ups(test: Arc<TestApp>) {
    let (owner, stranger) = (&test.stranger, &test.caller);
    let customer = test.register(owner, CustomerOf::SPAIN, "theirs@mail.example").await;
    test.decide(customer, rampart_core::kyc::KycLevel::Basic, rampart_core::kyc::KycStatus::Valid).await;
    let payment = TestApp::order_of(&test.app.create_payment(owner, &buy(customer, "50"), None).await.unwrap());
    let rampoff = TestApp::order_of(&test.app.create_rampoff(owner, &sell(customer, "50"), None).await.unwrap());
    let nowhere = "0Do000000000000000000000a";
    let nobody = CustomerId(987_654_321);
    let asked = async |payment: &str, rampoff: &str, customer: CustomerId| {
        let user = || Some(customer.0.to_string());
        let payments = test.reads_of(test.app.payment(stranger, payment)).await;
        let rampoffs = test.reads_of(test.app.rampoff(stranger, rampoff)).await;
        let checks = test.reads_of(test.app.kyc_check(stranger, user())).await;
        let buy = test.reads_of(test.app.create_payment(stranger, &buy(customer, "50"), None)).await;
        let sell = test.reads_of(test.app.create_rampoff(stranger, &sell(customer, "50"), None)).await;
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
    let before = token(&test, &test.credentials).await;
    let new = test.app.rotate_partner_key(test.caller.partner.id, "test", "trial").await.unwrap();
    assert_ne!(new.api_key, test.credentials.api_key);
    assert_eq!(TestApp::code(test.app.caller(&before, here()).await), Code::AuthorizationIncorrect);
    let old = test.app.authenticate(&test.credentials.api_key, test.credentials.api_secret.reveal(), here()).await;
    assert_eq!(TestApp::code(old.map(|_| ())), Code::AuthorizationIncorrect);
    token(&test, &new).await;
    let partner = test.app.caller_for_key(&new.api_key).await.unwrap().partner;
    let secrets = test.app.secrets_of(&partner).unwrap();
    assert_eq!(secrets, [new.api_secret.clone(), test.credentials.api_secret.clone()] as [Redacted; 2], "the old one signs along");
}
