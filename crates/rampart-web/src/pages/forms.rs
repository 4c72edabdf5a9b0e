//! Submitted forms: only from our own pages, of limited size, and without control characters.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::response::Response;
use rampart_core::text::is_blank;

use super::request::PageRequest;
use super::response::{PageError, failure};
use crate::state::Web;

const MAX_FORM_BYTES: usize = 16 * 1024;
const MAX_FORM_FIELDS: usize = 64;

/// The fields of a submitted form.
#[derive(Debug, Clone, Default)]
pub(crate) struct FormData(Vec<(String, String)>);

impl FormData {
    fn parse(body: &[u8]) -> Option<Self> {
        let mut fields = Vec::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            if fields.len() == MAX_FORM_FIELDS {
                return None;
            }
            // No field needs control characters, and PostgreSQL cannot store NUL.
            let value: String = value.chars().filter(|character| !character.is_control()).collect();
            fields.push((name.into_owned(), value.trim().to_owned()));
        }
        Some(Self(fields))
    }

    /// The value of a field; `None` if it is absent or blank.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !is_blank(value))
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }
}

/// A form that was submitted from one of our own pages.
pub(crate) struct SubmittedForm {
    pub(crate) request: PageRequest,
    pub(crate) fields: FormData,
}

impl FromRequest<Web> for SubmittedForm {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(page) = PageRequest::from_request_parts(&mut parts, web).await;
        if !is_same_origin(&page) {
            return Err(failure(&page, PageError::ForeignPost));
        }
        let is_form = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
            value.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
        });
        let body = match Bytes::from_request(Request::from_parts(parts, body), web).await {
            Ok(body) if is_form && body.len() <= MAX_FORM_BYTES => body,
            _ => return Err(failure(&page, PageError::BadRequest)),
        };
        match FormData::parse(&body) {
            Some(fields) => Ok(Self { request: page, fields }),
            None => Err(failure(&page, PageError::BadRequest)),
        }
    }
}

/// Whether a form comes from our own page (CSRF protection). Browsers send `Sec-Fetch-Site`; without it (plain HTTP) the
/// origin decides. The origin is `null` under our own `no-referrer` policy and absent for clients other than browsers: then
/// the secret token is the protection, which a foreign page does not have.
fn is_same_origin(page: &PageRequest) -> bool {
    let headers = page.headers();
    if let Some(site) = text(headers, "sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match text(headers, ORIGIN.as_str()) {
        None | Some("null") => true,
        Some(origin) => {
            let Ok(origin) = url::Url::parse(origin) else { return false };
            let host = origin.host_str().map(|host| origin.port().map_or(host.to_owned(), |port| format!("{host}:{port}")));
            page.origin() == Some(&origin.origin()) || (host.is_some() && host.as_deref() == text(headers, HOST.as_str()))
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(headers: &[(&'static str, &str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        is_same_origin(&PageRequest::new("/kyc", None, &headers, "https://ramp.example", ""))
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        for (headers, expected) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "null")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("origin", "https://ramp.example")], true),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "http://10.0.0.5:8080"), ("host", "10.0.0.5:8080")], true),
            (&[("origin", "null")], true),
        ] {
            assert_eq!(ours(headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn fields_are_bounded_and_clean() {
        let fields = FormData::parse(b"name=+Ana%00%0A+&empty=&name=second").unwrap();
        assert_eq!(fields.get("name"), Some("Ana"));
        assert_eq!(fields.get("empty"), None);
        assert!(FormData::parse("a=1&".repeat(65).as_bytes()).is_none());
    }
}
