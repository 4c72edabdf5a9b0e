//! The order of checks of every call. Of two neighbours that are broken at once the first one answers, and the codes of a call's checks
//! are those that its description publishes, in the same order.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::Method;
use rampart_app::{App, Sources, SystemClock, SystemRandomness};
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::ledger::{Account, Origin};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::{CoinId, Currency};
use rampart_core::refusal::{ErrorCode, Family};
use rampart_core::step::Step;
use rampart_testkit::{CustomerOf, KEY, TestApp, catalogue_with, on_both_engines};
use rampart_web::WebConfig;
use serde_json::{Value, json};

use crate::support::{Client, description, purchase};

on_both_engines!(rampart_testkit::TestApp::start_idle => every_call);

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
  fail_mandatory_field api_key=; validation_failed api_key=$long; authorization_incorrect api_secret=wrong
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
        let place = usize::from(words[0] == "again");
        let code = |text: &str| ErrorCode::ALL.iter().copied().find(|code| code.as_str() == text).unwrap();
        match words[0] {
            "/" => vec![None],
            "+" => rows_of(&format!("ROWS {}", words[1])),
            _ => vec![Some((code(words[place]), place == 0, words[place + 1..].to_vec()))],
        }
    };
    below.flat_map(|line| line.split(';')).flat_map(row).collect()
}

/// The codes of an operation's failures by status.
fn published(operation: &Value) -> BTreeMap<&str, Vec<&str>> {
    fn listed(response: &Value) -> Vec<&str> {
        let schema = &response["content"]["application/json"]["schema"];
        let only = schema.pointer("/allOf/1").or_else(|| schema.pointer("/oneOf/1/allOf/1"));
        let several = only.and_then(|only| only["properties"]["error"]["enum"].as_array()).into_iter().flatten().filter_map(Value::as_str);
        response["$ref"].as_str().and_then(|shared| shared.rsplit('/').next()).into_iter().chain(several).collect()
    }
    operation["responses"].as_object().unwrap().iter().map(|(status, response)| (status.as_str(), listed(response))).collect()
}

/// A ramp with an earlier registration, payment and ramp-off.
struct CheckedRamp {
    test: Arc<TestApp>,
    client: Client,
    /// What `$name` stands for.
    values: BTreeMap<&'static str, String>,
}

impl CheckedRamp {
    async fn new(test: Arc<TestApp>) -> Self {
        let client = Client::of(&test).await;
        let user = test.verified(CustomerOf::SPAIN, "taken@mail.example").await.0;
        let registration = json!({"name": "Ana", "country": "ES", "email": "first@mail.example"});
        client.post_with("/api/registerUser", &[("idempotency-key", "taken")], &registration).await.data();
        let (iban, mut order) = (CustomerOf::SPAIN.account, purchase(user, "card", &json!(100)));
        order["external_id"] = "taken".into();
        let payment = client.post("/api/createPayment", &order).await.data()["payment_id"].clone();
        let sale = json!({"user_id": user, "amount": 100, "symbol": "USDC", "blockchain": "polygon", "iban": iban, "external_id": "taken"});
        let rampoff = client.post("/api/createRampoff", &sale).await.data()["id"].clone();
        let (key, secret) = (test.credentials.api_key.clone(), test.credentials.api_secret.reveal().to_owned());
        let made = [("payment", &payment), ("rampoff", &rampoff), ("wallet", &order["wallet"])];
        let made = made.map(|(name, value)| (name, value.as_str().unwrap().to_owned()));
        let given = [("key", key), ("secret", secret), ("stranger", client.token_of_stranger(&test).await), ("long", "x".repeat(300))];
        let accounts = [("iban", iban.to_owned()), ("slip", iban.replace("ES91", "ES00"))];
        Self { test, client, values: made.into_iter().chain(given).chain(accounts).collect() }
    }

    fn fields(&self, words: &[&str], user: CustomerId) -> BTreeMap<String, Option<String>> {
        let pairs = words.iter().filter(|word| !word.starts_with(['!', '#'])).filter_map(|word| word.split_once('='));
        let text = |value: &str| match value.strip_prefix('$') {
            Some("user") => user.to_string(),
            Some(name) => self.values[name].clone(),
            None => value.to_owned(),
        };
        pairs.map(|(name, value)| (name.to_owned(), Some(text(value)).filter(|text| !text.is_empty()))).collect()
    }

    /// What surrounds an order: its customer, whose earlier orders are the granted one, and its quote, which is returned.
    async fn surround(
        &self,
        path: &str,
        mut granted: BTreeMap<String, Option<String>>,
        user: CustomerId,
        breaks: &[&str],
    ) -> Option<String> {
        let (test, has) = (&self.test, |state: &str| breaks.contains(&state));
        if has("!ordered") {
            self.client.post(path, &json!(granted)).await.data();
        }
        let mut quote = None;
        if breaks.iter().any(|word| word.starts_with("!quote")) {
            let buys = path == "/api/createPayment";
            let (call, amount) = if buys { ("quote?payment_type=card&", "fiat_amount") } else { ("rampoffQuote?", "amount") };
            let quoted = if has("!quote-of-other") { "101" } else { "100" };
            let answer = self.client.get(&format!("/api/{call}symbol=USDC&amount={quoted}")).await.data();
            quote = answer["quote_id"].as_str().map(str::to_owned);
            if has("!quote-used") {
                granted.extend([("quote_id".to_owned(), quote.clone()), (amount.to_owned(), Some(quoted.to_owned()))]);
                self.client.post(path, &json!(granted)).await.data();
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
        let user = test.verified(CustomerOf::SPAIN, &format!("{}@mail.example", test.app.mint().id::<OrderId>())).await;
        let mut fields = self.fields(&[granted, breaks].concat(), user);
        if let Some(quote) = self.surround(path, self.fields(granted, user), user, breaks).await {
            fields.entry("quote_id".to_owned()).or_insert(Some(quote));
        }
        let pairs = || fields.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let query: String = pairs().filter(|_| method == Method::GET).map(|(name, value)| format!("{name}={value}&")).collect();
        let path = pairs().fold(format!("{path}?{query}"), |path, (name, value)| path.replace(&format!("{{{name}}}"), value));
        let mut headers = vec![("content-type", if has("!media") { "text/plain" } else { "application/json" })];
        let keys = [("!no-key", "a blank"), ("!key-of-another", "taken")].into_iter().filter(|(state, _)| has(state));
        headers.extend(keys.map(|(_, key)| ("idempotency-key", key)));
        let other = [("!nobody", "nobody's"), ("!stranger", &self.values["stranger"])].into_iter().find(|(state, _)| has(state));
        let token = other.map(|(_, token)| token).or(self.client.token.as_deref());
        let node = Client::with(node(test, breaks).await, WebConfig::default()).token(token);
        let held = if has("!no-funds") { 1_000_000_000_000_000_000 } else { 0 };
        hold(test, held).await;
        let answer = node.send(method, &path, &headers, if has("!json") { "{".to_owned() } else { json!(fields).to_string() }).await;
        hold(test, -held).await;
        answer.code()
    }

    /// Proves that a call publishes its checks, and breaks each of them, alone and together with the next one.
    async fn prove(&self, call: &'static str) {
        let words: Vec<&str> = call.split_whitespace().collect();
        let front = match words[..2] {
            [_, "/api/authenticate"] => "body",
            ["POST", _] => "post",
            _ => "token",
        };
        let rows: Vec<CheckRow> = rows_of(&format!("ROWS {front}")).into_iter().chain(rows_of(call)).collect();
        let mut codes: Vec<ErrorCode> = rows.iter().flatten().filter(|row| row.1).map(|row| row.0).collect();
        codes.dedup();
        let whole = description();
        // What any request can be answered with, whatever its call checks.
        let any = published(&whole["paths"]["/healthz"]["get"]).into_values().flatten().chain(["not_found"]).collect::<Vec<_>>();
        let listed = published(&whole["paths"][words[1]][words[0].to_ascii_lowercase()]);
        assert!(codes.iter().all(|code| listed.contains_key(code.status().to_string().as_str())), "{call}");
        for (status, mut listed) in listed {
            let is_here = |code: &&ErrorCode| code.status().to_string() == status || status == "200" && code.family() == Family::Business;
            listed.retain(|code| !any.contains(code));
            assert_eq!(listed, codes.iter().filter(is_here).map(|code| code.as_str()).collect::<Vec<_>>(), "{call} {status}");
        }
        // The last row refuses the granted request if nothing has to be broken for that.
        let refused = rows.last().and_then(Option::as_ref).filter(|row| row.2.is_empty());
        assert_eq!(self.code(call, &[]).await, refused.map_or("", |row| row.0.as_str()), "{call}");
        for (index, row) in rows.iter().enumerate() {
            let Some((code, _, breaks)) = row else { continue };
            // The later one is broken first, so that where both change one field the earlier one's value stands.
            let both = rows.get(index + 1).and_then(Option::as_ref).map(|next| [&next.2[..], breaks].concat());
            for breaks in std::iter::once(breaks.clone()).chain(both) {
                assert_eq!(self.code(call, &breaks).await, code.as_str(), "{call} {breaks:?}");
            }
        }
    }
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

async fn every_call(test: Arc<TestApp>) {
    let ramp = CheckedRamp::new(test).await;
    let calls: Vec<&str> = CALLS.lines().filter(|line| line.contains(" /api/")).collect();
    for call in &calls {
        ramp.prove(call).await;
    }
    let whole = description();
    // One call is described at two paths.
    let described = whole["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/api/")).count() - 1;
    assert_eq!(calls.len(), described);
}
