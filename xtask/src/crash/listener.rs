//! The partner's webhook endpoint. It is outside the killed processes and stores everything that it acknowledges.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::Value;

type AcknowledgedEvents = Arc<Mutex<BTreeMap<String, Value>>>;

pub(super) struct WebhookListener {
    pub(super) url: String,
    acknowledged: AcknowledgedEvents,
}

impl WebhookListener {
    pub(super) async fn start() -> Result<Self, String> {
        let acknowledged = AcknowledgedEvents::default();
        let router = Router::new().route("/", post(acknowledge)).with_state(Arc::clone(&acknowledged));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let url = format!("http://{}/", listener.local_addr().map_err(|error| error.to_string())?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, acknowledged })
    }

    /// The acknowledged events by id. An event may have been delivered more than once.
    pub(super) fn acknowledged(&self) -> BTreeMap<String, Value> {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn acknowledge(State(acknowledged): State<AcknowledgedEvents>, body: Bytes) -> StatusCode {
    let event = serde_json::from_slice::<Value>(&body).ok();
    let Some((id, event)) = event.and_then(|event| Some((event["id"].as_str()?.to_owned(), event))) else {
        return StatusCode::BAD_REQUEST;
    };
    acknowledged.lock().unwrap_or_else(PoisonError::into_inner).insert(id, event);
    StatusCode::NO_CONTENT
}
