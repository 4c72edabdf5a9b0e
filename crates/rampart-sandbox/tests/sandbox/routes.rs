use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rampart_core::customer::kyc::KycLevel;
use rampart_core::id::{CustomerId, OrderId, PartnerId, PayoutId};
use rampart_core::ledger::Rail;
use rampart_core::money::amount::Amount;
use rampart_core::outgoing::PayoutRoute;
use rampart_core::partner::{ApiKey, HttpErrors, Partner};
use rampart_core::ports::{CallOutcome, PortFuture};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::step::ClaimScope;
use rampart_core::time::Timestamp;
use rampart_http::dispatch::dispatch;
use rampart_http::failure_response::method_not_allowed;
use rampart_http::request::InvalidFields;
use rampart_http::{AuthenticatedPartner, CallFailure, CallServer, CallTable, FoundCall};
use rampart_sandbox::{
    BankTransfer, Booked, CustomerView, InboxWebhook, PayableMethod, PayablePayment, RampoffPayouts, SandboxEngine, SignatureStatus,
    WebhookKeys, calls, openapi, routes,
};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::test_world::{IBAN, TestWorld, WALLET, in_time};

const PARTNER: &str = "par_0000000000000000000000001";
const STRANGER: &str = "par_0000000000000000000000002";
const SECRET: &str = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MTI=";

/// An engine that knows one partner, one order of each kind and one customer.
struct Engine {
    card: OrderId,
    transfer: OrderId,
    payout: PayoutId,
}

fn answer<'a, T: Send + 'a>(result: Result<T, Refusal>) -> PortFuture<'a, Result<T, Refusal>> {
    Box::pin(std::future::ready(result))
}

impl SandboxEngine for Engine {
    fn payment<'a>(&'a self, _partner: PartnerId, payment: &'a str) -> PortFuture<'a, Result<PayablePayment, Refusal>> {
        let method = if payment == self.card.to_string() {
            PayableMethod::Redirect { processor: "card".parse().unwrap() }
        } else if payment == self.transfer.to_string() {
            PayableMethod::Transfer { rail: "sepa".parse().unwrap(), account: IBAN.to_owned(), concept: Some("1234567890".to_owned()) }
        } else {
            return answer(Err(ErrorCode::PaymentNotFound.into()));
        };
        answer(Ok(PayablePayment {
            payment: payment.parse().unwrap(),
            partner: PARTNER.parse().unwrap(),
            method,
            due: Amount::from_minor(10_000),
            currency: "EUR".parse().unwrap(),
            decimals: 2,
            customer_name: "Ana Ruiz".into(),
        }))
    }

    fn rampoff<'a>(&'a self, _partner: PartnerId, rampoff: &'a str) -> PortFuture<'a, Result<RampoffPayouts, Refusal>> {
        answer(match rampoff {
            "paid" => Ok(RampoffPayouts { payouts: vec![self.payout] }),
            "new" => Ok(RampoffPayouts { payouts: vec![] }),
            _ => Err(ErrorCode::RampoffNotFound.into()),
        })
    }

    fn customer(&self, _partner: PartnerId, customer: CustomerId) -> PortFuture<'_, Result<CustomerView, Refusal>> {
        answer(match customer.0 {
            1 => Ok(CustomerView { check: Some(("check-1".to_owned(), KycLevel::Basic)) }),
            _ => Err(ErrorCode::UserNotFound.into()),
        })
    }

    fn rail_of_account<'a>(&'a self, partner: PartnerId, account: &'a str) -> PortFuture<'a, Result<Option<Rail>, Refusal>> {
        answer(Ok((partner.to_string() == PARTNER && account == "646180000000000017").then(|| "spei".parse().unwrap())))
    }

    fn partner_of_payout<'a>(&'a self, payout: &'a str) -> PortFuture<'a, Result<Option<PartnerId>, Refusal>> {
        answer(Ok((payout == self.payout.to_string()).then(|| PARTNER.parse().unwrap())))
    }

    fn webhook_keys<'a>(&'a self, api_key: &'a str) -> PortFuture<'a, Result<Option<WebhookKeys>, Refusal>> {
        let keys = WebhookKeys { partner: PARTNER.parse().unwrap(), secrets: vec![SECRET.into()] };
        answer(Ok((api_key == "key").then_some(keys)))
    }
}

/// A server that knows the tokens of two partners and counts nobody.
struct TestServer;

impl CallServer for TestServer {
    fn count_anybody(&self, _client: IpAddr) -> Result<(), CallFailure> {
        Ok(())
    }

    async fn caller(&self, token: &str, _client: IpAddr) -> Result<AuthenticatedPartner, CallFailure> {
        let (id, http_errors) = match token {
            "good" => (PARTNER, HttpErrors::Rest),
            "documented" => (PARTNER, HttpErrors::Documented),
            "stranger" => (STRANGER, HttpErrors::Rest),
            _ => return Err(ErrorCode::AuthorizationIncorrect.into()),
        };
        let partner = Partner {
            id: id.parse().unwrap(),
            version: 1,
            name: token.to_owned(),
            api_key: ApiKey { key: "key".to_owned(), sealed_secret: "".into() },
            previous_key: None,
            previous_epoch: None,
            enabled: true,
            token_epoch: 0,
            allow_ips: Vec::new(),
            http_errors,
            created_at: Timestamp::from_micros(0),
        };
        Ok(AuthenticatedPartner { partner: Arc::new(partner), epoch: 0 })
    }

    fn count(&self, _caller: &AuthenticatedPartner) -> Result<(), CallFailure> {
        Ok(())
    }

    async fn invalid(
        &self,
        _caller: &AuthenticatedPartner,
        _key: Option<&str>,
        _external_id: Option<ClaimScope>,
        invalid: InvalidFields,
    ) -> CallFailure {
        invalid.refusal.into()
    }
}

struct Call {
    test: TestWorld,
    calls: CallTable<()>,
    card: OrderId,
    transfer: OrderId,
}

impl Call {
    async fn new() -> Self {
        let test = TestWorld::paused().await;
        let (card, transfer) = (test.order(), test.order());
        let payout = test.payout(PayoutRoute::Bank("sepa".parse().unwrap()), 100, "ES7921000813610123456789");
        assert!(matches!(test.world.bank().pay(&payout).await, CallOutcome::Accepted(_)));
        let engine = Engine { card, transfer, payout: payout.id };
        let calls = CallTable::new(calls(test.world.clone(), Arc::new(engine)), |_| ());
        Self { test, calls, card, transfer }
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let request = Request::from_parts(parts, body);
        let response = match self.calls.find(request.method(), request.uri().path()) {
            FoundCall::Call(entry, path) => in_time(dispatch(&entry.call, &TestServer, [127, 0, 0, 1].into(), "req", path, request)).await,
            FoundCall::OtherMethods(_, allow) => method_not_allowed(allow, "req"),
            FoundCall::Nothing => panic!("{} is no call", request.uri()),
        };
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 1 << 22).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn call(&self, method: Method, path: &str, token: &str, body: &str) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path).header("auth", token).header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Posts as the partner and expects a success.
    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, "good", &body.to_string()).await;
        assert_eq!((status, &answer["status"]), (StatusCode::OK, &json!("ok")), "{path}: {answer}");
        answer["data"].clone()
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call(Method::GET, path, "good", "").await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer["data"].clone()
    }

    /// Posts as the partner and expects this failure.
    async fn fails(&self, path: &str, body: &str, status: u16, code: &str) -> Value {
        let (found, answer) = self.call(Method::POST, path, "good", body).await;
        assert_eq!((found.as_u16(), &answer["error"]), (status, &json!(code)), "{path}: {answer}");
        assert_eq!(answer["status"], "error");
        answer
    }
}

#[tokio::test]
async fn customers_pay_by_the_method_of_the_payment() {
    let call = Call::new().await;
    let card = format!("/sandbox/payments/{}", call.card);
    call.fails(&format!("{card}/chargeback"), "", 422, "validation_failed").await;
    assert_eq!(call.post(&format!("{card}/decline"), json!({"reason": "no"})).await["outcome"], "declined");
    assert_eq!(call.post(&format!("{card}/pay"), json!({})).await["outcome"], "paid");
    assert_eq!(call.post(&format!("{card}/pay"), json!({"amount": 5})).await["outcome"], "paid_before");
    assert_eq!(call.post(&format!("{card}/chargeback"), json!({})).await["outcome"], "charged_back");

    let transfer = format!("/sandbox/payments/{}", call.transfer);
    let request = Request::post(format!("{transfer}/pay")).header("authorization", "Bearer good").body(Body::empty()).unwrap();
    assert_eq!(call.send(request).await.0, StatusCode::OK);
    call.post(&format!("{transfer}/pay"), json!({"amount": "12.50", "holder": "Luis Soto"})).await;
    call.fails(&format!("{transfer}/decline"), "{}", 422, "validation_failed").await;
    let lines = call.get("/sandbox/bank/statement?account=ES91%202100%200418%204502%200005%201332").await;
    assert_eq!(lines.as_array().unwrap().len(), 2);
    assert_eq!((&lines[0]["amount"], &lines[0]["counterparty_name"]), (&json!("12.50"), &json!("Luis Soto")));
    assert_eq!((&lines[1]["amount"], &lines[1]["concept"]), (&json!("100.00"), &json!("1234567890")));
}

#[tokio::test]
async fn amounts_are_read_exactly() {
    let call = Call::new().await;
    let path = "/sandbox/bank/transfers";
    let body = |amount: &str| format!(r#"{{"account":"{IBAN}","amount":{amount},"currency":"eur"}}"#);
    for (amount, exact) in
        [("0.07", "0.07"), ("\"70368744177664.25\"", "70368744177664.25"), ("1e2", "100.00"), ("90071992547409.93", "90071992547409.93")]
    {
        let (status, answer) = call.call(Method::POST, path, "good", &body(amount)).await;
        assert_eq!((status, &answer["data"]["amount"]), (StatusCode::OK, &json!(exact)), "{answer}");
    }
    for amount in ["0.001", "-1", "0", "\"NaN\"", "\"+5\"", "true", "[]", "{}", "1e99", "\"1,5\""] {
        let answer = call.fails(path, &body(amount), 422, "validation_failed").await;
        assert!(answer["errors"]["amount"].is_array(), "{amount}: {answer}");
    }
    for absent in ["null", "\"\"", "\" \""] {
        call.fails(path, &body(absent), 422, "fail_mandatory_field").await;
    }
}

#[tokio::test]
async fn money_arrives_on_every_account_of_ours_and_payouts_come_back() {
    let call = Call::new().await;
    let arrived = call.post("/sandbox/bank/transfers", json!({"account": "646180000000000017", "amount": 10, "currency": "MXN"})).await;
    assert_eq!(arrived["rail"], "spei");
    for account in ["646180000000000017", "646180157000000004"] {
        let lines = call.get(&format!("/sandbox/bank/statement?account={account}")).await;
        assert_eq!((&lines[0]["line"], &lines[0]["account"]), (&arrived["line"], &json!("646180000000000017")));
    }
    call.fails("/sandbox/bank/transfers", r#"{"account":"DE00","amount":1,"currency":"EUR"}"#, 422, "validation_failed").await;
    call.fails("/sandbox/bank/transfers", &format!(r#"{{"account":"{IBAN}","amount":1,"currency":"MXN"}}"#), 422, "validation_failed")
        .await;
    call.fails("/sandbox/bank/returns", r#"{"rampoff_id":"foreign","reason":"x"}"#, 404, "rampoff_not_found").await;
    call.fails("/sandbox/bank/returns", r#"{"rampoff_id":"new","reason":"x"}"#, 422, "validation_failed").await;
    call.post("/sandbox/bank/returns", json!({"rampoff_id": "paid", "reason": "closed"})).await;
    call.fails("/sandbox/bank/returns", r#"{"rampoff_id":"paid","reason":"x"}"#, 422, "validation_failed").await;
}

#[tokio::test]
async fn the_chain_is_played_by_hand() {
    let call = Call::new().await;
    let deposit = call.post("/sandbox/chain/polygon/deposits", json!({"to": WALLET, "symbol": "usdc", "amount": "12.5"})).await;
    let block = call.post("/sandbox/chain/polygon/blocks", json!({"count": 2})).await;
    assert_eq!(block["height"], 2);
    let path = format!("/sandbox/chain/polygon/transactions?address={WALLET}");
    let found = call.get(&path).await;
    assert_eq!(found[0]["txid"], deposit["txid"]);
    assert_eq!((&found[0]["amount"], &found[0]["state"], &found[0]["height"]), (&json!("12500000"), &json!("in_block"), &json!(1)));
    let reorg = call.post("/sandbox/chain/polygon/reorg", json!({"depth": 2, "drop": [deposit["txid"]]})).await;
    assert_eq!((&reorg["height"], &reorg["dropped"][0]), (&json!(3), &deposit["txid"]));
    assert_eq!(call.get(&path).await[0]["state"], "dropped");
    call.post("/sandbox/chain/polygon/automine", json!({"every_seconds": 0})).await;

    call.fails("/sandbox/chain/dogechain/blocks", "{}", 404, "not_found").await;
    call.fails("/sandbox/chain/polygon/blocks", r#"{"count":0}"#, 422, "validation_failed").await;
    call.fails("/sandbox/chain/polygon/reorg", r#"{"depth":100}"#, 422, "validation_failed").await;
    call.fails("/sandbox/chain/polygon/reorg", r#"{"depth":-1}"#, 422, "validation_failed").await;
    call.fails("/sandbox/chain/polygon/deposits", r#"{"to":"0x12","symbol":"USDC","amount":1}"#, 422, "validation_failed").await;
    call.fails("/sandbox/chain/polygon/deposits", r#"{"to":"0x12","symbol":"U$","amount":1}"#, 422, "coin_not_supported").await;
}

#[tokio::test]
async fn the_chain_goes_wrong_by_hand() {
    let call = Call::new().await;
    let at = |what: &str| format!("/sandbox/chain/polygon/{what}");
    let batch = json!({"symbol": "USDC", "to": [WALLET, WALLET], "amounts": ["1.5", "2"]});
    let batch = call.post(&at("batches"), batch).await;
    assert_eq!(call.post(&at("misreadings"), json!({"misreading": "missing", "txids": [batch["txid"]]})).await["blocks"], 0);
    assert_eq!(call.post(&at("misreadings"), json!({"misreading": "not_there"})).await["blocks"], 1);
    call.post(&at("blocks"), json!({"count": 3})).await;
    let found = call.get(&format!("{}?address={WALLET}", at("transactions"))).await;
    let seen = [0, 1].map(|row: usize| (&found[row]["txid"], &found[row]["amount"]));
    assert_eq!(seen, [(&batch["txid"], &json!("2000000")), (&batch["txid"], &json!("1500000"))]);
    let again = call.post(&at("reorg"), json!({"depth": 3, "again": [batch["txid"]]})).await;
    assert_eq!((&again["height"], &again["waiting"]), (&json!(4), &json!([])));

    assert_eq!(call.post(&at("finality"), json!({"depth": 1})).await["last_final"], 3);
    assert_eq!(call.post(&at("lag"), json!({"blocks": 2})).await["blocks"], 2);
    assert_eq!(call.post(&at("finality"), json!({"depth": 1, "stalled": true})).await["last_final"], 1);
    assert_eq!(call.post(&at("finality"), json!({})).await["last_final"], Value::Null);
    let fees = call.post(&at("fees"), json!({"base": 7, "times": 3})).await;
    assert_eq!((&fees["base"], &fees["tip"]), (&json!("21"), &json!("75000000000")));
    assert_eq!(call.post(&at("fees"), json!({})).await["base"], "5000000000");
    let signer = call.post(&at("signer"), json!({"outcome": "late"})).await;
    assert_eq!((&signer["outcome"], &signer["count"]), (&json!("late"), &json!(1)));
    assert_eq!(call.post(&at("signer"), json!({"outcome": "refuse", "to": WALLET})).await["count"], Value::Null);
    let foreign = call.post(&at("nonces"), json!({"nonce": 0})).await;
    assert_eq!(call.get(&format!("{}?limit=1", at("transactions"))).await[0]["txid"], foreign["txid"]);

    call.fails("/sandbox/chain/dogechain/lag", r#"{"blocks":1}"#, 404, "not_found").await;
    call.fails(&at("lag"), r#"{"blocks":-1}"#, 422, "validation_failed").await;
    call.fails(&at("fees"), r#"{"times":0}"#, 422, "validation_failed").await;
    call.fails(&at("misreadings"), r#"{"misreading":"missing","txids":["0x00"]}"#, 422, "validation_failed").await;
    call.fails(&at("signer"), r#"{"outcome":"late","to":"0x12"}"#, 422, "validation_failed").await;
    call.fails(&at("batches"), &format!(r#"{{"symbol":"USDC","to":["{WALLET}"],"amounts":[]}}"#), 422, "validation_failed").await;
    call.fails(&at("batches"), &format!(r#"{{"symbol":"USDC","to":["{WALLET}"],"amounts":["x"]}}"#), 422, "validation_failed").await;
    call.fails(&at("reorg"), r#"{"depth":0,"again":["0x00"]}"#, 422, "validation_failed").await;
}

#[tokio::test]
async fn the_providers_are_played_by_hand() {
    let call = Call::new().await;
    let decided = call.post("/sandbox/kyc/1", json!({"decision": "reject", "reasons": ["blurred"]})).await;
    assert_eq!((&decided["reference"], &decided["level"]), (&json!("check-1"), &json!(1)));
    call.fails("/sandbox/kyc/2", r#"{"decision":"approve"}"#, 404, "user_not_found").await;
    call.fails("/sandbox/kyc/abc", r#"{"decision":"approve"}"#, 404, "user_not_found").await;
    call.fails("/sandbox/kyc/1", r#"{"decision":"maybe"}"#, 422, "validation_failed").await;
    call.fails("/sandbox/kyc/1", r#"{"decision":"approve","level":3}"#, 422, "validation_failed").await;
    call.fails("/sandbox/kyc/1", "{}", 422, "fail_mandatory_field").await;

    let before = call.test.world.clock().now();
    call.post("/sandbox/clock", json!({"advance_seconds": 120})).await;
    assert!(before.until(call.test.world.clock().now()).as_secs() >= 120);
    call.fails("/sandbox/clock", r#"{"advance_seconds":-5}"#, 422, "validation_failed").await;
    call.fails("/sandbox/clock", r#"{"advance_seconds":99999999}"#, 422, "validation_failed").await;

    let set = call.post("/sandbox/prices", json!({"symbol": "usdc", "fiat_symbol": "EUR", "price": "0.875"})).await;
    assert_eq!(set["price"], "0.875");
    call.post("/sandbox/prices", json!({"silence": true})).await;
    assert!(call.test.world.prices().prices().await.is_err());
    call.fails("/sandbox/prices", "{}", 422, "fail_mandatory_field").await;
    call.fails("/sandbox/prices", r#"{"symbol":"USDC","fiat_symbol":"EUR","price":-1}"#, 422, "validation_failed").await;

    call.post("/sandbox/screening", json!({"name": "Ana Ruiz", "answer": "hit"})).await;
    call.fails("/sandbox/screening", r#"{"answer":"hit"}"#, 422, "validation_failed").await;
    let faults = call.post("/sandbox/faults", json!({"port": "bank", "outcome": "unknown_done", "count": 2})).await;
    assert_eq!(faults, json!([{"port": "bank", "calls": "actions", "outcome": "unknown_done", "count": 2, "delay_seconds": 0}]));
    assert_eq!(call.post("/sandbox/faults", json!({"port": "bank", "outcome": "refuse", "count": 0})).await, json!([]));
}

#[tokio::test]
async fn every_word_of_the_description_is_taken() {
    let call = Call::new().await;
    let description = serde_json::to_value(openapi()).unwrap();
    let mut taken = 0;
    for (path, body) in [
        ("/sandbox/kyc/{user_id}", json!({"decision": "approve"})),
        ("/sandbox/screening", json!({"name": "Ana", "answer": "hit"})),
        ("/sandbox/faults", json!({"port": "bank", "outcome": "refuse", "count": 0})),
    ] {
        let fields = &description["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"];
        for (name, field) in fields.as_object().unwrap() {
            let words = field["enum"].as_array().or(field["anyOf"][0]["enum"].as_array());
            for word in words.into_iter().flatten() {
                let mut body = body.clone();
                body[name] = word.clone();
                call.post(&path.replace("{user_id}", "1"), body).await;
                taken += 1;
            }
        }
    }
    assert_eq!(taken, 18);
}

#[tokio::test]
async fn strangers_and_nonsense_are_refused_in_the_shape_of_the_api() {
    let call = Call::new().await;
    let (status, answer) = call.call(Method::POST, "/sandbox/clock", "bad", "{}").await;
    assert_eq!((status.as_u16(), &answer["error"]), (401, &json!("authorization_incorrect")));
    let (status, answer) = call.call(Method::DELETE, "/sandbox/clock", "good", "").await;
    assert_eq!((status.as_u16(), &answer["error"]), (405, &json!("http_method_not_allowed")));
    call.fails("/sandbox/clock", "{", 400, "malformed_json").await;
    call.fails("/sandbox/clock", &format!(r#"{{"x":{}"#, "[".repeat(10_000)), 400, "malformed_json").await;
    call.fails("/sandbox/payments/0000000000000000000000000/pay", "{}", 404, "payment_not_found").await;
    let request =
        Request::post("/sandbox/clock").header("auth", "good").header("content-type", "text/plain").body(Body::from("x")).unwrap();
    assert_eq!(call.send(request).await.0.as_u16(), 415);
    // For partners that want the documented status codes, a business error is a 200.
    let (status, answer) = call.call(Method::POST, "/sandbox/kyc/2", "documented", r#"{"decision":"approve"}"#).await;
    assert_eq!((status.as_u16(), &answer["error"]), (200, &json!("user_not_found")));
    let (status, _) = call.call(Method::GET, "/sandbox/bank/statement", "good", "").await;
    assert_eq!(status.as_u16(), 422);
}

#[tokio::test]
async fn the_inbox_keeps_webhooks_with_their_verdict() {
    let call = Call::new().await;
    let now = call.test.world.clock().now().seconds().to_string();
    let body = r#"{"id":"evt_1","type":"PAY_IN"}"#;
    let sign = |key: &[u8], text: String| Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes();
    let own = hex::encode(sign(SECRET.as_bytes(), format!("{body}{now}")));
    let standard = sign(&BASE64_STANDARD.decode(SECRET).unwrap(), format!("evt_1.{now}.{body}"));
    let standard = format!("v1,{} v1,AAAA", BASE64_STANDARD.encode(standard));
    let signed = |key: &str, own: &str, standard: &str| {
        Request::post("/sandbox/inbox")
            .header("content-type", "application/json")
            .header("x-api-key", key)
            .header("x-timestamp", &now)
            .header("x-signature", own)
            .header("webhook-id", "evt_1")
            .header("webhook-timestamp", &now)
            .header("webhook-signature", standard)
            .body(Body::from(body))
            .unwrap()
    };
    let webhook = |key: &str, own: &str| signed(key, own, &standard);
    // The API key is known to every receiver of the partner's webhooks: without a signature nothing is stored.
    for (own, standard) in [("00", "v1,AAAA"), ("", ""), (own.get(2..).unwrap(), "v1,")] {
        assert_eq!(call.send(signed("key", own, standard)).await.0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(call.get("/sandbox/inbox").await, json!([]));
    assert_eq!(call.send(webhook("key", &own)).await.0, StatusCode::OK);
    assert_eq!(call.send(webhook("key", "00")).await.0, StatusCode::OK);
    assert_eq!(call.send(webhook("other", &own)).await.0, StatusCode::UNAUTHORIZED);
    let inbox = call.get("/sandbox/inbox").await;
    assert_eq!(inbox.as_array().unwrap().len(), 2);
    assert_eq!((&inbox[0]["signature"], &inbox[0]["standard_signature"]), (&json!("valid"), &json!("valid")));
    assert_eq!((&inbox[1]["signature"], &inbox[0]["body"]["type"]), (&json!("invalid"), &json!("PAY_IN")));
    assert_eq!(call.get("/sandbox/inbox?after=1&limit=5").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn partners_see_their_own_lines_of_the_banks_books() {
    let call = Call::new().await;
    let as_other_partner = async |method: Method, path: &str, body: &str| call.call(method, path, "stranger", body).await;
    let path = format!("/sandbox/bank/statement?account={IBAN}");
    let mine =
        json!({"account": IBAN, "amount": 10, "currency": "EUR", "concept": "mine", "sender_name": "Ana Ruiz", "sender_account": "DE1"});
    let line = call.post("/sandbox/bank/transfers", mine).await["line"].as_str().unwrap().to_owned();
    call.post(&format!("/sandbox/payments/{}/pay", call.transfer), json!({"holder": "Luis Soto"})).await;
    let theirs = json!({"account": IBAN, "amount": 20, "currency": "EUR", "concept": "theirs", "sender_name": "Eva Gil"}).to_string();
    for _ in 0..3 {
        assert_eq!(as_other_partner(Method::POST, "/sandbox/bank/transfers", &theirs).await.0, StatusCode::OK);
    }
    // A line without a partner, as in a database of an earlier version.
    let rail = "sepa".parse().unwrap();
    let without_partner = BankTransfer {
        rail,
        account: IBAN.to_owned(),
        amount: Amount::from_minor(700),
        currency: "EUR".parse().unwrap(),
        concept: Some("nobody's".to_owned()),
        sender_name: Some("Ivo Paz".to_owned()),
        sender_account: Some("DE2".to_owned()),
        booked: Booked::Now,
    };
    call.test.world.transfer(without_partner).await.unwrap();
    let payout = call.test.payout(PayoutRoute::Bank(rail), 300, "ES7921000813610123456789");
    assert!(matches!(call.test.world.bank().pay(&payout).await, CallOutcome::Accepted(_)));
    call.test.world.advance(3_600).await.unwrap();
    call.test.world.start();
    in_time(async {
        loop {
            let all = call.test.world.account_statement(None, rail, IBAN, None, 100).await.unwrap();
            if all.iter().filter(|line| line.kind == "payout_settled").count() == 2 {
                break assert_eq!(all.len(), 8);
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    })
    .await;

    // Own lines are complete on every page; lines without a partner show the amount only.
    let pages = async |token: &str| {
        let (mut found, mut last) = (Vec::new(), String::new());
        loop {
            let before = if last.is_empty() { String::new() } else { format!("&before={last}") };
            let (status, page) = call.call(Method::GET, &format!("{path}&limit=1{before}"), token, "").await;
            assert_eq!(status, StatusCode::OK, "{page}");
            let Some(line) = page["data"].get(0).cloned() else { return found };
            last = line["line"].as_str().unwrap().to_owned();
            found.push(line);
        }
    };
    let names = |lines: &[Value]| {
        let mut names: Vec<String> = lines.iter().filter_map(|line| line["counterparty_name"].as_str().map(str::to_owned)).collect();
        names.sort();
        names
    };
    let (mine, theirs) = (pages("good").await, pages("stranger").await);
    assert_eq!((mine.len(), names(&mine)), (5, vec!["Ana Ruiz".to_owned(), "Luis Soto".to_owned()]), "{mine:?}");
    assert_eq!((theirs.len(), names(&theirs)), (5, vec!["Eva Gil".to_owned(); 3]), "{theirs:?}");
    for lines in [&mine, &theirs] {
        let text = format!("{lines:?}");
        assert!(!text.contains("Ivo Paz") && !text.contains("DE2") && !text.contains("nobody's"), "{text}");
        assert!(lines.iter().any(|line| line["amount"] == "7.00"), "{text}");
    }
    let payees = |lines: &[Value]| lines.iter().filter(|line| line["counterparty_account"] == "ES7921000813610123456789").count();
    assert_eq!((payees(&mine), payees(&theirs)), (1, 0), "whom a partner's payout went to, only that partner sees");

    // A partner cannot recall another partner's transfers, nor read the accounts of its customers.
    let recall = format!("/sandbox/bank/transfers/{line}/recall");
    let (status, answer) = as_other_partner(Method::POST, &recall, "{}").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    let own = "/sandbox/bank/statement?account=646180000000000017";
    assert_eq!(as_other_partner(Method::GET, own, "").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(call.post(&recall, json!({})).await["of"], line.as_str());
    assert_eq!(pages("stranger").await.len(), 5, "what is taken back is its partner's too");
}

#[tokio::test]
async fn an_inbox_is_bounded_in_bytes_and_each_partners_own() {
    let call = Call::new().await;
    let world = &call.test.world;
    let (partner, other): (PartnerId, PartnerId) = (PARTNER.parse().unwrap(), STRANGER.parse().unwrap());
    let webhook = |partner, body: String| InboxWebhook {
        partner,
        received_at: world.clock().now(),
        signature: SignatureStatus::Valid,
        standard_signature: SignatureStatus::Valid,
        headers: Vec::new(),
        body,
    };
    world.receive_webhook(webhook(other, "theirs".to_owned())).await.unwrap();
    let large = "x".repeat(60_000);
    for _ in 0..320 {
        world.receive_webhook(webhook(partner, large.clone())).await.unwrap();
    }
    for number in 0..64 {
        world.receive_webhook(webhook(partner, format!("newest {number}"))).await.unwrap();
    }
    let (mut kept, mut has_more) = (Vec::new(), true);
    while has_more {
        let after = kept.last().map_or(0, |(number, _)| *number);
        let (page, more) = world.received_webhooks(partner, after, 1_000).await.unwrap();
        let bytes: usize = page.iter().map(|(_, webhook): &(i64, InboxWebhook)| webhook.body.len()).sum();
        assert!((1..=256 << 10).contains(&bytes), "{bytes} bytes at once");
        kept.extend(page);
        has_more = more;
    }
    assert!(kept.is_sorted_by_key(|(number, _)| *number));
    let reported = call.get("/sandbox/inbox?limit=1000").await.to_string();
    assert!((1..=512 << 10).contains(&reported.len()), "{} bytes", reported.len());
    let bytes: usize = kept.iter().map(|(_, webhook)| webhook.body.len()).sum();
    assert!((1..=12 << 20).contains(&bytes), "{bytes}");
    assert_eq!(kept.last().unwrap().1.body, "newest 63");
    assert_eq!(world.received_webhooks(other, 0, 10).await.unwrap().0.len(), 1);
}

#[test]
fn every_route_is_described() {
    let description = serde_json::to_value(openapi()).unwrap();
    let paths = description["paths"].as_object().unwrap();
    let named = |(path, item): (&String, &Value)| {
        let methods: Vec<String> = item.as_object().unwrap().keys().map(|method| method.to_ascii_uppercase()).collect();
        methods.into_iter().map(|method| format!("{method} {path}")).collect::<Vec<_>>()
    };
    let mut described: Vec<String> = paths.iter().flat_map(named).collect();
    let mut routed: Vec<String> = routes().iter().map(|(method, path)| format!("{method} {path}")).collect();
    described.sort();
    routed.sort();
    assert_eq!(described, routed);
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let is_open = (path.as_str(), method.as_str()) == ("/sandbox/inbox", "post");
            assert_eq!(operation["responses"]["422"].is_object(), !is_open, "{method} {path}");
            assert_eq!(operation["security"].as_array().unwrap().is_empty(), is_open, "{method} {path}");
        }
    }
}
