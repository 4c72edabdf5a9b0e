//! The demo: a customer is registered and verified, buys coins and sells some; then the ledger is verified.

use std::collections::BTreeMap;

use rampart_core::ledger::{Account, Side};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_core::partner::event::EventType;
use rampart_store::AccountBalance;
use serde_json::{Value, json};

use super::session::{DemoSession, text};
use crate::error::CommandError;
use crate::output;

/// The customer's wallet.
const WALLET: &str = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55";
/// The customer's bank account.
const IBAN: &str = "ES9121000418450200051332";
/// More than the confirmations of any coin in the built-in configuration.
const CONFIRMING_BLOCKS: u32 = 12;

/// Runs the demo. Fails if a check failed.
pub(super) async fn run(session: &mut DemoSession) -> Result<(), CommandError> {
    let customer = register(session).await?;
    let payment = buy(session, customer).await?;
    let rampoff = sell(session, customer).await?;
    let last = events(session).await?;
    session.title("Ledger of the purchase");
    entries(session, &payment).await?;
    session.title("Ledger of the sale");
    entries(session, &rampoff).await?;
    trial_balance(session).await?;
    let webhooks = session.receiver.received().len();
    if session.failures.is_empty() {
        output::line(&format!("\nAll checks passed: two orders, {last} events, {webhooks} webhooks."));
        return Ok(());
    }
    output::line("\nFAILED CHECKS:");
    for failure in &session.failures {
        output::line(&format!("  {failure}"));
    }
    Err(CommandError::ProblemFound)
}

async fn post(session: &DemoSession, path: &str, body: &Value) -> Result<Value, CommandError> {
    session.client.post(path, body).await.map_err(CommandError::Refused)
}

async fn get(session: &DemoSession, path: &str) -> Result<Value, CommandError> {
    session.client.get(path).await.map_err(CommandError::Refused)
}

async fn register(session: &mut DemoSession) -> Result<i64, CommandError> {
    session.title("A customer");
    for kind in EventType::ALL {
        // No escaping: a form may contain the colons and slashes of this URL as they are.
        let form = format!("type={kind}&url={}", session.receiver.url);
        session.client.post_form("/api/subscribeToWebhook", &form).await.map_err(CommandError::Refused)?;
    }
    session.call("POST /api/subscribeToWebhook", &format!("{} types", EventType::ALL.len()));
    let registration = json!({
        "name": "Carmen", "last_name": "Prueba", "last_name2": "Luna", "email": "carmen@example.com", "phone": "+34600000000",
        "country": "Spain", "country_code": "ESP", "city": "Madrid", "address": "Calle Mayor 1", "zipcode": "28013", "dob": "1986-05-03",
        "identification_type": "GOVERNMENT_ID", "identification_number": "12345678Z", "iban": IBAN, "professional_activity": "Developer",
    });
    let registered = post(session, "/api/registerUser", &registration).await?;
    let id = registered["id"].as_i64().unwrap_or_default();
    session.call("POST /api/registerUser", &format!("customer {id}, kyc_form_url {}", text(&registered["kyc_form_url"])));
    let form = session.client.page(&text(&registered["kyc_form_url"])).await;
    session.check(form.is_ok(), "the identity form opens");
    post(session, &format!("/sandbox/kyc/{id}"), &json!({ "decision": "approve" })).await?;
    session.call(&format!("POST /sandbox/kyc/{id}"), "the identity provider approves");
    let path = format!("/api/kyc/check?user_id={id}");
    session.until(&format!("customer {id}"), &path, "kyc_status", |data| data["kyc_valid"] == true).await?;
    Ok(id)
}

async fn buy(session: &mut DemoSession, customer: i64) -> Result<String, CommandError> {
    session.title("A purchase: 100 EUR by card become USDC on polygon");
    let quote = get(session, "/api/quote?amount=100&symbol=USDC&chain=polygon&payment_type=card&fiat_symbol=EUR").await?;
    let (tokens, price, fees) = (text(&quote["tokens"]), text(&quote["price"]), text(&quote["fees"]["total"]));
    session.call("GET /api/quote", &format!("{tokens} USDC at {price}, fees {fees}"));
    let order = json!({
        "user_id": customer, "external_id": "purchase-1", "payment_type": "card", "fiat_symbol": "EUR", "fiat_amount": 100,
        "coin_symbol": "USDC", "coin_chain": "polygon", "wallet": WALLET, "quote_id": quote["quote_id"],
    });
    let created = post(session, "/api/createPayment", &order).await?;
    let id = text(&created["payment_id"]);
    session.call("POST /api/createPayment", &format!("payment {id}"));
    let page = session.client.page(&text(&created["url_payment"])).await;
    session.check(page.is_ok(), "the payment page opens");
    let path = format!("/api/payment/{id}");
    session.until("payment", &path, "status", |_| true).await?;
    post(session, &format!("/sandbox/payments/{id}/pay"), &json!({})).await?;
    session.call("POST /sandbox/payments/…/pay", "the customer pays by card");
    let sent = session.until("payment", &path, "status", |data| data["status"] == "coins_sent").await?;
    session.state("payment", &format!("txid {}", text(&sent["txid"])));
    post(session, "/sandbox/chain/polygon/blocks", &json!({ "count": CONFIRMING_BLOCKS })).await?;
    session.call("POST /sandbox/chain/polygon/blocks", &format!("{CONFIRMING_BLOCKS} blocks are made"));
    let confirmed = |data: &Value| data["confirmations"].as_i64().is_some_and(|confirmations| confirmations > 0);
    let settled = session.until("payment's confirmations", &path, "confirmations", confirmed).await?;
    session
        .check(is_same_number(&text(&settled["coin_amount_decimal"]), &tokens), &format!("the customer was sent the quoted {tokens} USDC"));
    let outside = get(session, &format!("/sandbox/chain/polygon/transactions?address={WALLET}")).await?;
    let seen = outside.to_string().contains(&text(&sent["txid"]));
    session.check(seen, "the chain shows the transaction");
    Ok(id)
}

async fn sell(session: &mut DemoSession, customer: i64) -> Result<String, CommandError> {
    session.title("A sale: 50 USDC on polygon become EUR on the customer's account");
    let quote = get(session, "/api/rampoffQuote?amount=50&symbol=USDC&blockchain=polygon&fiat_symbol=EUR").await?;
    let promised = text(&quote["fiat_amount"]);
    session.call("GET /api/rampoffQuote", &format!("{promised} EUR"));
    let order = json!({
        "user_id": customer, "external_id": "sale-1", "amount": 50, "blockchain": "polygon", "symbol": "USDC", "iban": IBAN,
        "quote_id": quote["quote_id"],
    });
    let created = post(session, "/api/createRampoff", &order).await?;
    let (id, wallet) = (text(&created["id"]), text(&created["wallet"]));
    session.call("POST /api/createRampoff", &format!("ramp-off {id}, send to {wallet}"));
    let path = format!("/api/getRampoff?id={id}");
    session.until("ramp-off", &path, "status", |_| true).await?;
    let deposit = json!({ "to": wallet, "symbol": "USDC", "amount": "50", "from": WALLET });
    post(session, "/sandbox/chain/polygon/deposits", &deposit).await?;
    session.call("POST /sandbox/chain/polygon/deposits", "the customer sends 50 USDC");
    post(session, "/sandbox/chain/polygon/blocks", &json!({ "count": CONFIRMING_BLOCKS })).await?;
    session.call("POST /sandbox/chain/polygon/blocks", &format!("{CONFIRMING_BLOCKS} blocks are made"));
    let finished = session.until("ramp-off", &path, "status", |data| data["status"] == "finished").await?;
    session.state("ramp-off", &format!("bank reference {}", text(&finished["bank_reference"])));
    session.check(is_same_number(&text(&finished["fiat_amount"]), &promised), &format!("the customer was paid the quoted {promised} EUR"));
    Ok(id)
}

/// Whether two decimal texts are the same number.
fn is_same_number(one: &str, other: &str) -> bool {
    let digits = |text: &str| match text.split_once('.') {
        Some((whole, fraction)) => (whole.to_owned(), fraction.trim_end_matches('0').to_owned()),
        None => (text.to_owned(), String::new()),
    };
    digits(one) == digits(other)
}

/// Checks that every event was delivered as a webhook. Returns the sequence number of the last event.
async fn events(session: &mut DemoSession) -> Result<i64, CommandError> {
    session.title("Events and webhooks");
    let page = get(session, "/api/events?after=0&limit=100").await?;
    let events = page["events"].as_array().or_else(|| page.as_array()).cloned().unwrap_or_default();
    let sequences: Vec<i64> = events.iter().filter_map(|event| event["sequence"].as_i64()).collect();
    let last = i64::try_from(sequences.len()).unwrap_or(0);
    session.check(last > 0 && sequences.iter().copied().eq(1..=last), "the events are numbered without a gap");
    session.until_delivered(last).await;
    let webhooks = session.receiver.received();
    let all = (1..=last).all(|sequence| webhooks.iter().any(|webhook| webhook.sequence == sequence && webhook.signed));
    session.check(all, "a signed webhook was delivered for each of them");
    Ok(last)
}

async fn entries(session: &mut DemoSession, order: &str) -> Result<(), CommandError> {
    let id = order.parse().map_err(|_| CommandError::Refused(format!("{order} is not an order")))?;
    let postings = session.app.store.postings_of_order(id).await?;
    let mut rows = Vec::new();
    let mut customer: BTreeMap<Asset, Amount> = BTreeMap::new();
    for posting in &postings {
        for entry in &posting.entries {
            let decimals = session.app.catalogue.decimals(entry.asset).unwrap_or_default();
            let amount = entry.amount.to_major(decimals);
            let (debit, credit) = if entry.side == Side::Debit { (amount, String::new()) } else { (String::new(), amount) };
            rows.push(vec![posting.kind.as_str().to_owned(), entry.account.to_string(), entry.asset.to_string(), debit, credit]);
            if matches!(entry.account, Account::Customer(_)) {
                let sum = customer.entry(entry.asset).or_insert(Amount::ZERO);
                *sum = match entry.side {
                    Side::Credit => sum.plus(entry.amount),
                    Side::Debit => sum.minus(entry.amount),
                }
                .map_err(|error| CommandError::Refused(error.to_string()))?;
            }
        }
    }
    output::line(&output::table(&["movement", "account", "asset", "debit", "credit"], &rows));
    let at_zero = !customer.is_empty() && customer.values().all(|sum| sum.is_zero());
    session.check(at_zero, "the order leaves nothing on the customer's account");
    Ok(())
}

async fn every_balance(session: &DemoSession) -> Result<Vec<AccountBalance>, CommandError> {
    const PAGE_ROWS: u32 = 1_000;
    let mut balances: Vec<AccountBalance> = Vec::new();
    loop {
        let page = session.app.store.balances(balances.last().map(|last| (last.account, last.asset)), PAGE_ROWS).await?;
        let is_full = page.len() == usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
        balances.extend(page);
        if !is_full {
            return Ok(balances);
        }
    }
}

/// Prints the accounts with movements, and checks that debits equal credits in every asset.
async fn trial_balance(session: &mut DemoSession) -> Result<(), CommandError> {
    session.title("Trial balance");
    let balances = every_balance(session).await?;
    let mut rows = Vec::new();
    let mut sums: BTreeMap<Asset, Amount> = BTreeMap::new();
    for balance in &balances {
        let decimals = session.app.catalogue.decimals(balance.asset).unwrap_or_default();
        let amount = balance.posted.to_major(decimals);
        let debit_side = balance.account.side() == Side::Debit;
        let (debit, credit) = if debit_side { (amount, String::new()) } else { (String::new(), amount) };
        // Accounts with only their opening balance, and customers at zero, would hide the others.
        let is_idle = match balance.account {
            Account::Customer(_) => balance.posted.is_zero(),
            Account::Capital => true,
            _ => balance.entries < 2,
        };
        if !is_idle {
            rows.push(vec![balance.account.to_string(), balance.asset.to_string(), debit, credit]);
        }
        let sum = sums.entry(balance.asset).or_insert(Amount::ZERO);
        let moved = if debit_side { sum.plus(balance.posted) } else { sum.minus(balance.posted) };
        *sum = moved.map_err(|error| CommandError::Refused(error.to_string()))?;
    }
    output::line(&output::table(&["account", "asset", "debit", "credit"], &rows));
    output::line("(left out: capital, accounts with only their opening balance, customers at zero)");
    session.check(sums.values().all(|sum| sum.is_zero()), &format!("debits equal credits in {} assets", sums.len()));
    let report = session.app.store.verify().await?;
    for finding in &report.findings {
        output::line(&format!("  {} {}: {}", finding.check, finding.subject, finding.fault));
    }
    let what =
        format!("the ledger is consistent: {} entries in {} postings, {} balances", report.entries, report.postings, report.balances);
    session.check(report.holds(), &what);
    Ok(())
}
