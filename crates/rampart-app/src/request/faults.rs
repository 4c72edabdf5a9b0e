//! FieldFaults of fields that only a rule can find. All are collected, so that one response names every field at fault.

use rampart_core::money::amount::{Amount, AmountError, AmountSent};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::text;

use super::FieldKind;
use crate::error::AppResult;

/// A text of a hosted page.
const PAGE_TEXT: FieldKind = FieldKind::Text(200);
/// A number or account of a hosted page.
const PAGE_NUMBER: FieldKind = FieldKind::AsTyped(200);

/// Collects faults in the order found.
#[derive(Debug, Default)]
pub(crate) struct FieldFaults(Vec<(ErrorCode, &'static str, String)>);

impl FieldFaults {
    pub(crate) fn fault(&mut self, code: ErrorCode, field: &'static str, message: impl Into<String>) {
        self.0.push((code, field, message.into()));
    }

    pub(crate) fn malformed(&mut self, field: &'static str, message: impl Into<String>) {
        self.fault(ErrorCode::ValidationFailed, field, message);
    }

    /// An optional text of a page.
    pub(crate) fn text<'a>(&mut self, field: &'static str, value: Option<&'a str>) -> Option<&'a str> {
        self.checked(field, value, PAGE_TEXT)
    }

    /// An optional number or account of a page.
    pub(crate) fn number<'a>(&mut self, field: &'static str, value: Option<&'a str>) -> Option<&'a str> {
        self.checked(field, value, PAGE_NUMBER)
    }

    fn checked<'a>(&mut self, field: &'static str, value: Option<&'a str>, kind: FieldKind) -> Option<&'a str> {
        let text = value.filter(|text| !text::is_blank(text))?;
        match kind.check_text(text) {
            Ok(()) => Some(text),
            Err(fault) => {
                self.malformed(field, fault);
                None
            }
        }
    }

    /// Reports a value that is absent, unless its field is at fault already.
    pub(crate) fn require<T>(&mut self, field: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.has(field) {
            self.fault(ErrorCode::FailMandatoryField, field, "is required");
        }
        value
    }

    /// An amount of an asset with this many decimals.
    pub(crate) fn amount(&mut self, field: &'static str, sent: &AmountSent, decimals: u8) -> Option<Amount> {
        match sent.amount(decimals) {
            Ok(amount) => Some(amount),
            Err(fault) => {
                let hint = matches!(fault, AmountError::NotANumber | AmountError::NotPositive);
                self.malformed(field, if hint { AmountError::NotANumber.to_string() } else { fault.to_string() });
                None
            }
        }
    }

    pub(crate) fn has(&self, field: &str) -> bool {
        self.0.iter().any(|(_, named, _)| *named == field)
    }

    /// # Errors
    /// The code of the first fault, with every fault by its field.
    pub(crate) fn finish(self) -> AppResult<()> {
        self.finish_in_order(&[])
    }

    /// # Errors
    /// The code that is checked first by this order, with every fault by its field. Codes that the order does not name are those of any
    /// field, which are checked before it.
    pub(crate) fn finish_in_order(self, order: &[ErrorCode]) -> AppResult<()> {
        let place = |code: ErrorCode| order.iter().position(|listed| *listed == code);
        let Some((code, field, message)) = self.0.iter().min_by_key(|(code, ..)| place(*code)) else { return Ok(()) };
        let mut refusal = Refusal::new(*code, format!("{field} {message}"));
        refusal.fields = self.0.iter().map(|(_, field, message)| ((*field).to_owned(), message.clone())).collect();
        Err(refusal.into())
    }
}
