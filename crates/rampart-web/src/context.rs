//! Request identifiers, and the context that every request has.

use std::hash::{BuildHasher, RandomState};
use std::io::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::HeaderMap;

/// The context of a request. It is an extension of every request.
#[derive(Debug, Clone)]
pub(crate) struct RequestContext {
    /// The identifier in the logs: the caller's own, or a generated one.
    pub(crate) request_id: Arc<str>,
    pub(crate) client: IpAddr,
}

const MAX_REQUEST_ID_BYTES: usize = 64;

/// Generates request identifiers: a random part per process, so that processes do not collide, and a counter.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: u64,
    next: AtomicU32,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        Self { process: RandomState::new().hash_one(std::process::id()), next: AtomicU32::new(1) }
    }

    /// The caller's `x-request-id` if it is acceptable, otherwise a new identifier.
    pub(crate) fn of_request(&self, headers: &HeaderMap) -> Arc<str> {
        match headers.get("x-request-id").and_then(|value| value.to_str().ok()) {
            Some(text) if is_acceptable(text) => text.into(),
            _ => self.next_id(),
        }
    }

    fn next_id(&self) -> Arc<str> {
        let mut id = [0; "req_".len() + 16 + 8];
        // As long as the buffer: writing it cannot fail.
        let _ = write!(&mut id[..], "req_{:016x}{:08x}", self.process, self.next.fetch_add(1, Ordering::Relaxed));
        std::str::from_utf8(&id).unwrap_or_default().into()
    }
}

fn is_acceptable(text: &str) -> bool {
    (1..=MAX_REQUEST_ID_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_acceptable_ids_are_adopted() {
        let ids = RequestIds::new();
        let named = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", text.parse().unwrap());
            ids.of_request(&headers)
        };
        assert_eq!(&*named("abc-1.2:3_Z"), "abc-1.2:3_Z");
        for text in ["", "has blank", "quote\"", "<b>", &"x".repeat(65)] {
            assert!(named(text).starts_with("req_"), "{text}");
        }
        assert_ne!(ids.of_request(&HeaderMap::new()), ids.of_request(&HeaderMap::new()));
    }
}
