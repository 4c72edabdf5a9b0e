//! The stylesheet, embedded in the binary.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

pub(crate) const STYLESHEET_PATH: &str = "/assets/rampart.css";
const STYLESHEET: &str = include_str!("../../templates/pages/rampart.css");

/// A hash of the stylesheet (FNV-1a) in its URL, so that browsers may cache it forever.
pub(crate) const STYLESHEET_VERSION: u32 = {
    let bytes = STYLESHEET.as_bytes();
    let mut hash = 0x811c_9dc5_u32;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u32).wrapping_mul(0x0100_0193);
        index += 1;
    }
    hash
};

/// `GET /assets/rampart.css`
pub(crate) async fn stylesheet() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, STYLESHEET)
}
