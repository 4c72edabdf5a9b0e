//! What an operator can set about the ramp itself. What it trades is in [`rampart_core::catalogue`].

use serde::{Deserialize, Serialize};

/// Whether the outside world is real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Everything outside is simulated.
    #[default]
    Sandbox,
    /// Everything outside is real.
    Live,
}

/// What an operator can set about the ramp itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppConfig {
    /// Whether the outside world is real.
    #[serde(default)]
    pub mode: Mode,
    /// Where our pages are, without a slash at the end: `https://ramp.example.com`. Links are made of it, never of a
    /// request's `Host` header.
    pub public_url: String,
    /// How long a token is good for, in seconds of real time.
    pub token_seconds: u64,
    /// How long a link to a customer's identity page is good for, in days of business time.
    pub identity_link_days: u32,
    /// How long the answers to idempotency keys are kept, in hours; at least 24.
    pub idempotency_hours: u64,
    /// How long money waits, in seconds of business time, before it goes to a destination that a hosted page gave.
    pub destination_delay_seconds: u64,
    /// Registration of customers.
    pub registration: RegistrationConfig,
    /// How many calls are answered.
    pub rate_limits: RateLimits,
    /// Webhooks.
    pub webhooks: WebhooksConfig,
    /// How long what is no longer needed is kept.
    pub retention: RetentionConfig,
    /// The workers.
    #[serde(default)]
    pub workers: crate::workers::WorkersConfig,
}

/// Registration of customers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationConfig {
    /// Whether a telephone number or bank account that does not hold is refused instead of stored with a warning.
    pub strict_contact: bool,
    /// How old a person must be, in years.
    pub minimum_age: u8,
    /// Domains of throw-away e-mail addresses that are refused, lower case; their subdomains too.
    pub disposable_domains: Vec<String>,
}

/// How many calls are answered. Each is a bucket: so many at once, refilled by so many a second.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimits {
    /// Whether calls are counted at all.
    pub enabled: bool,
    /// Calls a second of one partner.
    pub partner_per_second: u32,
    /// Calls of one partner at once.
    pub partner_burst: u32,
    /// Calls a second from one address.
    pub ip_per_second: u32,
    /// Calls from one address at once.
    pub ip_burst: u32,
    /// Authentications a second from one address.
    pub authenticate_per_second: u32,
    /// Authentications from one address at once.
    pub authenticate_burst: u32,
}

/// Webhooks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhooksConfig {
    /// How long a receiver may take, in seconds.
    pub timeout_seconds: u64,
    /// Whether URLs may lead into private networks, and may be plain http. Live mode does not allow either, whatever
    /// is set here.
    pub allow_private_networks: bool,
    /// The ports that URLs may have in live mode; the sandbox allows any.
    pub live_ports: Vec<u16>,
    /// How many deliveries may be under way at once.
    pub concurrency: usize,
}

/// How long what is no longer needed is kept.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    /// Deliveries that arrived, in days.
    pub delivered_days: u32,
}

impl AppConfig {
    /// Whether the outside world is real.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self.mode, Mode::Live)
    }

    /// Settings that fit a sandbox; the binary's own default file says the same and more.
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
            workers: crate::workers::WorkersConfig::default(),
        }
    }

    /// What is wrong with the settings as a whole, if anything.
    ///
    /// # Errors
    /// A sentence that names the setting.
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

/// Every link is made of the public URL, a path and a query of ours, and stands in pages and in JSON.
///
/// # Errors
/// A sentence that says what the URL must or must not be, without quoting it.
pub fn check_public_url(text: &str, is_live: bool) -> Result<(), String> {
    let url = url::Url::parse(text).map_err(|_| "public_url must be a URL such as https://ramp.example.com".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || text.ends_with('/') {
        return Err("public_url must begin with http:// or https:// and must not end with a slash".into());
    }
    if is_live && url.scheme() != "https" {
        return Err("public_url must begin with https:// in live mode".into());
    }
    // Read in the text itself: an empty name, query or fragment is none to a parsed URL, and breaks the links all the same.
    let has_user = text.split_once("://").is_some_and(|(_, rest)| rest.split('/').next().unwrap_or_default().contains('@'));
    if has_user || text.contains(['?', '#']) {
        return Err("public_url must not have a user name, a password, a query or a fragment".into());
    }
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._~:/[]%".contains(letter);
    if !text.chars().all(is_plain) {
        return Err("public_url must not have quotes, blanks or other signs that a plain address has not".into());
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
