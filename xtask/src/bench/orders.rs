//! Whole orders: created, paid or deposited, sent or paid out, and both webhooks acknowledged by our listener.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use super::installation::{BenchInstallation, order_amount, payment_body, rampoff_body};
use super::measure::{LatencySample, Until, take_one};
use super::processor::ProcessorReading;
use crate::http::{HttpClient, request};
use crate::partner;

/// Types of events that end an order or lie on its way; each leg has two.
const SUBSCRIBED_EVENTS: [&str; 4] = ["PAY_IN", "COINS_SENT", "CRYPTO_RECEIVED", "RAMPOFF_FINISHED"];
const MAX_OPEN_PAYMENTS: usize = 2_000;
/// A ramp-off waits for blocks and for the bank most of the time.
const MAX_OPEN_RAMPOFFS: usize = 20_000;
/// An order that takes longer is lost.
const ORDER_TIMEOUT: Duration = Duration::from_secs(60);
/// Coins that were sent are final after some blocks.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(180);
const SETTLE_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// What an order is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BenchLeg {
    Buy,
    Sell,
}

impl BenchLeg {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }

    const fn max_open_orders(self) -> usize {
        match self {
            Self::Buy => MAX_OPEN_PAYMENTS,
            Self::Sell => MAX_OPEN_RAMPOFFS,
        }
    }
}

/// An order between its creation and its second webhook.
struct OpenOrder {
    began: Instant,
    webhooks: u8,
    _permit: OwnedSemaphorePermit,
}

/// Shared by the listener and the workers.
#[derive(Default)]
struct OrderRunState {
    open_orders: Mutex<HashMap<String, OpenOrder>>,
    times: Mutex<Vec<u32>>,
}

/// The result of one run.
pub(super) struct OrderRun {
    /// From the first creation to the last second webhook.
    pub(super) sample: LatencySample,
    pub(super) orders: u64,
    /// What the orders used until then.
    pub(super) used: ProcessorReading,
    /// Ledger entries of an order.
    pub(super) entries: u64,
}

/// Receives the webhooks of one installation.
pub(super) struct OrderReceiver {
    shared: Arc<OrderRunState>,
    listening: JoinHandle<std::io::Result<()>>,
}

impl Drop for OrderReceiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl OrderReceiver {
    /// Listens, and subscribes to the webhooks of both legs.
    pub(super) async fn start(installation: &BenchInstallation) -> Result<Self, String> {
        let shared = Arc::new(OrderRunState::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let url = format!("http://{}/", listener.local_addr().map_err(|error| error.to_string())?);
        let router = Router::new().route("/", post(acknowledge)).with_state(Arc::clone(&shared));
        let listening = tokio::spawn(async move { axum::serve(listener, router).await });
        let mut client = HttpClient::new(&installation.server.address);
        for kind in SUBSCRIBED_EVENTS {
            let body = json!({ "url": url, "type": kind }).to_string();
            partner::post(&mut client, &installation.token, "/api/subscribeToWebhook", &body).await?;
        }
        Ok(Self { shared, listening })
    }

    /// Measures orders from their creation to their second webhook.
    pub(super) async fn whole(
        &self,
        installation: &BenchInstallation,
        leg: BenchLeg,
        connections: usize,
        until: Until,
    ) -> Result<OrderRun, String> {
        let permits = Arc::new(Semaphore::new(leg.max_open_orders()));
        let (length, count) = match until {
            Until::Time(length) => (length, usize::MAX),
            Until::Count(count) => (Duration::MAX, count),
        };
        let left = Arc::new(AtomicUsize::new(count));
        let before = installation.used().await?;
        let began = Instant::now();
        let mut workers = Vec::new();
        for _ in 0..connections {
            let worker = OrderWorker {
                client: HttpClient::new(&installation.server.address),
                token: installation.token.clone(),
                shared: Arc::clone(&self.shared),
                permits: Arc::clone(&permits),
                customers: Arc::clone(&installation.customers),
                numbers: Arc::clone(&installation.numbers),
                left: Arc::clone(&left),
            };
            workers.push(tokio::spawn(worker.work(leg, began, length)));
        }
        let mut last = String::new();
        for worker in workers {
            let id = worker.await.map_err(|error| error.to_string())??;
            if !id.is_empty() {
                last = id;
            }
        }
        // All permits are free when all orders are completed.
        let all = u32::try_from(leg.max_open_orders()).unwrap_or(u32::MAX);
        if tokio::time::timeout(ORDER_TIMEOUT, permits.acquire_many(all)).await.is_err() {
            let open = lock(&self.shared.open_orders).len();
            return Err(format!("{open} orders were not completed within {} s", ORDER_TIMEOUT.as_secs()));
        }
        let elapsed = began.elapsed();
        let used = installation.used().await?.since(&before);
        let times = std::mem::take(&mut *lock(&self.shared.times));
        let orders = u64::try_from(times.len()).unwrap_or(u64::MAX);
        Ok(OrderRun { sample: LatencySample::of(times, elapsed, used.process), orders, used, entries: entries_of(installation, &last)? })
    }
}

/// Waits until the installation has at most this many open orders: what was sent is final then.
pub(super) async fn settled(installation: &BenchInstallation, open_orders: u64) -> Result<(), String> {
    let began = Instant::now();
    loop {
        let open = installation.metrics().await?.open_orders();
        if open <= open_orders {
            return Ok(());
        }
        if began.elapsed() > SETTLE_TIMEOUT {
            return Err(format!("{} orders were not settled within {} s", open - open_orders, SETTLE_TIMEOUT.as_secs()));
        }
        tokio::time::sleep(SETTLE_POLL_INTERVAL).await;
    }
}

struct OrderWorker {
    client: HttpClient,
    token: String,
    shared: Arc<OrderRunState>,
    permits: Arc<Semaphore>,
    customers: Arc<Vec<i64>>,
    numbers: Arc<std::sync::atomic::AtomicU64>,
    left: Arc<AtomicUsize>,
}

impl OrderWorker {
    /// Creates and pays orders; returns the id of the last one.
    async fn work(mut self, leg: BenchLeg, began: Instant, length: Duration) -> Result<String, String> {
        let mut id = String::new();
        while began.elapsed() < length && take_one(&self.left) {
            let permit = tokio::time::timeout(ORDER_TIMEOUT, Arc::clone(&self.permits).acquire_owned()).await;
            let permit = permit.map_err(|_| "no order is completed".to_owned())?.map_err(|error| error.to_string())?;
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            id = match leg {
                BenchLeg::Buy => self.buy(number, permit).await?,
                BenchLeg::Sell => self.sell(number, permit).await?,
            };
        }
        Ok(id)
    }

    async fn buy(&mut self, number: u64, permit: OwnedSemaphorePermit) -> Result<String, String> {
        let (id, _) = self.create("/api/createPayment", "payment_id", &payment_body(&self.customers, number), permit).await?;
        self.act(&format!("/sandbox/payments/{id}/pay"), "{}").await?;
        Ok(id)
    }

    async fn sell(&mut self, number: u64, permit: OwnedSemaphorePermit) -> Result<String, String> {
        let (id, data) = self.create("/api/createRampoff", "id", &rampoff_body(&self.customers, number), permit).await?;
        let deposit = json!({ "to": data["wallet"], "symbol": "USDC", "amount": order_amount(number).to_string() });
        self.act("/sandbox/chain/polygon/deposits", &deposit.to_string()).await?;
        Ok(id)
    }

    async fn create(&mut self, path: &str, id_field: &str, body: &str, permit: OwnedSemaphorePermit) -> Result<(String, Value), String> {
        let began = Instant::now();
        let data = partner::post(&mut self.client, &self.token, path, body).await?;
        let id = data[id_field].as_str().ok_or_else(|| format!("{path}: no {id_field} in {data}"))?.to_owned();
        lock(&self.shared.open_orders).insert(id.clone(), OpenOrder { began, webhooks: 0, _permit: permit });
        Ok((id, data))
    }

    async fn act(&mut self, path: &str, body: &str) -> Result<(), String> {
        let answer = self.client.send(&request("POST", path, &self.token, Some(body))).await.map_err(|error| error.to_string())?;
        if answer.status == 200 { Ok(()) } else { Err(format!("{path}: {} {}", answer.status, answer.text())) }
    }
}

/// Acknowledges a webhook. A repeated event would count twice, but events are repeated only after a failed delivery, and none
/// fails here.
async fn acknowledge(State(shared): State<Arc<OrderRunState>>, body: Bytes) -> StatusCode {
    let id = serde_json::from_slice::<Value>(&body).ok().and_then(|event| event["data"]["id"].as_str().map(str::to_owned));
    let Some(id) = id else { return StatusCode::BAD_REQUEST };
    let mut open_orders = lock(&shared.open_orders);
    let Some(order) = open_orders.get_mut(&id) else { return StatusCode::OK };
    order.webhooks += 1;
    if order.webhooks == 2 {
        let micros = order.began.elapsed().as_micros();
        open_orders.remove(&id);
        lock(&shared.times).push(u32::try_from(micros).unwrap_or(u32::MAX));
    }
    StatusCode::OK
}

fn entries_of(installation: &BenchInstallation, order: &str) -> Result<u64, String> {
    let printed = installation.program.run(&["ledger", "order", order, "--json"])?;
    let entries: Vec<Value> = serde_json::from_str(&printed).map_err(|error| format!("ledger order --json: {error}"))?;
    Ok(u64::try_from(entries.len()).unwrap_or_default())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
