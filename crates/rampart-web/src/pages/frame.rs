//! What every page has around its content.

use rampart_core::text::isolated;

use super::assets::{STYLESHEET_PATH, STYLESHEET_VERSION};
use super::language::Language;
use super::request::PageRequest;
use super::text::Texts;

/// The frame of a page.
pub(crate) struct Frame {
    /// The language's texts.
    pub(crate) t: &'static Texts,
    /// The code of the `lang` attribute.
    pub(crate) code: &'static str,
    /// The page's title.
    pub(crate) title: String,
    /// The partner, where one is known.
    pub(crate) partner: Option<String>,
    /// Whether nothing here is real.
    pub(crate) sandbox: bool,
    /// The stylesheet's address.
    pub(crate) stylesheet: String,
    /// This page in the other language.
    pub(crate) other_url: String,
    /// The code of the other language.
    pub(crate) other_code: &'static str,
    /// What `<meta http-equiv="refresh">` says.
    pub(crate) refresh: Option<String>,
    /// Where to look again now, when the page refreshes itself.
    pub(crate) again_url: Option<String>,
}

impl Frame {
    /// The frame of a page in a language.
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
            again_url: None,
        }
    }

    /// With the partner's name, and whether this is a sandbox.
    pub(crate) fn of(mut self, partner: &str, sandbox: bool) -> Self {
        self.partner = Some(partner.to_owned());
        self.sandbox = sandbox;
        self
    }

    /// The partner within the page's title, where no element can hold its name apart.
    pub(crate) fn title_partner(&self) -> Option<String> {
        self.partner.as_deref().map(isolated)
    }

    /// With a look at `url` after so many seconds.
    pub(crate) fn again(mut self, seconds: u32, url: String) -> Self {
        self.refresh = Some(format!("{seconds};url={url}"));
        self.again_url = Some(url);
        self
    }

    /// With a way back to the partner after so many seconds.
    pub(crate) fn leaving(mut self, seconds: u32, url: &str) -> Self {
        self.refresh = Some(format!("{seconds};url={url}"));
        self
    }
}

/// A link of a page.
pub(crate) struct Link {
    /// Where it leads.
    pub(crate) url: String,
    /// What it says.
    pub(crate) label: String,
    /// Whether it is what most people want next.
    pub(crate) primary: bool,
}

impl Link {
    /// The link most people want.
    pub(crate) fn primary(url: impl Into<String>, label: impl Into<String>) -> Self {
        Self { url: url.into(), label: label.into(), primary: true }
    }

    /// A link beside it.
    pub(crate) fn secondary(url: impl Into<String>, label: impl Into<String>) -> Self {
        Self { url: url.into(), label: label.into(), primary: false }
    }
}

/// A partner's address as a browser may be sent to it: http or https, nothing else, written by a URL library.
pub(crate) fn callback(url: Option<&str>) -> Option<String> {
    let url = url::Url::parse(url?).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

/// A line of details.
pub(crate) struct DetailRow {
    /// What it is.
    pub(crate) label: &'static str,
    /// Its value.
    pub(crate) value: String,
    /// Whether people will want to copy it.
    pub(crate) copy: bool,
    /// What to mind about it.
    pub(crate) hint: Option<String>,
}

impl DetailRow {
    /// A line to read.
    pub(crate) fn new(label: &'static str, value: impl Into<String>) -> Self {
        Self { label, value: value.into(), copy: false, hint: None }
    }

    /// A line to copy.
    pub(crate) fn copied(label: &'static str, value: impl Into<String>) -> Self {
        Self { label, value: value.into(), copy: true, hint: None }
    }

    /// With something to mind.
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
