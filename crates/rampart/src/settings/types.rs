//! The settings as types. Keys and meanings are documented in `default.toml`.

use std::path::PathBuf;

use rampart_app::{AppConfig, Mode, RateLimits, RegistrationConfig, RetentionConfig, WebhooksConfig, WorkersConfig, check_public_url};
use rampart_core::text::redacted::Redacted;

/// The configuration without the catalogue.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProcessSettings {
    pub(crate) mode: Mode,
    pub(crate) data: PathBuf,
    pub(crate) server: ServerSettings,
    pub(crate) database: DatabaseSettings,
    pub(crate) keys: KeySettings,
    pub(crate) log: LogSettings,
    pub(crate) registration: RegistrationConfig,
    pub(crate) pages: PageSettings,
    pub(crate) retention: RetentionSettings,
    pub(crate) webhooks: WebhooksConfig,
    pub(crate) workers: WorkersConfig,
    pub(crate) rate_limits: RateLimits,
    pub(crate) providers: ProviderSettings,
    pub(crate) sandbox: SandboxSettings,
}

#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct ServerSettings {
    pub(crate) listen: String,
    pub(crate) public_url: String,
    pub(crate) metrics_listen: String,
    pub(crate) metrics_token_file: String,
    /// Flattening disables `deny_unknown_fields`; the schema has refused unknown keys already.
    #[serde(flatten)]
    pub(crate) web: rampart_web::WebConfig,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatabaseSettings {
    pub(crate) url: Redacted,
    pub(crate) url_file: String,
    pub(crate) readers: u32,
    pub(crate) queue: usize,
    pub(crate) batch: usize,
    pub(crate) patience_seconds: u64,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeySettings {
    pub(crate) file: String,
    pub(crate) token_seconds: u64,
    pub(crate) identity_link_days: u32,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogSettings {
    pub(crate) format: LogFormat,
    pub(crate) level: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
    /// Text on a terminal, JSON elsewhere.
    Auto,
}

#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageSettings {
    pub(crate) destination_delay_seconds: u64,
}

#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetentionSettings {
    pub(crate) idempotency_hours: u64,
    pub(crate) delivered_days: u32,
}

/// The adapter behind each port.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderSettings {
    pub(crate) bank: Provider,
    pub(crate) processor: Provider,
    pub(crate) chain: Provider,
    pub(crate) kyc: Provider,
    pub(crate) screening: Provider,
    pub(crate) prices: Provider,
}

/// The built-in adapters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Provider {
    Sandbox,
}

#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SandboxSettings {
    pub(crate) seed: u64,
    pub(crate) demo_partner: bool,
    pub(crate) destination_delay_seconds: u64,
}

impl ProviderSettings {
    /// Each port with its adapter.
    pub(crate) const fn each(&self) -> [(&'static str, Provider); 6] {
        [
            ("bank", self.bank),
            ("processor", self.processor),
            ("chain", self.chain),
            ("kyc", self.kyc),
            ("screening", self.screening),
            ("prices", self.prices),
        ]
    }
}

impl ProcessSettings {
    /// Refuses contradictory values: the key and the reason.
    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        let above_zero = [
            ("database.readers", self.database.readers > 0),
            ("database.queue", self.database.queue > 0),
            ("database.batch", self.database.batch > 0),
            ("workers.concurrency", self.workers.concurrency > 0),
            ("workers.stop_seconds", self.workers.stop_seconds > 0),
            ("workers.lease_seconds", self.workers.lease_seconds > self.workers.call_seconds),
        ];
        if let Some((key, _)) = above_zero.iter().find(|(_, is_valid)| !is_valid) {
            let reason = if *key == "workers.lease_seconds" { "must be more than workers.call_seconds" } else { "must be above zero" };
            return Err((key, reason.to_owned()));
        }
        let public_url = self.server.public_url.trim_end_matches('/');
        match public_url.is_empty() {
            true => Ok(()),
            false => check_public_url(public_url, false).map_err(|reason| ("server.public_url", reason)),
        }
    }

    /// The configuration of the application. `address` is where the process listens; without a public URL, links are built
    /// from it.
    pub(crate) fn app(&self, address: &str) -> AppConfig {
        let public_url = if self.server.public_url.is_empty() { format!("http://{address}") } else { self.server.public_url.clone() };
        AppConfig {
            mode: self.mode,
            public_url: public_url.trim_end_matches('/').to_owned(),
            token_seconds: self.keys.token_seconds,
            identity_link_days: self.keys.identity_link_days,
            idempotency_hours: self.retention.idempotency_hours,
            destination_delay_seconds: match self.mode {
                Mode::Live => self.pages.destination_delay_seconds,
                Mode::Sandbox => self.sandbox.destination_delay_seconds,
            },
            registration: self.registration.clone(),
            rate_limits: self.rate_limits,
            webhooks: self.webhooks.clone(),
            retention: RetentionConfig { delivered_days: self.retention.delivered_days },
            workers: self.workers,
        }
    }
}
