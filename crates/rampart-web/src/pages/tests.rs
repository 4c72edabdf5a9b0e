//! Renders every state of every page in both languages, without a server.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use rampart_app::{CustomerPage, PaymentPage, RampoffPage};
use rampart_core::customer::Customer;
use rampart_core::order::payment::{Payment, PaymentState};
use rampart_core::order::rampoff::Rampoff;
use serde_json::{Map, Value, json};

use super::request::PageRequest;
use super::{gateway, kyc, status};

const ID: &str = "0000000001AAAAAAAAAAAAAAA";

fn prefixed(prefix: &str) -> String {
    format!("{prefix}{ID}")
}

/// An order as an earlier version stored it, upgraded to the current form.
fn present<T: serde::de::DeserializeOwned>(record: Value, upgraded: impl Fn(Map<String, Value>) -> Map<String, Value>) -> T {
    let Value::Object(record) = record else { panic!("an order is an object") };
    serde_json::from_value(Value::Object(upgraded(record))).unwrap()
}

fn payment(state: Value, change: &Value) -> PaymentPage {
    let mut record = json!({
        "id": ID, "partner": prefixed("par_"), "customer": 106, "external_id": null, "method": "TRANSFER", "country": "ESP",
        "pay_in": {"kind": "bank", "name": "sepa"}, "method_maximum": "100000000",
        "terms": {
            "fiat": "EUR", "fiat_decimals": 2, "fiat_amount": "123450", "fee_processing": "100", "fee_network": "10", "price": "0.93",
            "coin": {"symbol": "USDC", "chain": "polygon"}, "coin_decimals": 6, "coin_amount": "1326236559"
        },
        "wallet": "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55", "callback_url": "https://shop.example/back?a=1&b=2",
        "refund_account": null,
        "instructions": {
            "account": "ES9121000418450200051332", "bic": "CAIXESBBXXX", "concept": "4711000017",
            "destination_name": "Rampart Demo SL", "own_account": false
        },
        "quote": null, "level": "basic", "created_at": "2026-01-31T12:00:00Z",
        "held_until": "2026-01-31T13:00:00Z", "state": state, "receipts": [], "fiat_balance": "0", "reserved": "0",
        "exception": null, "reversal": null, "updated_at": "2026-01-31T12:00:00Z"
    });
    merge(&mut record, change);
    let payment: Payment = present(record, rampart_core::order::payment::upgraded);
    PaymentPage {
        country: payment.country,
        partner_name: "Tienda <Demo>".into(),
        customer_name: "Álvaro Iglesia".into(),
        can_declare: true,
        can_cancel: true,
        can_give_refund_account: payment.refund_account.is_none()
            && (payment.is_unpaid() || matches!(payment.state, PaymentState::OnHold { .. })),
        sandbox: true,
        now: "2026-01-31T12:10:00Z".parse().unwrap(),
        payment,
    }
}

fn rampoff(state: Value, change: &Value) -> RampoffPage {
    let mut record = json!({
        "id": ID, "partner": prefixed("par_"), "customer": 106, "external_id": null, "country": "ESP", "rail": "sepa",
        "rail_maximum": "100000000",
        "terms": {
            "fiat": "EUR", "fiat_decimals": 2, "fiat_amount": "9100", "fee_processing": "100", "fee_network": "10", "price": "0.93",
            "coin": {"symbol": "USDC", "chain": "polygon"}, "coin_decimals": 6, "coin_amount": "100000000"
        },
        "destination": {
            "account": "ES9121000418450200051332", "bank_code": null, "account_type": null, "bank_name": null, "name": "Álvaro Iglesia"
        },
        "refund_wallet": null, "deposit_address": "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55", "deposit_index": 7, "quote": null,
        "level": "basic", "created_at": "2026-01-31T12:00:00Z", "held_until": "2026-01-31T13:00:00Z",
        "state": state, "deposits": [], "coin_balance": "0", "fiat_balance": "0", "converted": "0", "reserved": "0",
        "exception": null, "reversal": null, "updated_at": "2026-01-31T12:00:00Z"
    });
    merge(&mut record, change);
    let rampoff: Rampoff = present(record, rampart_core::order::rampoff::upgraded);
    RampoffPage {
        partner_name: "Tienda <Demo>".into(),
        customer_name: "Álvaro Iglesia".into(),
        can_cancel: rampoff.deposits.is_empty(),
        can_give_refund_wallet: !rampoff.is_settled() && rampoff.refund_wallet.is_none(),
        payout_returned: rampoff.was_payout_returned(),
        sandbox: true,
        now: "2026-01-31T12:10:00Z".parse().unwrap(),
        rampoff,
    }
}

fn customer(change: &Value) -> CustomerPage {
    let mut record = json!({
        "id": 106, "partner": prefixed("par_"), "email": "ana@example.com", "country": "ESP", "country_as_sent": "España",
        "customer_type": "individual", "profile": {"name": "Ana", "last_name": "Pérez"}, "identification": null,
        "bank_account": null, "warnings": [], "kyc": {"level": null, "check": null},
        "callback_url": "https://shop.example/back", "banned": null, "created_at": "2026-01-31T12:00:00Z"
    });
    merge(&mut record, change);
    let customer: Customer = serde_json::from_value(record).unwrap();
    CustomerPage {
        wanted: customer.wanted_level(18, customer.created_at),
        missing: Vec::new(),
        customer,
        partner_name: "Tienda <Demo>".into(),
        sandbox: true,
    }
}

fn merge(record: &mut Value, change: &Value) {
    for (key, value) in change.as_object().into_iter().flatten() {
        record[key] = value.clone();
    }
}

fn request(path: &str, query: &str) -> PageRequest {
    PageRequest::new(path, Some(query), &HeaderMap::new(), "https://ramp.example", "req_1")
}

/// The text of a page. Checks what all pages have in common.
async fn read(response: Response, language: &str) -> String {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("x-robots-tag", "noindex, nofollow"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let html = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(html.contains(&format!("<html lang=\"{language}\">")), "{html}");
    assert!(!html.contains("{0}") && !html.contains("{1}"), "a place was not filled: {html}");
    assert!(!html.contains("<Demo>"), "not escaped: {html}");
    assert!(!html.contains("<script") && !html.contains(" style=") && !html.contains(" onclick"), "{html}");
    html
}

fn check(level: &str, status: &str, may_retry: bool) -> Value {
    json!({
        "level": level, "reference": "r", "status": status, "reasons": ["El documento está caducado"], "may_retry": may_retry,
        "updated_at": "2026-01-31T12:00:00Z"
    })
}

#[tokio::test]
async fn every_state_of_a_payment_has_its_page() {
    let transfer = prefixed("trf_");
    let receipt = json!([{
        "fact": prefixed("fct_"), "amount": "5000", "at": "2026-01-31T12:05:00Z", "holder": "Ana", "source": null
    }]);
    let states = [
        (json!({"state": "started"}), "Esperando tu pago", "Waiting for your payment"),
        (json!({"state": "pending_bank", "declared_at": "2026-01-31T12:04:00Z"}), "Transferencia anunciada", "Transfer announced"),
        (json!({"state": "payment_received", "coins": "1326236559"}), "Pago recibido", "Payment received"),
        (json!({"state": "sending", "transfer": transfer, "coins": "1", "fiat": "1"}), "Pago recibido", "Payment received"),
        (
            json!({"state": "coins_sent", "transfer": transfer, "txid": "0xabc", "coins": "1326236559", "fiat": "123450", "confirmations": 0}),
            "0xabc",
            "0xabc",
        ),
        (
            json!({"state": "coins_sent", "transfer": transfer, "txid": "0xabc", "coins": "1", "fiat": "1", "confirmations": 9}),
            "monedero",
            "wallet",
        ),
        (json!({"state": "on_hold", "reason": "screening", "since": "2026-01-31T12:04:00Z"}), "en revisión", "under review"),
        (json!({"state": "on_hold", "reason": "refund_destination_needed", "since": "2026-01-31T12:04:00Z"}), "adónde", "where to"),
        (json!({"state": "expired"}), "Pedido caducado", "Order expired"),
        (json!({"state": "cancelled"}), "Pedido cancelado", "Order cancelled"),
        (json!({"state": "failed", "reason": "x"}), "no se ha completado", "not completed"),
        (json!({"state": "refund_pending", "payout": prefixed("pay_")}), "Devolución en camino", "Refund on its way"),
        (json!({"state": "refunded", "payout": prefixed("pay_"), "reference": "REF-1"}), "Dinero devuelto", "Money refunded"),
    ];
    for (state, spanish, english) in states {
        for (language, expected) in [("es", spanish), ("en", english)] {
            let found = payment(state.clone(), &json!({"receipts": receipt, "exception": "short"}));
            let response = status::payment(&request("/status", &format!("token=t&lang={language}")), &found);
            assert_eq!(response.status(), StatusCode::OK);
            let html = read(response, language).await;
            assert!(html.contains(expected), "{state} {expected}: {html}");
            assert!(html.contains("50"), "what arrived is shown");
        }
    }
}

#[tokio::test]
async fn every_state_of_a_rampoff_has_its_page() {
    let states = [
        (json!({"state": "created"}), "<svg"),
        (json!({"state": "confirming"}), "Coins detected"),
        (json!({"state": "crypto_received", "fiat": "9100"}), "Coins received"),
        (json!({"state": "paying_out", "payout": prefixed("pay_"), "fiat": "9100"}), "Your money is on its way"),
        (json!({"state": "finished", "payout": prefixed("pay_"), "fiat": "9100", "reference": "REF-9"}), "REF-9"),
        (json!({"state": "on_hold", "reason": "refund_destination_needed", "since": "2026-01-31T12:04:00Z"}), "edit=refund"),
        (json!({"state": "on_hold", "reason": "payout_failed", "since": "2026-01-31T12:04:00Z"}), "did not accept the payout"),
        (json!({"state": "expired"}), "Order expired"),
        (json!({"state": "cancelled"}), "Do not send coins"),
        (json!({"state": "failed", "reason": "x"}), "not completed"),
        (json!({"state": "refund_pending", "transfer": prefixed("trf_"), "txid": "0xbeef"}), "0xbeef"),
        (json!({"state": "refunded", "transfer": prefixed("trf_"), "txid": "0xbeef"}), "Money refunded"),
    ];
    for (state, expected) in states {
        let html = read(status::rampoff(&request("/status", "token=t&lang=en"), &rampoff(state.clone(), &json!({}))), "en").await;
        assert!(html.contains(expected), "{state} {expected}: {html}");
        assert!(!html.contains("ES9121000418450200051332"), "the account is shown by its ends only");
        read(status::rampoff(&request("/status", "token=t"), &rampoff(state, &json!({}))), "es").await;
    }
    let finished = json!({"state": "finished", "payout": prefixed("pay_"), "fiat": "9100", "reference": "REF-9"});
    let returned = rampoff(finished, &json!({"reversal": "bank_return"}));
    let html = read(status::rampoff(&request("/status", "token=t&lang=en"), &returned), "en").await;
    for expected in ["The bank returned your money", "1332", "tell Tienda"] {
        assert!(html.contains(expected), "{expected}: {html}");
    }
    assert!(!html.contains("The money is in your bank account"), "{html}");
}

#[tokio::test]
async fn pages_of_unfinished_orders_look_again_and_finished_ones_do_not() {
    let refresh = "http-equiv=\"refresh\" content=\"15;url=/status?token=t\"";
    let started = read(status::payment(&request("/status", "token=t"), &payment(json!({"state": "started"}), &json!({}))), "es").await;
    assert!(started.contains(refresh), "{started}");
    let expired = read(status::payment(&request("/status", "token=t"), &payment(json!({"state": "expired"}), &json!({}))), "es").await;
    assert!(!expired.contains("http-equiv=\"refresh\""), "{expired}");
}

#[tokio::test]
async fn transfer_instructions_can_be_copied() {
    let found = payment(json!({"state": "started"}), &json!({}));
    let instructions = found.payment.instructions.clone().unwrap();
    for (language, heading) in [("es", "Haz una transferencia"), ("en", "Make a transfer")] {
        let page = gateway::transfer(&request("/gateway/transfer", &format!("token=t&lang={language}")), &found, &instructions);
        let html = read(page, language).await;
        let amount = if language == "es" { ">1234,50<" } else { ">1234.50<" };
        for text in [amount, heading, "ES91 2100 0418 4502 0005 1332", "CAIXESBBXXX", ">4711000017<", "Rampart Demo SL", "edit=refund"] {
            assert!(html.contains(text), "{text}: {html}");
        }
        assert!(html.contains("name=\"action\" value=\"sent\""));
    }
}

#[tokio::test]
async fn the_sandbox_gateway_offers_to_pay_and_to_decline() {
    let card = json!({"method": "card", "pay_in": {"kind": "processor", "name": "card"}, "instructions": null});
    let html = read(gateway::pay(&request("/gateway/card", "token=t"), &payment(json!({"state": "started"}), &card)), "es").await;
    for text in ["1.234,50\u{a0}EUR", "value=\"pay\"", "value=\"decline\"", "1.326,236559\u{a0}USDC", "https://shop.example/back?a=1"] {
        assert!(html.contains(text), "{text}: {html}");
    }
}

#[tokio::test]
async fn every_stage_of_an_identity_check_has_its_page() {
    let fail = |may_retry| json!({"kyc": {"level": null, "check": check("basic", "fail", may_retry)}});
    for (change, query, expected) in [
        (json!({}), "token=t&lang=en", "name=\"identification_number\""),
        (json!({"kyc": {"level": null, "check": check("basic", "processing", false)}}), "token=t&lang=en", "http-equiv=\"refresh\""),
        (json!({"kyc": {"level": "basic", "check": null}}), "token=t&lang=en", "Identity verified"),
        (json!({"kyc": {"level": "basic", "check": null}}), "token=t&lang=en&sent=1", "content=\"6;url=https://shop.example/back\""),
        (json!({"kyc": {"level": "basic", "check": null}}), "token=t&lang=en&level=2", "name=\"source_of_funds\""),
        (json!({"kyc": {"level": "reinforced", "check": null}}), "token=t&lang=en&level=2", "Reinforced verification completed"),
        (fail(true), "token=t&lang=en", "retry=1"),
        (fail(true), "token=t&lang=en&retry=1", "name=\"last_name\""),
        (fail(false), "token=t&lang=en", "cannot be repeated"),
        (fail(false), "token=t&lang=en&retry=1", "El documento está caducado"),
        (json!({"banned": "fraud"}), "token=t&lang=en", "This account cannot operate"),
    ] {
        let html = read(kyc::view(&request("/kyc", query), &customer(&change)), "en").await;
        assert!(html.contains(expected), "{change} {expected}: {html}");
        assert!(!html.contains("fraud"), "the reason of a ban is not for the customer");
    }
    read(kyc::view(&request("/kyc", "token=t"), &customer(&json!({}))), "es").await;
}

#[tokio::test]
async fn the_form_asks_only_for_what_is_missing() {
    let html = read(kyc::view(&request("/kyc", "token=t"), &customer(&json!({}))), "es").await;
    assert!(!html.contains("name=\"last_name\""), "known already: {html}");
    let approved = json!({"kyc": {"level": "basic", "check": null}});
    let html = read(kyc::view(&request("/kyc", "token=t&level=2&edit=1"), &customer(&approved)), "es").await;
    assert!(!html.contains("name=\"last_name\"") && html.contains("name=\"identification_number\""), "what was approved stands: {html}");
    let foreigner = json!({"country": "ARG", "kyc": {"level": "basic", "check": null}});
    let html = read(kyc::view(&request("/kyc", "token=t"), &customer(&foreigner)), "es").await;
    assert!(html.contains("name=\"identification_number\""), "no operation without an identification: {html}");
    let html = read(kyc::view(&request("/kyc", "token=t&edit=1"), &customer(&json!({}))), "es").await;
    assert!(html.contains("name=\"last_name\" type=\"text\" value=\"Pérez\""), "{html}");
}

#[tokio::test]
async fn failures_are_pages_too() {
    for status in [400, 403, 404, 405, 408, 409, 413, 415, 429, 500, 503].map(|code| StatusCode::from_u16(code).unwrap()) {
        for language in ["es", "en"] {
            let response = super::error_page(status, &HeaderMap::new(), Some(&format!("lang={language}")), "req_7");
            assert_eq!(response.status(), status);
            assert!(read(response, language).await.contains("req_7"));
        }
    }
}
