//! The requests of the partner API: one table per call, beside its use case. From a table come the typed request, its reader, the
//! description, the parts that a repeated request is recognised by, and the order of checks.

pub mod common;
pub mod compare;
pub mod faults;
pub mod field;
pub mod reader;

use rampart_core::id::CustomerId;
use rampart_core::identity::country::Country;
use rampart_core::identity::email::Email;
use rampart_core::identity::identification::Date;
use rampart_core::money::amount::AmountSent;
use rampart_core::partner::event::SubscriptionType;
use rampart_core::quote::AmountUnit;
use rampart_core::time::Timestamp;

pub use compare::CompareAs;
pub(crate) use faults::FieldFaults;
pub use field::{FieldKind, FieldSpec};
pub use reader::{InvalidFields, RequestFields};

/// Declares a call's request: one line per field, in the order of the documentation. That order is also the order of the parts of stored
/// fingerprints, so it never changes; a field that is added goes to the end.
macro_rules! request {
    (
        $(#[$about:meta])*
        $name:ident refused by [$($code:ident),* $(,)?] {
            $($field:ident $(as $sent:literal)?: $kind:ty = $spec:expr;)*
        }
    ) => {
        $(#[$about])*
        pub struct $name<'a> {
            $(pub $field: $kind,)*
            /// The same fields as sent.
            pub sent: &'a $crate::request::RequestFields,
        }

        impl<'a> $name<'a> {
            /// The table of its fields.
            pub const FIELDS: &'static [$crate::request::FieldSpec] =
                &[$($spec.named($crate::request::name_of!($field $($sent)?))),*];
            /// The codes that it can be refused with after its fields were read, in the order of the checks.
            pub const CODES: &'static [rampart_core::refusal::ErrorCode] = &[$(rampart_core::refusal::ErrorCode::$code),*];

            /// The typed request of fields that were read by its table.
            ///
            /// # Errors
            /// A defect if they were read by another table.
            pub fn of(sent: &'a $crate::request::RequestFields) -> $crate::error::AppResult<Self> {
                let mut values = sent.present();
                Ok(Self { $($field: $crate::request::next(&mut values)?,)* sent })
            }
        }
    };
}

macro_rules! name_of {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $sent:literal) => {
        $sent
    };
}

pub(crate) use {name_of, request};

use crate::error::{AppError, AppResult};

/// What a valid value is read as.
pub(crate) trait FieldType<'a>: Sized {
    fn of(value: &'a AmountSent) -> Option<Self>;
}

/// A field's type: a [`FieldType`] if it is required, an `Option` of one if not.
pub(crate) trait ReadField<'a>: Sized {
    fn of(value: Option<&'a AmountSent>) -> Option<Self>;
}

impl<'a, T: FieldType<'a>> ReadField<'a> for T {
    fn of(value: Option<&'a AmountSent>) -> Option<Self> {
        T::of(value?)
    }
}

impl<'a, T: FieldType<'a>> ReadField<'a> for Option<T> {
    fn of(value: Option<&'a AmountSent>) -> Option<Self> {
        match value {
            None => Some(None),
            Some(value) => T::of(value).map(Some),
        }
    }
}

/// The next field of a request, by the order of its table.
pub(crate) fn next<'a, T: ReadField<'a>>(values: &mut impl Iterator<Item = Option<&'a AmountSent>>) -> AppResult<T> {
    values.next().and_then(T::of).ok_or_else(|| AppError::defect("a request was not read by its table"))
}

/// Types that are read from the text of a value.
macro_rules! from_text {
    ($($kind:ty: $read:expr;)*) => {
        $(impl<'a> FieldType<'a> for $kind {
            fn of(value: &'a AmountSent) -> Option<Self> {
                let read: fn(&'a str) -> Option<Self> = $read;
                read(value.as_str())
            }
        })*
    };
}

from_text! {
    &'a str: Some;
    CustomerId: |text| text.parse().ok().map(CustomerId);
    i64: |text| text.parse().ok();
    u32: |text| text.parse().ok();
    bool: |text| text.parse().ok();
    Country: Country::find;
    Date: |text| text.parse().ok();
    Email: Email::read;
    AmountUnit: AmountUnit::from_text;
    SubscriptionType: SubscriptionType::from_text;
    Timestamp: field::moment;
    url::Url: field::link;
    Vec<&'a str>: |text| Some(text.split(',').collect());
}

impl<'a> FieldType<'a> for &'a AmountSent {
    fn of(value: &'a AmountSent) -> Option<Self> {
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CreatePayment, CreateRampoff, RegisterUser, SetPayoutAccount, SetRefundAccount, SetRefundWallet, SubscriptionRequest};

    #[test]
    fn the_parts_of_stored_fingerprints_stay() {
        use CompareAs::{Code, CodeIfSent, Decimal, Integer, Never, Text, Trimmed};
        type Parts = &'static [(&'static str, CompareAs)];
        let expected: [(&[FieldSpec], Parts); 7] = [
            (
                CreatePayment::FIELDS,
                &[
                    ("user_id", Integer),
                    ("external_id", Text),
                    ("payment_type", Code),
                    ("fiat_symbol", Code),
                    ("fiat_amount", Decimal),
                    ("coin_symbol", Code),
                    ("coin_chain", Code),
                    ("wallet", Trimmed),
                    ("callback_url", Trimmed),
                    ("quote_id", Trimmed),
                    ("refund_account", Trimmed),
                ],
            ),
            (
                CreateRampoff::FIELDS,
                &[
                    ("user_id", Integer),
                    ("amount", Decimal),
                    ("blockchain", Code),
                    ("symbol", Code),
                    ("iban", Trimmed),
                    ("bank_name", Text),
                    ("bank_code", Trimmed),
                    ("account_type", Trimmed),
                    ("external_id", Text),
                    ("quote_id", Trimmed),
                    ("refund_wallet", Trimmed),
                ],
            ),
            (SetRefundAccount::FIELDS, &[("payment_id", Trimmed), ("refund_account", Trimmed)]),
            (SetRefundWallet::FIELDS, &[("rampoff_id", Trimmed), ("refund_wallet", Trimmed)]),
            (
                SetPayoutAccount::FIELDS,
                &[("rampoff_id", Trimmed), ("iban", Trimmed), ("bank_name", Text), ("bank_code", Trimmed), ("account_type", Trimmed)],
            ),
            (SubscriptionRequest::FIELDS, &[("url", Text), ("type", Text), ("replay", CodeIfSent)]),
            (
                RegisterUser::FIELDS,
                &[
                    ("name", Text),
                    ("last_name", Text),
                    ("last_name2", Text),
                    ("phone", Text),
                    ("country", Text),
                    ("country_code", Text),
                    ("city", Text),
                    ("address", Text),
                    ("email", Text),
                    ("identification_number", Text),
                    ("identification_type", Text),
                    ("password", Never),
                    ("professional_activity", Text),
                    ("address_state", Text),
                    ("zipcode", Text),
                    ("dob", Text),
                    ("iban", Text),
                    ("bank_code", Text),
                    ("account_type", Text),
                    ("callback_url", Text),
                ],
            ),
        ];
        for (table, parts) in expected {
            assert_eq!(table.iter().map(|field| (field.name, field.compare)).collect::<Vec<_>>(), parts);
        }
    }

    #[test]
    fn what_is_beyond_the_bounds_is_refused_and_every_fault_is_named() {
        let body = format!(
            r#"{{"user_id":"99999999999999999999","external_id":"{}","callback_url":"javascript:alert(1)","payment_type":"card"}}"#,
            "x".repeat(129)
        );
        let refusal = RequestFields::from_json(CreatePayment::FIELDS, body.as_bytes()).unwrap_err().refusal;
        let named: Vec<_> = refusal.fields.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(named, ["fiat_symbol", "fiat_amount", "coin_symbol", "wallet", "user_id", "external_id", "callback_url"]);
        assert_eq!(refusal.code, rampart_core::refusal::ErrorCode::FailMandatoryField);
    }

    #[test]
    fn moments_may_be_days() {
        assert_eq!(field::moment("2026-01-31"), "2026-01-31T00:00:00Z".parse().ok());
        assert_eq!(field::moment("yesterday"), None);
    }
}
