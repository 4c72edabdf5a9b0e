//! E-mail addresses of a registration.

use rampart_core::identity::email::{Email, MAX_CHARACTERS};
use rampart_core::refusal::ErrorCode;
use rampart_core::text;

use crate::partner_api::fields::FieldReader;

/// Parses the e-mail address of a registration. Disposable domains and their subdomains are refused.
pub(crate) fn read(fields: &mut FieldReader, address: &Option<String>, disposable: &[String]) -> Option<Email> {
    let bare = address.as_deref().map(|address| text::trimmed(address).to_owned());
    let Some(email) = Email::read(fields.required("email", &bare, MAX_CHARACTERS)?) else {
        fields.malformed("email", "must be an e-mail address such as name@example.com");
        return None;
    };
    if disposable.iter().any(|known| email.is_below(known)) {
        fields.fault(ErrorCode::EmailNotAllowed, "email", format!("addresses of {} are not accepted", email.domain_in_letters()));
        return None;
    }
    Some(email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disposable_domains_and_their_subdomains() {
        let list = ["mailinator.com".to_owned()];
        let accepted = |text: &str| read(&mut FieldReader::new(), &Some(text.to_owned()), &list).is_some();
        assert!(!accepted("a@mailinator.com"));
        assert!(!accepted(" a@x.MAILINATOR.com"));
        assert!(accepted("a@notmailinator.com"));
    }
}
