//! Buying: from order to coins.

use std::sync::Arc;

use rampart_app::CreatePayment;
use rampart_core::kyc::{KycLevel, KycStatus};
use rampart_core::refusal::Code;
use rampart_testkit::{CustomerOf, Engine, TestApp, buy, data_of, on_both_engines};

async fn whole(engine: Engine) -> TestApp {
    TestApp::start(engine).await
}

async fn idle(engine: Engine) -> TestApp {
    TestApp::start_idle(engine, rampart_testkit::catalogue()).await
}

on_both_engines!(super::whole => by_card, by_transfer, by_own_account);

mod checks {
    rampart_testkit::on_both_engines!(super::idle => order_of_checks, wallets, documented, price_of_yesterday);
    use super::{documented, idle, order_of_checks, price_of_yesterday, wallets};
}

async fn by_card(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let answer = test.app.create_payment(&test.caller, &buy(customer, "100"), None).await.unwrap();
    assert!(data_of(&answer)["url_payment"].as_str().unwrap().starts_with("http://127.0.0.1:8080/gateway/card?token="));
    let id = TestApp::order_of(&answer);
    test.pay(id).await;
    let sent = test.payment_becomes(id, "coins_sent").await;
    assert_eq!(sent.exception, None);
    test.eventually("the coins are final", || async { Some(test.payment(id).await).filter(|payment| payment.is_settled()) }).await;
    let events = test.app.events(&test.caller, None, None).await.unwrap().events;
    let kinds: Vec<_> = events.iter().filter(|event| event.kind != "KYC_UPDATED").map(|event| event.kind).collect();
    assert_eq!(kinds[..2], ["PAY_IN", "COINS_SENT"]);
    assert!(events.iter().map(|event| event.sequence).eq(1..=i64::try_from(events.len()).unwrap()), "without a gap");
}

async fn by_transfer(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let request = CreatePayment { payment_type: Some("TRANSFER".into()), ..buy(customer, "250.50") };
    let answer = test.app.create_payment(&test.caller, &request, None).await.unwrap();
    let data = data_of(&answer);
    assert_eq!(data["amount"], "250.50");
    assert_eq!(data["concept"].as_u64().unwrap().to_string().len(), 10);
    let id = TestApp::order_of(&answer);
    test.pay(id).await;
    test.payment_becomes(id, "coins_sent").await;
}

async fn by_own_account(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::ARGENTINA, "ana@example.com").await;
    let request = CreatePayment {
        payment_type: Some("transfer".into()),
        fiat_symbol: Some("ARS".into()),
        coin_chain: None,
        ..buy(customer, "150000")
    };
    let answer = test.app.create_payment(&test.caller, &request, None).await.unwrap();
    assert_eq!(data_of(&answer)["iban"].as_str().unwrap().len(), 22);
    let id = TestApp::order_of(&answer);
    test.pay(id).await;
    test.payment_becomes(id, "coins_sent").await;
}

async fn documented(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::ARGENTINA, "ana@example.com").await;
    let some = |text: &str| Some(text.to_owned());
    let request = CreatePayment {
        user_id: Some(customer.to_string()),
        external_id: some("23232323231"),
        payment_type: some("KHIPU"),
        fiat_symbol: some("ARS"),
        fiat_amount: some("240"),
        coin_symbol: some("ETH"),
        coin_chain: some("polygon"),
        wallet: some("0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"),
        ..CreatePayment::default()
    };
    let answer = test.app.create_payment(&test.caller, &request, None).await.unwrap();
    let data = data_of(&answer);
    assert_eq!(data.as_object().unwrap().len(), 2);
    assert!(data["url_payment"].as_str().unwrap().starts_with("http://127.0.0.1:8080/gateway/khipu?token="));
    let view = test.app.payment(&test.caller, data["payment_id"].as_str().unwrap()).await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&view.to_json()).unwrap();
    assert_eq!(json["fiat_amount"].as_i64().unwrap() % 240, 0);
    assert_eq!(json["user_id"], customer.to_string());
    assert_eq!(json["status"], "started");
}

async fn order_of_checks(test: Arc<TestApp>) {
    let code = async |request: CreatePayment| TestApp::code(test.app.create_payment(&test.caller, &request, None).await);
    let some = |text: &str| Some(text.to_owned());
    // Everything is wrong; each step repairs what was refused.
    let customer = test.register(&test.caller, CustomerOf::SPAIN, "ana@example.com").await;
    let mut request = CreatePayment {
        user_id: some("999999"),
        payment_type: some("KHIPU"),
        fiat_symbol: some("EUR"),
        fiat_amount: some("0.01"),
        coin_symbol: some("XYZ"),
        wallet: some("0x0000000000000000000000000000000000000000"),
        quote_id: some("made.up"),
        ..CreatePayment::default()
    };
    assert_eq!(code(request.clone()).await, Code::FailMandatoryField);
    request.coin_chain = some("nowhere");
    for wrong in ["-1", "1.001", "NaN", "1e99", "ten", "0"] {
        assert_eq!(code(CreatePayment { fiat_amount: some(wrong), ..request.clone() }).await, Code::ValidationFailed, "{wrong}");
    }
    assert_eq!(code(request.clone()).await, Code::UserNotFound);
    request.user_id = Some(customer.to_string());
    assert_eq!(code(request.clone()).await, Code::RequireKyc);
    test.decide(customer, KycLevel::Basic, KycStatus::Valid).await;
    assert_eq!(code(request.clone()).await, Code::MethodNotAllowed);
    request.payment_type = some("Card");
    assert_eq!(code(request.clone()).await, Code::CoinNotSupported);
    request.coin_symbol = some("usdc");
    request.coin_chain = some("Polygon");
    assert_eq!(code(request.clone()).await, Code::InvalidWallet);
    request.wallet = some("0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55");
    assert_eq!(code(request.clone()).await, Code::QuoteMismatch);
    request.quote_id = None;
    assert_eq!(code(request.clone()).await, Code::MinPurchase);
    request.fiat_amount = some("100000000");
    assert_eq!(code(request.clone()).await, Code::MaxPurchase);
    request.fiat_amount = some("100");
    test.app.create_payment(&test.caller, &request, None).await.unwrap();
    // A banned customer is refused before anything about its identity.
    let mut banned = test.app.store().customer(customer).await.unwrap().unwrap();
    banned.banned = Some("test".into());
    let mut step = rampart_core::step::Step::new();
    step.write(banned);
    test.app.commit(step).await.unwrap();
    assert_eq!(code(request).await, Code::UserBanned);
}

async fn wallets(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let polygon = test.app.ports().chain("polygon".parse().unwrap()).unwrap().clone();
    let contract = test.app.catalogue().coins.iter().find_map(|coin| coin.contract.clone().filter(|_| coin.id.chain.as_str() == "polygon"));
    let sale = test.app.create_rampoff(&test.caller, &rampart_testkit::sell(customer, "50"), None).await.unwrap();
    let deposit = data_of(&sale)["wallet"].as_str().unwrap().to_owned();
    let bad = [
        "0xb51b2ce243bb1F88880bC8D287EBbfd7F695Ac55".to_owned(),
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq".to_owned(),
        polygon.hot_address(),
        polygon.hot_address().to_lowercase(),
        contract.unwrap(),
        deposit,
    ];
    for wallet in bad {
        let request = CreatePayment { wallet: Some(wallet.clone()), ..buy(customer, "100") };
        assert_eq!(TestApp::code(test.app.create_payment(&test.caller, &request, None).await), Code::InvalidWallet, "{wallet}");
    }
    let lower = "0xb51b2ce243bb1f88880bc8d287ebbfd7f695ac55";
    let request = CreatePayment { wallet: Some(lower.into()), ..buy(customer, "100") };
    let answer = test.app.create_payment(&test.caller, &request, None).await.unwrap();
    assert_eq!(test.payment(TestApp::order_of(&answer)).await.wallet, "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55");
}

async fn price_of_yesterday(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    test.world.advance(86_400).await.unwrap();
    assert_eq!(TestApp::code(test.app.create_payment(&test.caller, &buy(customer, "100"), None).await), Code::PriceUnavailable);
    // Limits and caps come before the price.
    let code = TestApp::code(test.app.create_payment(&test.caller, &buy(customer, "1500"), None).await);
    assert_eq!(code, Code::KycReinforcedRequired);
}
