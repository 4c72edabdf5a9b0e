//! Parsing of request fields. All faults are collected, so that one response names every field at fault.

use rampart_core::money::amount::{Amount, AmountError, AmountSent};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::text;
use rampart_core::time::Timestamp;

use crate::error::AppResult;

/// For fields without a limit of their own.
pub(crate) const MAX_FIELD_CHARACTERS: usize = 200;
pub(crate) const MAX_URL_CHARACTERS: usize = 2_048;

/// Parses fields and collects their faults in the order found.
#[derive(Debug, Default)]
pub(crate) struct FieldReader {
    faults: Vec<(ErrorCode, &'static str, String)>,
}

impl FieldReader {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn fault(&mut self, code: ErrorCode, field: &'static str, message: impl Into<String>) {
        self.faults.push((code, field, message.into()));
    }

    pub(crate) fn malformed(&mut self, field: &'static str, message: impl Into<String>) {
        self.fault(ErrorCode::ValidationFailed, field, message);
    }

    /// An optional text. Text without visible characters counts as absent; invisible characters beside visible ones are
    /// refused.
    pub(crate) fn optional<'a>(&mut self, field: &'static str, value: &'a Option<String>, max_characters: usize) -> Option<&'a str> {
        let value = self.bounded(field, value, max_characters)?;
        match text::check(value) {
            Ok(()) => Some(value),
            Err(fault) => {
                self.malformed(field, fault.to_string());
                None
            }
        }
    }

    /// An optional field that is not stored as readable text: search terms, and numbers, accounts and wallets, which
    /// have validators of their own. Texts stored under older rules must still be found.
    pub(crate) fn bounded<'a>(&mut self, field: &'static str, value: &'a Option<String>, max_characters: usize) -> Option<&'a str> {
        self.bounded_text(field, value.as_deref()?, max_characters)
    }

    fn bounded_text<'a>(&mut self, field: &'static str, value: &'a str, max_characters: usize) -> Option<&'a str> {
        if text::is_blank(value) {
            return None;
        }
        // The byte length is an upper bound of the character count.
        if value.len() > max_characters && value.chars().count() > max_characters {
            self.malformed(field, format!("must not be longer than {max_characters} characters"));
            return None;
        }
        if value.contains(char::is_control) {
            self.malformed(field, "must not contain control characters");
            return None;
        }
        Some(value)
    }

    /// An optional wallet. Blanks and invisible characters around it are trimmed: they come from copying.
    pub(crate) fn wallet<'a>(&mut self, field: &'static str, value: &'a Option<String>) -> Option<&'a str> {
        self.bounded_text(field, text::trimmed(value.as_deref()?), MAX_FIELD_CHARACTERS)
    }

    pub(crate) fn required_wallet<'a>(&mut self, field: &'static str, value: &'a Option<String>) -> Option<&'a str> {
        if value.as_deref().is_none_or(|value| text::trimmed(value).is_empty()) {
            self.fault(ErrorCode::FailMandatoryField, field, "is required");
            return None;
        }
        self.wallet(field, value)
    }

    pub(crate) fn required<'a>(&mut self, field: &'static str, value: &'a Option<String>, max_characters: usize) -> Option<&'a str> {
        if self.lacks(field, value) { None } else { self.optional(field, value, max_characters) }
    }

    pub(crate) fn required_bounded<'a>(
        &mut self,
        field: &'static str,
        value: &'a Option<String>,
        max_characters: usize,
    ) -> Option<&'a str> {
        if self.lacks(field, value) { None } else { self.bounded(field, value, max_characters) }
    }

    fn lacks(&mut self, field: &'static str, value: &Option<String>) -> bool {
        let lacks = value.as_deref().is_none_or(text::is_blank);
        if lacks {
            self.fault(ErrorCode::FailMandatoryField, field, "is required");
        }
        lacks
    }

    /// A customer's number. A number above `i64::MAX` is read as one that no customer has.
    pub(crate) fn customer(&mut self, field: &'static str, value: &Option<String>, needed: bool) -> Option<i64> {
        let text =
            if needed { self.required(field, value, MAX_FIELD_CHARACTERS) } else { self.optional(field, value, MAX_FIELD_CHARACTERS) }?;
        match text.parse::<i64>() {
            Ok(number) => Some(number),
            Err(_) if text.bytes().all(|byte| byte.is_ascii_digit()) => Some(i64::MAX),
            Err(_) => {
                self.malformed(field, "must be an integer");
                None
            }
        }
    }

    pub(crate) fn amount(&mut self, field: &'static str, value: &Option<AmountSent>, decimals: u8) -> Option<Amount> {
        let Some(sent) = value.as_ref().filter(|sent| !text::is_blank(sent.as_str())) else {
            self.fault(ErrorCode::FailMandatoryField, field, "is required");
            return None;
        };
        match sent.amount(decimals) {
            Ok(amount) => Some(amount),
            Err(fault) => {
                let hint = matches!(fault, AmountError::NotANumber | AmountError::NotPositive);
                self.malformed(field, if hint { AmountError::NotANumber.to_string() } else { fault.to_string() });
                None
            }
        }
    }

    /// An http or https URL for a browser, without credentials.
    pub(crate) fn url(&mut self, field: &'static str, value: &Option<String>) -> Option<String> {
        let text = self.optional(field, value, MAX_URL_CHARACTERS)?;
        match url::Url::parse(text.trim()) {
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                self.malformed(field, "must not have a user name or password in it");
                None
            }
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(url.into()),
            _ => {
                self.malformed(field, "must be a URL that begins with http:// or https://");
                None
            }
        }
    }

    /// A moment (RFC 3339), or a date, which means its start in UTC.
    pub(crate) fn moment(&mut self, field: &'static str, value: &Option<String>) -> Option<Timestamp> {
        let text = self.optional(field, value, MAX_FIELD_CHARACTERS)?;
        match text.parse::<Timestamp>().or_else(|_| format!("{text}T00:00:00Z").parse()) {
            // Identifiers sort by time until the year 2397, and lists are cut by identifiers.
            Ok(moment) => Some(moment.clamp(Timestamp::from_micros(0), Timestamp::from_micros(13_500_000_000_000_000))),
            Err(fault) => {
                self.malformed(field, fault.to_string());
                None
            }
        }
    }

    pub(crate) fn has(&self, field: &str) -> bool {
        self.faults.iter().any(|(_, named, _)| *named == field)
    }

    /// Ends the parsing.
    ///
    /// # Errors
    /// The code of the first fault, with every fault by its field.
    pub(crate) fn finish(self) -> AppResult<()> {
        let Some((code, field, message)) = self.faults.first() else { return Ok(()) };
        let mut refusal = Refusal::new(*code, format!("{field} {message}"));
        refusal.fields = self.faults.iter().map(|(_, field, message)| ((*field).to_owned(), message.clone())).collect();
        Err(refusal.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::AppError;

    #[test]
    fn the_first_fault_gives_the_code_and_all_are_named() {
        let mut fields = FieldReader::new();
        assert_eq!(fields.required("name", &None, 10), None);
        assert_eq!(fields.optional("city", &Some("x".repeat(11)), 10), None);
        assert_eq!(fields.customer("user_id", &Some("12".into()), true), Some(12));
        assert_eq!(fields.customer("user_id", &Some("99999999999999999999".into()), true), Some(i64::MAX));
        assert_eq!(fields.url("callback_url", &Some("javascript:alert(1)".into())), None);
        let Err(AppError::Refusal(refusal)) = fields.finish() else { panic!("a refusal") };
        assert_eq!(refusal.code, ErrorCode::FailMandatoryField);
        assert_eq!(refusal.fields.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["name", "city", "callback_url"]);
    }

    #[test]
    fn moments_may_be_days() {
        let mut fields = FieldReader::new();
        assert_eq!(fields.moment("from", &Some("2026-01-31".into())), "2026-01-31T00:00:00Z".parse().ok());
        assert_eq!(fields.moment("from", &Some("yesterday".into())), None);
        assert!(fields.has("from") && !fields.has("to"));
    }
}
