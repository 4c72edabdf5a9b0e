//! E-mail addresses: syntax and equality.
//!
//! Whether a mailbox exists is not checked. Domains are compared by their A-labels (UTS #46): browsers and mail programs send
//! `ana@xn--espaa-rta.es` for `ana@españa.es`.

use crate::text;

/// Limit of RFC 5321.
pub const MAX_CHARACTERS: usize = 254;
const MAX_LOCAL_PART_BYTES: usize = 64;
const MAX_LABEL_BYTES: usize = 63;

/// A syntactically valid address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    written: String,
    local: String,
    domain: String,
}

impl Email {
    /// Parses an address. Surrounding blanks and invisible characters, which are often copied along, are dropped.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let written = text::composed(text::trimmed(text)).into_owned();
        text::check(&written).ok()?;
        let (local, domain) = written.rsplit_once('@')?;
        let domain = idna::domain_to_ascii(domain).ok()?;
        let is_valid = is_local(local) && domain.contains('.') && domain.split('.').all(is_label);
        let local = local.to_lowercase();
        is_valid.then_some(Self { written, local, domain })
    }

    /// As written, in Unicode NFC.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The lookup keys of an address, in lower case. The first is the one to compare; the others are how earlier versions stored it: with
    /// the domain in Unicode, and as written.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let mut keys = vec![format!("{}@{}", self.local, self.domain)];
        for key in [format!("{}@{}", self.local, self.domain_in_letters()), self.written.to_lowercase()] {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// The domain in Unicode.
    #[must_use]
    pub fn domain_in_letters(&self) -> String {
        idna::domain_to_unicode(&self.domain).0
    }

    /// Whether its domain is `domain` or a subdomain of it.
    #[must_use]
    pub fn is_below(&self, domain: &str) -> bool {
        let Ok(domain) = idna::domain_to_ascii(domain) else { return false };
        self.domain.strip_suffix(domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

fn is_local(local: &str) -> bool {
    (1..=MAX_LOCAL_PART_BYTES).contains(&local.len())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|letter| letter.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(letter))
}

fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL_BYTES).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for good in [
            "email@gmail.com",
            "a.b+c@sub.example.co",
            "ñandú@correo.es",
            "o'neil@x-y.io",
            "ana@ESPAÑA.es",
            "ana@xn--espaa-rta.es",
            "ana@例え.テスト",
            "ana@r3---x.example",
        ] {
            assert!(Email::read(good).is_some(), "{good}");
        }
        let (long_local, long_label) = (format!("{}@b.co", "a".repeat(65)), format!("a@{}.co", "ñ".repeat(63)));
        for bad in [
            "",
            "a",
            "a@b",
            "@b.c",
            "a@",
            "a@b..c",
            "a@b.c.",
            ".a@b.c",
            "a..b@c.d",
            "a b@c.d",
            "a@b.c@",
            "a@b@c.d",
            "a@-b.c",
            "<a@b.c>",
            "a@b_c.d",
            "a@b c.d",
            "a@xn--a.es",
            "a@es\u{AD}pana.es",
            &long_local,
            &long_label,
        ] {
            assert!(Email::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn spellings_of_one_address_share_their_first_key() {
        let key = |text: &str| Email::read(text).unwrap().keys().swap_remove(0);
        for (one, other) in [
            ("ana@example.com", "\u{A0}Ana@Example.COM \u{200B}"),
            ("ñana@example.com", "n\u{303}ana@example.com"),
            ("ana@españa.es", "ana@xn--espaa-rta.es"),
            ("ana@españa.es", "Ana@XN--ESPAA-RTA.es"),
            ("ana@españa.es", "ana@ESPAN\u{303}A.es"),
            ("ana@españa.es", "ana@ｅspaña。es"),
        ] {
            assert_eq!(key(one), key(other));
        }
        for (one, other) in [("ana@españa.es", "ana@espana.es"), ("ana@straße.de", "ana@strasse.de"), ("ñana@a.es", "nana@a.es")] {
            assert_ne!(key(one), key(other));
        }
        assert_eq!(Email::read(" n\u{303}Ana@Example.com").unwrap().written(), "ñAna@Example.com");
    }

    #[test]
    fn earlier_keys_are_found() {
        let keys = |text: &str| Email::read(text).unwrap().keys();
        assert_eq!(keys("Ana@Example.com"), ["ana@example.com"]);
        assert_eq!(keys("ana@xn--espaa-rta.es"), ["ana@xn--espaa-rta.es", "ana@españa.es"]);
        assert_eq!(keys("ana@Ｅspaña.es"), ["ana@xn--espaa-rta.es", "ana@españa.es", "ana@ｅspaña.es"]);
    }

    #[test]
    fn domains_and_those_below_them() {
        let email = |text: &str| Email::read(text).unwrap();
        assert!(email("a@x.MAILINATOR.com").is_below("mailinator.com"));
        assert!(email("a@xn--espaa-rta.es").is_below("España.es"));
        assert!(!email("a@notmailinator.com").is_below("mailinator.com"));
    }
}
