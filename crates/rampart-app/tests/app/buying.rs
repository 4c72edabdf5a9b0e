//! Buying, from the order to the coins.

use std::sync::Arc;

use rampart_app::operate::{Operator, customers, orders};
use rampart_app::orders::page_links;
use rampart_app::pages;
use rampart_core::customer::kyc::{KycLevel, KycStatus};
use rampart_core::id::CustomerId;
use rampart_core::identity::bank_account::virtual_account;
use rampart_core::order::payment::{Payment, PaymentState};
use rampart_core::order::{HoldReason, reference};
use rampart_core::outgoing::Lane;
use rampart_core::partner::event::EventType;
use rampart_core::refusal::ErrorCode;
use rampart_testkit::partner_api::{CreatePaymentForm, RegisterUserForm};
use rampart_testkit::{CustomerOf, TestApp, buy, data_of, on_both_engines, partner_api, refusal_of};

on_both_engines!(
    rampart_testkit::TestApp::start => by_card, by_transfer, by_own_account, what_another_node_has_changed;
    rampart_testkit::TestApp::start_idle => unknown_currencies_and_amounts, wallets, documented, price_of_yesterday,
        identity_needed, a_customer_who_changes, a_remembered_customer, own_accounts, references;
);

async fn by_card(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let answer = partner_api::create_payment(&test.app, &test.caller, &buy(customer, "100"), None).await.unwrap();
    assert!(data_of(&answer)["url_payment"].as_str().unwrap().starts_with("http://127.0.0.1:8080/gateway/card?token="));
    let id = TestApp::order_of(&answer);
    test.pay(id).await;
    let sent = test.payment_becomes(id, "coins_sent").await;
    assert_eq!(sent.exceptions.first(), None);
    test.eventually("the coins are final", || async { Some(test.payment(id).await).filter(|payment| payment.is_settled()) }).await;
    let events = partner_api::events(&test.app, &test.caller, None, None).await.unwrap().events;
    let kinds: Vec<_> = events.iter().filter(|event| event.kind != EventType::KycUpdated).map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds[..2], ["PAY_IN", "COINS_SENT"]);
    assert!(events.iter().map(|event| event.sequence).eq(1..=i64::try_from(events.len()).unwrap()), "without a gap");
}

async fn by_transfer(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let request = CreatePaymentForm { payment_type: Some("TRANSFER".into()), ..buy(customer, "250.50") };
    let answer = partner_api::create_payment(&test.app, &test.caller, &request, None).await.unwrap();
    let data = data_of(&answer);
    assert_eq!(data["amount"], "250.50");
    assert_eq!(data["concept"].as_u64().unwrap().to_string().len(), 10);
    let id = TestApp::order_of(&answer);
    test.pay(id).await;
    test.payment_becomes(id, "coins_sent").await;
}

/// One reference does not reveal the next, and none is issued twice, not even one issued by an earlier version.
async fn references(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let request = CreatePaymentForm { payment_type: Some("transfer".into()), ..buy(customer, "100") };
    let mut answers = Vec::new();
    for _ in 0..5 {
        let answer = partner_api::create_payment(&test.app, &test.caller, &request, None).await.unwrap();
        let concept = data_of(&answer)["concept"].as_u64().unwrap();
        assert!(reference::is_valid(&concept.to_string()), "{concept}");
        answers.push(concept);
    }
    let steps: Vec<u64> = answers.windows(2).map(|pair| pair[0].abs_diff(pair[1])).collect();
    assert!(steps.iter().all(|step| *step > 1_000), "{answers:?}");
    // The numbers start again, so that every reference drawn is taken.
    test.tamper("UPDATE numbers SET next = 1 WHERE series = 'concepts'");
    let node = test.another_node().await;
    let answer = partner_api::create_payment(&node, &test.caller, &request, None).await.unwrap();
    assert!(!answers.contains(&data_of(&answer)["concept"].as_u64().unwrap()));
}

async fn by_own_account(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::ARGENTINA, "ana@example.com").await;
    let request = CreatePaymentForm {
        payment_type: Some("transfer".into()),
        fiat_symbol: Some("ARS".into()),
        coin_chain: None,
        ..buy(customer, "150000")
    };
    let answer = partner_api::create_payment(&test.app, &test.caller, &request, None).await.unwrap();
    assert_eq!(data_of(&answer)["iban"].as_str().unwrap().len(), 22);
    let id = TestApp::order_of(&answer);
    test.pay(id).await;
    test.payment_becomes(id, "coins_sent").await;
}

async fn documented(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::ARGENTINA, "ana@example.com").await;
    let some = |text: &str| Some(text.to_owned());
    let request = CreatePaymentForm {
        user_id: Some(customer.to_string()),
        external_id: some("23232323231"),
        payment_type: some("KHIPU"),
        fiat_symbol: some("ARS"),
        fiat_amount: Some("240".into()),
        coin_symbol: some("ETH"),
        coin_chain: some("polygon"),
        wallet: some("0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"),
        ..CreatePaymentForm::default()
    };
    let answer = partner_api::create_payment(&test.app, &test.caller, &request, None).await.unwrap();
    let data = data_of(&answer);
    assert_eq!(data.as_object().unwrap().len(), 2);
    assert!(data["url_payment"].as_str().unwrap().starts_with("http://127.0.0.1:8080/gateway/khipu?token="));
    let view = partner_api::payment(&test.app, &test.caller, data["payment_id"].as_str().unwrap()).await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&view.to_json()).unwrap();
    assert_eq!(json["fiat_amount"].as_i64().unwrap() % 240, 0);
    assert_eq!(json["user_id"], customer.to_string());
    assert_eq!(json["status"], "started");
}

async fn unknown_currencies_and_amounts(test: Arc<TestApp>) {
    let customer = test.register(&test.caller, CustomerOf::SPAIN, "ana@example.com").await;
    let some = |text: &str| Some(text.to_owned());
    // A currency without a method is refused before a chain is asked for.
    for unknown in ["CLF", "UF", "MXP", "peso"] {
        let request = CreatePaymentForm { fiat_symbol: some(unknown), coin_chain: None, ..buy(customer, "0.01") };
        let refusal = refusal_of(partner_api::create_payment(&test.app, &test.caller, &request, None).await);
        assert_eq!(refusal.code, ErrorCode::MethodNotAllowed, "{unknown}");
        let said = format!("'{unknown}' is not a currency that is paid here");
        assert_eq!(refusal.fields, [("fiat_symbol".to_owned(), said)]);
    }
    let pesos = CreatePaymentForm { fiat_symbol: some("pesos"), ..buy(customer, "0.01") };
    assert_eq!(test.refused_payment(&pesos).await, ErrorCode::ValidationFailed);
    for wrong in ["-1", "1.001", "NaN", "1e99", "ten", "0"] {
        assert_eq!(test.refused_payment(&buy(customer, wrong)).await, ErrorCode::ValidationFailed, "{wrong}");
    }
}

async fn wallets(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let polygon = test.app.ports.chain("polygon".parse().unwrap()).unwrap().clone();
    let contract = test.app.catalogue.coins.iter().find_map(|coin| coin.contract.clone().filter(|_| coin.id.chain.as_str() == "polygon"));
    let sale = partner_api::create_rampoff(&test.app, &test.caller, &rampart_testkit::sell(customer, "50"), None).await.unwrap();
    let deposit = data_of(&sale)["wallet"].as_str().unwrap().to_owned();
    let bad = [
        "0xb51b2ce243bb1F88880bC8D287EBbfd7F695Ac55".to_owned(),
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq".to_owned(),
        polygon.reader.address(Lane::FIRST),
        polygon.reader.address(Lane::FIRST).to_lowercase(),
        contract.unwrap(),
        deposit.clone(),
    ];
    for wallet in bad {
        let request = CreatePaymentForm { wallet: Some(wallet.clone()), ..buy(customer, "100") };
        assert_eq!(test.refused_payment(&request).await, ErrorCode::InvalidWallet, "{wallet}");
    }
    // The wallet is checked before the amount, also by the quote.
    let request = CreatePaymentForm { wallet: Some(deposit), ..buy(customer, "1") };
    assert_eq!(test.refused_payment(&request).await, ErrorCode::InvalidWallet);
    let lower = "0xb51b2ce243bb1f88880bc8d287ebbfd7f695ac55";
    let request = CreatePaymentForm { wallet: Some(lower.into()), ..buy(customer, "100") };
    let answer = partner_api::create_payment(&test.app, &test.caller, &request, None).await.unwrap();
    assert_eq!(test.payment(TestApp::order_of(&answer)).await.wallet, "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55");
}

async fn price_of_yesterday(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    test.world.advance(86_400).await.unwrap();
    assert_eq!(test.refused_payment(&buy(customer, "100")).await, ErrorCode::PriceUnavailable);
    // Limits and caps are checked before the price.
    let code = test.refused_payment(&buy(customer, "1500")).await;
    assert_eq!(code, ErrorCode::KycReinforcedRequired);
}

async fn identity_needed(test: Arc<TestApp>) {
    let some = |text: &str| Some(text.to_owned());
    let register = async |email: &str, request: RegisterUserForm| {
        let request = RegisterUserForm { name: some("Juan"), email: some(email), ..request };
        let answer = partner_api::register_user(&test.app, &test.caller, &request, None).await.unwrap();
        let customer = CustomerId(data_of(&answer)["id"].as_i64().unwrap());
        test.decide(customer, KycLevel::Basic, KycStatus::Valid).await;
        customer
    };
    let code = async |request: CreatePaymentForm| test.refused_payment(&request).await;
    // In Latin America an identification is required whatever the provider decided; in Spain it is not.
    let latin = register("a@example.com", RegisterUserForm { country: some("CL"), ..RegisterUserForm::default() }).await;
    let khipu = CreatePaymentForm { payment_type: some("KHIPU"), fiat_symbol: some("CLP"), ..buy(latin, "50000") };
    assert_eq!(code(khipu.clone()).await, ErrorCode::RequireKyc);
    let token = page_links::identity_token(&test.app, latin);
    assert_eq!(pages::page_customer(&test.app, &token).await.unwrap().wanted, Some(KycLevel::Basic), "the form is open for it");
    let spanish = register("b@example.com", RegisterUserForm { country: some("ES"), ..RegisterUserForm::default() }).await;
    partner_api::create_payment(&test.app, &test.caller, &buy(spanish, "100"), None).await.unwrap();
    // A minor may register but not trade.
    let minor = RegisterUserForm {
        country: some("CO"),
        identification_type: some("TI"),
        identification_number: some("1000000001"),
        dob: some("2015-06-01"),
        ..RegisterUserForm::default()
    };
    let minor = register("c@example.com", minor).await;
    let pse = CreatePaymentForm { payment_type: some("PSE"), fiat_symbol: some("COP"), ..buy(minor, "200000") };
    assert_eq!(code(pse).await, ErrorCode::InvalidIdentification);
}

async fn a_customer_who_changes(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let orders = (0..6).map(|_| {
        let test = test.clone();
        tokio::spawn(async move { partner_api::create_payment(&test.app, &test.caller, &buy(customer, "50"), None).await.map(drop) })
    });
    let orders: Vec<_> = orders.collect();
    // The provider keeps reporting decisions about the customer; orders are decided again on the present state.
    for _ in 0..3 {
        test.decide(customer, KycLevel::Basic, KycStatus::Processing).await;
    }
    for order in orders {
        order.await.unwrap().unwrap();
    }
}

/// Nodes cache customers. A cached customer that another node has changed neither lets an order through nor refuses one.
async fn a_remembered_customer(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let order = async || partner_api::create_payment(&test.app, &test.caller, &buy(customer, "50"), None).await;
    order().await.unwrap();
    let elsewhere = test.another_node().await;
    let operator = Operator { actor: "maria".to_owned(), reason: "test".to_owned() };
    customers::ban(&elsewhere, &operator, customer).await.unwrap();
    assert_eq!(TestApp::code(order().await), ErrorCode::UserBanned);
    customers::unban(&elsewhere, &operator, customer).await.unwrap();
    order().await.unwrap();
    order().await.unwrap();
}

/// What arrives for an order is decided on the customer as stored, whatever this node remembers of an earlier one.
async fn what_another_node_has_changed(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@example.com").await;
    let elsewhere = test.another_node().await;
    let operator = Operator { actor: "maria".to_owned(), reason: "test".to_owned() };
    let id = test.bought(&buy(customer, "50")).await;
    customers::ban(&elsewhere, &operator, customer).await.unwrap();
    test.pay(id).await;
    let is_banned = |payment: &Payment| matches!(payment.state, PaymentState::OnHold { reason: HoldReason::Banned, .. });
    test.eventually("the money waits", || async { Some(test.payment(id).await).filter(is_banned) }).await;
    customers::unban(&elsewhere, &operator, customer).await.unwrap();
    orders::release(&elsewhere, &operator, id).await.unwrap();
    test.payment_becomes(id, "coins_sent").await;
    elsewhere.store.close().await;
}

async fn own_accounts(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::MEXICO, "ana@example.com").await;
    let request = CreatePaymentForm { payment_type: Some("spei".into()), fiat_symbol: Some("MXN".into()), ..buy(customer, "3000") };
    let mut answers = Vec::new();
    for _ in 0..2 {
        let data = data_of(&partner_api::create_payment(&test.app, &test.caller, &request, None).await.unwrap());
        answers.push((data["iban"].as_str().unwrap().to_owned(), data["concept"].as_u64().unwrap()));
    }
    assert_eq!(answers[0].0, answers[1].0, "the account is the customer's own");
    assert_ne!(answers[0].1, answers[1].1, "the reference is the order's");
    let ours = test.app.catalogue.rail_account("spei".parse().unwrap()).unwrap().account.clone();
    assert_eq!(virtual_account::customer_of(&ours, &answers[0].0), Some(customer));
}
