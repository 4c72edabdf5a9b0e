//! Responses with pages: headers, failure pages and redirects.

use askama::Template;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, RETRY_AFTER,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use rampart_app::AppError;
use rampart_core::refusal::{ErrorCode, Refusal};

use super::frame::{Frame, Link};
use super::request::PageRequest;
use super::text::fill;

/// Only our own stylesheet and images, forms only to our own origin, and no framing (clickjacking).
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // The URL contains a secret.
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow")),
    (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// Why a page cannot be shown.
#[derive(Debug)]
pub(crate) enum PageError {
    NotFound,
    /// The form came from a foreign page.
    ForeignPost,
    /// The form cannot be read.
    BadRequest,
    Unavailable,
    Unexpected,
    /// The application refused; the page decides what to show.
    Refused(Refusal),
}

impl From<AppError> for PageError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Refusal(refusal) => match refusal.code {
                ErrorCode::NotFound | ErrorCode::UserNotFound | ErrorCode::PaymentNotFound | ErrorCode::RampoffNotFound => Self::NotFound,
                ErrorCode::PriceUnavailable | ErrorCode::ServiceUnavailable => Self::Unavailable,
                _ => Self::Refused(refusal),
            },
            AppError::Unavailable(reason) => {
                tracing::warn!(%reason, "a page is unavailable");
                Self::Unavailable
            }
            AppError::Defect(defect) => {
                tracing::error!(error = %defect, "a page failed");
                Self::Unexpected
            }
        }
    }
}

/// A page with one message.
#[derive(Template)]
#[template(path = "pages/message.html")]
pub(crate) struct Message {
    pub(crate) frame: Frame,
    /// `good`, `wait` or `bad`.
    pub(crate) tone: &'static str,
    pub(crate) heading: String,
    pub(crate) paragraphs: Vec<String>,
    pub(crate) list_title: Option<&'static str>,
    pub(crate) list: Vec<String>,
    pub(crate) links: Vec<Link>,
}

impl Message {
    pub(crate) fn new(frame: Frame, tone: &'static str, heading: &str, text: impl Into<String>) -> Self {
        Self {
            frame,
            tone,
            heading: heading.to_owned(),
            paragraphs: vec![text.into()],
            list_title: None,
            list: Vec::new(),
            links: Vec::new(),
        }
    }
}

/// Renders a page.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, HEADERS, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, HEADERS).into_response()
        }
    }
}

/// The redirect after a form, so that reloading does not submit it again.
pub(crate) fn see_other(url: &str) -> Response {
    match HeaderValue::from_str(url) {
        Ok(location) => (StatusCode::SEE_OTHER, HEADERS, [(LOCATION, location)]).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, HEADERS).into_response(),
    }
}

/// The page of a failure.
pub(crate) fn failure(request: &PageRequest, fault: PageError) -> Response {
    let status = match fault {
        PageError::NotFound => StatusCode::NOT_FOUND,
        PageError::ForeignPost => StatusCode::FORBIDDEN,
        PageError::BadRequest => StatusCode::BAD_REQUEST,
        PageError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        PageError::Unexpected => StatusCode::INTERNAL_SERVER_ERROR,
        PageError::Refused(refusal) => StatusCode::from_u16(refusal.code.status()).unwrap_or(StatusCode::CONFLICT),
    };
    failure_page(request, status)
}

fn failure_page(request: &PageRequest, status: StatusCode) -> Response {
    let language = request.language(None);
    let t = language.texts();
    let (tone, heading, text) = match status {
        StatusCode::NOT_FOUND => ("bad", t.not_found, t.not_found_text),
        StatusCode::FORBIDDEN => ("bad", t.foreign_post, t.foreign_post_text),
        StatusCode::TOO_MANY_REQUESTS => ("wait", t.too_many, t.too_many_text),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT | StatusCode::BAD_GATEWAY => {
            ("wait", t.unavailable, t.unavailable_text)
        }
        StatusCode::CONFLICT => ("bad", t.bad_request, t.expired_form),
        status if status.is_server_error() => ("bad", t.unexpected, t.unexpected_text),
        _ => ("bad", t.bad_request, t.bad_request_text),
    };
    let mut message = Message::new(Frame::new(request, language, heading), tone, heading, text);
    if !request.request_id.is_empty() {
        message.paragraphs.push(format!("{}: {}", t.request_number, request.request_id));
    }
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::INTERNAL_SERVER_ERROR) {
        message.links.push(Link::secondary(request.in_language(language), t.try_again));
    }
    let mut response = page(status, &message);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// The page of a failure outside of the page handlers: unknown path, rate limit, body too large, defect. `query` may contain
/// the language.
#[must_use]
pub fn error_page(status: StatusCode, headers: &HeaderMap, query: Option<&str>, request_id: &str) -> Response {
    failure_page(&PageRequest::new("", query, headers, "", request_id), status)
}

/// The link back to the partner, if there is a callback URL.
pub(crate) fn way_back(callback: Option<&String>, partner: &str, t: &super::text::Texts) -> Option<Link> {
    callback.map(|url| Link::primary(url.clone(), fill(t.back_to, &[partner])))
}
