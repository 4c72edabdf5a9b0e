//! The requests of calls: one table per call. From a table come the typed request, its reader, the description, the parts that a
//! repeated request is recognised by, and the order of checks.

pub mod compare;
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
pub use field::{FieldKind, FieldSpec};
pub use reader::{InvalidFields, RequestFields};

/// Declares a call's request: one line per field, in the order of the documentation. That order is also the order of the parts of stored
/// fingerprints, so it never changes; a field that is added goes to the end.
#[macro_export]
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
                &[$($spec.named($crate::name_of!($field $($sent)?))),*];
            /// The codes that it can be refused with after its fields were read, in the order of the checks.
            pub const CODES: &'static [$crate::request::ErrorCode] = &[$($crate::request::ErrorCode::$code),*];

            /// The typed request of fields that were read by its table.
            ///
            /// # Errors
            /// A defect if they were read by another table.
            pub fn of(sent: &'a $crate::request::RequestFields) -> Result<Self, $crate::WrongTable> {
                let mut values = sent.present();
                Ok(Self { $($field: $crate::request::next(&mut values)?,)* sent })
            }
        }
    };
}

/// The name of a field as it is sent.
#[doc(hidden)]
#[macro_export]
macro_rules! name_of {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $sent:literal) => {
        $sent
    };
}

pub use rampart_core::refusal::ErrorCode;

use crate::failure::WrongTable;

/// What a valid value is read as.
pub trait FieldType<'a>: Sized {
    /// The value of a text that its kind accepts.
    fn of(value: &'a AmountSent) -> Option<Self>;
}

/// A field's type: a [`FieldType`] if it is required, an `Option` of one if not.
pub trait ReadField<'a>: Sized {
    /// The value, if it was sent.
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
#[doc(hidden)]
pub fn next<'a, T: ReadField<'a>>(values: &mut impl Iterator<Item = Option<&'a AmountSent>>) -> Result<T, WrongTable> {
    values.next().and_then(T::of).ok_or(WrongTable)
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
    Vec<String>: |text| serde_json::from_str(text).ok();
}

impl<'a> FieldType<'a> for &'a AmountSent {
    fn of(value: &'a AmountSent) -> Option<Self> {
        Some(value)
    }
}
