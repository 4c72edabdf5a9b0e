//! A partner's webhook endpoint, outside the processes that are killed: what it acknowledged it keeps.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::Value;

type Heard = Arc<Mutex<BTreeMap<String, Value>>>;

/// The endpoint, listening until the run ends.
pub(super) struct Listener {
    /// Where it is reached.
    pub(super) url: String,
    heard: Heard,
}

impl Listener {
    /// Starts listening.
    pub(super) async fn start() -> Result<Self, String> {
        let heard = Heard::default();
        let router = Router::new().route("/", post(hear)).with_state(Arc::clone(&heard));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let url = format!("http://{}/", listener.local_addr().map_err(|error| error.to_string())?);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, heard })
    }

    /// Every event that was acknowledged, by its id. The same event may have come more than once.
    pub(super) fn heard(&self) -> BTreeMap<String, Value> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn hear(State(heard): State<Heard>, body: Bytes) -> StatusCode {
    let event = serde_json::from_slice::<Value>(&body).ok();
    let Some((id, event)) = event.and_then(|event| Some((event["id"].as_str()?.to_owned(), event))) else {
        return StatusCode::BAD_REQUEST;
    };
    heard.lock().unwrap_or_else(PoisonError::into_inner).insert(id, event);
    StatusCode::NO_CONTENT
}
