//! The demo partner, and the timeline that the demo prints.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rampart_app::{App, operate};
use serde_json::{Value, json};

use super::client::DemoClient;
use super::receiver::WebhookReceiver;
use crate::error::CommandError;
use crate::output;
use crate::wiring::OpenInstallation;

const STATUS_TIMEOUT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

pub(super) struct DemoSession {
    pub(super) client: DemoClient,
    pub(super) receiver: WebhookReceiver,
    pub(super) app: App,
    began: Instant,
    /// Number of webhooks that are on the timeline already.
    printed_webhooks: usize,
    pub(super) failures: Vec<String>,
}

impl DemoSession {
    /// Creates a partner with a client and a webhook receiver.
    pub(super) async fn start(installation: &OpenInstallation, address: SocketAddr) -> Result<Self, CommandError> {
        // A new partner for each run: the data folder may be that of an earlier one.
        let name = format!("demo run {}", installation.app.business.now());
        let credentials = operate::partners::create_partner(&installation.app, &name, "rampart demo").await?;
        // The receiver verifies signatures with the secret; the partner authenticates with it.
        let secret = credentials.api_secret.reveal().to_owned();
        let receiver = WebhookReceiver::start(secret.clone())
            .await
            .map_err(|error| CommandError::Refused(format!("cannot listen for webhooks: {error}")))?;
        let mut session = Self {
            client: DemoClient::new(address),
            receiver,
            app: installation.app.clone(),
            began: Instant::now(),
            printed_webhooks: 0,
            failures: Vec::new(),
        };
        session.title(&format!("Rampart on http://{address}, webhooks to {}", session.receiver.url));
        let grant = session.client.post("/api/authenticate", &json!({ "api_key": credentials.api_key, "api_secret": secret })).await;
        let grant = grant.map_err(CommandError::Refused)?;
        session.client.token = grant["token"].as_str().unwrap_or_default().to_owned();
        session.call("POST /api/authenticate", &format!("a token until {}", text(&grant["expires_at"])));
        Ok(session)
    }

    pub(super) fn title(&self, title: &str) {
        output::line(&format!("\n== {title}"));
    }

    fn line(&self, what: &str, detail: &str) {
        let elapsed = self.began.elapsed().as_millis();
        output::line(&format!("{:>4}.{:03} s  {what:<9} {detail}", elapsed / 1_000, elapsed % 1_000));
    }

    /// Prints a call and its result.
    pub(super) fn call(&self, call: &str, answer: &str) {
        self.line("call", &format!("{call:<34} {answer}"));
    }

    /// Prints the new state of an object.
    pub(super) fn state(&self, object: &str, state: &str) {
        self.line("state", &format!("{object:<34} {state}"));
    }

    /// Prints the webhooks that have arrived since the last call.
    pub(super) fn print_webhooks(&mut self) {
        let received = self.receiver.received();
        for webhook in &received[self.printed_webhooks..] {
            let signed = if webhook.signed { "signature verified" } else { "SIGNATURE WRONG" };
            self.line("webhook", &format!("{:<34} {} ({signed})", format!("#{} {}", webhook.sequence, webhook.kind), webhook.status));
            if !webhook.signed {
                self.failures.push(format!("webhook #{} is not signed with the partner's secret", webhook.sequence));
            }
        }
        self.printed_webhooks = received.len();
    }

    /// Prints the result of a check and records a failure.
    pub(super) fn check(&mut self, passed: bool, what: &str) {
        self.line("check", &format!("{what}: {}", if passed { "yes" } else { "NO" }));
        if !passed {
            self.failures.push(what.to_owned());
        }
    }

    /// Repeats a GET call until `done`, printing every new status. Fails after a timeout.
    pub(super) async fn until(
        &mut self,
        object: &str,
        path: &str,
        status: &str,
        done: impl Fn(&Value) -> bool,
    ) -> Result<Value, CommandError> {
        let began = Instant::now();
        let mut last = String::new();
        loop {
            let data = self.client.get(path).await.map_err(CommandError::Refused)?;
            self.print_webhooks();
            let now = text(&data[status]);
            if now != last {
                self.state(object, &now);
                last = now;
            }
            if done(&data) {
                return Ok(data);
            }
            if began.elapsed() > STATUS_TIMEOUT {
                return Err(CommandError::Refused(format!("{object} is still {last} after {} seconds: {data}", STATUS_TIMEOUT.as_secs())));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Waits until the webhooks of all events up to `last` have arrived, at most until a timeout.
    pub(super) async fn until_delivered(&mut self, last: i64) {
        let began = Instant::now();
        while began.elapsed() < STATUS_TIMEOUT {
            self.print_webhooks();
            let received = self.receiver.received();
            if (1..=last).all(|sequence| received.iter().any(|webhook| webhook.sequence == sequence)) {
                return;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

/// A value as text, without quotes.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}
