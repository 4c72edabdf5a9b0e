//! What is known of every request before it is handled.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::HeaderMap;

/// What is known of a request before it is handled; an extension of every request.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// The name under which it is logged: the caller's own, or one of ours.
    pub request_id: Arc<str>,
    /// Whom it came from.
    pub client: IpAddr,
}

/// The longest request id that is taken from a caller, in characters.
const LONGEST: usize = 64;

/// Names requests: unpredictable enough not to collide between processes, ordered within one.
#[derive(Debug)]
pub(crate) struct RequestIds {
    /// What every name of this process begins with.
    process: String,
    next: AtomicU64,
}

const FIGURES: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];

impl RequestIds {
    pub(crate) fn new() -> Self {
        let process = format!("req_{:016x}", RandomState::new().hash_one(std::process::id()));
        Self { process, next: AtomicU64::new(1) }
    }

    /// The caller's `x-request-id` where it is sane, else a new one.
    pub(crate) fn name(&self, headers: &HeaderMap) -> Arc<str> {
        match headers.get("x-request-id").and_then(|value| value.to_str().ok()) {
            Some(text) if is_sane(text) => text.into(),
            _ => self.new_name().into(),
        }
    }

    fn new_name(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut name = String::with_capacity(self.process.len() + 8);
        name.push_str(&self.process);
        name.extend((0..8).rev().map(|place| FIGURES[usize::try_from(number >> (place * 4) & 0xf).unwrap_or(0)]));
        name
    }
}

fn is_sane(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sane_names_are_taken_over() {
        let ids = RequestIds::new();
        let named = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", text.parse().unwrap());
            ids.name(&headers)
        };
        assert_eq!(&*named("abc-1.2:3_Z"), "abc-1.2:3_Z");
        for text in ["", "has blank", "quote\"", "<b>", &"x".repeat(65)] {
            assert!(named(text).starts_with("req_"), "{text}");
        }
        assert_ne!(ids.name(&HeaderMap::new()), ids.name(&HeaderMap::new()));
    }
}
