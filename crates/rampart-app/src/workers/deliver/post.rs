//! The one HTTP client that leaves the house for partners: no redirects, a time-out, no private networks where that is
//! asked for.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use rampart_core::time::Timestamp;
use reqwest::StatusCode;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};

use super::sign::Signed;
use crate::config::AppConfig;
use crate::error::{AppError, AppResult};
use crate::network::is_public;

/// How much of an answer is read before the connection is dropped instead of used again.
const MOST_OF_ANSWER: usize = 16 * 1_024;
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How many connections to a receiver are kept while nothing is sent, and for how long: a partner may name many receivers, and
/// what is kept of all is taken from what this process may have open.
const IDLE_PER_RECEIVER: usize = 2;
const IDLE_FOR: Duration = Duration::from_secs(5);

/// The longest that a receiver may ask us to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Posts webhooks.
pub(super) struct Post {
    client: reqwest::Client,
    is_guarded: bool,
    is_live: bool,
    /// The ports of live mode.
    ports: Vec<u16>,
}

/// Why something was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// In words. They hold nothing of what the receiver answered.
    pub(super) reason: String,
    /// The status, where there was an answer.
    status: Option<StatusCode>,
    /// For how long the receiver asks us to wait, a day at most.
    pub(super) retry_after: Option<Duration>,
}

impl Refused {
    fn before_an_answer(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), status: None, retry_after: None }
    }

    /// Whether the receiver wants no more at all.
    pub(super) fn is_gone(&self) -> bool {
        self.status == Some(StatusCode::GONE)
    }

    /// For how long nothing is to be sent, where the receiver asks for less.
    pub(super) fn rest(&self) -> Option<Duration> {
        let overwhelmed = [StatusCode::TOO_MANY_REQUESTS, StatusCode::BAD_GATEWAY, StatusCode::GATEWAY_TIMEOUT];
        let asks = self.status.is_some_and(|status| overwhelmed.contains(&status));
        self.retry_after.or(asks.then_some(Duration::ZERO))
    }
}

impl Post {
    pub(super) fn new(config: &AppConfig) -> AppResult<Self> {
        // Whoever was first has installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let is_guarded = config.is_live() || !config.webhooks.allow_private_networks;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("rampart-webhooks/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_WITHIN)
            .timeout(Duration::from_secs(config.webhooks.timeout_seconds))
            .pool_max_idle_per_host(IDLE_PER_RECEIVER)
            .pool_idle_timeout(IDLE_FOR)
            .tcp_nodelay(true)
            .no_proxy()
            .https_only(config.is_live());
        if is_guarded {
            builder = builder.dns_resolver(Arc::new(PublicOnly));
        }
        let client = builder.build().map_err(|fault| AppError::Defect(Box::new(fault)))?;
        Ok(Self { client, is_guarded, is_live: config.is_live(), ports: config.webhooks.live_ports.clone() })
    }

    /// Sends it at a moment (real time); 2xx is success.
    pub(super) async fn send(&self, url: &str, signed: Signed, now: Timestamp) -> Result<(), Refused> {
        let url = url::Url::parse(url).map_err(|_| Refused::before_an_answer("the URL cannot be read"))?;
        self.check(&url).map_err(Refused::before_an_answer)?;
        let mut request = self.client.post(url).header(CONTENT_TYPE, "application/json").body(signed.body);
        for (name, value) in signed.headers {
            request = request.header(name, value);
        }
        let response = request.send().await.map_err(|fault| Refused::before_an_answer(reason(&fault)))?;
        let status = response.status();
        let retry_after = retry_after(response.headers(), now);
        drain(response).await;
        if status.is_success() {
            return Ok(());
        }
        Err(Refused { reason: format!("answered {}", status.as_u16()), status: Some(status), retry_after })
    }

    /// What no resolver is asked about: the scheme, and addresses written as such.
    fn check(&self, url: &url::Url) -> Result<(), String> {
        if self.is_live && url.scheme() != "https" {
            return Err("the URL is not https".to_owned());
        }
        if self.is_live && !url.port_or_known_default().is_some_and(|port| self.ports.contains(&port)) {
            return Err("the URL's port is not one that webhooks.live_ports allows".to_owned());
        }
        let ip = match url.host() {
            Some(url::Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(url::Host::Ipv6(ip)) => IpAddr::V6(ip),
            Some(url::Host::Domain(_)) => return Ok(()),
            None => return Err("the URL has no host".to_owned()),
        };
        if self.is_guarded && !is_public(ip) { Err(PRIVATE.to_owned()) } else { Ok(()) }
    }
}

/// For how long a receiver asks us to wait: in seconds, or until a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that is too large to read is a long wait all the same.
        text.parse().map_or(LONGEST_WAIT, Duration::from_secs)
    } else {
        let until = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        until.saturating_sub(Duration::from_micros(now.micros().try_into().ok()?))
    };
    (!wait.is_zero()).then_some(wait.min(LONGEST_WAIT))
}

const PRIVATE: &str = "the address is on a private network";

/// A little of the answer is read, so that the connection can be used again; what it says does not matter.
async fn drain(mut response: reqwest::Response) {
    let mut left = MOST_OF_ANSWER;
    while let Ok(Some(chunk)) = response.chunk().await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

fn reason(fault: &reqwest::Error) -> String {
    let mut text = if fault.is_timeout() { "did not answer in time".to_owned() } else { fault.to_string() };
    let mut source = std::error::Error::source(fault);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if cause_text.contains(PRIVATE) {
            return PRIVATE.to_owned();
        }
        text = cause_text;
        source = cause.source();
    }
    text
}

/// Resolves names and leaves out every address that is not public. The connection is made to what this gives, so that a
/// name cannot be resolved to something else in between.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = addresses.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(PRIVATE.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(is_live: bool) -> Post {
        let mut config = AppConfig::sandbox("https://ramp.example.com");
        if is_live {
            config.mode = crate::config::Mode::Live;
        }
        Post::new(&config).unwrap()
    }

    #[test]
    fn live_mode_refuses_private_addresses_and_plain_http() {
        let check = |is_live: bool, url: &str| post(is_live).check(&url::Url::parse(url).unwrap());
        for url in [
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/",
            "http://example.com/",
            "https://example.com:22/",
        ] {
            assert!(check(true, url).is_err(), "{url}");
        }
        assert!(check(true, "https://8.8.8.8/").is_ok() && check(true, "https://example.com:443/").is_ok());
        assert!(check(false, "http://127.0.0.1:9/x").is_ok());
    }

    #[test]
    fn a_wait_is_read_in_seconds_or_as_a_date_and_is_a_day_at_most() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = Timestamp::from_micros(784_111_777_000_000);
        let wait = |text: &str| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]), now).map(|wait| wait.as_secs());
        for (text, expected) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("86401", Some(86_400)),
            ("99999999999999999999999", Some(86_400)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Fri, 06 Nov 2093 08:50:37 GMT", Some(86_400)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", None),
            ("0", None),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(wait(text), expected, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_refused_after_it_was_resolved() {
        let resolved = PublicOnly.resolve("localhost".parse().unwrap()).await;
        assert!(resolved.is_err_and(|fault| fault.to_string().contains("private")));
    }
}
