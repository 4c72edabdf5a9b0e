//! Whole buy orders: created, paid, coins sent, and both webhooks acknowledged by our listener.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::installation::{BenchInstallation, payment_body};
use super::measure::LatencySample;
use crate::http::{HttpClient, request};
use crate::partner;

const MAX_OPEN_ORDERS: usize = 2_000;
/// An order that takes longer is lost.
const ORDER_TIMEOUT: Duration = Duration::from_secs(60);

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

/// Measures the time of orders from creation to second webhook. Also returns the number of ledger entries of an order.
pub(super) async fn whole(installation: &BenchInstallation, connections: usize, length: Duration) -> Result<(LatencySample, u64), String> {
    let shared = Arc::new(OrderRunState::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
    let url = format!("http://{}/", listener.local_addr().map_err(|error| error.to_string())?);
    let router = Router::new().route("/", post(acknowledge)).with_state(Arc::clone(&shared));
    let listening = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut client = HttpClient::new(&installation.server.address);
    for kind in ["PAY_IN", "COINS_SENT"] {
        partner::post(&mut client, &installation.token, "/api/subscribeToWebhook", &json!({ "url": url, "type": kind }).to_string())
            .await?;
    }

    let (began, processor_before) = (Instant::now(), installation.measured().processor_time());
    let permits = Arc::new(Semaphore::new(MAX_OPEN_ORDERS));
    let mut workers = Vec::new();
    for _ in 0..connections {
        let worker = OrderWorker {
            client: HttpClient::new(&installation.server.address),
            token: installation.token.clone(),
            shared: Arc::clone(&shared),
            permits: Arc::clone(&permits),
        };
        workers.push(tokio::spawn(worker.work(began, length, Arc::clone(&installation.customers), Arc::clone(&installation.numbers))));
    }
    let mut last = String::new();
    for worker in workers {
        last = worker.await.map_err(|error| error.to_string())??;
    }
    // All permits are free when all orders are completed.
    let completed = tokio::time::timeout(ORDER_TIMEOUT, permits.acquire_many(u32::try_from(MAX_OPEN_ORDERS).unwrap_or(u32::MAX))).await;
    if completed.is_err() {
        return Err(format!("{} orders were not completed within {} s", lock(&shared.open_orders).len(), ORDER_TIMEOUT.as_secs()));
    }
    let elapsed = began.elapsed();
    let processor = installation.measured().processor_time().saturating_sub(processor_before);
    listening.abort();
    let times = std::mem::take(&mut *lock(&shared.times));
    Ok((LatencySample::of(times, elapsed, processor), entries_of(installation, &last)?))
}

struct OrderWorker {
    client: HttpClient,
    token: String,
    shared: Arc<OrderRunState>,
    permits: Arc<Semaphore>,
}

impl OrderWorker {
    /// Creates and pays orders; returns the id of the last one.
    async fn work(
        mut self,
        began: Instant,
        length: Duration,
        customers: Arc<Vec<i64>>,
        numbers: Arc<std::sync::atomic::AtomicU64>,
    ) -> Result<String, String> {
        let mut id = String::new();
        while began.elapsed() < length {
            let permit = tokio::time::timeout(ORDER_TIMEOUT, Arc::clone(&self.permits).acquire_owned()).await;
            let permit = permit.map_err(|_| "no order is completed".to_owned())?.map_err(|error| error.to_string())?;
            let body = payment_body(&customers, numbers.fetch_add(1, Ordering::Relaxed));
            let started = Instant::now();
            let data = partner::post(&mut self.client, &self.token, "/api/createPayment", &body).await?;
            id = data["payment_id"].as_str().unwrap_or_default().to_owned();
            lock(&self.shared.open_orders).insert(id.clone(), OpenOrder { began: started, webhooks: 0, _permit: permit });
            let pay = request("POST", &format!("/sandbox/payments/{id}/pay"), &self.token, Some("{}"));
            let answer = self.client.send(&pay).await.map_err(|error| error.to_string())?;
            if answer.status != 200 {
                return Err(format!("pay: {} {}", answer.status, answer.text()));
            }
        }
        Ok(id)
    }
}

/// Acknowledges a webhook. A repeated event would count twice, but events are repeated only after a failed delivery, and none
/// fails here.
async fn acknowledge(State(shared): State<Arc<OrderRunState>>, body: Bytes) -> StatusCode {
    let id = serde_json::from_slice::<serde_json::Value>(&body).ok().and_then(|event| event["data"]["id"].as_str().map(str::to_owned));
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
    let entries: Vec<serde_json::Value> = serde_json::from_str(&printed).map_err(|error| format!("ledger order --json: {error}"))?;
    Ok(u64::try_from(entries.len()).unwrap_or_default())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
