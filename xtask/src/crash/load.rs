//! The load: buys and sells by many hands at once, each of which notes what it was told.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::books;
use crate::http::{Client, request};
use crate::partner;
use crate::random::Random;

/// What is known of one order: what was asked for, and what was answered.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// Whether it is a buy.
    pub(super) buy: bool,
    /// Where the coins go: the customer's wallet of a buy. Nobody else uses it.
    pub(super) wallet: String,
    /// The acknowledged id; absent when no answer came.
    pub(super) id: Option<String>,
    /// What the customer pays, in major units: money for a buy, coins for a sell.
    pub(super) amount: u64,
    /// The reference that a transfer of money quotes; absent where it is a card that pays.
    pub(super) concept: Option<String>,
    /// Whether the world was told that the customer has paid, and said so.
    pub(super) paid: bool,
}

impl Known {
    fn asked(buy: bool, wallet: String, amount: u64) -> Self {
        Self { buy, wallet, id: None, amount, concept: None, paid: false }
    }
}

/// The hands' common memory.
pub(super) struct Load {
    addresses: Vec<String>,
    key: String,
    secret: String,
    customers: Vec<i64>,
    next: AtomicU64,
    stopping: AtomicBool,
    known: Mutex<BTreeMap<String, Known>>,
    faults: Mutex<Vec<String>>,
}

impl Load {
    /// A load on these servers.
    pub(super) fn new(addresses: Vec<String>, key: String, secret: String, customers: Vec<i64>) -> Self {
        Self {
            addresses,
            key,
            secret,
            customers,
            next: AtomicU64::new(1),
            stopping: AtomicBool::new(false),
            known: Mutex::default(),
            faults: Mutex::default(),
        }
    }

    /// No new order from now on.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// The partner's key and secret.
    pub(super) fn credentials(&self) -> (&str, &str) {
        (&self.key, &self.secret)
    }

    /// Every order by its external id.
    pub(super) fn known(&self) -> BTreeMap<String, Known> {
        lock(&self.known).clone()
    }

    /// Answers that should not have been given.
    pub(super) fn faults(&self) -> Vec<String> {
        lock(&self.faults).clone()
    }

    /// One hand: order after order until told to stop; the order under way is carried to its end.
    pub(super) async fn work(self: std::sync::Arc<Self>, mut random: Random) {
        let mut hand = Hand { load: &self, client: Client::new(&self.addresses[0]), token: String::new() };
        while !self.stopping.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let customer = self.customers[usize::try_from(random.next()).unwrap_or_default() % self.customers.len()];
            if random.once_in(3) { hand.sell(customer, number, &mut random).await } else { hand.buy(customer, number, &mut random).await }
        }
    }

    fn note(&self, external_id: &str, change: impl FnOnce(&mut Known)) {
        if let Some(known) = lock(&self.known).get_mut(external_id) {
            change(known);
        }
    }

    fn fault(&self, what: String) {
        let mut faults = lock(&self.faults);
        if faults.len() < 20 {
            faults.push(what);
        }
    }
}

/// Where to read whether something happened whose answer was lost.
#[derive(Clone, Copy)]
enum Books<'a> {
    /// The order with this id: it has been paid when it is no longer as it was made.
    Order(&'a str),
    /// The bank: a credit to this account of ours with this reference.
    Bank { account: &'a str, concept: &'a str },
    /// The chain: coins to this address.
    Chain(&'a str),
}

/// One of the hands, with its connection.
struct Hand<'a> {
    load: &'a Load,
    client: Client,
    token: String,
}

impl Hand<'_> {
    async fn buy(&mut self, customer: i64, number: u64, random: &mut Random) {
        let external_id = format!("buy-{number}");
        let wallet = random.wallet();
        let amount = random.between(30, 60);
        let by_transfer = random.once_in(3);
        let method = if by_transfer { "transfer" } else { "card" };
        let body = partner::payment_by(method, customer, &external_id, amount, &wallet);
        lock(&self.load.known).insert(external_id.clone(), Known::asked(true, wallet, amount));
        let Some(data) = self.create("/api/createPayment", &external_id, "payment_id", &body, random).await else { return };
        // Some customers never pay; their orders expire.
        if random.once_in(8) {
            return;
        }
        if by_transfer {
            return self.transfer(&external_id, amount, &data).await;
        }
        let id = data["payment_id"].as_str().unwrap_or_default().to_owned();
        self.act_once(&external_id, &format!("/sandbox/payments/{id}/pay"), "{}", Books::Order(&id)).await;
    }

    /// Pays by bank transfer. The bank would take it twice, so its own statement says whether it has arrived.
    async fn transfer(&mut self, external_id: &str, amount: u64, data: &Value) {
        let (account, Some(concept)) = (data["iban"].as_str().unwrap_or_default(), data["concept"].as_u64()) else {
            return self.load.fault(format!("{external_id}: no account and concept in {data}"));
        };
        let concept = concept.to_string();
        self.load.note(external_id, |known| known.concept = Some(concept.clone()));
        let body = json!({ "account": account, "amount": amount.to_string(), "currency": "EUR", "concept": concept }).to_string();
        self.act_once(external_id, "/sandbox/bank/transfers", &body, Books::Bank { account, concept: &concept }).await;
    }

    async fn sell(&mut self, customer: i64, number: u64, random: &mut Random) {
        let external_id = format!("sell-{number}");
        let amount = random.between(30, 60);
        let body = partner::rampoff(customer, &external_id, amount, &random.wallet());
        lock(&self.load.known).insert(external_id.clone(), Known::asked(false, String::new(), amount));
        let Some(data) = self.create("/api/createRampoff", &external_id, "id", &body, random).await else { return };
        if random.once_in(8) {
            return;
        }
        let wallet = data["wallet"].as_str().unwrap_or_default();
        let deposit = json!({ "to": wallet, "symbol": "USDC", "amount": amount.to_string() }).to_string();
        // The world's own books say whether a deposit whose answer was lost has been made.
        self.act_once(&external_id, "/sandbox/chain/polygon/deposits", &deposit, Books::Chain(wallet)).await;
    }

    /// Creates an order and repeats the very same call until it is answered; an answer given twice must be the same.
    async fn create(&mut self, path: &str, external_id: &str, id_field: &str, body: &str, random: &mut Random) -> Option<Value> {
        let data = self.persist("POST", path, Some(body)).await?;
        let Some(id) = data[id_field].as_str().map(str::to_owned) else {
            self.load.fault(format!("{path} {external_id}: no {id_field} in {data}"));
            return None;
        };
        self.load.note(external_id, |known| known.id = Some(id.clone()));
        if random.once_in(5) {
            let again = self.persist("POST", path, Some(body)).await?;
            if again[id_field].as_str() != Some(&id) {
                self.load.fault(format!("{path} {external_id}: acknowledged as {id}, and when repeated as {again}"));
            }
        }
        Some(data)
    }

    /// Does something in the world that must not be done twice: after a lost answer it first looks whether it happened.
    async fn act_once(&mut self, external_id: &str, path: &str, body: &str, books: Books<'_>) {
        for _ in 0..200 {
            self.choose_server();
            if self.sign_in().await {
                match self.client.send(&request("POST", path, &self.token, Some(body))).await {
                    Ok(answer) if answer.status < 300 => {
                        self.load.note(external_id, |known| known.paid = true);
                        return;
                    }
                    Ok(answer) if answer.status < 500 && answer.status != 429 && answer.status != 401 => {
                        self.load.fault(format!("{path}: {} {}", answer.status, answer.text()));
                        return;
                    }
                    Ok(answer) if answer.status == 401 => self.token.clear(),
                    // Longer than the ramp needs to notice what happened in the world.
                    Ok(_) | Err(_) => tokio::time::sleep(Duration::from_secs(2)).await,
                }
                if self.has_happened(books).await == Some(true) {
                    self.load.note(external_id, |known| known.paid = true);
                    return;
                }
            }
        }
        self.load.fault(format!("{path}: not done in 200 tries"));
    }

    /// Whether the books say that it happened.
    async fn has_happened(&mut self, books: Books<'_>) -> Option<bool> {
        match books {
            Books::Order(id) => Some(self.persist("GET", &format!("/api/payment/{id}"), None).await?["status"] != "started"),
            Books::Chain(address) => {
                let path = format!("/sandbox/chain/polygon/transactions?address={address}");
                Some(!self.persist("GET", &path, None).await?.as_array()?.is_empty())
            }
            Books::Bank { account, concept } => self.is_credited(account, concept).await,
        }
    }

    /// Whether the bank's statement, back to its first line, has a credit with this reference. However long the hand
    /// waited, what others paid meanwhile does not hide it.
    async fn is_credited(&mut self, account: &str, concept: &str) -> Option<bool> {
        let mut last = String::new();
        loop {
            let page = self.persist("GET", &books::statement_page(account, &last), None).await?;
            let lines = page.as_array()?;
            if lines.iter().any(|line| line["concept"].as_str() == Some(concept)) {
                return Some(true);
            }
            match lines.last().and_then(|line| line["line"].as_str()) {
                Some(line) if lines.len() == books::PAGE => line.clone_into(&mut last),
                _ => return Some(false),
            }
        }
    }

    /// Sends a call that may be repeated until it is answered; `data` of the answer.
    async fn persist(&mut self, method: &str, path: &str, body: Option<&str>) -> Option<Value> {
        for _ in 0..600 {
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
        self.load.fault(format!("{method} {path}: no answer in 600 tries"));
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

    /// The next try goes to another process, if there is one.
    fn choose_server(&mut self) {
        let turn = usize::try_from(self.load.next.fetch_add(1, Ordering::Relaxed)).unwrap_or_default();
        self.client.move_to(&self.load.addresses[turn % self.load.addresses.len()]);
    }
}

/// A thread that panicked while holding one of these locks has ended the run anyway.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
