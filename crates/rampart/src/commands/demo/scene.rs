//! Who takes part in the demonstration, and the timeline they write.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rampart_app::App;
use serde_json::{Value, json};

use super::client::Client;
use super::listener::Listener;
use crate::failure::Failure;
use crate::output;
use crate::wiring::Installation;

/// Everything settles within this, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Who takes part.
pub(super) struct Scene {
    /// The partner's backend.
    pub(super) client: Client,
    /// The partner's webhook receiver.
    pub(super) listener: Listener,
    /// The ramp, for its books.
    pub(super) app: App,
    began: Instant,
    /// Webhooks that are on the timeline already.
    shown: usize,
    /// What did not hold.
    pub(super) faults: Vec<String>,
}

impl Scene {
    /// A partner of its own with a client and a receiver.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) async fn set(installation: &Installation, address: SocketAddr) -> Result<Self, Failure> {
        // Each run has a partner of its own, also in a folder where another has run.
        let name = format!("demo run {}", installation.app.business().now());
        let credentials = installation.app.create_partner(&name, "rampart demo").await?;
        // The secret goes to the receiver, which verifies with it, and into the call that authenticates.
        let secret = credentials.api_secret.reveal().to_owned();
        let listener = Listener::start(secret.clone()).await.map_err(|error| Failure::Refused(format!("no port for webhooks: {error}")))?;
        let mut scene = Self {
            client: Client::new(address),
            listener,
            app: installation.app.clone(),
            began: Instant::now(),
            shown: 0,
            faults: Vec::new(),
        };
        scene.title(&format!("Rampart on http://{address}, webhooks to {}", scene.listener.url));
        let grant = scene.client.post("/api/authenticate", &json!({ "api_key": credentials.api_key, "api_secret": secret })).await;
        let grant = grant.map_err(Failure::Refused)?;
        scene.client.token = grant["token"].as_str().unwrap_or_default().to_owned();
        scene.call("POST /api/authenticate", &format!("a token until {}", text(&grant["expires_at"])));
        Ok(scene)
    }

    /// A heading.
    pub(super) fn title(&self, title: &str) {
        output::line(&format!("\n== {title}"));
    }

    fn line(&self, what: &str, detail: &str) {
        let elapsed = self.began.elapsed().as_millis();
        output::line(&format!("{:>4}.{:03} s  {what:<9} {detail}", elapsed / 1_000, elapsed % 1_000));
    }

    /// A call and what it gave.
    pub(super) fn call(&self, call: &str, answer: &str) {
        self.line("call", &format!("{call:<34} {answer}"));
    }

    /// A state an object reached.
    pub(super) fn state(&self, object: &str, state: &str) {
        self.line("state", &format!("{object:<34} {state}"));
    }

    /// Puts the webhooks that have arrived meanwhile on the timeline.
    pub(super) fn show_webhooks(&mut self) {
        let received = self.listener.received();
        for webhook in &received[self.shown..] {
            let signed = if webhook.signed { "signature verified" } else { "SIGNATURE WRONG" };
            self.line("webhook", &format!("{:<34} {} ({signed})", format!("#{} {}", webhook.sequence, webhook.kind), webhook.status));
            if !webhook.signed {
                self.faults.push(format!("webhook #{} is not signed with the partner's secret", webhook.sequence));
            }
        }
        self.shown = received.len();
    }

    /// Notes whether something holds.
    pub(super) fn check(&mut self, holds: bool, what: &str) {
        self.line("check", &format!("{what}: {}", if holds { "yes" } else { "NO" }));
        if !holds {
            self.faults.push(what.to_owned());
        }
    }

    /// Looks at a GET call until it shows what is waited for; every new status goes on the timeline.
    ///
    /// # Errors
    /// When that does not happen in time, or the call fails.
    pub(super) async fn until(&mut self, object: &str, path: &str, status: &str, done: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
        let began = Instant::now();
        let mut last = String::new();
        loop {
            let data = self.client.get(path).await.map_err(Failure::Refused)?;
            self.show_webhooks();
            let now = text(&data[status]);
            if now != last {
                self.state(object, &now);
                last = now;
            }
            if done(&data) {
                return Ok(data);
            }
            if began.elapsed() > PATIENCE {
                return Err(Failure::Refused(format!("{object} is still {last} after {} seconds: {data}", PATIENCE.as_secs())));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits for the webhooks of every event up to a number.
    pub(super) async fn until_told(&mut self, last: i64) {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            self.show_webhooks();
            let received = self.listener.received();
            if (1..=last).all(|sequence| received.iter().any(|webhook| webhook.sequence == sequence)) {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// A value as a person reads it.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}
