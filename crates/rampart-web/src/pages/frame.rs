//! The frame that all pages have around their content.

use rampart_core::text::isolated;

use super::assets::{STYLESHEET_PATH, STYLESHEET_VERSION};
use super::language::Language;
use super::request::PageRequest;
use super::text::Texts;

/// The frame of a page.
pub(crate) struct Frame {
    pub(crate) t: &'static Texts,
    /// The code of the `lang` attribute.
    pub(crate) code: &'static str,
    pub(crate) title: String,
    /// The partner's name, if it is known.
    pub(crate) partner: Option<String>,
    pub(crate) sandbox: bool,
    pub(crate) stylesheet: String,
    pub(crate) other_url: String,
    pub(crate) other_code: &'static str,
    /// The content of `<meta http-equiv="refresh">`.
    pub(crate) refresh: Option<String>,
    /// The URL for a manual refresh, if the page refreshes itself.
    pub(crate) refresh_url: Option<String>,
}

impl Frame {
    pub(crate) fn new(request: &PageRequest, language: Language, title: impl Into<String>) -> Self {
        let other = language.other();
        Self {
            t: language.texts(),
            code: language.code(),
            title: title.into(),
            partner: None,
            sandbox: false,
            stylesheet: request.local(&format!("{STYLESHEET_PATH}?v={STYLESHEET_VERSION:08x}")),
            other_url: request.in_language(other),
            other_code: other.code(),
            refresh: None,
            refresh_url: None,
        }
    }

    /// Sets the partner's name and whether this is a sandbox.
    pub(crate) fn of(mut self, partner: &str, sandbox: bool) -> Self {
        self.partner = Some(partner.to_owned());
        self.sandbox = sandbox;
        self
    }

    /// The partner's name for the page title, bidi-isolated because a title has no elements.
    pub(crate) fn title_partner(&self) -> Option<String> {
        self.partner.as_deref().map(isolated)
    }

    /// Refreshes the page from `url` after some seconds.
    pub(crate) fn refreshing(mut self, seconds: u32, url: String) -> Self {
        self.refresh = Some(format!("{seconds};url={url}"));
        self.refresh_url = Some(url);
        self
    }

    /// Redirects to `url` after some seconds.
    pub(crate) fn redirecting(mut self, seconds: u32, url: &str) -> Self {
        self.refresh = Some(format!("{seconds};url={url}"));
        self
    }
}

pub(crate) struct Link {
    pub(crate) url: String,
    pub(crate) label: String,
    /// Whether it is shown as the main action.
    pub(crate) primary: bool,
}

impl Link {
    pub(crate) fn primary(url: impl Into<String>, label: impl Into<String>) -> Self {
        Self { url: url.into(), label: label.into(), primary: true }
    }

    pub(crate) fn secondary(url: impl Into<String>, label: impl Into<String>) -> Self {
        Self { url: url.into(), label: label.into(), primary: false }
    }
}

/// A partner's callback URL, normalized, if its scheme is http or https.
pub(crate) fn callback(url: Option<&str>) -> Option<String> {
    let url = url::Url::parse(url?).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

/// A line of a list of details.
pub(crate) struct DetailRow {
    pub(crate) label: &'static str,
    pub(crate) value: String,
    /// Whether the value is shown for copying.
    pub(crate) copy: bool,
    pub(crate) hint: Option<String>,
}

impl DetailRow {
    pub(crate) fn new(label: &'static str, value: impl Into<String>) -> Self {
        Self { label, value: value.into(), copy: false, hint: None }
    }

    /// A value for copying.
    pub(crate) fn copied(label: &'static str, value: impl Into<String>) -> Self {
        Self { label, value: value.into(), copy: true, hint: None }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::callback;

    #[test]
    fn browsers_are_sent_to_web_addresses_only() {
        assert_eq!(callback(Some("https://shop.example/a b\"")).as_deref(), Some("https://shop.example/a%20b%22"));
        assert_eq!(callback(Some("javascript:alert(1)")), None);
        assert_eq!(callback(Some("/relative")), None);
    }
}
