//! The order of checks of every call. Of two neighbours that are broken at once the first one answers, and the codes of a call's checks
//! are those that its description publishes, in the same order.

use std::sync::Arc;

use axum::http::Method;
use rampart_app::{App, Sources, SystemClock, SystemRandomness};
use rampart_core::customer::kyc::{KycLevel, KycStatus};
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::ledger::{Account, Origin};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::{CoinId, Currency};
use rampart_core::refusal::{ErrorCode, Family};
use rampart_core::step::Step;
use rampart_testkit::partner_api::{self, RegisterUserForm};
use rampart_testkit::{CustomerOf, KEY, TestApp, catalogue_with, data_of, on_both_engines};
use rampart_web::WebConfig;
use serde_json::{Value, json};

use crate::support::{Client, description, purchase};

on_both_engines!(rampart_testkit::TestApp::start_idle => buying, selling, common);

/// Calls, each with a request that is granted and, below it, its checks: the code, and what breaks it.
/// - `name=value` is a field (absent without a value), `#path=value` a setting of the catalogue, `!word` another state.
/// - `again` is a further check of a code that is published at another place, because it needs what is known only here.
/// - `/` says why the checks before and after it cannot fail at once, and `+` stands for the rows of this name.
const CALLS: &str = r#"
ROWS token
  authorization_incorrect !nobody
ROWS body
  unsupported_media_type !media; malformed_json !json
ROWS post
  + token; again validation_failed !no-key; + body; idempotency_conflict !key-of-another
ROWS customer
  user_banned !banned; require_kyc !unverified; invalid_identification !minor
ROWS quote
  quote_mismatch quote_id=made.up; quote_mismatch !quote-of-other !quote-expired; quote_mismatch !quote-of-other; quote_used !quote-used
  quote_expired !quote-expired
ROWS limits
  kyc_reinforced_required #limits.EUR.1.transaction="10.00"; / one check: a higher level would allow the order, or none
  limit_exceded !ordered #limits.EUR.1.transaction="160.00" #limits.EUR.1.day="160.00" #limits.EUR.2.transaction="160.00" #limits.EUR.2.day="160.00"
  too_many_open !ordered #open_caps.customer_orders=1
POST /api/createPayment user_id=$user payment_type=card fiat_symbol=EUR fiat_amount=100 coin_symbol=USDC coin_chain=polygon wallet=$wallet
  external_id_conflict external_id=taken; fail_mandatory_field wallet=; validation_failed fiat_amount=-1
  again fail_mandatory_field coin_chain=; again validation_failed fiat_amount=1.001; / the decimals of an amount are its currency's
  again method_not_allowed fiat_symbol=CLF; user_not_found user_id=999999; user_not_found !stranger; + customer
  method_not_allowed payment_type=KHIPU; coin_not_supported coin_symbol=XYZ coin_chain=nowhere; invalid_wallet wallet=0x0000000000000000000000000000000000000000
  invalid_bank_account refund_account=$slip; + quote; min_purchase #methods.ESP.card.minimum="1000.00"; min_purchase fiat_amount=0.01
  / no amount is both; max_purchase fiat_amount=100000000; max_purchase #coins.USDC.polygon.maximum="2"; + limits
  price_unavailable !no-price; no_liquidity !no-funds
POST /api/createRampoff user_id=$user amount=100 blockchain=polygon symbol=USDC iban=$iban
  external_id_conflict external_id=taken; fail_mandatory_field symbol=; validation_failed amount=-1
  again validation_failed amount=1.0000001; user_not_found user_id=999999; user_not_found !stranger
  / who needs a chain is known of a customer; again fail_mandatory_field blockchain=; + customer
  method_not_allowed #payouts.ESP.enabled=false; invalid_bank_account iban=$slip; coin_not_supported symbol=XYZ
  invalid_wallet refund_wallet=nowhere; + quote; min_purchase #coins.USDC.polygon.minimum="1000"; min_purchase amount=0.01
  / no amount is both; max_purchase amount=100000000; price_unavailable !no-price; again min_purchase #payouts.ESP.minimum="1000.00"
  + limits; no_liquidity !no-funds
POST /api/authenticate api_key=$key api_secret=$secret
  + body; fail_mandatory_field api_key=; validation_failed api_key=$long; authorization_incorrect api_secret=wrong
POST /api/registerUser name=Ana email=new@mail.example country=ESP
  fail_mandatory_field name=; validation_failed dob=yesterday; again fail_mandatory_field country=; again validation_failed dob=2020-01-01
  email_not_allowed email=ana@mailinator.com; invalid_identification identification_type=GOVERNMENT_ID identification_number=12345678A
  invalid_bank_account iban=$slip !strict; user_already_exists email=taken@mail.example
GET /api/kyc/check user_id=$user
  fail_mandatory_field user_id=; validation_failed user_id=x; user_not_found user_id=999999
GET /api/tokenPrice symbol=USDC fiat_symbol=EUR
  fail_mandatory_field symbol=; validation_failed fiat_symbol=euros; again validation_failed fiat_symbol=XXX
  coin_not_supported symbol=XYZ; price_unavailable !no-price
GET /api/availableAssets
GET /api/paymentMethods country=ESP
  fail_mandatory_field country=; validation_failed country=Atlantis; again validation_failed fiat_symbol=XXX
GET /api/quote amount=100 symbol=USDC payment_type=card
  fail_mandatory_field symbol=; validation_failed amount=x; again fail_mandatory_field payment_type=khipu
  again validation_failed amount=1.001; / the decimals of an amount are its method's; method_not_allowed payment_type=seashells
  coin_not_supported symbol=XYZ; min_purchase amount=0.01; / no amount is both; max_purchase amount=100000000; price_unavailable !no-price
  again max_purchase #coins.USDC.polygon.maximum="2"
GET /api/payment/{payment_id} payment_id=$payment
  payment_not_found payment_id=none
GET /api/payments
  validation_failed limit=0; again validation_failed cursor=abc
POST /api/setRefundAccount payment_id=$payment refund_account=$iban
  fail_mandatory_field payment_id=; validation_failed refund_account=$long; payment_not_found payment_id=none
  invalid_bank_account refund_account=$slip
GET /api/rampoffQuote amount=100 symbol=USDC
  fail_mandatory_field symbol=; validation_failed amount=x; again fail_mandatory_field #payouts.ESP.enabled=false
  again validation_failed amount=1.0000001; method_not_allowed fiat_symbol=XYZ; coin_not_supported symbol=XYZ; min_purchase amount=0.01
  / no amount is both; max_purchase amount=100000000; price_unavailable !no-price; again min_purchase #payouts.ESP.minimum="1000.00"
GET /api/getRampoff id=$rampoff
  fail_mandatory_field id=; validation_failed id=$long; rampoff_not_found id=none
GET /api/rampoffs
  validation_failed limit=0; again validation_failed cursor=abc
POST /api/setRefundWallet rampoff_id=$rampoff refund_wallet=$wallet
  fail_mandatory_field rampoff_id=; validation_failed refund_wallet=$long; rampoff_not_found rampoff_id=none
  invalid_wallet refund_wallet=nowhere
POST /api/setPayoutAccount rampoff_id=$rampoff iban=$iban
  fail_mandatory_field rampoff_id=; validation_failed iban=$long; rampoff_not_found rampoff_id=none; invalid_bank_account iban=$slip
  again validation_failed
POST /api/subscribeToWebhook url=https://partner.example/hook type=PAY_IN
  fail_mandatory_field url=; validation_failed type=NOTHING; again validation_failed url=https://name:word@partner.example
POST /api/updateWebhookSubscription url=https://partner.example/hook type=PAY_IN
  fail_mandatory_field url=; validation_failed type=NOTHING; again validation_failed url=https://name:word@partner.example
  subscription_not_found type=COINS_SENT
GET /api/webhooks
DELETE /api/webhooks/{type} type=PAY_IN
  subscription_not_found type=COINS_SENT
GET /api/events
  validation_failed after=x
GET /api/validate/identification country=ESP type=PASSPORT number=AAA123456
  fail_mandatory_field number=; validation_failed country=Atlantis; again validation_failed type=RUT
GET /api/validate/bankAccount country=ESP account=$iban
  fail_mandatory_field account=; validation_failed country=Atlantis
"#;

/// A check: its code, whether it is published here, and what breaks it. `None`: its neighbours exclude each other.
type CheckRow = Option<(ErrorCode, bool, Vec<&'static str>)>;

/// The rows below a line of [`CALLS`].
fn rows_of(title: &str) -> Vec<CheckRow> {
    let below = CALLS.lines().skip_while(|line| *line != title).skip(1).take_while(|line| line.starts_with(' '));
    let row = |text: &'static str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let published = usize::from(words[0] == "again");
        let code = |text: &str| ErrorCode::ALL.iter().copied().find(|code| code.as_str() == text).unwrap();
        match words[0] {
            "/" => vec![None],
            "+" => rows_of(&format!("ROWS {}", words[1])),
            _ => vec![Some((code(words[published]), published == 0, words[published + 1..].to_vec()))],
        }
    };
    below.flat_map(|line| line.split(';')).flat_map(row).collect()
}

/// The codes of an operation's failures by status.
fn published(operation: &Value) -> Vec<(String, Vec<String>)> {
    let listed = |response: &Value| {
        let schema = &response["content"]["application/json"]["schema"];
        let only = schema.pointer("/allOf/1").or_else(|| schema.pointer("/oneOf/1/allOf/1"));
        let shared = response["$ref"].as_str().and_then(|name| name.rsplit('/').next()).map(str::to_owned);
        let listed = only.and_then(|only| only["properties"]["error"]["enum"].as_array()).into_iter().flatten();
        shared.into_iter().chain(listed.filter_map(|code| code.as_str().map(str::to_owned))).collect()
    };
    operation["responses"].as_object().unwrap().iter().map(|(status, response)| (status.clone(), listed(response))).collect()
}

/// A ramp whose customers have ordered before.
struct CheckedRamp {
    test: Arc<TestApp>,
    client: Client,
    stranger: String,
    /// What `$name` stands for.
    values: Vec<(&'static str, String)>,
}

impl CheckedRamp {
    async fn new(test: Arc<TestApp>) -> Self {
        let client = Client::of(&test).await;
        let stranger = client.token_of_stranger(&test).await;
        let user = verified(&test, "taken").await.0;
        let registration = json!({"name": "Ana", "country": "ES", "email": "first@mail.example"});
        client.post_with("/api/registerUser", &[("idempotency-key", "taken")], &registration).await.data();
        let (iban, mut order) = (CustomerOf::SPAIN.account, purchase(user, "card", &json!(100)));
        order["external_id"] = "taken".into();
        let payment = client.post("/api/createPayment", &order).await.data()["payment_id"].clone();
        let sale = json!({"user_id": user, "amount": 100, "symbol": "USDC", "blockchain": "polygon", "iban": iban, "external_id": "taken"});
        let rampoff = client.post("/api/createRampoff", &sale).await.data()["id"].clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let values = vec![
            ("key", test.credentials.api_key.clone()),
            ("secret", test.credentials.api_secret.reveal().to_owned()),
            ("wallet", text(&order["wallet"])),
            ("payment", text(&payment)),
            ("rampoff", text(&rampoff)),
            ("iban", iban.to_owned()),
            ("slip", iban.replace("ES91", "ES00")),
            ("long", "x".repeat(300)),
        ];
        Self { test, client, stranger, values }
    }

    fn fields(&self, words: &[&str], user: Option<CustomerId>) -> Value {
        let mut fields = json!({});
        for (name, value) in words.iter().filter(|word| !word.starts_with(['!', '#'])).filter_map(|word| word.split_once('=')) {
            let known = self.values.iter().find(|(known, _)| value.strip_prefix('$') == Some(known));
            fields[name] = match (value, user) {
                ("", _) => Value::Null,
                ("$user", Some(user)) => user.0.into(),
                _ => known.map_or(value, |(_, value)| value).into(),
            };
        }
        fields
    }

    /// What surrounds an order: its customer, whose earlier orders are the granted one, and its quote, which is returned.
    async fn surround(&self, path: &str, granted: &Value, user: CustomerId, breaks: &[&str]) -> Value {
        let (test, has) = (&self.test, |state: &str| breaks.contains(&state));
        if has("!ordered") {
            self.client.post(path, granted).await.data();
        }
        let mut quote = Value::Null;
        if breaks.iter().any(|word| word.starts_with("!quote")) {
            let buys = path == "/api/createPayment";
            let (call, amount) = if buys { ("quote?payment_type=card&", "fiat_amount") } else { ("rampoffQuote?", "amount") };
            let quoted = if has("!quote-of-other") { "101" } else { "100" };
            quote = self.client.get(&format!("/api/{call}symbol=USDC&amount={quoted}")).await.data()["quote_id"].clone();
            if has("!quote-used") {
                let mut order = granted.clone();
                (order["quote_id"], order[amount]) = (quote.clone(), quoted.into());
                self.client.post(path, &order).await.data();
            }
            if has("!quote-expired") {
                test.advance(test.app.catalogue.pricing.quote_seconds + 1).await;
            }
        }
        let mut customer = test.app.store.customer(user).await.unwrap().unwrap();
        customer.banned = has("!banned").then(|| "test".to_owned());
        customer.kyc.level = customer.kyc.level.filter(|_| !has("!unverified"));
        customer.profile.date_of_birth = if has("!minor") { "2020-01-01" } else { "" }.into();
        let mut step = Step::new();
        step.write(customer);
        test.app.commit(step).await.unwrap();
        quote
    }

    /// The code of the answer to the granted request of a call after these changes; empty where it is granted.
    async fn code(&self, call: &'static str, breaks: &[&str]) -> String {
        let (test, has) = (&self.test, |state: &str| breaks.contains(&state));
        let words: Vec<&str> = call.split_whitespace().collect();
        let (method, path, granted): (Method, _, _) = (words[0].parse().unwrap(), words[1], &words[2..]);
        let user = if granted.contains(&"user_id=$user") {
            Some(verified(test, &test.app.mint().id::<OrderId>().to_string()).await)
        } else {
            None
        };
        let mut fields = self.fields(&[granted, breaks].concat(), user);
        if let Some(user) = user {
            let quote = self.surround(path, &self.fields(granted, Some(user)), user, breaks).await;
            if fields["quote_id"].is_null() {
                fields["quote_id"] = quote;
            }
        }
        let pairs: Vec<(&String, String)> = fields
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, value.as_str().map_or(value.to_string(), str::to_owned)))
            .collect();
        let query =
            if method == Method::GET { pairs.iter().map(|(name, value)| format!("{name}={value}&")).collect() } else { String::new() };
        let path = pairs.iter().fold(format!("{path}?{query}"), |path, (name, value)| path.replace(&format!("{{{name}}}"), value));
        let mut headers = vec![("content-type", if has("!media") { "text/plain" } else { "application/json" })];
        headers.extend(has("!no-key").then_some(("idempotency-key", "a blank")));
        headers.extend(has("!key-of-another").then_some(("idempotency-key", "taken")));
        let token = if has("!nobody") {
            "nobody's"
        } else if has("!stranger") {
            &self.stranger
        } else {
            self.client.token.as_deref().unwrap()
        };
        let node = Client::with(node(test, breaks).await, WebConfig::default()).token(Some(token));
        let held = if has("!no-funds") { 1_000_000_000_000_000_000 } else { 0 };
        hold(test, held).await;
        let answer = node.send(method, &path, &headers, if has("!json") { "{".to_owned() } else { fields.to_string() }).await;
        hold(test, -held).await;
        answer.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// Proves that a call publishes its checks, and breaks each of them, alone and together with the next one.
    async fn prove(&self, call: &'static str) {
        let words: Vec<&str> = call.split_whitespace().collect();
        let front = if words[1] == "/api/authenticate" {
            ""
        } else if words[0] == "POST" {
            "ROWS post"
        } else {
            "ROWS token"
        };
        let rows: Vec<CheckRow> = rows_of(front).into_iter().chain(rows_of(call)).collect();
        let whole = description();
        // What any request can be answered with, whatever its call checks.
        let any: Vec<String> = published(&whole["paths"]["/healthz"]["get"])
            .into_iter()
            .flat_map(|(_, codes)| codes)
            .chain(["not_found".to_owned()])
            .collect();
        let mut codes: Vec<ErrorCode> =
            rows.iter().flatten().filter(|(_, is_published, _)| *is_published).map(|(code, ..)| *code).collect();
        codes.dedup();
        let operation = published(&whole["paths"][words[1]][words[0].to_ascii_lowercase()]);
        assert!(codes.iter().all(|code| operation.iter().any(|(status, _)| *status == code.status().to_string())), "{call}");
        for (status, published) in operation {
            let has_status =
                |code: &&ErrorCode| code.status().to_string() == status || status == "200" && code.family() == Family::Business;
            let expected: Vec<&str> = codes.iter().filter(has_status).map(|code| code.as_str()).collect();
            assert_eq!(published.into_iter().filter(|code| !any.contains(code)).collect::<Vec<_>>(), expected, "{call} {status}");
        }
        // The last row refuses the granted request if nothing has to be broken for that.
        let refused = rows.last().and_then(Option::as_ref).filter(|(_, _, breaks)| breaks.is_empty());
        assert_eq!(self.code(call, &[]).await, refused.map_or("", |(code, ..)| code.as_str()), "{call}");
        for (index, row) in rows.iter().enumerate() {
            let Some((code, _, breaks)) = row else { continue };
            // The later one is broken first, so that where both change one field the earlier one's value stands.
            let both = rows.get(index + 1).and_then(Option::as_ref).map(|(_, _, next)| [&next[..], breaks].concat());
            for breaks in std::iter::once(breaks.clone()).chain(both) {
                assert_eq!(self.code(call, &breaks).await, code.as_str(), "{call} {breaks:?}");
            }
        }
    }
}

async fn verified(test: &TestApp, name: &str) -> CustomerId {
    let some = |text: &str| Some(text.to_owned());
    let email = some(&format!("{name}@mail.example"));
    let request = RegisterUserForm { name: some("Ana"), country: some("ES"), email, ..RegisterUserForm::default() };
    let answer = partner_api::register_user(&test.app, &test.caller, &request, None).await.unwrap();
    let customer = CustomerId(data_of(&answer)["id"].as_i64().unwrap());
    test.decide(customer, KycLevel::Basic, KycStatus::Valid).await;
    customer
}

/// A node of the installation with other settings, and with or without prices.
async fn node(test: &TestApp, breaks: &[&str]) -> App {
    let catalogue = catalogue_with(|table| {
        for (path, value) in breaks.iter().filter_map(|word| word.strip_prefix('#')?.split_once('=')) {
            let (sections, name) = path.rsplit_once('.').unwrap();
            let section = sections.split('.').fold(&mut *table, |table, section| table[section].as_table_mut().unwrap());
            let mut changed = section.clone();
            changed.clone_from(&format!("{name} = {value}").parse().unwrap());
            section.extend(changed);
        }
    });
    let mut config = test.app.config.clone();
    config.registration.strict_contact = breaks.contains(&"!strict");
    let sources = Sources { business: test.world.clock(), real: Arc::new(SystemClock), randomness: Arc::new(SystemRandomness) };
    let app = App::new(test.app.store.clone(), test.app.ports.clone(), config, catalogue, sources, &[KEY]).await.unwrap();
    if !breaks.contains(&"!no-price") {
        app.prices.set(test.world.prices().prices().await.unwrap());
    }
    app
}

/// Takes what orders need out of the available funds, or gives it back.
async fn hold(test: &TestApp, amount: i128) {
    let (mut step, amount, chain) = (Step::new(), Amount::from_minor(amount), "polygon".parse().unwrap());
    step.hold(Account::ChainHot(chain), CoinId { symbol: "USDC".parse().unwrap(), chain }, amount, Origin::Fact);
    step.hold(Account::Bank("sepa".parse().unwrap()), "EUR".parse::<Currency>().unwrap(), amount, Origin::Fact);
    test.app.commit(step).await.unwrap();
}

async fn prove(test: Arc<TestApp>, only: impl Fn(&str) -> bool) {
    let ramp = CheckedRamp::new(test).await;
    for call in CALLS.lines().filter(|line| line.contains(" /api/") && only(line)) {
        ramp.prove(call).await;
    }
}

async fn buying(test: Arc<TestApp>) {
    prove(test, |call| call.contains("createPayment")).await;
}

async fn selling(test: Arc<TestApp>) {
    prove(test, |call| call.contains("createRampoff")).await;
}

async fn common(test: Arc<TestApp>) {
    prove(test, |call| !call.contains("/api/create")).await;
    let whole = description();
    for (path, methods) in
        whole["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/api/") && *path != "/api/available-assets")
    {
        for method in methods.as_object().unwrap().keys() {
            let title = format!("{} {path}", method.to_ascii_uppercase());
            assert!(CALLS.lines().any(|line| line == title || line.starts_with(&format!("{title} "))), "{title}");
        }
    }
}
