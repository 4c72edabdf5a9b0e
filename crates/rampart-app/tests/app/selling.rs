//! Selling: from order to money at the bank.

use std::sync::Arc;

use rampart_app::{CreateRampoff, RegisterUser};
use rampart_core::id::CustomerId;
use rampart_core::kyc::{KycLevel, KycStatus};
use rampart_core::refusal::Code;
use rampart_sandbox::Deposit;
use rampart_testkit::{CustomerOf, Engine, TestApp, data_of, documented_registration, on_both_engines, sell};

async fn whole(engine: Engine) -> TestApp {
    TestApp::start(engine).await
}

async fn idle(engine: Engine) -> TestApp {
    TestApp::start_idle(engine, rampart_testkit::catalogue()).await
}

on_both_engines!(super::whole => to_the_bank);

mod checks {
    rampart_testkit::on_both_engines!(super::idle => accounts, addresses);
    use super::{accounts, addresses, idle};
}

async fn to_the_bank(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let answer = test.app.create_rampoff(&test.caller, &sell(customer, "50"), None).await.unwrap();
    let data = data_of(&answer);
    assert_eq!(data["rampoff"], "payment created");
    assert_eq!((data["amount"].as_str(), data["decimals"].as_u64()), (Some("50000000"), Some(6)));
    let id = TestApp::order_of(&answer);
    let rampoff = test.rampoff(id).await;
    let deposit = Deposit {
        chain: rampoff.chain(),
        to: rampoff.deposit_address.clone(),
        symbol: rampoff.terms.coin.symbol,
        amount: rampoff.terms.coin_amount,
        from: None,
    };
    test.world.deposit(deposit).await.unwrap();
    let finished = test.rampoff_becomes(id, "finished").await;
    assert_eq!(finished.payout_amount(), finished.terms.fiat_amount);
    let view = test.app.rampoff(&test.caller, &id.to_string()).await.unwrap();
    assert!(view.txid.is_some() && view.bank_reference.is_some());
    let events = test.app.events(&test.caller, None, None).await.unwrap().events;
    for kind in ["CRYPTO_RECEIVED", "RAMPOFF_FINISHED"] {
        assert_eq!(events.iter().filter(|event| event.kind == kind).count(), 1, "{kind}");
    }
}

async fn accounts(test: Arc<TestApp>) {
    // The documented customer's account is a placeholder: that is said when a payout needs it.
    let answer = test.app.register_user(&test.caller, &documented_registration(), None).await.unwrap();
    let customer = CustomerId(data_of(&answer)["id"].as_i64().unwrap());
    test.decide(customer, KycLevel::Basic, KycStatus::Valid).await;
    let request = CreateRampoff { blockchain: None, ..sell(customer, "50") };
    assert_eq!(TestApp::code(test.app.create_rampoff(&test.caller, &request, None).await), Code::InvalidBankAccount);
    let named = CreateRampoff { iban: Some(CustomerOf::ARGENTINA.account.into()), bank_name: Some("Nación".into()), ..request };
    let answer = test.app.create_rampoff(&test.caller, &named, None).await.unwrap();
    let destination = test.rampoff(TestApp::order_of(&answer)).await.destination;
    assert_eq!(destination.account.reveal(), CustomerOf::ARGENTINA.account);
    assert_eq!(destination.bank_name.as_deref(), Some("Nación"));
    assert_eq!(destination.name.reveal(), "Alvaro Iglesia Vicente");
    // Without an account anywhere there is nothing to pay to; without a chain there is no coin in Spain.
    let bare = RegisterUser {
        name: Some("Luis".into()),
        email: Some("luis@example.com".into()),
        country: Some("ES".into()),
        ..RegisterUser::default()
    };
    let answer = test.app.register_user(&test.caller, &bare, None).await.unwrap();
    let customer = CustomerId(data_of(&answer)["id"].as_i64().unwrap());
    test.decide(customer, KycLevel::Basic, KycStatus::Valid).await;
    assert_eq!(TestApp::code(test.app.create_rampoff(&test.caller, &sell(customer, "50"), None).await), Code::InvalidBankAccount);
    let account = Some(CustomerOf::SPAIN.account.to_owned());
    let no_chain = CreateRampoff { blockchain: None, iban: account.clone(), ..sell(customer, "50") };
    assert_eq!(TestApp::code(test.app.create_rampoff(&test.caller, &no_chain, None).await), Code::FailMandatoryField);
    let zero = Some("0x0000000000000000000000000000000000000000".to_owned());
    let bad_refund = CreateRampoff { refund_wallet: zero, iban: account, ..sell(customer, "50") };
    assert_eq!(TestApp::code(test.app.create_rampoff(&test.caller, &bad_refund, None).await), Code::InvalidWallet);
}

async fn addresses(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..3 {
        let answer = test.app.create_rampoff(&test.caller, &sell(customer, "50"), None).await.unwrap();
        assert!(seen.insert(data_of(&answer)["wallet"].as_str().unwrap().to_owned()), "each order has an address of its own");
    }
    let ours = seen.into_iter().next();
    let request = CreateRampoff { refund_wallet: ours, ..sell(customer, "50") };
    assert_eq!(TestApp::code(test.app.create_rampoff(&test.caller, &request, None).await), Code::InvalidWallet);
}
