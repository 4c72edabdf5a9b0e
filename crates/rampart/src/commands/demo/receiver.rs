//! The webhook receiver of the demo partner. It verifies signatures, as every partner must.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

#[derive(Debug, Clone)]
pub(super) struct ReceivedWebhook {
    pub(super) sequence: i64,
    pub(super) kind: String,
    /// Status of the order or of the identity check; empty if the object has none.
    pub(super) status: String,
    /// Whether the signature was made with the partner's secret.
    pub(super) signed: bool,
}

struct ReceiverState {
    secret: String,
    received: Mutex<Vec<ReceivedWebhook>>,
}

/// Stops when dropped.
pub(super) struct WebhookReceiver {
    pub(super) url: String,
    receiver: Arc<ReceiverState>,
    task: JoinHandle<()>,
}

impl WebhookReceiver {
    /// Listens on a free port.
    pub(super) async fn start(secret: String) -> std::io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let url = format!("http://{}/webhooks", listener.local_addr()?);
        let receiver = Arc::new(ReceiverState { secret, received: Mutex::default() });
        let router = Router::new().route("/webhooks", post(receive)).with_state(receiver.clone());
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the webhook receiver stopped");
            }
        });
        Ok(Self { url, receiver, task })
    }

    /// All webhooks so far, in order of arrival.
    pub(super) fn received(&self) -> Vec<ReceivedWebhook> {
        self.receiver.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for WebhookReceiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(State(receiver): State<Arc<ReceiverState>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Ok(event) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let webhook = ReceivedWebhook {
        sequence: event["sequence"].as_i64().unwrap_or_default(),
        kind: event["type"].as_str().unwrap_or_default().to_owned(),
        status: event["data"]["status"].as_str().or_else(|| event["data"]["kyc_status"].as_str()).unwrap_or_default().to_owned(),
        signed: is_signed(&receiver.secret, &headers, &body),
    };
    receiver.received.lock().unwrap_or_else(PoisonError::into_inner).push(webhook);
    StatusCode::NO_CONTENT
}

/// `X-Signature` is the hexadecimal HMAC-SHA256 of body and timestamp under the text of the secret.
fn is_signed(secret: &str, headers: &HeaderMap, body: &[u8]) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(timestamp), Some(signature)) = (header("x-timestamp"), header("x-signature")) else { return false };
    let Ok(signature) = hex::decode(signature) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(body);
    mac.update(timestamp.as_bytes());
    mac.verify_slice(&signature).is_ok()
}
