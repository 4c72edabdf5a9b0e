//! Whole buy orders: created, paid, coins sent, and both webhooks acknowledged by a listener of ours.

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

use super::measure::Sample;
use super::requests;
use super::setting::Setting;
use crate::http::{Client, request};
use crate::partner;

/// Orders that may be between their creation and their second webhook at once.
const UNDER_WAY: usize = 2_000;
/// An order that takes longer has been lost.
const LIMIT: Duration = Duration::from_secs(60);

/// An order between creation and second webhook.
struct UnderWay {
    began: Instant,
    webhooks: u8,
    _place: OwnedSemaphorePermit,
}

/// What the listener and the hands share.
#[derive(Default)]
struct Shared {
    under_way: Mutex<HashMap<String, UnderWay>>,
    times: Mutex<Vec<u32>>,
}

/// Measures for so long; returns the sample, of which each time is an order's from its creation to its second webhook,
/// and how many ledger entries an order makes.
pub(super) async fn whole(setting: &Setting, connections: usize, length: Duration) -> Result<(Sample, u64), String> {
    let shared = Arc::new(Shared::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
    let url = format!("http://{}/", listener.local_addr().map_err(|error| error.to_string())?);
    let router = Router::new().route("/", post(hear)).with_state(Arc::clone(&shared));
    let listening = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut client = Client::new(&setting.server.address);
    for kind in ["PAY_IN", "COINS_SENT"] {
        partner::post(&mut client, &setting.token, "/api/subscribeToWebhook", &json!({ "url": url, "type": kind }).to_string()).await?;
    }

    let (began, processor_before) = (Instant::now(), setting.served().processor_time());
    let places = Arc::new(Semaphore::new(UNDER_WAY));
    let mut hands = Vec::new();
    for _ in 0..connections {
        let hand = Hand {
            client: Client::new(&setting.server.address),
            token: setting.token.clone(),
            shared: Arc::clone(&shared),
            places: Arc::clone(&places),
        };
        hands.push(tokio::spawn(hand.work(began, length, Arc::clone(&setting.customers), Arc::clone(&setting.numbers))));
    }
    let mut last = String::new();
    for hand in hands {
        last = hand.await.map_err(|error| error.to_string())??;
    }
    // Every place is free again when every order is through.
    let through = tokio::time::timeout(LIMIT, places.acquire_many(u32::try_from(UNDER_WAY).unwrap_or(u32::MAX))).await;
    if through.is_err() {
        return Err(format!("{} orders were not through within {} s", lock(&shared.under_way).len(), LIMIT.as_secs()));
    }
    let elapsed = began.elapsed();
    let processor = setting.served().processor_time().saturating_sub(processor_before);
    listening.abort();
    let times = std::mem::take(&mut *lock(&shared.times));
    Ok((Sample::of(times, elapsed, processor), entries_of(setting, &last)?))
}

struct Hand {
    client: Client,
    token: String,
    shared: Arc<Shared>,
    places: Arc<Semaphore>,
}

impl Hand {
    /// Creates and pays order after order; returns the last one's id.
    async fn work(
        mut self,
        began: Instant,
        length: Duration,
        customers: Arc<Vec<i64>>,
        numbers: Arc<std::sync::atomic::AtomicU64>,
    ) -> Result<String, String> {
        let mut id = String::new();
        while began.elapsed() < length {
            let place = tokio::time::timeout(LIMIT, Arc::clone(&self.places).acquire_owned()).await;
            let place = place.map_err(|_| "no order is getting through".to_owned())?.map_err(|error| error.to_string())?;
            let body = requests::payment_body(&customers, numbers.fetch_add(1, Ordering::Relaxed));
            let started = Instant::now();
            let data = partner::post(&mut self.client, &self.token, "/api/createPayment", &body).await?;
            id = data["payment_id"].as_str().unwrap_or_default().to_owned();
            lock(&self.shared.under_way).insert(id.clone(), UnderWay { began: started, webhooks: 0, _place: place });
            let pay = request("POST", &format!("/sandbox/payments/{id}/pay"), &self.token, Some("{}"));
            let answer = self.client.send(&pay).await.map_err(|error| error.to_string())?;
            if answer.status != 200 {
                return Err(format!("pay: {} {}", answer.status, answer.text()));
            }
        }
        Ok(id)
    }
}

/// Acknowledges a webhook. The same event may come twice; then it counts twice, which a benchmark can live with only
/// because a repeat follows a failure, and there is none.
async fn hear(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let id = serde_json::from_slice::<serde_json::Value>(&body).ok().and_then(|event| event["data"]["id"].as_str().map(str::to_owned));
    let Some(id) = id else { return StatusCode::BAD_REQUEST };
    let mut under_way = lock(&shared.under_way);
    let Some(order) = under_way.get_mut(&id) else { return StatusCode::OK };
    order.webhooks += 1;
    if order.webhooks == 2 {
        let micros = order.began.elapsed().as_micros();
        under_way.remove(&id);
        lock(&shared.times).push(u32::try_from(micros).unwrap_or(u32::MAX));
    }
    StatusCode::OK
}

/// How many ledger entries an order has made.
fn entries_of(setting: &Setting, order: &str) -> Result<u64, String> {
    let printed = setting.installation.run(&["ledger", "order", order, "--json"])?;
    let entries: Vec<serde_json::Value> = serde_json::from_str(&printed).map_err(|error| format!("ledger order --json: {error}"))?;
    Ok(u64::try_from(entries.len()).unwrap_or_default())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
