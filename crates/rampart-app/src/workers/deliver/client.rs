//! The only HTTP client that sends to partners: no redirects, a timeout, and no private networks where configured.

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
use crate::state::network::is_public;

/// How much of a response is read before the connection is dropped instead of reused.
const MAX_RESPONSE_BYTES: usize = 16 * 1_024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Idle connections kept per receiver, and for how long: as many as it has deliveries at once when it is quick, because opening one costs
/// more than a delivery. They end soon, because all connections count towards the process's open file limit.
const IDLE_CONNECTIONS: usize = 16;
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest pause that a receiver may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) struct WebhookClient {
    client: reqwest::Client,
    is_guarded: bool,
    is_live: bool,
    ports: Vec<u16>,
}

/// Why a webhook was not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SendError {
    pub(super) reason: String,
    /// `None` if there was no response.
    status: Option<StatusCode>,
    /// The pause the receiver asks for, at most [`MAX_RETRY_AFTER`].
    pub(super) retry_after: Option<Duration>,
}

impl SendError {
    fn without_response(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), status: None, retry_after: None }
    }

    /// Whether the receiver answered 410 Gone.
    pub(super) fn is_gone(&self) -> bool {
        self.status == Some(StatusCode::GONE)
    }

    /// The pause before the next delivery when the receiver asks for less; zero when it does not say how long.
    pub(super) fn requested_pause(&self) -> Option<Duration> {
        let overwhelmed = [StatusCode::TOO_MANY_REQUESTS, StatusCode::BAD_GATEWAY, StatusCode::GATEWAY_TIMEOUT];
        let asks = self.status.is_some_and(|status| overwhelmed.contains(&status));
        self.retry_after.or(asks.then_some(Duration::ZERO))
    }
}

impl WebhookClient {
    pub(super) fn new(config: &AppConfig) -> AppResult<Self> {
        // Fails if a provider is installed already, which is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let is_guarded = config.is_live() || !config.webhooks.allow_private_networks;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("rampart-webhooks/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(Duration::from_secs(config.webhooks.timeout_seconds))
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tcp_nodelay(true)
            .no_proxy()
            .https_only(config.is_live());
        if is_guarded {
            builder = builder.dns_resolver(Arc::new(PublicResolver));
        }
        let client = builder.build().map_err(|fault| AppError::Defect(Box::new(fault)))?;
        Ok(Self { client, is_guarded, is_live: config.is_live(), ports: config.webhooks.live_ports.clone() })
    }

    /// Sends a signed webhook; `now` is real time. 2xx is success.
    pub(super) async fn send(&self, url: &str, signed: Signed, now: Timestamp) -> Result<(), SendError> {
        let url = url::Url::parse(url).map_err(|_| SendError::without_response("the URL cannot be read"))?;
        self.check(&url).map_err(SendError::without_response)?;
        let mut request = self.client.post(url).header(CONTENT_TYPE, "application/json").body(signed.body);
        for (name, value) in signed.headers {
            request = request.header(name, value);
        }
        let response = request.send().await.map_err(|fault| SendError::without_response(reason(&fault)))?;
        let status = response.status();
        let retry_after = retry_after(response.headers(), now);
        drain(response).await;
        if status.is_success() {
            return Ok(());
        }
        Err(SendError { reason: format!("answered {}", status.as_u16()), status: Some(status), retry_after })
    }

    /// Checks what needs no name resolution: scheme, port, and literal addresses.
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
        if self.is_guarded && !is_public(ip) { Err(PRIVATE_NETWORK.to_owned()) } else { Ok(()) }
    }
}

/// Parses `Retry-After`: seconds or an HTTP date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number too large to parse is a long pause.
        text.parse().map_or(MAX_RETRY_AFTER, Duration::from_secs)
    } else {
        let until = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
        until.saturating_sub(Duration::from_micros(now.micros().try_into().ok()?))
    };
    (!wait.is_zero()).then_some(wait.min(MAX_RETRY_AFTER))
}

const PRIVATE_NETWORK: &str = "the address is on a private network";

/// Reads a small response so that the connection can be reused; its content does not matter.
async fn drain(mut response: reqwest::Response) {
    let mut left = MAX_RESPONSE_BYTES;
    while let Ok(Some(chunk)) = response.chunk().await {
        match left.checked_sub(chunk.len()) {
            Some(requested_pause) => left = requested_pause,
            None => return,
        }
    }
}

fn reason(fault: &reqwest::Error) -> String {
    let mut text = if fault.is_timeout() { "did not answer in time".to_owned() } else { fault.to_string() };
    let mut source = std::error::Error::source(fault);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if cause_text.contains(PRIVATE_NETWORK) {
            return PRIVATE_NETWORK.to_owned();
        }
        text = cause_text;
        source = cause.source();
    }
    text
}

/// Resolves names to public addresses only. The connection goes to the addresses returned here, so a second resolution cannot change the
/// target (DNS rebinding).
struct PublicResolver;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = addresses.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(PRIVATE_NETWORK.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(is_live: bool) -> WebhookClient {
        let mut config = AppConfig::sandbox("https://ramp.example.com");
        if is_live {
            config.mode = crate::config::Mode::Live;
        }
        WebhookClient::new(&config).unwrap()
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
        let resolved = PublicResolver.resolve("localhost".parse().unwrap()).await;
        assert!(resolved.is_err_and(|fault| fault.to_string().contains("private")));
    }
}
