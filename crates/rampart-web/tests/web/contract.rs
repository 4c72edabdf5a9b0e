//! The contract: every call, successful and refused, as snapshots of status and body.

use std::sync::Arc;

use rampart_testkit::{CustomerOf, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::description::{faults, granted};
use crate::support::{Answer, Client, description, documented_payment, documented_registration, purchase};

on_both_engines!(rampart_testkit::TestApp::start_idle => common, buying, selling, webhooks);

/// Members that depend on market prices or are random.
const MARKET: [&str; 10] =
    ["price", "buy_price", "sell_price", "tokens", "coin_amount_decimal", "wallet", "concept", "fiat_amount", "processing", "total"];

/// Replaces values that differ from run to run.
fn settled(name: &str, value: &Value) -> Value {
    let is_time = |text: &str| text.len() == 27 && text.ends_with('Z') && text.as_bytes()[10] == b'T';
    // Derived from the customer's number, which is random.
    let is_clabe = |text: &str| text.len() == 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_id = |text: &str| text.len() == 25 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match value {
        Value::Object(members) => Value::Object(members.iter().map(|(name, member)| (name.clone(), settled(name, member))).collect()),
        Value::Array(items) => Value::Array(items.iter().map(|item| settled(name, item)).collect()),
        Value::String(text) => match text.split_once("token=") {
            _ if ["request_id", "token", "quote_id", "next_cursor", "reference"].contains(&name) => format!("[{name}]").into(),
            _ if is_time(text) => "[time]".into(),
            _ if name == "user_id" && text.parse::<i64>().is_ok() => "[user_id]".into(),
            _ if ["iban", "number"].contains(&name) && is_clabe(text) => format!("[{name}]").into(),
            _ if is_id(text) => "[id]".into(),
            Some((before, _)) => format!("{before}token=[token]").into(),
            None => match text.split_once('_') {
                Some((prefix, rest)) if is_id(rest) => format!("{prefix}_[id]").into(),
                _ if MARKET.contains(&name) && text.bytes().any(|byte| byte.is_ascii_digit()) => format!("[{name}]").into(),
                _ => value.clone(),
            },
        },
        Value::Number(_) if ["coin_amount", "concept", "id", "user_id"].contains(&name) => format!("[{name}]").into(),
        _ => value.clone(),
    }
}

/// Answers by the names of their calls.
struct Album {
    description: Value,
    pages: Vec<String>,
}

impl Album {
    fn new() -> Self {
        Self { description: description(), pages: Vec::new() }
    }

    /// A successful call, whose answer must match the description.
    fn granted(&mut self, path: &str, method: &str, answer: &Answer) -> Value {
        let json = answer.json();
        assert_eq!(answer.status, 200, "{method} {path}: {json}");
        assert_eq!(faults(&self.description, granted(&self.description, path, method), &json, path), [""; 0], "{json}");
        self.keep(&format!("{method} {path}"), answer);
        json["data"].clone()
    }

    /// A refused call, whose error code must be in the description of the call.
    fn refused(&mut self, path: &str, method: &str, title: &str, answer: &Answer) {
        let operation = &self.description["paths"][path][method];
        let response = &operation["responses"][answer.status.as_str()];
        let response = match response["$ref"].as_str() {
            Some(reference) => self.description.pointer(&reference[1..]).unwrap(),
            None => response,
        };
        let text = response["content"]["application/json"]["schema"].to_string();
        let code = answer.code();
        assert!(text.contains(&format!("\"{code}\"")), "{method} {path} does not describe {} {code}: {}", answer.status, answer.text);
        let (whole, failure) = (&self.description, json!({"$ref": "#/components/schemas/Failure"}));
        assert_eq!(faults(whole, &failure, &answer.json(), path), [""; 0]);
        self.keep(&format!("{method} {path}: {title}"), answer);
    }

    fn keep(&mut self, title: &str, answer: &Answer) {
        let body = serde_json::to_string_pretty(&settled("", &answer.json())).unwrap();
        self.pages.push(format!("## {title}\n{}\n{body}\n", answer.status));
    }

    fn shown(&self, name: &str) {
        insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(name, self.pages.join("\n"));
        });
    }
}

async fn common(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let mut album = Album::new();
    let path = "/api/authenticate";
    let right = json!({"api_key": test.credentials.api_key, "api_secret": test.credentials.api_secret.reveal()});
    album.granted(path, "post", &client.post(path, &right).await);
    let wrong = json!({"api_key": test.credentials.api_key, "api_secret": "c2VjcmV0"});
    let unknown = json!({"api_key": "rk_unknown", "api_secret": test.credentials.api_secret.reveal()});
    let wrong = client.post(path, &wrong).await;
    let unknown = client.post(path, &unknown).await;
    assert_eq!(settled("", &wrong.json()), settled("", &unknown.json()), "the answer does not say what is wrong");
    album.refused(path, "post", "a wrong secret", &wrong);
    album.refused(path, "post", "nothing", &client.post(path, &json!({})).await);

    let path = "/api/registerUser";
    let user = album.granted(path, "post", &client.post(path, &documented_registration()).await)["id"].clone();
    album.refused(path, "post", "twice", &client.post(path, &documented_registration()).await);
    for (title, changes) in [
        ("without a name", json!({"name": null, "email": "a@mail.example"})),
        ("malformed", json!({"email": "nobody", "dob": "yesterday", "password": "123", "callback_url": "ftp://x", "zipcode": 1425})),
        ("a throw-away address", json!({"email": "a@mailinator.com"})),
        ("countries that disagree", json!({"email": "b@mail.example", "country_code": "ESP"})),
        ("a document of another country", json!({"email": "c@mail.example", "identification_type": "RUT"})),
        ("a number without a type", json!({"email": "d@mail.example", "identification_type": null})),
        (
            "a wrong control letter",
            json!({"email": "e@mail.example", "country": "Spain", "country_code": "ESP", "identification_type": "GOVERNMENT_ID", "identification_number": "12345678A"}),
        ),
        ("too young", json!({"email": "f@mail.example", "dob": "2025-01-01"})),
    ] {
        let mut body = documented_registration();
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        album.refused(path, "post", title, &client.post(path, &body).await);
    }

    let path = "/api/kyc/check";
    album.granted(path, "get", &client.get(&format!("{path}?user_id={user}")).await);
    album.refused(path, "get", "nobody", &client.get(&format!("{path}?user_id=987654321")).await);
    album.refused(path, "get", "no number", &client.get(&format!("{path}?user_id=abc")).await);
    album.refused(path, "get", "nothing", &client.get(path).await);

    let path = "/api/tokenPrice";
    album.granted(path, "get", &client.get(&format!("{path}?symbol=USDC&fiat_symbol=EUR")).await);
    album.refused(path, "get", "an unknown coin", &client.get(&format!("{path}?symbol=DOGE&fiat_symbol=EUR")).await);
    album.refused(path, "get", "an unknown currency", &client.get(&format!("{path}?symbol=USDC&fiat_symbol=GBP")).await);

    for path in ["/api/availableAssets", "/api/available-assets"] {
        let answer = client.get(path).await;
        let whole = album.description.clone();
        assert_eq!(faults(&whole, granted(&whole, path, "get"), &answer.json(), path), [""; 0]);
    }
    let path = "/api/paymentMethods";
    album.granted(path, "get", &client.get(&format!("{path}?country=ESP&fiat_symbol=EUR")).await);
    album.refused(path, "get", "an unserved country", &client.get(&format!("{path}?country=Atlantis")).await);
    album.refused(path, "get", "without a token", &client.token(None).get(&format!("{path}?country=ESP")).await);
    album.shown("common");
}

async fn buying(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let mut album = Album::new();
    let path = "/api/quote";
    let query = "amount=100&symbol=USDC&chain=polygon&payment_type=card&fiat_symbol=EUR";
    let quote = album.granted(path, "get", &client.get(&format!("{path}?{query}")).await);
    for (title, query) in [
        ("below the minimum", "amount=0.5&symbol=USDC&payment_type=card&fiat_symbol=EUR"),
        ("above the maximum", "amount=100000000&symbol=USDC&payment_type=card&fiat_symbol=EUR"),
        ("an unknown coin", "amount=100&symbol=DOGE&payment_type=card"),
        ("an unknown method", "amount=100&symbol=USDC&payment_type=seashells"),
        ("too many decimals", "amount=100.001&symbol=USDC&payment_type=card&fiat_symbol=EUR"),
        ("malformed", "amount=NaN&symbol=U+S&payment_type=card&amount_in=both"),
        ("nothing", ""),
    ] {
        album.refused(path, "get", title, &client.get(&format!("{path}?{query}")).await);
    }

    let path = "/api/createPayment";
    let spaniard = test.verified(CustomerOf::SPAIN, "ana@mail.example").await.0;
    let stranger = test.register(&test.caller, CustomerOf::SPAIN, "eva@mail.example").await.0;
    let argentine = test.verified(CustomerOf::ARGENTINA, "alvaro@mail.example").await.0;
    let mexican = test.verified(CustomerOf::MEXICO, "gloria@mail.example").await.0;
    album.granted(path, "post", &client.post(path, &documented_payment(argentine)).await);
    let mut by_card = purchase(spaniard, "card", &json!(100));
    by_card["quote_id"] = quote["quote_id"].clone();
    let payment = album.granted(path, "post", &client.post(path, &by_card).await)["payment_id"].clone();
    album.granted(path, "post", &client.post(path, &purchase(spaniard, "Transfer", &json!("80.50"))).await);
    let mut by_spei = purchase(mexican, "SPEI", &json!(2_000));
    by_spei["fiat_symbol"] = "MXN".into();
    album.granted(path, "post", &client.post(path, &by_spei).await);
    album.refused(path, "post", "the same quote again", &client.post(path, &by_card).await);
    by_card["quote_id"] = client.get(&format!("/api/quote?{query}")).await.data()["quote_id"].clone();
    by_card["fiat_amount"] = json!(101);
    album.refused(path, "post", "a quote of other terms", &client.post(path, &by_card).await);
    by_card["fiat_amount"] = json!(100);
    test.advance(86_400).await;
    album.refused(path, "post", "a quote that has ended", &client.post(path, &by_card).await);
    for (title, change) in [
        ("nobody", json!({"user_id": 987_654_321})),
        ("without an identity check", json!({"user_id": stranger})),
        ("an unknown method", json!({"payment_type": "seashells"})),
        ("another country's method", json!({"payment_type": "KHIPU"})),
        ("an unknown coin", json!({"coin_symbol": "DOGE"})),
        ("a coin on another chain", json!({"coin_chain": "bitcoin"})),
        ("no wallet of this chain", json!({"wallet": "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"})),
        ("a wallet with a slip", json!({"wallet": "0xb51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"})),
        ("a refund account with a slip", json!({"refund_account": "ES0021000418450200051332"})),
        ("below the minimum", json!({"fiat_amount": 1})),
        ("above the maximum", json!({"fiat_amount": 9_999_999})),
        ("no quote of ours", json!({"quote_id": "abc.def"})),
        ("malformed", json!({"user_id": "x", "fiat_amount": "1e", "callback_url": "javascript:alert(1)"})),
        ("negative", json!({"fiat_amount": -100})),
    ] {
        let mut order = purchase(spaniard, "card", &json!(100));
        for (name, value) in change.as_object().unwrap() {
            order[name] = value.clone();
        }
        album.refused(path, "post", title, &client.post(path, &order).await);
    }
    album.refused(path, "post", "nothing", &client.post(path, &json!({})).await);

    let path = "/api/payment/{payment_id}";
    album.granted(path, "get", &client.get(&format!("/api/payment/{}", payment.as_str().unwrap())).await);
    album.refused(path, "get", "none", &client.get("/api/payment/none").await);

    let path = "/api/payments";
    let page = client.get("/api/payments?limit=3").await;
    assert_eq!(album.granted(path, "get", &page).as_array().unwrap().len(), 3);
    let cursor = page.json()["pagination"]["next_cursor"].as_str().unwrap().to_owned();
    let last = client.get(&format!("/api/payments?limit=3&cursor={cursor}")).await.json();
    assert_eq!((last["data"].as_array().unwrap().len(), &last["pagination"]), (1, &json!({"next_cursor": null, "has_more": false})));
    for (filter, found) in [
        (format!("user_id={spaniard}"), 2),
        ("external_id=23232323231".into(), 1),
        ("status=started".into(), 4),
        ("status=expired,cancelled".into(), 0),
        ("from=2999-01-01".into(), 0),
        ("to=2999-01-01T00:00:00Z".into(), 4),
    ] {
        assert_eq!(client.get(&format!("/api/payments?{filter}")).await.data().as_array().unwrap().len(), found, "{filter}");
    }
    for (title, query) in
        [("no filters", "limit=0&status=done&user_id=x&from=x"), ("no cursor of ours", "cursor=abc"), ("twice", "limit=1&limit=2")]
    {
        album.refused(path, "get", title, &client.get(&format!("{path}?{query}")).await);
    }
    let path = "/api/setRefundAccount";
    let account = json!({"payment_id": payment, "refund_account": "ES9121000418450200051332"});
    album.granted(path, "post", &client.post(path, &account).await);
    for (title, body) in [
        ("none", json!({"payment_id": "none", "refund_account": "ES9121000418450200051332"})),
        ("a wrong account", json!({"payment_id": payment, "refund_account": "ES0021000418450200051332"})),
        ("nothing", json!({})),
    ] {
        album.refused(path, "post", title, &client.post(path, &body).await);
    }
    album.shown("buying");
}

async fn selling(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let mut album = Album::new();
    let path = "/api/rampoffQuote";
    let quote = album.granted(path, "get", &client.get(&format!("{path}?amount=50&symbol=USDC&blockchain=polygon&fiat_symbol=EUR")).await);
    album.refused(path, "get", "an unknown coin", &client.get(&format!("{path}?amount=50&symbol=DOGE")).await);
    album.refused(path, "get", "below the minimum", &client.get(&format!("{path}?amount=0.000001&symbol=USDC")).await);
    album.refused(path, "get", "nothing", &client.get(path).await);

    let path = "/api/createRampoff";
    let spaniard = test.verified(CustomerOf::SPAIN, "ana@mail.example").await.0;
    let argentine = test.verified(CustomerOf::ARGENTINA, "alvaro@mail.example").await.0;
    let sale = json!({"user_id": spaniard, "amount": 50, "blockchain": "polygon", "symbol": "USDC", "iban": "ES9121000418450200051332", "quote_id": quote["quote_id"]});
    let rampoff = album.granted(path, "post", &client.post(path, &sale).await)["id"].clone();
    album.refused(path, "post", "the same quote again", &client.post(path, &sale).await);
    let latin = json!({"user_id": argentine, "amount": "60.5", "symbol": "USDC", "bank_name": "Banco Nación", "external_id": "sale-1"});
    album.granted(path, "post", &client.post(path, &latin).await);
    for (title, change) in [
        ("nobody", json!({"user_id": 987_654_321})),
        ("an unknown coin", json!({"symbol": "DOGE"})),
        ("a wrong account", json!({"iban": "ES0021000418450200051332"})),
        ("a wrong account and no chain", json!({"iban": "ES0021000418450200051332", "blockchain": null})),
        ("below the minimum", json!({"amount": "0.000001"})),
        ("too many decimals", json!({"amount": "50.0000001"})),
        ("a wallet that is none", json!({"refund_wallet": "nowhere"})),
        ("malformed", json!({"amount": [], "symbol": 7})),
    ] {
        let mut order = sale.clone();
        order["quote_id"] = Value::Null;
        for (name, value) in change.as_object().unwrap() {
            order[name] = value.clone();
        }
        album.refused(path, "post", title, &client.post(path, &order).await);
    }
    album.refused(path, "post", "nothing", &client.post(path, &json!({})).await);

    let path = "/api/setRefundWallet";
    let wallet = json!({"rampoff_id": rampoff, "refund_wallet": "0xb51b2ce243bb1f88880bc8d287ebbfd7f695ac55"});
    album.granted(path, "post", &client.post(path, &wallet).await);
    for (title, body) in [
        ("none", json!({"rampoff_id": "none", "refund_wallet": "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"})),
        ("a wallet that is none", json!({"rampoff_id": rampoff, "refund_wallet": "nowhere"})),
        ("nothing", json!({})),
    ] {
        album.refused(path, "post", title, &client.post(path, &body).await);
    }
    let path = "/api/setPayoutAccount";
    for (title, body) in [
        ("a payout that waits for nothing", json!({"rampoff_id": rampoff, "iban": "ES9121000418450200051332"})),
        ("none", json!({"rampoff_id": "none", "iban": "ES9121000418450200051332"})),
        ("a wrong account", json!({"rampoff_id": rampoff, "iban": "ES0021000418450200051332"})),
        ("nothing", json!({})),
    ] {
        album.refused(path, "post", title, &client.post(path, &body).await);
    }

    let path = "/api/getRampoff";
    album.granted(path, "get", &client.get(&format!("{path}?id={}", rampoff.as_str().unwrap())).await);
    album.refused(path, "get", "none", &client.get(&format!("{path}?id=none")).await);
    album.refused(path, "get", "nothing", &client.get(path).await);

    let path = "/api/rampoffs";
    album.granted(path, "get", &client.get("/api/rampoffs?external_id=sale-1").await);
    assert_eq!(client.get("/api/rampoffs").await.data().as_array().unwrap().len(), 2);
    album.refused(path, "get", "no filters", &client.get(&format!("{path}?limit=101&status=started")).await);
    album.shown("selling");
}

async fn webhooks(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let mut album = Album::new();
    let form = "url=https%3A%2F%2Fpartner.example%2Fhook%3Fa%3Db%26c&type=PAY_IN";
    let path = "/api/updateWebhookSubscription";
    album.refused(path, "post", "never subscribed", &client.post_form(path, form).await);
    let path = "/api/subscribeToWebhook";
    album.granted(path, "post", &client.post_form(path, form).await);
    assert_eq!(
        client.post(path, &json!({"url": "http://127.0.0.1:9/hook", "type": "TRANSFER_RAMPOFF_FINISHED"})).await.data(),
        "subscription_created"
    );
    for (title, form) in [
        ("an unknown type", "url=https%3A%2F%2Fpartner.example&type=EVERYTHING"),
        ("no URL", "url=nowhere&type=PAY_IN"),
        ("not UTF-8", "url=%ff&type=PAY_IN"),
        ("a password in the URL", "url=https%3A%2F%2Fuser%3Apass%40partner.example%2Fhook&type=PAY_IN"),
        ("a line break in the URL", "url=https%3A%2F%2Fpartner.example%2Fho%0Aok&type=PAY_IN"),
        ("a replay that is neither", "url=https%3A%2F%2Fpartner.example%2Fhook&type=PAY_IN&replay=maybe"),
        ("nothing", ""),
    ] {
        album.refused(path, "post", title, &client.post_form(path, form).await);
    }
    let path = "/api/updateWebhookSubscription";
    album.granted(path, "post", &client.post_form(path, "url=https%3A%2F%2Fpartner.example%2Fother&type=PAY_IN&replay=true").await);
    let path = "/api/webhooks";
    album.granted(path, "get", &client.get(path).await);
    let path = "/api/webhooks/{type}";
    album.granted(path, "delete", &client.delete("/api/webhooks/PAY_IN").await);
    album.refused(path, "delete", "again", &client.delete("/api/webhooks/PAY_IN").await);
    album.refused(path, "delete", "an unknown type", &client.delete("/api/webhooks/EVERYTHING").await);

    test.verified(CustomerOf::SPAIN, "ana@mail.example").await;
    let path = "/api/events";
    let events = client.get(path).await;
    assert_eq!(album.granted(path, "get", &events).as_array().unwrap().len(), 1);
    let last = events.json()["pagination"]["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&format!("{path}?after={last}")).await.data(), json!([]));
    album.refused(path, "get", "no number", &client.get(&format!("{path}?after=-1&limit=0")).await);
    album.shown("webhooks");
}
