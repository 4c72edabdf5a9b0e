//! What HTTP asks of a request beyond what its parser refuses: one host, and one way of telling where the body ends.

use axum::http::header::{HOST, TRANSFER_ENCODING};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Request, Version};
use rampart_core::refusal::{ErrorCode, Refusal};

/// What is wrong with a request that a proxy in front might have understood in another way (RFC 9112, 3.2 and 6.1).
///
/// # Errors
/// `malformed_request`, with what is wrong.
pub(crate) fn check<B>(request: &Request<B>) -> Result<(), Refusal> {
    let fault = |message: &str| Err(Refusal::new(ErrorCode::MalformedRequest, message));
    if !has_one_host(request.headers(), request.version()) {
        return fault("The request must have one Host header, which names a host.");
    }
    let mut codings = request.headers().get_all(TRANSFER_ENCODING).iter();
    match codings.next() {
        None => Ok(()),
        Some(coding) if codings.next().is_none() && coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => Ok(()),
        Some(_) => fault("The only Transfer-Encoding that is understood is chunked."),
    }
}

fn has_one_host(headers: &HeaderMap, version: Version) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        // The header came with HTTP/1.1.
        (None, _) => version < Version::HTTP_11,
        // Empty is what a client sends that knows no name.
        (Some(host), None) => host.is_empty() || Authority::try_from(host.as_bytes()).is_ok_and(|host| !host.as_str().contains(['@', ','])),
        (Some(_), Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_codings() {
        for (headers, holds) in [
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
            assert_eq!(check(&request.body(()).unwrap()).is_ok(), holds, "{headers:?}");
        }
        assert!(check(&Request::builder().version(Version::HTTP_10).body(()).unwrap()).is_ok());
    }
}
