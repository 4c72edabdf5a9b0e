//! Selling, from the order to the money at the bank.

use std::sync::Arc;

use rampart_app::orders::page_links;
use rampart_core::customer::kyc::{KycLevel, KycStatus};
use rampart_core::id::CustomerId;
use rampart_core::identity::bank_account::virtual_account;
use rampart_core::refusal::ErrorCode;
use rampart_testkit::partner_api::{CreatePaymentForm, CreateRampoffForm, RegisterUserForm, SetPayoutAccountForm, SetRefundAccountForm};
use rampart_testkit::{CustomerOf, TestApp, buy, data_of, documented_registration, on_both_engines, partner_api, sell};

on_both_engines!(
    rampart_testkit::TestApp::start => to_the_bank;
    rampart_testkit::TestApp::start_idle => accounts, accounts_of_ours, addresses;
);

async fn to_the_bank(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let answer = partner_api::create_rampoff(&test.app, &test.caller, &sell(customer, "50"), None).await.unwrap();
    let data = data_of(&answer);
    assert_eq!(data["rampoff"], "payment created");
    assert_eq!((data["amount"].as_str(), data["decimals"].as_u64()), (Some("50000000"), Some(6)));
    let id = TestApp::order_of(&answer);
    test.deposit(id).await;
    let finished = test.rampoff_becomes(id, "finished").await;
    assert_eq!(finished.payout_amount(), finished.terms.fiat_amount);
    let view = partner_api::rampoff(&test.app, &test.caller, &id.to_string()).await.unwrap();
    assert!(view.txid.is_some() && view.bank_reference.is_some());
    let events = partner_api::events(&test.app, &test.caller, None, None).await.unwrap().events;
    for kind in ["CRYPTO_RECEIVED", "RAMPOFF_FINISHED"] {
        assert_eq!(events.iter().filter(|event| event.kind.as_str() == kind).count(), 1, "{kind}");
    }
}

/// A payout to ourselves would come back in as a customer's money. Refused are the accounts of the rails and every customer's virtual
/// account, wherever an account can be given.
async fn accounts_of_ours(test: Arc<TestApp>) {
    let own = |rail: &str| test.app.catalogue.rail_accounts.iter().find(|ours| ours.rail.as_str() == rail).unwrap().account.clone();
    let of_a_customer = |rail: &str| virtual_account::account_of(&own(rail), CustomerId(4_711)).unwrap();
    let spaced: String = own("sepa").chars().flat_map(|sign| [sign, ' ']).collect();
    for (of, accounts) in [
        (CustomerOf::SPAIN, vec![own("sepa"), own("sepa").to_lowercase(), spaced]),
        (CustomerOf::MEXICO, vec![own("spei"), of_a_customer("spei")]),
        (CustomerOf::ARGENTINA, vec![own("cvu"), of_a_customer("cvu")]),
    ] {
        let customer = test.verified(of, &format!("{}@example.com", of.country)).await;
        for account in accounts {
            let chain = Some("polygon".to_owned()).filter(|_| of.country == "ESP");
            let sale = CreateRampoffForm { blockchain: chain.clone(), iban: Some(account.clone()), ..sell(customer, "50") };
            assert_eq!(test.refused_rampoff(&sale).await, ErrorCode::InvalidBankAccount, "{account}");
            if of.country != "ESP" {
                continue;
            }
            let purchase = CreatePaymentForm { refund_account: Some(account.clone()), ..buy(customer, "100") };
            let refused = partner_api::create_payment(&test.app, &test.caller, &purchase, None).await;
            assert_eq!(TestApp::code(refused), ErrorCode::InvalidBankAccount, "{account}");
            // Whether the order waits for it is checked afterwards.
            let order = partner_api::create_payment(&test.app, &test.caller, &buy(customer, "100"), None).await.unwrap();
            let token = page_links::payment_token(&test.app, TestApp::order_of(&order));
            let given = partner_api::give_refund_account(&test.app, &token, &account, "Ana").await;
            assert_eq!(TestApp::code(given), ErrorCode::InvalidBankAccount, "{account}");
            let asked =
                SetRefundAccountForm { payment_id: Some(TestApp::order_of(&order).to_string()), refund_account: Some(account.clone()) };
            let given = partner_api::set_refund_account(&test.app, &test.caller, asked, None).await;
            assert_eq!(TestApp::code(given), ErrorCode::InvalidBankAccount, "{account}");
            let order = partner_api::create_rampoff(&test.app, &test.caller, &sell(customer, "50"), None).await.unwrap();
            let rampoff_id = Some(TestApp::order_of(&order).to_string());
            let asked = SetPayoutAccountForm { rampoff_id, iban: Some(account.clone()), ..SetPayoutAccountForm::default() };
            let given = partner_api::set_payout_account(&test.app, &test.caller, asked, None).await;
            assert_eq!(TestApp::code(given), ErrorCode::InvalidBankAccount, "{account}");
        }
    }
    // An account given at registration leads to a warning there, and is refused when a payout needs it.
    let registered = CustomerOf { account: Box::leak(own("sepa").into_boxed_str()), ..CustomerOf::SPAIN };
    let customer = test.verified(registered, "registered@example.com").await;
    let warnings = test.app.store.customer(customer).await.unwrap().unwrap().warnings;
    assert!(warnings.iter().any(|warning| warning.field == "iban" && warning.code == "invalid_bank_account"), "{warnings:?}");
    assert_eq!(test.refused_rampoff(&sell(customer, "50")).await, ErrorCode::InvalidBankAccount);
}

async fn accounts(test: Arc<TestApp>) {
    // The account of the documented customer is a placeholder, which is refused when a payout needs it.
    let answer = partner_api::register_user(&test.app, &test.caller, &documented_registration(), None).await.unwrap();
    let customer = CustomerId(data_of(&answer)["id"].as_i64().unwrap());
    test.decide(customer, KycLevel::Basic, KycStatus::Valid).await;
    let request = CreateRampoffForm { blockchain: None, ..sell(customer, "50") };
    assert_eq!(test.refused_rampoff(&request).await, ErrorCode::InvalidBankAccount);
    let named = CreateRampoffForm { iban: Some(CustomerOf::ARGENTINA.account.into()), bank_name: Some("Nación".into()), ..request };
    let answer = partner_api::create_rampoff(&test.app, &test.caller, &named, None).await.unwrap();
    let destination = test.rampoff(TestApp::order_of(&answer)).await.destination;
    assert_eq!(destination.account.reveal(), CustomerOf::ARGENTINA.account);
    assert_eq!(destination.bank_name.as_deref(), Some("Nación"));
    assert_eq!(destination.name.reveal(), "Alvaro Iglesia Vicente");
    // Without any account there is nothing to pay to; without a chain there is no coin in Spain.
    let bare = RegisterUserForm {
        name: Some("Luis".into()),
        email: Some("luis@example.com".into()),
        country: Some("ES".into()),
        ..RegisterUserForm::default()
    };
    let answer = partner_api::register_user(&test.app, &test.caller, &bare, None).await.unwrap();
    let customer = CustomerId(data_of(&answer)["id"].as_i64().unwrap());
    test.decide(customer, KycLevel::Basic, KycStatus::Valid).await;
    assert_eq!(test.refused_rampoff(&sell(customer, "50")).await, ErrorCode::InvalidBankAccount);
    let account = Some(CustomerOf::SPAIN.account.to_owned());
    let no_chain = CreateRampoffForm { blockchain: None, iban: account.clone(), ..sell(customer, "50") };
    assert_eq!(test.refused_rampoff(&no_chain).await, ErrorCode::FailMandatoryField);
    let zero = Some("0x0000000000000000000000000000000000000000".to_owned());
    let bad_refund = CreateRampoffForm { refund_wallet: zero, iban: account, ..sell(customer, "50") };
    assert_eq!(test.refused_rampoff(&bad_refund).await, ErrorCode::InvalidWallet);
}

async fn addresses(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..3 {
        let answer = partner_api::create_rampoff(&test.app, &test.caller, &sell(customer, "50"), None).await.unwrap();
        assert!(seen.insert(data_of(&answer)["wallet"].as_str().unwrap().to_owned()), "each order has an address of its own");
    }
    let ours = seen.into_iter().next();
    let request = CreateRampoffForm { refund_wallet: ours, ..sell(customer, "50") };
    assert_eq!(test.refused_rampoff(&request).await, ErrorCode::InvalidWallet);
}
