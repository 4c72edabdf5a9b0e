//! A request for a page: its secret token, its language, and the links to other pages.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use rampart_core::identity::country::Country;

use super::language::{Language, Locale};
use crate::context::RequestContext;
use crate::state::Web;

const MAX_QUERY_PARAMETERS: usize = 16;
/// Longer queries are ignored.
const MAX_QUERY_BYTES: usize = 2048;

/// A request for a page.
#[derive(Clone)]
pub(crate) struct PageRequest {
    path: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    origin: Option<url::Origin>,
    /// The path of the public URL, without a slash at its end; usually empty. Links start with it and contain no host, so that
    /// they work under every host name.
    base: String,
    pub(crate) request_id: String,
}

impl PageRequest {
    /// Also used for failure pages, without path and public URL.
    pub(crate) fn new(path: &str, query: Option<&str>, headers: &HeaderMap, public_url: &str, request_id: &str) -> Self {
        let public_url = url::Url::parse(public_url).ok();
        let query = query.filter(|query| query.len() <= MAX_QUERY_BYTES).unwrap_or_default();
        let query = url::form_urlencoded::parse(query.as_bytes()).take(MAX_QUERY_PARAMETERS);
        Self {
            path: path.to_owned(),
            query: query.map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
            headers: headers.clone(),
            origin: public_url.as_ref().map(url::Url::origin),
            base: public_url.as_ref().map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default(),
            request_id: request_id.to_owned(),
        }
    }

    /// The first parameter of this name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a parameter has the value `1`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(|value| value == "1")
    }

    /// The secret token; empty if there is none.
    pub(crate) fn token(&self) -> &str {
        self.parameter("token").unwrap_or_default()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn language(&self, country: Option<Country>) -> Language {
        Language::choose(self.parameter("lang"), &self.headers, country)
    }

    pub(crate) fn locale(&self, country: Country) -> Locale {
        Locale { language: self.language(Some(country)), country }
    }

    /// One of our paths as a URL path for the browser.
    pub(crate) fn local(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) const fn origin(&self) -> Option<&url::Origin> {
        self.origin.as_ref()
    }

    /// A link to another page with this page's token and the requested language.
    pub(crate) fn link(&self, path: &str, parameters: &[(&str, &str)]) -> String {
        self.link_in(path, self.parameter("lang").and_then(Language::find), parameters)
    }

    /// This page in another language.
    pub(crate) fn in_language(&self, language: Language) -> String {
        let kept: Vec<(&str, &str)> = self
            .query
            .iter()
            .filter(|(name, _)| matches!(name.as_str(), "level" | "edit" | "retry" | "returned"))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.link_in(&self.path, Some(language), &kept)
    }

    fn link_in(&self, path: &str, language: Option<Language>, parameters: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !self.token().is_empty() {
            query.append_pair("token", self.token());
        }
        query.extend_pairs(parameters);
        if let Some(language) = language {
            query.append_pair("lang", language.code());
        }
        format!("{}?{}", self.local(path), query.finish())
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

impl FromRequestParts<Web> for PageRequest {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Infallible> {
        let request_id = parts.extensions.get::<RequestContext>().map_or("", |context| &context.request_id);
        Ok(Self::new(parts.uri.path(), parts.uri.query(), &parts.headers, &web.app.config.public_url, request_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(query: &str) -> PageRequest {
        PageRequest::new("/kyc", Some(query), &HeaderMap::new(), "https://ramp.example/pay/", "")
    }

    #[test]
    fn links_keep_the_token_and_the_language_asked_for() {
        let page = request("token=a%26b&level=2&lang=en&x=<y>");
        assert_eq!(page.link("/status", &[("edit", "refund")]), "/pay/status?token=a%26b&edit=refund&lang=en");
        assert_eq!(page.in_language(Language::Spanish), "/pay/kyc?token=a%26b&level=2&lang=es");
        assert_eq!(request("token=a").link("/status", &[]), "/pay/status?token=a");
    }

    #[test]
    fn a_huge_query_is_not_read() {
        assert_eq!(request(&format!("token={}", "a".repeat(3000))).token(), "");
    }
}
