//! Settings of the ramp itself. The catalogue ([`rampart_core::catalogue`]) has the settings of what it trades.

mod workers;

pub use workers::WorkersConfig;

use serde::{Deserialize, Serialize};

/// Whether the providers are real or simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    #[default]
    Sandbox,
    /// Every provider is real.
    Live,
}

/// The settings of the ramp.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppConfig {
    #[serde(default)]
    pub mode: Mode,
    /// Base URL of the hosted pages, without a trailing slash: `https://ramp.example.com`. Links are built from it,
    /// never from a request's `Host` header.
    pub public_url: String,
    /// Lifetime of a token (real time).
    pub token_seconds: u64,
    /// Lifetime of a link to the identity page (business time).
    pub identity_link_days: u32,
    /// How long responses are kept for their idempotency keys. At least 24.
    pub idempotency_hours: u64,
    /// Delay before money goes to a destination given on a hosted page (business time).
    pub destination_delay_seconds: u64,
    pub registration: RegistrationConfig,
    pub rate_limits: RateLimits,
    pub webhooks: WebhooksConfig,
    pub retention: RetentionConfig,
    #[serde(default)]
    pub workers: WorkersConfig,
}

/// Settings of customer registration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationConfig {
    /// Refuse an invalid telephone number or bank account instead of storing it with a warning.
    pub strict_contact: bool,
    pub minimum_age: u8,
    /// Disposable e-mail domains that are refused, in lower case, with their subdomains.
    pub disposable_domains: Vec<String>,
}

/// Rate limits. Each pair is a token bucket: a burst capacity and a refill rate per second.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimits {
    pub enabled: bool,
    pub partner_per_second: u32,
    pub partner_burst: u32,
    pub ip_per_second: u32,
    pub ip_burst: u32,
    pub authenticate_per_second: u32,
    pub authenticate_burst: u32,
}

/// Settings of webhook delivery.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhooksConfig {
    pub timeout_seconds: u64,
    /// Allow private networks and plain http in webhook URLs. Always off in live mode.
    pub allow_private_networks: bool,
    /// Ports allowed in webhook URLs in live mode. The sandbox allows any.
    pub live_ports: Vec<u16>,
    pub concurrency: usize,
}

/// How long finished records are kept.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    pub delivered_days: u32,
}

impl AppConfig {
    /// Whether the providers are real.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self.mode, Mode::Live)
    }

    /// Sandbox defaults. The default file of the binary contains these and more.
    #[must_use]
    pub fn sandbox(public_url: &str) -> Self {
        Self {
            mode: Mode::Sandbox,
            public_url: public_url.trim_end_matches('/').to_owned(),
            token_seconds: 3_600,
            identity_link_days: 30,
            idempotency_hours: 48,
            destination_delay_seconds: 0,
            registration: RegistrationConfig {
                strict_contact: false,
                minimum_age: 18,
                disposable_domains: ["mailinator.com", "guerrillamail.com", "10minutemail.com", "yopmail.com"].map(str::to_owned).to_vec(),
            },
            rate_limits: RateLimits {
                enabled: true,
                partner_per_second: 2_000,
                partner_burst: 10_000,
                ip_per_second: 2_000,
                ip_burst: 10_000,
                authenticate_per_second: 10,
                authenticate_burst: 100,
            },
            webhooks: WebhooksConfig { timeout_seconds: 10, allow_private_networks: true, live_ports: vec![443], concurrency: 64 },
            retention: RetentionConfig { delivered_days: 30 },
            workers: WorkersConfig::default(),
        }
    }

    /// Checks the settings as a whole.
    ///
    /// # Errors
    /// A sentence that names the offending setting.
    pub fn check(&self) -> Result<(), String> {
        check_public_url(&self.public_url, self.is_live())?;
        if self.idempotency_hours < 24 {
            return Err("idempotency_hours must be at least 24".into());
        }
        if self.identity_link_days == 0 {
            return Err("identity_link_days must be above zero".into());
        }
        if self.token_seconds == 0 || self.webhooks.timeout_seconds == 0 || self.webhooks.concurrency == 0 {
            return Err("token_seconds, webhooks.timeout_seconds and webhooks.concurrency must be above zero".into());
        }
        Ok(())
    }
}

/// Checks the public URL. Every link consists of it, a path and a query, and is inserted into pages and JSON.
///
/// # Errors
/// A sentence that says what is wrong, without quoting the URL, which may contain a password.
pub fn check_public_url(text: &str, is_live: bool) -> Result<(), String> {
    let url = url::Url::parse(text).map_err(|_| "public_url must be a URL such as https://ramp.example.com".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || text.ends_with('/') {
        return Err("public_url must begin with http:// or https:// and must not end with a slash".into());
    }
    if is_live && url.scheme() != "https" {
        return Err("public_url must begin with https:// in live mode".into());
    }
    // Checked in the text: the parser drops an empty user name, query or fragment, which would still break the links.
    let has_user = text.split_once("://").is_some_and(|(_, rest)| rest.split('/').next().unwrap_or_default().contains('@'));
    if has_user || text.contains(['?', '#']) {
        return Err("public_url must not have a user name, a password, a query or a fragment".into());
    }
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._~:/[]%".contains(letter);
    if !text.chars().all(is_plain) {
        return Err("public_url must contain only ASCII letters, digits and the characters -._~:/[]%".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_can_be_made_of_a_public_url() {
        for url in ["http://127.0.0.1:8080", "https://ramp.example.com", "https://ramp.example.com/a/b-c", "http://[::1]:80"] {
            AppConfig::sandbox(url).check().unwrap_or_else(|fault| panic!("{url}: {fault}"));
        }
        for url in [
            "https://ops:secret@ramp.example.com",
            "https://@ramp.example.com",
            "https://ramp.example.com?x=1",
            "https://ramp.example.com/a?",
            "https://ramp.example.com#top",
            "https://ramp.example.com/#",
            "https://ramp.example.com/\"onload=\"x",
            "https://ramp.example.com/it's",
            "https://ramp.example.com/<b>",
            "https://ramp.example.com/a b",
            "https://ramp.example.com\\a",
            "ftp://ramp.example.com",
            "ramp.example.com",
        ] {
            let fault = AppConfig { public_url: url.to_owned(), ..AppConfig::sandbox("http://x") }.check().unwrap_err();
            assert!(fault.starts_with("public_url must") && !fault.contains("secret"), "{url}: {fault}");
        }
    }
}
