//! The load: workers buy and sell in parallel and record what was acknowledged.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::books;
use crate::http::{HttpClient, request};
use crate::partner;

/// An order as a worker knows it: what was requested, and what was answered.
#[derive(Debug, Clone)]
pub(super) struct KnownOrder {
    pub(super) buy: bool,
    /// Of a buy: the wallet of the customer, used by no other order.
    pub(super) wallet: String,
    /// The acknowledged id; `None` without an answer.
    pub(super) id: Option<String>,
    /// What the customer pays in major units: money for a buy, coins for a sell.
    pub(super) amount: u64,
    /// The reference of a bank transfer; `None` for a card payment.
    pub(super) concept: Option<String>,
    /// Whether the simulated world has confirmed that the customer paid.
    pub(super) paid: bool,
}

impl KnownOrder {
    fn requested(buy: bool, wallet: String, amount: u64) -> Self {
        Self { buy, wallet, id: None, amount, concept: None, paid: false }
    }
}

/// Of an action whose outcome can be looked up.
const MAX_ACTION_ATTEMPTS: u32 = 200;
/// Of an idempotent call.
const MAX_CALL_ATTEMPTS: u32 = 600;
/// Further unexpected answers are not recorded.
const MAX_FAULTS: usize = 20;

/// State shared by the workers.
pub(super) struct Load {
    addresses: Vec<String>,
    key: String,
    secret: String,
    customers: Vec<i64>,
    next_number: AtomicU64,
    stopping: AtomicBool,
    known: Mutex<BTreeMap<String, KnownOrder>>,
    faults: Mutex<Vec<String>>,
}

impl Load {
    pub(super) fn new(addresses: Vec<String>, key: String, secret: String, customers: Vec<i64>) -> Self {
        Self {
            addresses,
            key,
            secret,
            customers,
            next_number: AtomicU64::new(1),
            stopping: AtomicBool::new(false),
            known: Mutex::default(),
            faults: Mutex::default(),
        }
    }

    /// Stops creating orders.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// The API key and secret of the partner.
    pub(super) fn credentials(&self) -> (&str, &str) {
        (&self.key, &self.secret)
    }

    /// All orders by external id.
    pub(super) fn known(&self) -> BTreeMap<String, KnownOrder> {
        lock(&self.known).clone()
    }

    /// Unexpected answers.
    pub(super) fn faults(&self) -> Vec<String> {
        lock(&self.faults).clone()
    }

    /// Runs one worker until [`Load::stop`]. The current order is completed.
    pub(super) async fn work(self: std::sync::Arc<Self>, mut random: fastrand::Rng) {
        let mut worker = LoadWorker { load: &self, client: HttpClient::new(&self.addresses[0]), token: String::new() };
        while !self.stopping.load(Ordering::Relaxed) {
            let number = self.next_number.fetch_add(1, Ordering::Relaxed);
            let customer = self.customers[random.usize(..self.customers.len())];
            if random.u8(..3) == 0 {
                worker.sell(customer, number, &mut random).await
            } else {
                worker.buy(customer, number, &mut random).await
            }
        }
    }

    fn update(&self, external_id: &str, change: impl FnOnce(&mut KnownOrder)) {
        if let Some(known) = lock(&self.known).get_mut(external_id) {
            change(known);
        }
    }

    fn fault(&self, what: String) {
        let mut faults = lock(&self.faults);
        if faults.len() < MAX_FAULTS {
            faults.push(what);
        }
    }
}

/// Where the outcome of an action can be read whose answer was lost.
#[derive(Clone, Copy)]
enum OutcomeSource<'a> {
    /// The order with this id: it has been paid when its status is no longer `started`.
    Order(&'a str),
    /// The bank statement: a credit to this account of ours with this reference.
    Bank { account: &'a str, concept: &'a str },
    /// The chain: a transaction to this address.
    Chain(&'a str),
}

/// A worker with its connection.
struct LoadWorker<'a> {
    load: &'a Load,
    client: HttpClient,
    token: String,
}

impl LoadWorker<'_> {
    async fn buy(&mut self, customer: i64, number: u64, random: &mut fastrand::Rng) {
        let external_id = format!("buy-{number}");
        let wallet = partner::random_wallet(random);
        let amount = random.u64(30..=60);
        let by_transfer = random.u8(..3) == 0;
        let method = if by_transfer { "transfer" } else { "card" };
        let body = partner::payment_by(method, customer, &external_id, amount, &wallet);
        lock(&self.load.known).insert(external_id.clone(), KnownOrder::requested(true, wallet, amount));
        let Some(data) = self.create("/api/createPayment", &external_id, "payment_id", &body, random).await else { return };
        // Some customers never pay; their orders expire.
        if random.u8(..8) == 0 {
            return;
        }
        if by_transfer {
            return self.transfer(&external_id, amount, &data).await;
        }
        let id = data["payment_id"].as_str().unwrap_or_default().to_owned();
        self.act_once(&external_id, &format!("/sandbox/payments/{id}/pay"), "{}", OutcomeSource::Order(&id)).await;
    }

    /// Pays by bank transfer. The bank would accept it twice, so its statement is read after a lost answer.
    async fn transfer(&mut self, external_id: &str, amount: u64, data: &Value) {
        let (account, Some(concept)) = (data["iban"].as_str().unwrap_or_default(), data["concept"].as_u64()) else {
            return self.load.fault(format!("{external_id}: no account and concept in {data}"));
        };
        let concept = concept.to_string();
        self.load.update(external_id, |known| known.concept = Some(concept.clone()));
        let body = json!({ "account": account, "amount": amount.to_string(), "currency": "EUR", "concept": concept }).to_string();
        self.act_once(external_id, "/sandbox/bank/transfers", &body, OutcomeSource::Bank { account, concept: &concept }).await;
    }

    async fn sell(&mut self, customer: i64, number: u64, random: &mut fastrand::Rng) {
        let external_id = format!("sell-{number}");
        let amount = random.u64(30..=60);
        let body = partner::rampoff(customer, &external_id, amount, &partner::random_wallet(random));
        lock(&self.load.known).insert(external_id.clone(), KnownOrder::requested(false, String::new(), amount));
        let Some(data) = self.create("/api/createRampoff", &external_id, "id", &body, random).await else { return };
        if random.u8(..8) == 0 {
            return;
        }
        let wallet = data["wallet"].as_str().unwrap_or_default();
        let deposit = json!({ "to": wallet, "symbol": "USDC", "amount": amount.to_string() }).to_string();

        self.act_once(&external_id, "/sandbox/chain/polygon/deposits", &deposit, OutcomeSource::Chain(wallet)).await;
    }

    /// Creates an order, repeating the identical call until it is answered. A repeated answer must be the same.
    async fn create(&mut self, path: &str, external_id: &str, id_field: &str, body: &str, random: &mut fastrand::Rng) -> Option<Value> {
        let data = self.call_until_answered("POST", path, Some(body)).await?;
        let Some(id) = data[id_field].as_str().map(str::to_owned) else {
            self.load.fault(format!("{path} {external_id}: no {id_field} in {data}"));
            return None;
        };
        self.load.update(external_id, |known| known.id = Some(id.clone()));
        if random.u8(..5) == 0 {
            let again = self.call_until_answered("POST", path, Some(body)).await?;
            if again[id_field].as_str() != Some(&id) {
                self.load.fault(format!("{path} {external_id}: acknowledged as {id}, and when repeated as {again}"));
            }
        }
        Some(data)
    }

    /// Performs an action of the customer that must not be done twice: after a lost answer it first checks whether it happened.
    async fn act_once(&mut self, external_id: &str, path: &str, body: &str, source: OutcomeSource<'_>) {
        for _ in 0..MAX_ACTION_ATTEMPTS {
            self.choose_server();
            if self.sign_in().await {
                match self.client.send(&request("POST", path, &self.token, Some(body))).await {
                    Ok(answer) if answer.status < 300 => {
                        self.load.update(external_id, |known| known.paid = true);
                        return;
                    }
                    Ok(answer) if answer.status < 500 && answer.status != 429 && answer.status != 401 => {
                        self.load.fault(format!("{path}: {} {}", answer.status, answer.text()));
                        return;
                    }
                    Ok(answer) if answer.status == 401 => self.token.clear(),
                    // Longer than the ramp needs to notice an event of the simulated world.
                    Ok(_) | Err(_) => tokio::time::sleep(Duration::from_secs(2)).await,
                }
                if self.has_happened(source).await == Some(true) {
                    self.load.update(external_id, |known| known.paid = true);
                    return;
                }
            }
        }
        self.load.fault(format!("{path}: not done in {MAX_ACTION_ATTEMPTS} attempts"));
    }

    async fn has_happened(&mut self, source: OutcomeSource<'_>) -> Option<bool> {
        match source {
            OutcomeSource::Order(id) => {
                Some(self.call_until_answered("GET", &format!("/api/payment/{id}"), None).await?["status"] != "started")
            }
            OutcomeSource::Chain(address) => {
                let path = format!("/sandbox/chain/polygon/transactions?address={address}");
                Some(!self.call_until_answered("GET", &path, None).await?.as_array()?.is_empty())
            }
            OutcomeSource::Bank { account, concept } => self.is_credited(account, concept).await,
        }
    }

    /// Whether the bank statement has a credit with this reference. It is read back to its first line, because other workers
    /// may have added many lines since.
    async fn is_credited(&mut self, account: &str, concept: &str) -> Option<bool> {
        let mut last = String::new();
        loop {
            let page = self.call_until_answered("GET", &books::statement_page(account, &last), None).await?;
            let lines = page.as_array()?;
            if lines.iter().any(|line| line["concept"].as_str() == Some(concept)) {
                return Some(true);
            }
            match lines.last().and_then(|line| line["line"].as_str()) {
                Some(line) if lines.len() == books::PAGE_ROWS => line.clone_into(&mut last),
                _ => return Some(false),
            }
        }
    }

    /// Sends an idempotent call until it is answered. Returns `data`.
    async fn call_until_answered(&mut self, method: &str, path: &str, body: Option<&str>) -> Option<Value> {
        for _ in 0..MAX_CALL_ATTEMPTS {
            self.choose_server();
            if self.sign_in().await {
                match self.client.send(&request(method, path, &self.token, body)).await {
                    Ok(answer) if answer.status < 300 => match answer.json() {
                        Ok(mut json) => return Some(json["data"].take()),
                        Err(error) => self.load.fault(format!("{method} {path}: {error}")),
                    },
                    Ok(answer) if answer.status == 401 => self.token.clear(),
                    Ok(answer) if answer.status == 429 || answer.status == 503 => {}
                    Ok(answer) => {
                        self.load.fault(format!("{method} {path}: {} {} to {}", answer.status, answer.text(), body.unwrap_or_default()));
                        return None;
                    }
                    Err(_) => {}
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.load.fault(format!("{method} {path}: no answer in {MAX_CALL_ATTEMPTS} attempts"));
        None
    }

    async fn sign_in(&mut self) -> bool {
        if self.token.is_empty() {
            match partner::authenticate(&mut self.client, &self.load.key, &self.load.secret).await {
                Ok(token) => self.token = token,
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        !self.token.is_empty()
    }

    /// Sends the next attempt to another process, if there is one.
    fn choose_server(&mut self) {
        let number = usize::try_from(self.load.next_number.fetch_add(1, Ordering::Relaxed)).unwrap_or_default();
        self.client.move_to(&self.load.addresses[number % self.load.addresses.len()]);
    }
}

/// Ignores poisoning: a panic ends the run anyway.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
