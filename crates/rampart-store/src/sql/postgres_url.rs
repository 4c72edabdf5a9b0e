//! Checks PostgreSQL URLs. No part of a URL is ever shown: any part may hold a password that was not escaped.

use crate::error::StoreError;

/// The parameters the driver knows. It logs unknown ones with their values, which may be passwords.
const PARAMETERS: &[&str] = &[
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

/// The error for a URL that cannot be used.
pub(super) fn malformed() -> StoreError {
    StoreError::Configuration(
        "the postgres URL is malformed; a password's / is written as %2F, its @ as %40, # as %23, ? as %3F and % as %25".into(),
    )
}

/// The URL without parameters that the driver does not know.
///
/// # Errors
/// [`StoreError::Configuration`] when the driver would read part of an unescaped password as the database name.
pub(super) fn known(url: &str) -> Result<String, StoreError> {
    let (address, parameters) = url.split_once('?').map_or((url, None), |(address, parameters)| (address, Some(parameters)));
    let name = address.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, name)| name);
    if url.contains('#') || name.contains('@') {
        return Err(malformed());
    }
    let Some(parameters) = parameters else { return Ok(url.to_owned()) };
    let is_known = |parameter: &&str| {
        let name = parameter.split('=').next().unwrap_or_default();
        PARAMETERS.contains(&name) || (name.starts_with("options[") && name.ends_with(']'))
    };
    let (known, unknown): (Vec<&str>, Vec<&str>) = parameters.split('&').filter(|parameter| !parameter.is_empty()).partition(is_known);
    if !unknown.is_empty() {
        tracing::warn!(ignored = unknown.len(), "the postgres URL has parameters that are not known");
    }
    Ok(format!("{address}?{}", known.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_parameters_reach_the_driver() {
        let of = |url: &str| known(url).map_err(|error| error.to_string());
        assert_eq!(of("postgres://u:p@h/n").unwrap(), "postgres://u:p@h/n");
        assert_eq!(of("postgres://h/n?sslmode=require&sslpassword=x&user=a@b&y").unwrap(), "postgres://h/n?sslmode=require&user=a@b");
        assert_eq!(of("postgres://h/n?options[search_path]=x").unwrap(), "postgres://h/n?options[search_path]=x");
        for url in ["postgres://u:1/secret@h/n", "postgres://u:1#secret@h/n"] {
            let fault = of(url).unwrap_err();
            assert!(fault.contains("%2F") && !fault.contains("secret"), "{fault}");
        }
    }
}
