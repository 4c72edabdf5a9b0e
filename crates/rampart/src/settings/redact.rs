//! Which values may not be shown.

use toml::Value;
use url::Url;

/// What stands for something that is not shown.
const HIDDEN: &str = "[redacted]";

/// A value as it may be shown: without what a URL has beside its scheme, host and name.
pub(crate) fn redacted(path: &[String], value: &Value) -> Value {
    match value {
        Value::String(text) if path.last().is_some_and(|key| key == "url") => Value::String(without_password(text)),
        other => other.clone(),
    }
}

/// A database's URL as it may be shown: scheme, host and port, and the database's name. A URL in which a password could have been
/// taken for something else is not shown at all.
pub(crate) fn without_password(url: &str) -> String {
    if url.is_empty() || url.starts_with("sqlite:") {
        return url.to_owned();
    }
    let Some((scheme @ ("postgres" | "postgresql"), rest)) = url.split_once("://") else { return HIDDEN.to_owned() };
    let behind_authority = rest.find(['/', '?', '#']).map_or("", |end| &rest[end..]);
    let parsed = Url::parse(url).ok().filter(|_| !behind_authority.contains('@'));
    let Some(parsed) = parsed else { return format!("{scheme}://{HIDDEN}") };
    let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{scheme}://{}{port}{}", parsed.host_str().unwrap_or_default(), parsed.path())
}
