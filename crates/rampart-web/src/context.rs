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
    process: [u8; PREFIX],
    next: AtomicU64,
}

const FIGURES: &[u8; 16] = b"0123456789abcdef";
/// How long the part is that all names of a process have: `req_` and 16 figures.
const PREFIX: usize = 20;
/// How many figures a request's number has.
const NUMBER: usize = 8;

impl RequestIds {
    pub(crate) fn new() -> Self {
        let name = format!("req_{:016x}", RandomState::new().hash_one(std::process::id()));
        let process = name.as_bytes().try_into().unwrap_or([b'0'; PREFIX]);
        Self { process, next: AtomicU64::new(1) }
    }

    /// The caller's `x-request-id` where it is sane, else a new one.
    pub(crate) fn name(&self, headers: &HeaderMap) -> Arc<str> {
        match headers.get("x-request-id").and_then(|value| value.to_str().ok()) {
            Some(text) if is_sane(text) => text.into(),
            _ => self.new_name(),
        }
    }

    fn new_name(&self) -> Arc<str> {
        let mut number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut name = [b'0'; PREFIX + NUMBER];
        name[..PREFIX].copy_from_slice(&self.process);
        for slot in name[PREFIX..].iter_mut().rev() {
            *slot = FIGURES[usize::try_from(number % 16).unwrap_or(0)];
            number /= 16;
        }
        std::str::from_utf8(&name).unwrap_or_default().into()
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
