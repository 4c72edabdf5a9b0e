//! The pages of payments and ramp-offs through the real router.

use std::sync::Arc;

use rampart_app::orders::page_links;
use rampart_core::id::OrderId;
use rampart_testkit::partner_api::{CreatePaymentForm, CreateRampoffForm};
use rampart_testkit::{CustomerOf, TestApp, buy, data_of, on_both_engines, partner_api, sell};

use crate::pages_kyc::{is_page, leads_to};
use crate::support::Client;

on_both_engines!(
    rampart_testkit::TestApp::start_idle =>
        transfer_instructions_are_followed,
        a_refund_account_is_checked_and_kept,
        a_payment_is_called_off_once,
        a_card_can_be_declined_and_used_again,
        a_processor_that_declines_is_not_waited_for,
        a_sale_shows_where_to_send_and_takes_a_wallet_for_refunds,
        the_gateway_has_one_address,
        who_comes_back_from_a_processor_sees_where_the_payment_stands_only;
    rampart_testkit::TestApp::start =>
        a_paid_payment_ends_with_coins, an_expired_order_says_so, a_payout_that_failed_goes_to_an_account_of_the_partners_only;
);

/// A payment and the token of its page.
async fn payment(test: &TestApp, method: &str) -> (OrderId, String) {
    payment_of(test, method, "234.5").await
}

async fn payment_of(test: &TestApp, method: &str, amount: &str) -> (OrderId, String) {
    let customer = test.verified(CustomerOf::SPAIN, "ana@mail.example").await;
    let request = CreatePaymentForm {
        payment_type: Some(method.into()),
        callback_url: Some("https://shop.example/paid".into()),
        ..buy(customer, amount)
    };
    let answer = partner_api::create_payment(&test.app, &test.caller, &request, None).await.unwrap();
    let id = TestApp::order_of(&answer);
    (id, page_links::payment_token(&test.app, id))
}

async fn transfer_instructions_are_followed(test: Arc<TestApp>) {
    let (client, (id, token)) = (Client::visitor(&test), payment(&test, "transfer").await);
    let path = format!("/gateway/transfer?token={token}");
    let instructions = test.payment(id).await.instructions.unwrap();
    for (language, amount) in [("es", "234,50"), ("en", "234.50")] {
        let page = client.get(&format!("{path}&lang={language}")).await;
        is_page(&page, 200);
        let copied = |text: &str| page.text.contains(&format!("<code class=\"copy\">{text}</code>"));
        assert!(copied(amount) && copied(&instructions.concept) && copied(&instructions.destination_name), "{}", page.text);
        assert!(page.text.contains("Ana García López"), "the transfer must come from the customer: {}", page.text);
    }
    for _ in 0..2 {
        assert_eq!(leads_to(&client.post_form(&path, "action=sent").await), path);
        assert_eq!(test.payment(id).await.status().as_str(), "pending_bank");
    }
    let declared = client.get(&path).await;
    assert!(declared.text.contains("Nos has dicho que la transferencia está en camino"), "{}", declared.text);
    assert!(!declared.text.contains("value=\"sent\""), "{}", declared.text);
    assert!(client.get(&format!("/status?token={token}&lang=en")).await.text.contains("Transfer announced"));
    is_page(&client.post_form(&path, "action=fly").await, 400);
}

async fn a_refund_account_is_checked_and_kept(test: Arc<TestApp>) {
    let (client, (id, token)) = (Client::visitor(&test), payment(&test, "transfer").await);
    let path = format!("/status?token={token}");
    let form = client.get(&format!("{path}&edit=refund")).await;
    assert!(form.text.contains("name=\"account\"") && form.text.contains("value=\"Ana García López\""), "{}", form.text);
    assert!(!form.text.contains("http-equiv=\"refresh\""), "nobody is interrupted while typing");
    let wrong = client.post_form(&format!("{path}&lang=en"), "action=refund&account=ES9121000418450200051333&name=").await;
    is_page(&wrong, 422);
    assert!(wrong.text.contains("value=\"ES9121000418450200051333\""), "{}", wrong.text);
    assert!(wrong.text.contains("<a href=\"#account\">") && wrong.text.contains("<a href=\"#name\">"), "{}", wrong.text);
    assert_eq!(test.payment(id).await.refund_account, None);
    leads_to(&client.post_form(&path, "action=refund&account=ES91+2100+0418+4502+0005+1332&name=Ana").await);
    assert_eq!(test.payment(id).await.refund_account.unwrap().account.reveal(), "ES9121000418450200051332");
    let page = client.get(&path).await;
    assert!(page.text.contains("1332") && !page.text.contains("ES9121000418450200051332"), "shown by its ends: {}", page.text);
    // The holder of the link cannot change a destination that was given.
    assert!(page.text.contains("Solo first puede cambiarlo") && !page.text.contains("edit=refund"), "{}", page.text);
    assert!(!client.get(&format!("{path}&edit=refund")).await.text.contains("name=\"account\""));
    let again = client.post_form(&path, "action=refund&account=DE89370400440532013000&name=Ana+García+López").await;
    assert!(leads_to(&again).contains("changed=1"));
    assert_eq!(test.payment(id).await.refund_account.unwrap().account.reveal(), "ES9121000418450200051332");
}

async fn a_payment_is_called_off_once(test: Arc<TestApp>) {
    let (client, (id, token)) = (Client::visitor(&test), payment(&test, "transfer").await);
    let path = format!("/gateway/transfer?token={token}");
    for _ in 0..2 {
        assert_eq!(leads_to(&client.post_form(&path, "action=cancel").await), format!("/status?token={token}"));
        assert_eq!(test.payment(id).await.status().as_str(), "cancelled");
    }
    assert_eq!(leads_to(&client.get(&path).await), format!("/status?token={token}"), "nobody is asked to pay any more");
    let late = leads_to(&client.post_form(&path, "action=sent").await);
    let page = client.get(&late).await;
    assert!(page.text.contains("El pedido ha cambiado mientras tanto") && page.text.contains("Pedido cancelado"), "{}", page.text);
    let refused = client.post_form(&format!("/status?token={token}"), "account=ES9121000418450200051332&name=Ana").await;
    assert!(leads_to(&refused).contains("changed=1"));
}

async fn a_processor_that_declines_is_not_waited_for(test: Arc<TestApp>) {
    let (client, (id, token)) = (Client::visitor(&test), payment_of(&test, "card", "66.66").await);
    let path = format!("/gateway/card?token={token}");
    // The customer can try again, and is declined again.
    for _ in 0..2 {
        let next = leads_to(&client.post_form(&path, "action=pay").await);
        assert_eq!(next, format!("{path}&declined=1"));
        let page = client.get(&next).await;
        is_page(&page, 200);
        assert!(page.text.contains("El pago ha sido rechazado") && page.text.contains("value=\"pay\""), "{}", page.text);
    }
    assert_eq!(test.payment(id).await.status().as_str(), "started");
}

async fn a_card_can_be_declined_and_used_again(test: Arc<TestApp>) {
    let (client, (id, token)) = (Client::visitor(&test), payment(&test, "card").await);
    let path = format!("/gateway/card?token={token}");
    let page = client.get(&format!("{path}&lang=en")).await;
    is_page(&page, 200);
    assert!(page.text.contains("Pay 234.50\u{a0}EUR") && page.text.contains("value=\"decline\""), "{}", page.text);
    let declined = leads_to(&client.post_form(&path, "action=decline").await);
    assert!(client.get(&declined).await.text.contains("El pago ha sido rechazado"));
    assert_eq!(test.payment(id).await.status().as_str(), "started");
    // The button is pressed twice before the result of the first request is known.
    for _ in 0..2 {
        let next = leads_to(&client.post_form(&path, "action=pay").await);
        assert_eq!(next, format!("/status?token={token}&returned=1"));
        assert!(client.get(&next).await.text.contains("Comprobando tu pago"));
    }
    let foreign = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")];
    is_page(&client.send(axum::http::Method::POST, &path, &foreign, "action=cancel").await, 403);
    assert_eq!(test.payment(id).await.status().as_str(), "started");
}

async fn a_sale_shows_where_to_send_and_takes_a_wallet_for_refunds(test: Arc<TestApp>) {
    let client = Client::visitor(&test);
    let customer = test.verified(CustomerOf::SPAIN, "ana@mail.example").await;
    let answer = partner_api::create_rampoff(&test.app, &test.caller, &sell(customer, "50"), None).await.unwrap();
    let id = TestApp::order_of(&answer);
    let url = url::Url::parse(data_of(&answer)["url_status"].as_str().unwrap()).unwrap();
    let path = format!("{}?{}", url.path(), url.query().unwrap());
    for (language, warning) in [("es", "Envía solo USDC por la red Polygon"), ("en", "Send only USDC over the Polygon network")] {
        let page = client.get(&format!("{path}&lang={language}")).await;
        is_page(&page, 200);
        let address = test.rampoff(id).await.deposit_address;
        assert!(page.text.contains(&address) && page.text.contains("<svg") && page.text.contains(warning), "{}", page.text);
    }
    assert!(client.get(&format!("/rampoff?{}", url.query().unwrap())).await.text.contains("Esperando tus monedas"));
    let (zero, burned) = ("0x0000000000000000000000000000000000000000", "0x000000000000000000000000000000000000dEaD");
    for wallet in ["", "0x12", "0xb51b2ce243bb1F88880bC8D287EBbfd7F695Ac55", zero, burned] {
        let page = client.post_form(&path, &format!("action=refund&wallet={wallet}")).await;
        is_page(&page, 422);
        assert!(page.text.contains("<a href=\"#wallet\">") && page.text.contains(&format!("value=\"{wallet}\"")), "{}", page.text);
    }
    let good = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55";
    leads_to(&client.post_form(&path, &format!("action=refund&wallet=%20{good}%C2%A0")).await);
    assert_eq!(test.rampoff(id).await.refund_wallet.as_deref(), Some(good));
    let page = client.get(&path).await;
    assert!(!page.text.contains(good) && page.text.contains("0xB5 **** … Ac55"), "shown by its ends: {}", page.text);
    let again = client.post_form(&path, "action=refund&wallet=0x52908400098527886E0F7030069857D2E4169EE7").await;
    assert!(leads_to(&again).contains("changed=1"));
    assert_eq!(test.rampoff(id).await.refund_wallet.as_deref(), Some(good));
    for _ in 0..2 {
        leads_to(&client.post_form(&path, "action=cancel").await);
        assert_eq!(test.rampoff(id).await.status().as_str(), "cancelled");
    }
    let page = client.get(&path).await;
    assert!(page.text.contains("No envíes monedas a este pedido") && !page.text.contains("<svg"), "{}", page.text);
}

async fn the_gateway_has_one_address(test: Arc<TestApp>) {
    let (client, (_, token)) = (Client::visitor(&test), payment(&test, "card").await);
    assert_eq!(
        leads_to(&client.get(&format!("/gateway/paypal?token={token}&lang=en")).await),
        format!("/gateway/card?token={token}&lang=en")
    );
    is_page(&client.get(&format!("/gateway/CARD?token={token}")).await, 200);
    is_page(&client.get("/gateway").await, 404);
    let wrong = client.send(axum::http::Method::PUT, "/status", &[], String::new()).await;
    is_page(&wrong, 405);
}

async fn who_comes_back_from_a_processor_sees_where_the_payment_stands_only(test: Arc<TestApp>) {
    let (client, (id, own)) = (Client::visitor(&test), payment(&test, "card").await);
    let token = page_links::returned_token(&test.app, id);
    let page = client.get(&format!("/returned?token={token}&lang=en")).await;
    is_page(&page, 200);
    assert!(page.text.contains("Checking your payment") && page.text.contains("behind the link that"), "{}", page.text);
    assert!(page.text.contains("https://shop.example/paid") && page.text.contains("http-equiv=\"refresh\""), "{}", page.text);
    let payment = test.payment(id).await;
    for more in ["<form", "edit=refund", "/gateway", "/status", "Ana", &own, &payment.wallet, &id.to_string(), "234"] {
        assert!(!page.text.contains(more), "{more}: {}", page.text);
    }
    for path in ["/status", "/rampoff", "/gateway/card", "/kyc"] {
        is_page(&client.get(&format!("{path}?token={token}")).await, 404);
        is_page(&client.post_form(&format!("{path}?token={token}"), "action=cancel").await, 404);
    }
    is_page(&client.get(&format!("/returned?token={own}")).await, 404);
    is_page(&client.post_form(&format!("/returned?token={token}"), "action=cancel").await, 405);
    assert_eq!(test.payment(id).await.status().as_str(), "started");
}

async fn a_paid_payment_ends_with_coins(test: Arc<TestApp>) {
    let (client, (id, token)) = (Client::visitor(&test), payment(&test, "card").await);
    let path = format!("/gateway/card?token={token}");
    for _ in 0..3 {
        leads_to(&client.post_form(&path, "action=pay").await);
    }
    let sent = test.payment_becomes(id, "coins_sent").await;
    assert_eq!((sent.receipts.len(), sent.exceptions.first()), (1, None), "paid once, however often the button is pressed");
    let page = client.get(&format!("/status?token={token}")).await;
    assert!(page.text.contains("Monedas enviadas") && page.text.contains("https://shop.example/paid"), "{}", page.text);
    assert_eq!(leads_to(&client.get(&path).await), format!("/status?token={token}"));
}

async fn an_expired_order_says_so(test: Arc<TestApp>) {
    let (client, (id, token)) = (Client::visitor(&test), payment(&test, "card").await);
    test.advance(46 * 60).await;
    test.payment_becomes(id, "expired").await;
    let next = leads_to(&client.get(&format!("/gateway/card?token={token}&lang=en")).await);
    assert!(client.get(&next).await.text.contains("Order expired"));
    let late = leads_to(&client.post_form(&format!("/gateway/card?token={token}&lang=en"), "action=pay").await);
    assert!(client.get(&late).await.text.contains("Order expired"));
    assert_eq!(test.payment(id).await.receipts.len(), 0, "nobody pays for what has expired");
}

async fn a_payout_that_failed_goes_to_an_account_of_the_partners_only(test: Arc<TestApp>) {
    let client = Client::visitor(&test);
    let customer = test.verified(CustomerOf::SPAIN, "ana@mail.example").await;
    // The bank refuses this account.
    let request = CreateRampoffForm { iban: Some("ES1621000418410006660001".into()), ..sell(customer, "50") };
    let answer = partner_api::create_rampoff(&test.app, &test.caller, &request, None).await.unwrap();
    let id = TestApp::order_of(&answer);
    test.deposit(id).await;
    test.rampoff_becomes(id, "on_hold").await;
    let path = format!("/status?token={}", page_links::rampoff_token(&test.app, id));
    let page = client.get(&path).await;
    assert!(page.text.contains("Avisa a first: puede indicarnos otra cuenta tuya"), "{}", page.text);
    for typed in ["action=refund&account=DE89370400440532013000&name=Ana", "action=payout&account=DE89370400440532013000"] {
        client.post_form(&path, typed).await;
        assert_eq!(test.rampoff(id).await.destination.account.reveal(), "ES1621000418410006660001");
        assert_eq!(test.rampoff(id).await.status().as_str(), "on_hold");
    }
    let body = serde_json::json!({ "rampoff_id": id.to_string(), "iban": "ES9121000418450200051332" });
    let partner = client.signed_in(&test).await;
    let answer = partner.post("/api/setPayoutAccount", &body).await;
    assert_eq!(answer.json()["data"]["payout_destination"]["given_by"], "partner", "{}", answer.text);
    let finished = test.rampoff_becomes(id, "finished").await;
    assert_eq!(finished.destination.account.reveal(), "ES9121000418450200051332");
}
