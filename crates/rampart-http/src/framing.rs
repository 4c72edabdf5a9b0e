//! HTTP framing rules that the parser does not enforce: one host, and one unambiguous end of the body.

use axum::http::header::{HOST, TRANSFER_ENCODING};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Request, Version};
use rampart_core::refusal::{ErrorCode, Refusal};

/// Refuses requests that a proxy in front might interpret differently (RFC 9112, 3.2 and 6.1).
///
/// # Errors
/// `malformed_request`.
pub fn check<B>(request: &Request<B>) -> Result<(), Refusal> {
    let fault = |message: &str| Err(Refusal::new(ErrorCode::MalformedRequest, message));
    if !has_one_host(request.headers(), request.version()) {
        return fault("The request must have exactly one valid Host header.");
    }
    let mut codings = request.headers().get_all(TRANSFER_ENCODING).iter();
    match codings.next() {
        None => Ok(()),
        Some(coding) if codings.next().is_none() && coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => Ok(()),
        Some(_) => fault("The only supported Transfer-Encoding is chunked."),
    }
}

fn has_one_host(headers: &HeaderMap, version: Version) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        // Required since HTTP/1.1.
        (None, _) => version < Version::HTTP_11,
        // A client without a host name sends an empty header.
        (Some(host), None) => host.is_empty() || Authority::try_from(host.as_bytes()).is_ok_and(|host| !host.as_str().contains(['@', ','])),
        (Some(_), Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_codings() {
        for (headers, is_valid) in [
            (&[][..], false),
            (&[("host", "a")], true),
            (&[("host", "")], true),
            (&[("host", "[::1]:8080")], true),
            (&[("host", "a.example:443")], true),
            (&[("host", "a"), ("host", "a")], false),
            (&[("host", "a, b")], false),
            (&[("host", "a,b")], false),
            (&[("host", "user@a")], false),
            (&[("host", "a/b")], false),
            (&[("host", "a"), ("transfer-encoding", "chunked")], true),
            (&[("host", "a"), ("transfer-encoding", "Chunked ")], true),
            (&[("host", "a"), ("transfer-encoding", "gzip, chunked")], false),
            (&[("host", "a"), ("transfer-encoding", "chunked, chunked")], false),
            (&[("host", "a"), ("transfer-encoding", "gzip"), ("transfer-encoding", "chunked")], false),
            (&[("host", "a"), ("transfer-encoding", "identity")], false),
        ] {
            let request = headers.iter().fold(Request::builder(), |request, (name, value)| request.header(*name, *value));
            assert_eq!(check(&request.body(()).unwrap()).is_ok(), is_valid, "{headers:?}");
        }
        assert!(check(&Request::builder().version(Version::HTTP_10).body(()).unwrap()).is_ok());
    }
}
