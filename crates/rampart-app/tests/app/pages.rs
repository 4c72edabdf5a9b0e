//! The hosted pages as customers use them.

use std::sync::Arc;

use rampart_app::{CreatePayment, GatewayAction, GatewaySession, KycForm, RegisterUser, StatusPage};
use rampart_core::customer::Identification;
use rampart_core::id::CustomerId;
use rampart_core::kyc::{KycLevel, KycStatus};
use rampart_core::refusal::ErrorCode;
use rampart_testkit::{CustomerOf, TestApp, TestEngine, buy, data_of, documented_registration, on_both_engines, refusal_of, sell};

async fn with_workers(engine: TestEngine) -> TestApp {
    TestApp::start(engine).await
}

async fn without_workers(engine: TestEngine) -> TestApp {
    TestApp::start_idle(engine, rampart_testkit::catalogue()).await
}

on_both_engines!(super::with_workers => identity, gateway);

mod quiet {
    rampart_testkit::on_both_engines!(super::without_workers => a_telephone_number_is_judged_again, transfers, sales, dead_links);
    use super::{a_telephone_number_is_judged_again, dead_links, sales, transfers, without_workers};
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

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
    let token = test.app.identity_token(customer);
    let page = test.app.page_customer(&token).await.unwrap();
    assert_eq!((page.wanted, page.missing.as_slice()), (Some(KycLevel::Basic), ["dob"].as_slice()));
    let refusal = refusal_of(test.app.submit_kyc_form(&token, empty(KycLevel::Basic)).await);
    assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (ErrorCode::FailMandatoryField, "dob"));
    let form = KycForm { dob: some("1986-05-03"), ..empty(KycLevel::Basic) };
    let page = test.app.submit_kyc_form(&token, form.clone()).await.unwrap();
    assert_eq!(page.wanted, None);
    test.app.submit_kyc_form(&token, form).await.unwrap();
    let approved = |level| {
        let test = &test;
        let token = &token;
        async move { Some(test.app.page_customer(token).await.unwrap()).filter(|page| page.customer.kyc.level == Some(level)) }
    };
    let page = test.eventually("the form is approved", || approved(KycLevel::Basic)).await;
    assert_eq!(page.wanted, Some(KycLevel::Reinforced));
    let view = test.app.kyc_check(&test.caller, Some(customer.to_string())).await.unwrap();
    assert_eq!((view.kyc_status, view.kyc_level), (KycStatus::Valid, 1));
    let form = KycForm {
        name: some("Somebody else"),
        professional_activity: some("Engineer"),
        source_of_funds: some("Salary"),
        ..empty(KycLevel::Reinforced)
    };
    assert_eq!(page.missing, ["identification_type", "identification_number", "professional_activity", "source_of_funds"]);
    let refusal = refusal_of(test.app.submit_kyc_form(&token, form.clone()).await);
    assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (ErrorCode::FailMandatoryField, "identification_type"), "known or not");
    let document =
        |kind: &str, number: &str| KycForm { identification_type: some(kind), identification_number: some(number), ..form.clone() };
    let refusal = refusal_of(test.app.submit_kyc_form(&token, document("CIF", "A58818501")).await);
    assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (ErrorCode::InvalidIdentification, "identification_type"), "a company's");
    let form = document("PASSPORT", "AAB123456");
    test.app.submit_kyc_form(&token, form).await.unwrap();
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
        let request = RegisterUser { email: some(&format!("{number}@example.com")), ..documented_registration() };
        let answer = test.app.register_user(&test.caller, &request, None).await.unwrap();
        let id = CustomerId(data_of(&answer)["id"].as_i64().unwrap());
        let token = test.app.identity_token(id);
        let form = KycForm { phone, ..empty(KycLevel::Basic) };
        let page = test.app.submit_kyc_form(&token, form).await.unwrap();
        let shown: Vec<_> =
            page.customer.warnings.iter().filter(|warning| warning.field == "phone").map(|warning| warning.code.as_str()).collect();
        assert_eq!(shown, expected, "{number}");
    }
}

async fn gateway(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let answer = test.app.create_payment(&test.caller, &buy(customer, "100"), None).await.unwrap();
    let id = TestApp::order_of(&answer);
    let token = test.app.payment_token(id);
    for _ in 0..2 {
        assert_eq!(test.app.gateway_session(&token).await.unwrap(), GatewaySession::Simulated);
    }
    test.app.gateway_play(&token, GatewayAction::Decline).await.unwrap();
    test.app.gateway_play(&token, GatewayAction::Pay).await.unwrap();
    let paid = test.payment_becomes(id, "coins_sent").await;
    assert_eq!(paid.receipts.len(), 1);
    assert_eq!(TestApp::code(test.app.gateway_session(&token).await), ErrorCode::ValidationFailed);
    assert_eq!(TestApp::code(test.app.cancel_payment(&token).await), ErrorCode::ValidationFailed);
}

async fn transfers(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let request = CreatePayment { payment_type: some("transfer"), ..buy(customer, "100") };
    let id = TestApp::order_of(&test.app.create_payment(&test.caller, &request, None).await.unwrap());
    let token = test.app.payment_token(id);
    let page = test.app.page_payment(&token).await.unwrap();
    assert!(page.can_declare && page.can_cancel && page.can_give_refund_account);
    assert_eq!((page.partner_name.as_str(), page.customer_name.as_str()), ("first", "Ana García López"));
    assert_eq!(TestApp::code(test.app.gateway_session(&token).await), ErrorCode::ValidationFailed);
    for _ in 0..2 {
        test.app.declare_sent(&token).await.unwrap();
        assert_eq!(test.payment(id).await.status(), "pending_bank");
    }
    assert_eq!(TestApp::code(test.app.give_refund_account(&token, "", "Ana").await), ErrorCode::FailMandatoryField);
    assert_eq!(TestApp::code(test.app.give_refund_account(&token, "ES00", "Ana").await), ErrorCode::InvalidBankAccount);
    test.app.give_refund_account(&token, CustomerOf::SPAIN.account, "Ana García").await.unwrap();
    assert!(!test.app.page_payment(&token).await.unwrap().can_give_refund_account, "what was given is final for the page");
    for _ in 0..2 {
        test.app.cancel_payment(&token).await.unwrap();
        assert_eq!(test.payment(id).await.status(), "cancelled");
    }
    assert!(matches!(test.app.page_status(&token).await.unwrap(), StatusPage::Payment(_)));
}

async fn sales(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let id = TestApp::order_of(&test.app.create_rampoff(&test.caller, &sell(customer, "50"), None).await.unwrap());
    let token = test.app.rampoff_token(id);
    let StatusPage::Rampoff(page) = test.app.page_status(&token).await.unwrap() else { panic!("a sale") };
    assert!(page.can_cancel && page.can_give_refund_wallet);
    assert_eq!(TestApp::code(test.app.give_refund_wallet(&token, "nowhere").await), ErrorCode::InvalidWallet);
    test.app.give_refund_wallet(&token, "0xb51b2ce243bb1f88880bc8d287ebbfd7f695ac55").await.unwrap();
    assert_eq!(test.rampoff(id).await.refund_wallet.as_deref(), Some("0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"));
    test.app.cancel_rampoff(&token).await.unwrap();
    assert_eq!(test.rampoff(id).await.status(), "cancelled");
}

async fn dead_links(test: Arc<TestApp>) {
    for token in ["", "x", "'; DROP TABLE payments", "00000000-0000-4000-8000-000000000000"] {
        assert_eq!(TestApp::code(test.app.page_customer(token).await), ErrorCode::NotFound);
        assert_eq!(TestApp::code(test.app.page_payment(token).await), ErrorCode::NotFound);
        assert_eq!(TestApp::code(test.app.page_rampoff(token).await), ErrorCode::NotFound);
        assert_eq!(TestApp::code(test.app.page_status(token).await), ErrorCode::NotFound);
        assert_eq!(TestApp::code(test.app.declare_sent(token).await), ErrorCode::NotFound);
        assert_eq!(TestApp::code(test.app.submit_kyc_form(token, empty(KycLevel::Basic)).await), ErrorCode::NotFound);
    }
}
