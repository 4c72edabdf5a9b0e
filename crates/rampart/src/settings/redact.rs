//! Which values may not be shown.

use toml::Value;

/// A value as it may be shown: without the password of a URL.
pub(crate) fn redacted(path: &[String], value: &Value) -> Value {
    match value {
        Value::String(text) if path.last().is_some_and(|key| key == "url") => Value::String(without_password(text)),
        other => other.clone(),
    }
}

/// A database's URL with its password (and parameters, which may hold another) taken out.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_once('/').map_or((rest, None), |(authority, path)| (authority, Some(path)));
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((user, _)) => format!("{user}:[redacted]@{host}"),
            None => authority.to_owned(),
        },
        None => authority.to_owned(),
    };
    let path = path.map(|path| match path.split_once('?') {
        Some((path, parameters)) if parameters.contains("password") => format!("/{path}?[redacted]"),
        _ => format!("/{path}"),
    });
    format!("{scheme}://{authority}{}", path.unwrap_or_default())
}
