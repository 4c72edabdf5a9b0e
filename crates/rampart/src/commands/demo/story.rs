//! What happens: a customer is registered and checked, buys coins, sells some, and the books are looked at.

use std::collections::BTreeMap;

use rampart_core::amount::Amount;
use rampart_core::asset::Asset;
use rampart_core::event::EventType;
use rampart_core::ledger::{Account, Side};
use rampart_store::AccountBalance;
use serde_json::{Value, json};

use super::scene::{Scene, text};
use crate::failure::Failure;
use crate::output;

/// Where the customer's coins go, and come from.
const WALLET: &str = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55";
/// The customer's account.
const IBAN: &str = "ES9121000418450200051332";
/// More blocks than any coin of the built-in configuration needs as confirmations.
const BLOCKS: u32 = 12;

/// Tells the story.
///
/// # Errors
/// When something went wrong or did not hold.
pub(super) async fn tell(scene: &mut Scene) -> Result<(), Failure> {
    let customer = register(scene).await?;
    let payment = buy(scene, customer).await?;
    let rampoff = sell(scene, customer).await?;
    let last = events(scene).await?;
    scene.title("Ledger of the purchase");
    entries(scene, &payment).await?;
    scene.title("Ledger of the sale");
    entries(scene, &rampoff).await?;
    trial_balance(scene).await?;
    let told = scene.listener.received().len();
    if scene.faults.is_empty() {
        output::line(&format!("\nEverything held: two orders, {last} events, {told} webhooks."));
        return Ok(());
    }
    output::line("\nSOMETHING DID NOT HOLD:");
    for fault in &scene.faults {
        output::line(&format!("  {fault}"));
    }
    Err(Failure::ProblemFound)
}

async fn post(scene: &Scene, path: &str, body: &Value) -> Result<Value, Failure> {
    scene.client.post(path, body).await.map_err(Failure::Refused)
}

async fn get(scene: &Scene, path: &str) -> Result<Value, Failure> {
    scene.client.get(path).await.map_err(Failure::Refused)
}

async fn register(scene: &mut Scene) -> Result<i64, Failure> {
    scene.title("A customer");
    for kind in EventType::ALL {
        // A URL of our own making needs no escaping but for its colons and slashes, which forms may carry as they are.
        let form = format!("type={kind}&url={}", scene.listener.url);
        scene.client.post_form("/api/subscribeToWebhook", &form).await.map_err(Failure::Refused)?;
    }
    scene.call("POST /api/subscribeToWebhook", &format!("{} types", EventType::ALL.len()));
    let registration = json!({
        "name": "Carmen", "last_name": "Prueba", "last_name2": "Luna", "email": "carmen@example.com", "phone": "+34600000000",
        "country": "Spain", "country_code": "ESP", "city": "Madrid", "address": "Calle Mayor 1", "zipcode": "28013", "dob": "1986-05-03",
        "identification_type": "GOVERNMENT_ID", "identification_number": "12345678Z", "iban": IBAN, "professional_activity": "Developer",
    });
    let registered = post(scene, "/api/registerUser", &registration).await?;
    let id = registered["id"].as_i64().unwrap_or_default();
    scene.call("POST /api/registerUser", &format!("customer {id}, kyc_form_url {}", text(&registered["kyc_form_url"])));
    let form = scene.client.page(&text(&registered["kyc_form_url"])).await;
    scene.check(form.is_ok(), "the identity form opens");
    post(scene, &format!("/sandbox/kyc/{id}"), &json!({ "decision": "approve" })).await?;
    scene.call(&format!("POST /sandbox/kyc/{id}"), "the identity provider approves");
    let path = format!("/api/kyc/check?user_id={id}");
    scene.until(&format!("customer {id}"), &path, "kyc_status", |data| data["kyc_valid"] == true).await?;
    Ok(id)
}

async fn buy(scene: &mut Scene, customer: i64) -> Result<String, Failure> {
    scene.title("A purchase: 100 EUR by card become USDC on polygon");
    let quote = get(scene, "/api/quote?amount=100&symbol=USDC&chain=polygon&payment_type=card&fiat_symbol=EUR").await?;
    let (tokens, price, fees) = (text(&quote["tokens"]), text(&quote["price"]), text(&quote["fees"]["total"]));
    scene.call("GET /api/quote", &format!("{tokens} USDC at {price}, fees {fees}"));
    let order = json!({
        "user_id": customer, "external_id": "purchase-1", "payment_type": "card", "fiat_symbol": "EUR", "fiat_amount": 100,
        "coin_symbol": "USDC", "coin_chain": "polygon", "wallet": WALLET, "quote_id": quote["quote_id"],
    });
    let created = post(scene, "/api/createPayment", &order).await?;
    let id = text(&created["payment_id"]);
    scene.call("POST /api/createPayment", &format!("payment {id}"));
    let page = scene.client.page(&text(&created["url_payment"])).await;
    scene.check(page.is_ok(), "the payment page opens");
    let path = format!("/api/payment/{id}");
    scene.until("payment", &path, "status", |_| true).await?;
    post(scene, &format!("/sandbox/payments/{id}/pay"), &json!({})).await?;
    scene.call("POST /sandbox/payments/…/pay", "the customer pays by card");
    let sent = scene.until("payment", &path, "status", |data| data["status"] == "coins_sent").await?;
    scene.state("payment", &format!("txid {}", text(&sent["txid"])));
    post(scene, "/sandbox/chain/polygon/blocks", &json!({ "count": BLOCKS })).await?;
    scene.call("POST /sandbox/chain/polygon/blocks", &format!("{BLOCKS} blocks are made"));
    let confirmed = |data: &Value| data["confirmations"].as_i64().is_some_and(|confirmations| confirmations > 0);
    let settled = scene.until("payment's confirmations", &path, "confirmations", confirmed).await?;
    scene.check(same(&text(&settled["coin_amount_decimal"]), &tokens), &format!("the customer was sent the quoted {tokens} USDC"));
    let outside = get(scene, &format!("/sandbox/chain/polygon/transactions?address={WALLET}")).await?;
    let seen = outside.to_string().contains(&text(&sent["txid"]));
    scene.check(seen, "the chain's own books show the transaction");
    Ok(id)
}

async fn sell(scene: &mut Scene, customer: i64) -> Result<String, Failure> {
    scene.title("A sale: 50 USDC on polygon become EUR on the customer's account");
    let quote = get(scene, "/api/rampoffQuote?amount=50&symbol=USDC&blockchain=polygon&fiat_symbol=EUR").await?;
    let promised = text(&quote["fiat_amount"]);
    scene.call("GET /api/rampoffQuote", &format!("{promised} EUR"));
    let order = json!({
        "user_id": customer, "external_id": "sale-1", "amount": 50, "blockchain": "polygon", "symbol": "USDC", "iban": IBAN,
        "quote_id": quote["quote_id"],
    });
    let created = post(scene, "/api/createRampoff", &order).await?;
    let (id, wallet) = (text(&created["id"]), text(&created["wallet"]));
    scene.call("POST /api/createRampoff", &format!("ramp-off {id}, send to {wallet}"));
    let path = format!("/api/getRampoff?id={id}");
    scene.until("ramp-off", &path, "status", |_| true).await?;
    let deposit = json!({ "to": wallet, "symbol": "USDC", "amount": "50", "from": WALLET });
    post(scene, "/sandbox/chain/polygon/deposits", &deposit).await?;
    scene.call("POST /sandbox/chain/polygon/deposits", "the customer sends 50 USDC");
    post(scene, "/sandbox/chain/polygon/blocks", &json!({ "count": BLOCKS })).await?;
    scene.call("POST /sandbox/chain/polygon/blocks", &format!("{BLOCKS} blocks are made"));
    let finished = scene.until("ramp-off", &path, "status", |data| data["status"] == "finished").await?;
    scene.state("ramp-off", &format!("bank reference {}", text(&finished["bank_reference"])));
    scene.check(same(&text(&finished["fiat_amount"]), &promised), &format!("the customer was paid the quoted {promised} EUR"));
    Ok(id)
}

/// Whether two decimal texts are the same number.
fn same(one: &str, other: &str) -> bool {
    let figures = |text: &str| match text.split_once('.') {
        Some((whole, fraction)) => (whole.to_owned(), fraction.trim_end_matches('0').to_owned()),
        None => (text.to_owned(), String::new()),
    };
    figures(one) == figures(other)
}

/// Every event, and the webhook that told of it. Gives the last event's number.
async fn events(scene: &mut Scene) -> Result<i64, Failure> {
    scene.title("Events and webhooks");
    let page = get(scene, "/api/events?after=0&limit=100").await?;
    let events = page["events"].as_array().or_else(|| page.as_array()).cloned().unwrap_or_default();
    let sequences: Vec<i64> = events.iter().filter_map(|event| event["sequence"].as_i64()).collect();
    let last = i64::try_from(sequences.len()).unwrap_or(0);
    scene.check(last > 0 && sequences.iter().copied().eq(1..=last), "the events are numbered without a gap");
    scene.until_told(last).await;
    let told = scene.listener.received();
    let all = (1..=last).all(|sequence| told.iter().any(|webhook| webhook.sequence == sequence && webhook.signed));
    scene.check(all, "a signed webhook told of every one of them");
    Ok(last)
}

async fn entries(scene: &mut Scene, order: &str) -> Result<(), Failure> {
    let id = order.parse().map_err(|_| Failure::Refused(format!("{order} is not an order")))?;
    let postings = scene.app.store().postings_of_order(id).await?;
    let mut rows = Vec::new();
    let mut customer: BTreeMap<Asset, Amount> = BTreeMap::new();
    for posting in &postings {
        for entry in &posting.entries {
            let decimals = scene.app.catalogue().decimals(entry.asset).unwrap_or_default();
            let amount = entry.amount.to_major(decimals);
            let (debit, credit) = if entry.side == Side::Debit { (amount, String::new()) } else { (String::new(), amount) };
            rows.push(vec![posting.kind.as_str().to_owned(), entry.account.to_string(), entry.asset.to_string(), debit, credit]);
            if matches!(entry.account, Account::Customer(_)) {
                let sum = customer.entry(entry.asset).or_insert(Amount::ZERO);
                *sum = match entry.side {
                    Side::Credit => sum.plus(entry.amount),
                    Side::Debit => sum.minus(entry.amount),
                }
                .map_err(|error| Failure::Refused(error.to_string()))?;
            }
        }
    }
    output::line(&output::table(&["movement", "account", "asset", "debit", "credit"], &rows));
    let at_zero = !customer.is_empty() && customer.values().all(|sum| sum.is_zero());
    scene.check(at_zero, "the order leaves nothing on the customer's account");
    Ok(())
}

async fn every_balance(scene: &Scene) -> Result<Vec<AccountBalance>, Failure> {
    const PAGE: u32 = 1_000;
    let mut balances: Vec<AccountBalance> = Vec::new();
    loop {
        let page = scene.app.store().balances(balances.last().map(|last| (last.account, last.asset)), PAGE).await?;
        let full = page.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
        balances.extend(page);
        if !full {
            return Ok(balances);
        }
    }
}

/// Every account that moved, and that debits equal credits in every asset.
async fn trial_balance(scene: &mut Scene) -> Result<(), Failure> {
    scene.title("Trial balance");
    let balances = every_balance(scene).await?;
    let mut rows = Vec::new();
    let mut sums: BTreeMap<Asset, Amount> = BTreeMap::new();
    for balance in &balances {
        let decimals = scene.app.catalogue().decimals(balance.asset).unwrap_or_default();
        let amount = balance.posted.to_major(decimals);
        let debit_side = balance.account.side() == Side::Debit;
        let (debit, credit) = if debit_side { (amount, String::new()) } else { (String::new(), amount) };
        // Accounts that only ever held their opening balance, and customers' at zero, would hide the others.
        let quiet = match balance.account {
            Account::Customer(_) => balance.posted.is_zero(),
            Account::Capital => true,
            _ => balance.entries < 2,
        };
        if !quiet {
            rows.push(vec![balance.account.to_string(), balance.asset.to_string(), debit, credit]);
        }
        let sum = sums.entry(balance.asset).or_insert(Amount::ZERO);
        let moved = if debit_side { sum.plus(balance.posted) } else { sum.minus(balance.posted) };
        *sum = moved.map_err(|error| Failure::Refused(error.to_string()))?;
    }
    output::line(&output::table(&["account", "asset", "debit", "credit"], &rows));
    output::line("(left out: capital, accounts with nothing but their opening balance, customers at zero)");
    scene.check(sums.values().all(|sum| sum.is_zero()), &format!("debits equal credits in {} assets", sums.len()));
    let report = scene.app.store().verify().await?;
    for finding in &report.findings {
        output::line(&format!("  {} {}: {}", finding.check, finding.subject, finding.fault));
    }
    let what = format!("the books are verified: {} entries in {} postings, {} balances", report.entries, report.postings, report.balances);
    scene.check(report.holds(), &what);
    Ok(())
}
