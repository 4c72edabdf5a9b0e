//! Unusual but valid notations in requests: blank values, whole numbers with a decimal point, extreme dates, URL schemes in
//! upper case, amounts with more decimals than their currency has.

use std::sync::Arc;

use axum::http::Method;
use rampart_testkit::{CustomerOf, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::support::{Answer, Client, description, documented_registration, purchase};

on_both_engines!(rampart_testkit::TestApp::start_idle =>
    whole_numbers_may_have_a_point,
    moments_may_be_at_the_ends_of_the_calendar,
    schemes_may_be_in_capitals,
    what_may_be_absent_may_be_blank,
    what_must_be_there_must_not_be_blank,
    a_repeat_may_leave_out_what_was_blank,
    texts_of_amounts_have_the_decimals_of_their_asset,
    a_type_of_several_countries_needs_the_country,
);

const IBAN: &str = "ES9121000418450200051332";
const JSON: (&str, &str) = ("content-type", "application/json");

/// The messages of a field in `errors`.
fn said(answer: &Answer, field: &str) -> String {
    answer.json()["errors"][field][0].as_str().unwrap_or_default().to_owned()
}

fn sale(user: i64, amount: &Value) -> Value {
    json!({ "user_id": user, "amount": amount, "blockchain": "polygon", "symbol": "USDC", "iban": IBAN })
}

/// A JSON body with numbers in exactly this notation.
async fn post_written(client: &Client, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
    let headers: Vec<(&str, &str)> = headers.iter().copied().chain([JSON]).collect();
    client.send(Method::POST, path, &headers, body).await
}

async fn whole_numbers_may_have_a_point(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let user = test.verified(CustomerOf::SPAIN, "ana@mail.example").await.0;
    let forms = [user.to_string(), format!("{user}.0"), format!("{user}.000"), format!("{user}0e-1"), format!("0.{user:07}E7")];
    for (path, body) in [("/api/createPayment", purchase(user, "card", &json!(50))), ("/api/createRampoff", sale(user, &json!(50)))] {
        let body = body.to_string();
        let key = path.replace('/', "-");
        let written = |number: &str| body.replace(&format!("\"user_id\":{user}"), &format!("\"user_id\":{number}"));
        let mut first = None;
        for number in &forms {
            // All notations are the same request.
            let answer = post_written(&client, path, &[("idempotency-key", &key)], written(number)).await;
            let replayed = first.is_some().then_some("true");
            assert_eq!(answer.header("idempotent-replayed"), replayed, "{path} {number}: {}", answer.text);
            assert_eq!(*first.get_or_insert_with(|| answer.data()), answer.data());
        }
        for number in [format!("{user}.5"), format!("-{user}.0"), "1e300".to_owned(), format!("\"{user}.5\"")] {
            let refused = post_written(&client, path, &[], written(&number)).await;
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "validation_failed"), "{path} {number}");
            assert_eq!(said(&refused, "user_id"), "must be a whole number from 1 to 9007199254740991");
        }
    }
    for number in &forms {
        assert_eq!(client.get(&format!("/api/kyc/check?user_id={number}")).await.data()["user_id"], user, "{number}");
        for list in ["payments", "rampoffs"] {
            let found = client.get(&format!("/api/{list}?user_id={number}&limit=1.0e1")).await.data();
            assert_eq!(found.as_array().unwrap().len(), 1, "{list} {number}");
        }
    }
    let events = client.get("/api/events?after=0.0&limit=2.0").await.json();
    assert_eq!(events, client.get("/api/events?after=0&limit=2").await.json());
    for query in ["after=0.5", "limit=2.5", "limit=1000e-4", "limit=101.0", "limit=-1.0", "limit=2."] {
        assert_eq!(client.get(&format!("/api/events?{query}")).await.code(), "validation_failed", "{query}");
    }
}

async fn moments_may_be_at_the_ends_of_the_calendar(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let user = test.verified(CustomerOf::SPAIN, "ana@mail.example").await.0;
    client.post("/api/createPayment", &purchase(user, "card", &json!(50))).await.data();
    client.post("/api/createRampoff", &sale(user, &json!(50))).await.data();
    let later = ["9999-12-31", "9999-12-31T23:59:59Z", "9999-12-31T23:59:60.999999999999-23:59", "2400-02-29", "2016-12-31T23:59:60Z"];
    let earlier = ["0001-01-01", "0000-01-01T00:00:00%2B23:59", "1969-12-31", "2016-12-31T15:59:60-08:00", "1970-01-01T00:00:00+02:00"];
    for list in ["payments", "rampoffs"] {
        let count = async |query: &str| client.get(&format!("/api/{list}?{query}")).await.data().as_array().unwrap().len();
        for moment in &later[..4] {
            assert_eq!((count(&format!("to={moment}")).await, count(&format!("from={moment}")).await), (1, 0), "{list} {moment}");
        }
        for moment in later[4..].iter().chain(&earlier) {
            assert_eq!((count(&format!("to={moment}")).await, count(&format!("from={moment}")).await), (0, 1), "{list} {moment}");
        }
        assert_eq!(count("from=0001-01-01&to=9999-12-31").await, 1);
        for wrong in ["10000-01-01", "9999-12-32", "9999-13-01T00:00:00Z", "2026-02-30", "9999-12-31T23:59:59", "9999-12-31T25:00:00Z"] {
            let refused = client.get(&format!("/api/{list}?to={wrong}")).await;
            assert_eq!(said(&refused, "to"), "must be a moment such as 2026-01-31T12:00:00Z", "{wrong}");
        }
    }
    // Nobody can be born on this date, and the message says so.
    for date in ["9999-12-31", "0001-01-01"] {
        let mut body = documented_registration();
        body["dob"] = json!(date);
        let refused = client.post("/api/registerUser", &body).await;
        assert_eq!(said(&refused, "dob"), "must be a date in the past such as 1986-05-03");
    }
}

async fn schemes_may_be_in_capitals(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let user = test.verified(CustomerOf::SPAIN, "ana@mail.example").await.0;
    client.post("/api/subscribeToWebhook", &json!({ "url": "HTTPS://Partner.EXAMPLE/Hook?A=b", "type": "PAY_IN" })).await.data();
    client.post_form("/api/subscribeToWebhook", "url=Http%3A%2F%2FPartner.EXAMPLE%2FHook&type=COINS_SENT").await.data();
    client.post("/api/updateWebhookSubscription", &json!({ "url": "HTTPS://Partner.EXAMPLE/Other", "type": "COINS_SENT" })).await.data();
    let mut urls: Vec<Value> =
        client.get("/api/webhooks").await.data().as_array().unwrap().iter().map(|subscription| subscription["url"].clone()).collect();
    urls.sort_by_key(Value::to_string);
    assert_eq!(urls, ["https://partner.example/Hook?A=b", "https://partner.example/Other"]);
    let mut body = purchase(user, "card", &json!(50));
    body["callback_url"] = json!("HTTPS://Shop.EXAMPLE/Back");
    let id = client.post("/api/createPayment", &body).await.data()["payment_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(test.payment(id).await.callback_url.as_deref(), Some("https://shop.example/Back"));
    let mut body = documented_registration();
    body["callback_url"] = json!("HTTPS://Shop.EXAMPLE/Back");
    client.post("/api/registerUser", &body).await.data();
    for wrong in ["HTTPS://", "FTP://shop.example", "JAVASCRIPT://alert(1)", "HTTPS:shop.example"] {
        body["callback_url"] = json!(wrong);
        assert_eq!(client.post("/api/registerUser", &body).await.code(), "validation_failed", "{wrong}");
    }
}

/// A call with its required fields only.
struct Least {
    method: &'static str,
    path: &'static str,
    fields: Value,
    form: bool,
}

/// The calls that have fields, with their required ones.
async fn least(client: &Client, user: i64) -> Vec<Least> {
    let payment = client.post("/api/createPayment", &purchase(user, "transfer", &json!(50))).await.data()["payment_id"].clone();
    let rampoff = client.post("/api/createRampoff", &sale(user, &json!(50))).await.data()["id"].clone();
    let post = |path, fields| Least { method: "post", path, fields, form: false };
    let get = |path, fields| Least { method: "get", path, fields, form: false };
    let hook = json!({ "url": "https://partner.example/hook", "type": "PAY_IN" });
    let mut all = vec![
        // One of the two country fields is required.
        post("/api/registerUser", json!({ "name": "Eva", "email": "eva@mail.example", "country": "Spain" })),
        post("/api/createPayment", purchase(user, "card", &json!(50))),
        post("/api/createRampoff", sale(user, &json!(50))),
        post("/api/setRefundAccount", json!({ "payment_id": payment, "refund_account": IBAN })),
        post("/api/setRefundWallet", json!({ "rampoff_id": rampoff, "refund_wallet": "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55" })),
        get("/api/kyc/check", json!({ "user_id": user })),
        get("/api/tokenPrice", json!({ "symbol": "USDC", "fiat_symbol": "EUR" })),
        get("/api/paymentMethods", json!({ "country": "ESP" })),
        get("/api/quote", json!({ "amount": "50", "symbol": "USDC", "payment_type": "card" })),
        get("/api/rampoffQuote", json!({ "amount": "50", "symbol": "USDC" })),
        get("/api/getRampoff", json!({ "id": rampoff })),
        get("/api/payments", json!({})),
        get("/api/rampoffs", json!({})),
        get("/api/events", json!({})),
        get("/api/validate/identification", json!({ "country": "ESP", "type": "GOVERNMENT_ID", "number": "12345678Z" })),
        get("/api/validate/bankAccount", json!({ "country": "ESP", "account": IBAN })),
    ];
    for form in [false, true] {
        all.push(Least { form, ..post("/api/subscribeToWebhook", hook.clone()) });
        all.push(Least { form, ..post("/api/updateWebhookSubscription", hook.clone()) });
    }
    all
}

impl Least {
    /// The optional fields, by the description.
    fn optional(&self, whole: &Value) -> Vec<String> {
        let operation = &whole["paths"][self.path][self.method];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let members = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
        let is_query = |parameter: &&Value| parameter["in"] == "query";
        let parameters = operation["parameters"].as_array().into_iter().flatten().filter(is_query);
        let all = members.chain(parameters.map(|parameter| parameter["name"].as_str().unwrap().to_owned()));
        all.filter(|name| self.fields.get(name).is_none()).collect()
    }

    async fn send(&self, client: &Client, fields: &Value) -> Answer {
        let pairs = || {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let encoded = |text: String| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
            let members = fields.as_object().unwrap().iter().map(|(name, value)| format!("{name}={}", encoded(text(value))));
            members.collect::<Vec<_>>().join("&")
        };
        match (self.method, self.form) {
            ("get", _) => client.get(&format!("{}?{}", self.path, pairs())).await,
            (_, true) => client.post_form(self.path, &pairs()).await,
            _ => client.post(self.path, fields).await,
        }
    }
}

async fn what_may_be_absent_may_be_blank(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let whole = description();
    let user = test.verified(CustomerOf::SPAIN, "ana@mail.example").await.0;
    let mut seen = 0;
    for call in least(&client, user).await {
        let is_json = call.method == "post" && !call.form;
        let blanks = [json!(""), json!("  "), json!("\t\r\n"), json!(null)];
        for (number, blank) in blanks[..if is_json { 4 } else { 3 }].iter().enumerate() {
            let mut fields = call.fields.clone();
            if let Some(email) = fields.get_mut("email") {
                *email = json!(format!("eva{number}@mail.example"));
            }
            for name in call.optional(&whole) {
                // A text may contain blanks, but no other invisible characters.
                fields[name] = blank.clone();
                seen += 1;
            }
            let answer = call.send(&client, &fields).await;
            assert_eq!(answer.status, 200, "{} {fields}: {}", call.path, answer.text);
        }
    }
    assert!(seen > 200, "{seen}");
    let all = client.get("/api/payments").await.data();
    let filtered = client.get("/api/payments?status=&from=&to=&user_id=&limit=&cursor=&external_id=").await.data();
    assert_eq!(all, filtered);
    assert!(all.as_array().unwrap().iter().all(|payment| payment["external_id"].is_null()), "{all}");
}

async fn what_must_be_there_must_not_be_blank(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let user = test.verified(CustomerOf::SPAIN, "ana@mail.example").await.0;
    for call in least(&client, user).await {
        for name in call.fields.as_object().unwrap().keys() {
            // An account is required if none was registered.
            if name == "iban" && call.path == "/api/createRampoff" {
                continue;
            }
            for blank in ["", "  ", "\n"] {
                let mut fields = call.fields.clone();
                fields[name] = json!(blank);
                let refused = call.send(&client, &fields).await;
                let expected = (422, "fail_mandatory_field");
                assert_eq!((refused.status.as_u16(), refused.code().as_str()), expected, "{} {fields}: {}", call.path, refused.text);
                assert!(said(&refused, name).contains("is required"), "{}", refused.text);
            }
        }
    }
    for blank in ["", "\n"] {
        let refused = client.post("/api/authenticate", &json!({ "api_key": blank, "api_secret": blank })).await;
        assert_eq!((said(&refused, "api_key"), said(&refused, "api_secret")), ("is required".into(), "is required".into()));
    }
}

async fn a_repeat_may_leave_out_what_was_blank(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let user = test.verified(CustomerOf::SPAIN, "ana@mail.example").await.0;
    let mut registration = documented_registration();
    registration.as_object_mut().unwrap().remove("dob");
    let mut buying = purchase(user, "card", &json!(50));
    buying["external_id"] = json!("order-1");
    let mut selling = sale(user, &json!(50));
    selling["external_id"] = json!("order-1");
    for (path, body, left_out) in [
        ("/api/registerUser", registration, &["dob", "bank_code", "callback_url"][..]),
        ("/api/createPayment", buying, &["callback_url", "quote_id", "refund_account"]),
        ("/api/createRampoff", selling, &["bank_name", "account_type", "quote_id", "refund_wallet"]),
    ] {
        let key = path.replace('/', "-");
        let mut first = None;
        for value in [None, Some(json!("")), Some(json!(" ")), Some(json!(null))] {
            let mut body = body.clone();
            for name in left_out {
                if let Some(value) = &value {
                    body[*name] = value.clone();
                }
            }
            let answer = client.post_with(path, &[("idempotency-key", &key)], &body).await;
            assert_eq!(answer.header("idempotent-replayed"), first.is_some().then_some("true"), "{path} {value:?}: {}", answer.text);
            assert_eq!(*first.get_or_insert_with(|| answer.data()), answer.data());
        }
    }
}

async fn texts_of_amounts_have_the_decimals_of_their_asset(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let user = test.verified(CustomerOf::SPAIN, "ana@mail.example").await.0;
    let buying = purchase(user, "card", &json!("AMOUNT")).to_string();
    let selling = sale(user, &json!("AMOUNT")).to_string();
    let asked = |path: &'static str, query: &'static str| (path, query.to_owned());
    let euros = asked("/api/quote", "symbol=USDC&payment_type=card&amount=");
    let pesos = asked("/api/quote", "symbol=USDC&payment_type=KHIPU&country=CHL&amount=");
    let coins = asked("/api/quote", "symbol=USDC&payment_type=card&amount_in=coin&amount=");
    let sold = asked("/api/rampoffQuote", "symbol=USDC&amount=");
    // The amount as written, and the decimals it may have if it has too many; `None` if it is valid.
    for ((path, request), written, most) in [
        (asked("/api/createPayment", ""), "\"20.000\"", Some(2)),
        (asked("/api/createPayment", ""), "\"20.001\"", Some(2)),
        (asked("/api/createPayment", ""), "20.001", Some(2)),
        (asked("/api/createPayment", ""), "\"20.00\"", None),
        (asked("/api/createPayment", ""), "\"20.0\"", None),
        (asked("/api/createPayment", ""), "20.000", None),
        (asked("/api/createPayment", ""), "2.000e1", None),
        (asked("/api/createRampoff", ""), "\"50.0000000\"", Some(6)),
        (asked("/api/createRampoff", ""), "\"50.000000\"", None),
        (asked("/api/createRampoff", ""), "50.00000000", None),
        (euros.clone(), "20.000", Some(2)),
        (euros, "20.00", None),
        (pesos.clone(), "20.000", Some(0)),
        (pesos.clone(), "20000.00", Some(0)),
        (pesos.clone(), "20000.5", Some(0)),
        (pesos.clone(), "20000.0", None),
        (pesos, "20000", None),
        (coins.clone(), "50.0000000", Some(6)),
        (coins, "50.000000", None),
        (sold.clone(), "50.000000000000000000", Some(6)),
        (sold, "50.000", None),
    ] {
        let (field, answer) = match path {
            "/api/createPayment" => ("fiat_amount", post_written(&client, path, &[], buying.replace("\"AMOUNT\"", written)).await),
            "/api/createRampoff" => ("amount", post_written(&client, path, &[], selling.replace("\"AMOUNT\"", written)).await),
            _ => ("amount", client.get(&format!("{path}?{request}{written}")).await),
        };
        match most {
            None => assert_eq!(answer.status, 200, "{path} {request} {written}: {}", answer.text),
            Some(most) => {
                assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "validation_failed"), "{path} {request} {written}");
                assert_eq!(said(&answer, field), format!("has more than {most} decimals"));
            }
        }
    }
    // A repeated request is recognized before its fields are validated, even if it was accepted under older rules for decimals.
    let mut order = purchase(user, "card", &json!("20"));
    order["external_id"] = json!("order-1");
    let first = client.post("/api/createPayment", &order).await.data();
    order["fiat_amount"] = json!("20.000");
    assert_eq!(client.post("/api/createPayment", &order).await.data(), first);
}

async fn a_type_of_several_countries_needs_the_country(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let quote = async |query: &str| client.get(&format!("/api/quote?symbol=USDC&amount=20000&{query}")).await;
    for query in ["payment_type=KHIPU", "payment_type=khipu&country=&fiat_symbol="] {
        let refused = quote(query).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "fail_mandatory_field"), "{}", refused.text);
        assert_eq!(said(&refused, "country"), "is required, because several countries have this: ARG (ARS), CHL (CLP)");
    }
    let refused = quote("payment_type=KHIPU&country=Atlantis").await;
    assert_eq!(refused.json()["errors"]["country"].as_array().unwrap().len(), 1, "{}", refused.text);
    for (query, country, currency) in [
        ("payment_type=KHIPU&country=CHL", "CHL", "CLP"),
        ("payment_type=KHIPU&country=Argentina", "ARG", "ARS"),
        ("payment_type=KHIPU&fiat_symbol=ars", "ARG", "ARS"),
        ("payment_type=SPEI", "MEX", "MXN"),
        ("payment_type=transfer&fiat_symbol=CLP", "CHL", "CLP"),
    ] {
        let terms = quote(query).await.data();
        assert_eq!((&terms["country"], &terms["fiat_symbol"]), (&json!(country), &json!(currency)), "{query}");
    }
    // EUR is the documented default.
    for method in ["card", "paypal", "psd2", "transfer"] {
        let terms = client.get(&format!("/api/quote?symbol=USDC&amount=100&payment_type={method}")).await.data();
        assert_eq!((&terms["country"], &terms["fiat_symbol"]), (&json!("ESP"), &json!("EUR")), "{method}");
    }
    for (query, country, currency) in [("", "ESP", "EUR"), ("&country=CHL", "CHL", "CLP"), ("&fiat_symbol=PEN", "PER", "PEN")] {
        let terms = client.get(&format!("/api/rampoffQuote?symbol=USDC&amount=100{query}")).await.data();
        assert_eq!((&terms["country"], &terms["fiat_symbol"]), (&json!(country), &json!(currency)), "{query}");
    }
}

/// An installation that does not serve Spain.
mod without_euros {
    use rampart_core::identity::country::Country;
    use rampart_testkit::TestEngine;

    use super::*;

    on_both_engines!(crate::reading::without_euros::start => nothing_is_meant);

    async fn start(engine: TestEngine) -> TestApp {
        let mut catalogue = rampart_testkit::catalogue();
        catalogue.methods.iter_mut().filter(|method| method.country == Country::SPAIN).for_each(|method| method.enabled = false);
        catalogue.payout_rails.iter_mut().filter(|rail| rail.country == Country::SPAIN).for_each(|rail| rail.enabled = false);
        TestApp::start_idle_with(engine, catalogue).await
    }

    async fn nothing_is_meant(test: Arc<TestApp>) {
        let client = Client::of(&test).await;
        for (path, countries) in [
            ("/api/quote?symbol=USDC&amount=20000&payment_type=transfer", "CHL (CLP), PER (PEN), ARG (ARS)"),
            ("/api/rampoffQuote?symbol=USDC&amount=100", "CHL (CLP), MEX (MXN), COL (COP), PER (PEN), ARG (ARS)"),
        ] {
            let refused = client.get(path).await;
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "fail_mandatory_field"), "{}", refused.text);
            let (message, mut expected_countries) = (said(&refused, "country"), countries.split(", ").collect::<Vec<_>>());
            let mut named: Vec<&str> = message.rsplit_once(": ").unwrap().1.split(", ").collect();
            named.sort_unstable();
            expected_countries.sort_unstable();
            assert_eq!(named, expected_countries, "{message}");
        }
        assert_eq!(client.get("/api/rampoffQuote?symbol=USDC&amount=100&country=CHL").await.data()["country"], "CHL");
    }
}
