//! Redaction of values that may contain secrets.

use toml::Value;
use url::Url;

const REDACTED: &str = "[redacted]";

/// A value without secrets: URLs are reduced to scheme, host, port and path.
pub(crate) fn redacted(path: &[String], value: &Value) -> Value {
    match value {
        Value::String(text) if path.last().is_some_and(|key| key == "url") => Value::String(without_password(text)),
        other => other.clone(),
    }
}

/// The URL of a database reduced to scheme, host, port and database name. A URL in which part of a password could have been
/// parsed as something else is redacted as a whole.
pub(crate) fn without_password(url: &str) -> String {
    if url.is_empty() || url.starts_with("sqlite:") {
        return url.to_owned();
    }
    let Some((scheme @ ("postgres" | "postgresql"), rest)) = url.split_once("://") else { return REDACTED.to_owned() };
    let behind_authority = rest.find(['/', '?', '#']).map_or("", |end| &rest[end..]);
    let parsed = Url::parse(url).ok().filter(|_| !behind_authority.contains('@'));
    let Some(parsed) = parsed else { return format!("{scheme}://{REDACTED}") };
    let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{}{port}{}", parsed.host_str().unwrap_or_default(), parsed.path())
}
