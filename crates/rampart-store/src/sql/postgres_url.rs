//! Parses PostgreSQL URLs. No part of a URL is ever shown: any part may hold a password that was not escaped.

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use url::{Host, Url};

use super::postgres_tls::{TlsParameters, TlsSettings};
use crate::error::StoreError;

/// Settings of every session. All access is by index. Generic plans without sequential or bitmap scans keep a plan good
/// that was made on an empty table. Sessions that idle inside a transaction are ended, so that a vanished client holds no locks.
const SESSION_SETTINGS: [(&str, &str); 6] = [
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("jit", "off"),
    ("idle_in_transaction_session_timeout", "60s"),
    ("tcp_keepalives_idle", "30"),
];

/// The server that a URL names, and how it is connected to.
#[derive(Clone)]
pub(crate) struct PostgresServer {
    pub(super) config: Config,
    pub(super) tls: TlsSettings,
}

/// The error for a URL that cannot be used.
fn malformed() -> StoreError {
    StoreError::Configuration(
        "the postgres URL is malformed; a password's / is written as %2F, its @ as %40, # as %23, ? as %3F and % as %25".into(),
    )
}

fn decoded(text: &str) -> Result<String, StoreError> {
    percent_decode_str(text).decode_utf8().map(Into::into).map_err(|_| malformed())
}

/// Appends a setting to a session's options, which are separated by spaces.
pub(super) fn with_setting(options: Option<&str>, name: &str, value: &str) -> String {
    let setting = format!("{name}={value}").replace('\\', "\\\\").replace(' ', "\\ ");
    options.map_or_else(String::new, |options| format!("{options} ")) + "-c " + &setting
}

/// The parts of a URL before they are given to the driver, which takes every host that it is given as one more.
#[derive(Default)]
struct Address {
    host: Option<String>,
    port: Option<u16>,
    options: Option<String>,
}

impl PostgresServer {
    /// Parses a URL. Parameters that nobody knows are passed over.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] for a malformed URL, also when part of an unescaped password would be read as the name of the
    /// database, and for TLS that cannot be set up.
    pub(super) fn parse(text: &str) -> Result<Self, StoreError> {
        let location = text.split('?').next().unwrap_or_default();
        let name = location.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, name)| name);
        if text.contains('#') || name.contains('@') {
            return Err(malformed());
        }
        // The error is dropped: it may quote the URL.
        let url = Url::parse(text).map_err(|_| malformed())?;
        let (mut config, mut address, mut tls) = (Config::new(), Address::default(), TlsParameters::default());
        address.host = match url.host() {
            Some(Host::Ipv6(number)) => Some(number.to_string()),
            host => host.map(|host| decoded(&host.to_string())).transpose()?.filter(|host| !host.is_empty()),
        };
        address.port = url.port();
        config.application_name("rampart");
        if !url.username().is_empty() {
            config.user(decoded(url.username())?);
        }
        if let Some(password) = url.password() {
            config.password(decoded(password)?);
        }
        let name = decoded(url.path().trim_start_matches('/'))?;
        if !name.is_empty() {
            config.dbname(name);
        }
        let mut unknown = 0;
        for (name, value) in url.query_pairs() {
            unknown += usize::from(!parameter(&name, &value, &mut config, &mut address, &mut tls)?);
        }
        if unknown > 0 {
            // Not by name: unescaped passwords look like parameters.
            tracing::warn!(ignored = unknown, "the postgres URL has parameters that are not known");
        }
        // A path names the folder of a socket.
        config.host(address.host.as_deref().unwrap_or("localhost")).port(address.port.unwrap_or(5432));
        for (name, value) in SESSION_SETTINGS {
            address.options = Some(with_setting(address.options.as_deref(), name, value));
        }
        config.options(address.options.unwrap_or_default());
        let (mode, tls) = tls.settings()?;
        config.ssl_mode(mode);
        Ok(Self { config, tls })
    }
}

/// Takes a parameter and returns whether it is known.
fn parameter(name: &str, value: &str, config: &mut Config, address: &mut Address, tls: &mut TlsParameters) -> Result<bool, StoreError> {
    let owned = || Some(value.to_owned());
    match name {
        "application_name" => drop(config.application_name(value)),
        "dbname" => drop(config.dbname(value)),
        "user" => drop(config.user(value)),
        "password" => drop(config.password(value)),
        "host" | "hostaddr" => address.host = owned(),
        "port" => address.port = Some(value.parse().map_err(|_| malformed())?),
        "sslmode" | "ssl-mode" => tls.mode = owned(),
        "sslrootcert" | "ssl-root-cert" | "ssl-ca" => tls.root_certificate = owned(),
        "sslcert" | "ssl-cert" => tls.client_certificate = owned(),
        "sslkey" | "ssl-key" => tls.client_key = owned(),
        "options" => address.options = Some(address.options.take().map_or_else(String::new, |before| before + " ") + value),
        _ => match name.strip_prefix("options[").and_then(|rest| rest.strip_suffix(']')) {
            Some(setting) => address.options = Some(with_setting(address.options.as_deref(), setting, value)),
            None => return Ok(false),
        },
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tokio_postgres::config::{Host, SslMode};

    use super::{Config, PostgresServer};

    fn config(url: &str) -> Config {
        PostgresServer::parse(url).map_err(|error| error.to_string()).unwrap().config
    }

    fn fault(url: &str) -> String {
        PostgresServer::parse(url).map(drop).unwrap_err().to_string()
    }

    #[test]
    fn every_part_reaches_the_driver() {
        let parsed = config("postgresql://r%40mp:p%2Fw@db.example:6000/name%201");
        assert_eq!((parsed.get_user(), parsed.get_password(), parsed.get_dbname()), (Some("r@mp"), Some(&b"p/w"[..]), Some("name 1")));
        assert_eq!((parsed.get_hosts(), parsed.get_ports()), (&[Host::Tcp("db.example".into())][..], &[6000][..]));
        assert_eq!(parsed.get_application_name(), Some("rampart"));
        let parsed = config("postgres://h/n?host=/run/pg&port=7&user=u&password=p&dbname=d&application_name=a");
        assert_eq!((parsed.get_hosts(), parsed.get_ports()), (&[Host::Unix(PathBuf::from("/run/pg"))][..], &[7][..]));
        assert_eq!((parsed.get_user(), parsed.get_password(), parsed.get_dbname()), (Some("u"), Some(&b"p"[..]), Some("d")));
        assert_eq!(config("postgres://%2Frun%2Fpg/n").get_hosts(), [Host::Unix(PathBuf::from("/run/pg"))]);
        assert_eq!(config("postgres:///n").get_hosts(), [Host::Tcp("localhost".into())]);
        assert_eq!(config("postgres://[::1]:6000/n").get_hosts(), [Host::Tcp("::1".into())]);
        let options = config("postgres://h/n?options=-c%20a%3D1&options[search_path]=x%20y").get_options().unwrap().to_owned();
        assert!(options.starts_with("-c a=1 -c search_path=x\\ y -c enable_seqscan=off"), "{options}");
    }

    #[test]
    fn only_known_parameters_reach_the_driver() {
        let parsed = config("postgres://h/n?sslmode=require&sslpassword=x&user=a@b&y");
        assert_eq!((parsed.get_ssl_mode(), parsed.get_user()), (SslMode::Require, Some("a@b")));
        for url in ["postgres://u:1/secret@h/n", "postgres://u:1#secret@h/n", "postgres://u:secret@[h/n", "postgres://h/n?port=secret"] {
            let fault = fault(url);
            assert!(fault.contains("%2F") && !fault.contains("secret"), "{fault}");
        }
    }

    #[test]
    fn what_tls_needs_is_read_at_once() {
        for (mode, expected) in [
            ("disable", SslMode::Disable),
            ("allow", SslMode::Disable),
            ("prefer", SslMode::Prefer),
            ("require", SslMode::Require),
            ("verify-full", SslMode::Require),
        ] {
            assert_eq!(config(&format!("postgres://h/n?sslmode={mode}")).get_ssl_mode(), expected, "{mode}");
        }
        assert_eq!(config("postgres://h/n").get_ssl_mode(), SslMode::Prefer);
        let refused = fault("postgres://h/n?sslmode=secret");
        assert!(refused.contains("verify-full") && !refused.contains("secret"), "{refused}");
        assert!(fault("postgres://h/n?sslmode=verify-ca&sslrootcert=/nowhere").contains("sslrootcert"));
        assert!(fault("postgres://h/n?sslcert=/nowhere").contains("sslkey"));
        assert!(fault("postgres://h/n?sslcert=/nowhere&sslkey=/nowhere").contains("sslkey"));
    }
}
