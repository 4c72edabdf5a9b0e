//! E-mail addresses of customers.

use rampart_core::refusal::Code;
use rampart_core::text;

use crate::fields::Fields;

/// The most characters of an address (RFC 5321).
pub(crate) const LONGEST: usize = 254;
const LONGEST_LOCAL: usize = 64;

/// An address that can be one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Email {
    /// As it was sent.
    pub(crate) as_sent: String,
    /// How addresses are compared: without blanks around it, in one form of Unicode, lower case.
    pub(crate) normalized: String,
}

/// Reads an address: the shape, not whether somebody reads what is sent there. Domains of throw-away addresses (and their
/// subdomains) are refused.
pub(crate) fn read(fields: &mut Fields, address: &str, disposable: &[String]) -> Option<Email> {
    let normalized = text::composed(address.trim()).to_lowercase();
    let Some(domain) = domain(&normalized) else {
        fields.malformed("email", "must be an e-mail address such as name@example.com");
        return None;
    };
    let is_disposable = |known: &String| domain == known || domain.strip_suffix(known.as_str()).is_some_and(|rest| rest.ends_with('.'));
    if disposable.iter().any(is_disposable) {
        fields.fault(Code::EmailNotAllowed, "email", format!("addresses of {domain} are not accepted"));
        return None;
    }
    Some(Email { as_sent: address.to_owned(), normalized })
}

fn domain(address: &str) -> Option<&str> {
    let (local, domain) = address.rsplit_once('@')?;
    let local_holds = !local.is_empty()
        && local.len() <= LONGEST_LOCAL
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|letter| letter.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(letter));
    let label_holds = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    let domain_holds = domain.contains('.') && domain.split('.').all(label_holds);
    (local_holds && domain_holds).then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for good in ["email@gmail.com", "a.b+c@sub.example.co", "ñandú@correo.es", "o'neil@x-y.io"] {
            assert!(domain(good).is_some(), "{good}");
        }
        for bad in ["", "a", "a@b", "@b.c", "a@", "a@b..c", ".a@b.c", "a..b@c.d", "a b@c.d", "a@b.c@", "a@-b.c", "<a@b.c>"] {
            assert!(domain(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn disposable_domains_and_their_subdomains() {
        let list = ["mailinator.com".to_owned()];
        let accepted = |text: &str| read(&mut Fields::new(), text, &list).is_some();
        assert!(!accepted("a@mailinator.com"));
        assert!(!accepted("a@x.MAILINATOR.com"));
        assert!(accepted("a@notmailinator.com"));
        assert_eq!(read(&mut Fields::new(), " Ana@Example.COM", &list).map(|email| email.normalized).as_deref(), Some("ana@example.com"));
    }
}
