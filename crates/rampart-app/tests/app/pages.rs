//! The hosted pages as customers use them.

use std::sync::Arc;

use rampart_app::orders::page_links;
use rampart_app::{GatewayAction, GatewaySession, KycForm, StatusPage, pages};
use rampart_core::customer::Identification;
use rampart_core::customer::kyc::{KycLevel, KycStatus};
use rampart_core::id::CustomerId;
use rampart_core::refusal::ErrorCode;
use rampart_testkit::partner_api::{CreatePaymentForm, RegisterUserForm};
use rampart_testkit::{CustomerOf, TestApp, buy, data_of, documented_registration, on_both_engines, partner_api, refusal_of, sell, some};

on_both_engines!(
    rampart_testkit::TestApp::start => identity, gateway;
    rampart_testkit::TestApp::start_idle => a_telephone_number_is_judged_again, transfers, sales, dead_links;
);

pub(crate) fn empty(level: KycLevel) -> KycForm {
    KycForm {
        level,
        name: None,
        last_name: None,
        last_name2: None,
        dob: None,
        phone: None,
        city: None,
        address: None,
        address_state: None,
        zipcode: None,
        identification_type: None,
        identification_number: None,
        professional_activity: None,
        source_of_funds: None,
    }
}

async fn identity(test: Arc<TestApp>) {
    let customer = test.register(&test.caller, CustomerOf::SPAIN, "ana@example.com").await;
    let token = page_links::identity_token(&test.app, customer);
    let page = pages::page_customer(&test.app, &token).await.unwrap();
    assert_eq!((page.wanted, page.missing.as_slice()), (Some(KycLevel::Basic), ["dob"].as_slice()));
    let refusal = refusal_of(pages::submit_kyc_form(&test.app, &token, empty(KycLevel::Basic)).await);
    assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (ErrorCode::FailMandatoryField, "dob"));
    let form = KycForm { dob: some("1986-05-03"), ..empty(KycLevel::Basic) };
    let page = pages::submit_kyc_form(&test.app, &token, form.clone()).await.unwrap();
    assert_eq!(page.wanted, None);
    pages::submit_kyc_form(&test.app, &token, form).await.unwrap();
    let approved = |level| {
        let test = &test;
        let token = &token;
        async move { Some(pages::page_customer(&test.app, token).await.unwrap()).filter(|page| page.customer.kyc.level == Some(level)) }
    };
    let page = test.eventually("the form is approved", || approved(KycLevel::Basic)).await;
    assert_eq!(page.wanted, Some(KycLevel::Reinforced));
    let view = partner_api::kyc_check(&test.app, &test.caller, Some(customer.to_string())).await.unwrap();
    assert_eq!((view.kyc_status, view.kyc_level), (KycStatus::Valid, 1));
    let form = KycForm {
        name: some("Somebody else"),
        professional_activity: some("Engineer"),
        source_of_funds: some("Salary"),
        ..empty(KycLevel::Reinforced)
    };
    assert_eq!(page.missing, ["identification_type", "identification_number", "professional_activity", "source_of_funds"]);
    let refusal = refusal_of(pages::submit_kyc_form(&test.app, &token, form.clone()).await);
    assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (ErrorCode::FailMandatoryField, "identification_type"), "known or not");
    let document =
        |kind: &str, number: &str| KycForm { identification_type: some(kind), identification_number: some(number), ..form.clone() };
    let refusal = refusal_of(pages::submit_kyc_form(&test.app, &token, document("CIF", "A58818501")).await);
    assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (ErrorCode::InvalidIdentification, "identification_type"), "a company's");
    let form = document("PASSPORT", "AAB123456");
    pages::submit_kyc_form(&test.app, &token, form).await.unwrap();
    let page = test.eventually("the reinforced form is approved", || approved(KycLevel::Reinforced)).await;
    assert_eq!(page.wanted, None);
    assert_eq!(page.customer.profile.name.reveal(), "Ana", "nobody becomes somebody else after an approval");
    let number = |given: Option<Identification>| given.map(|given| given.normalized.reveal().to_owned());
    assert_eq!(number(page.customer.identification).as_deref(), Some("12345678Z"), "nor has another identification");
    assert_eq!(number(page.customer.kyc.check.unwrap().document).as_deref(), Some("AAB123456"));
}

async fn a_telephone_number_is_judged_again(test: Arc<TestApp>) {
    for (number, (phone, expected)) in [
        (None, vec!["invalid_phone"]),
        (some("+54xxxxxxxxx"), vec!["invalid_phone"]),
        (some("011 15 2345-6789"), vec![]),
        (some("+5215512345678"), vec!["phone_old_form", "phone_country_mismatch"]),
    ]
    .into_iter()
    .enumerate()
    {
        let request = RegisterUserForm { email: some(format!("{number}@example.com")), ..documented_registration() };
        let answer = partner_api::register_user(&test.app, &test.caller, &request, None).await.unwrap();
        let id = CustomerId(data_of(&answer)["id"].as_i64().unwrap());
        let token = page_links::identity_token(&test.app, id);
        let form = KycForm { phone, ..empty(KycLevel::Basic) };
        let page = pages::submit_kyc_form(&test.app, &token, form).await.unwrap();
        let shown: Vec<_> =
            page.customer.warnings.iter().filter(|warning| warning.field == "phone").map(|warning| warning.code.as_str()).collect();
        assert_eq!(shown, expected, "{number}");
    }
}

async fn gateway(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let answer = partner_api::create_payment(&test.app, &test.caller, &buy(customer, "100"), None).await.unwrap();
    let id = TestApp::order_of(&answer);
    let token = page_links::payment_token(&test.app, id);
    for _ in 0..2 {
        assert_eq!(pages::gateway_session(&test.app, &token).await.unwrap(), GatewaySession::Simulated);
    }
    pages::gateway_play(&test.app, &token, GatewayAction::Decline).await.unwrap();
    pages::gateway_play(&test.app, &token, GatewayAction::Pay).await.unwrap();
    let paid = test.payment_becomes(id, "coins_sent").await;
    assert_eq!(paid.receipts.len(), 1);
    assert_eq!(TestApp::code(pages::gateway_session(&test.app, &token).await), ErrorCode::ValidationFailed);
    assert_eq!(TestApp::code(pages::cancel_payment(&test.app, &token).await), ErrorCode::ValidationFailed);
}

async fn transfers(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let request = CreatePaymentForm { payment_type: some("transfer"), ..buy(customer, "100") };
    let id = test.bought(&request).await;
    let token = page_links::payment_token(&test.app, id);
    let page = pages::page_payment(&test.app, &token).await.unwrap();
    assert!(page.can_declare && page.can_cancel && page.can_give_refund_account);
    assert_eq!((page.partner_name.as_str(), page.customer_name.as_str()), ("first", "Ana García López"));
    assert_eq!(TestApp::code(pages::gateway_session(&test.app, &token).await), ErrorCode::ValidationFailed);
    for _ in 0..2 {
        pages::declare_sent(&test.app, &token).await.unwrap();
        assert_eq!(test.payment(id).await.status().as_str(), "pending_bank");
    }
    assert_eq!(TestApp::code(partner_api::give_refund_account(&test.app, &token, "", "Ana").await), ErrorCode::FailMandatoryField);
    assert_eq!(TestApp::code(partner_api::give_refund_account(&test.app, &token, "ES00", "Ana").await), ErrorCode::InvalidBankAccount);
    partner_api::give_refund_account(&test.app, &token, CustomerOf::SPAIN.account, "Ana García").await.unwrap();
    assert!(!pages::page_payment(&test.app, &token).await.unwrap().can_give_refund_account, "what was given is final for the page");
    for _ in 0..2 {
        pages::cancel_payment(&test.app, &token).await.unwrap();
        assert_eq!(test.payment(id).await.status().as_str(), "cancelled");
    }
    assert!(matches!(pages::page_status(&test.app, &token).await.unwrap(), StatusPage::Payment(_)));
}

async fn sales(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let id = test.sold(&sell(customer, "50")).await;
    let token = page_links::rampoff_token(&test.app, id);
    let StatusPage::Rampoff(page) = pages::page_status(&test.app, &token).await.unwrap() else { panic!("a sale") };
    assert!(page.can_cancel && page.can_give_refund_wallet);
    assert_eq!(TestApp::code(partner_api::give_refund_wallet(&test.app, &token, "nowhere").await), ErrorCode::InvalidWallet);
    partner_api::give_refund_wallet(&test.app, &token, "0xb51b2ce243bb1f88880bc8d287ebbfd7f695ac55").await.unwrap();
    assert_eq!(test.rampoff(id).await.refund_wallet.as_deref(), Some("0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"));
    pages::cancel_rampoff(&test.app, &token).await.unwrap();
    assert_eq!(test.rampoff(id).await.status().as_str(), "cancelled");
}

async fn dead_links(test: Arc<TestApp>) {
    for token in ["", "x", "'; DROP TABLE payments", "00000000-0000-4000-8000-000000000000"] {
        assert_eq!(TestApp::code(pages::page_customer(&test.app, token).await), ErrorCode::NotFound);
        assert_eq!(TestApp::code(pages::page_payment(&test.app, token).await), ErrorCode::NotFound);
        assert_eq!(TestApp::code(pages::page_rampoff(&test.app, token).await), ErrorCode::NotFound);
        assert_eq!(TestApp::code(pages::page_status(&test.app, token).await), ErrorCode::NotFound);
        assert_eq!(TestApp::code(pages::declare_sent(&test.app, token).await), ErrorCode::NotFound);
        assert_eq!(TestApp::code(pages::submit_kyc_form(&test.app, token, empty(KycLevel::Basic)).await), ErrorCode::NotFound);
    }
}
