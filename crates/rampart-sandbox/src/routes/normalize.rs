//! Normalises what clients write in different ways: blank members count as absent, and whole numbers may have a decimal
//! point.

use std::borrow::Cow;
use std::fmt;

use rampart_core::money::amount::whole_number;
use rampart_core::text::is_blank;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, SchemaType, Type};

/// The members of an object, in their order.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<JsonMemberName<'de>>()? {
            members.push((name.0, map.next_value()?));
        }
        Ok(Members(members))
    }
}

/// A member's name, borrowed unless it has escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct JsonMemberName<'a>(#[serde(borrow)] Cow<'a, str>);

/// A JSON object without its blank members, with whole numbers as plain digits.
pub(super) fn normalized_object(object: &[u8]) -> serde_json::Result<String> {
    let Members(members) = serde_json::from_slice(object)?;
    let mut text = String::with_capacity(object.len());
    for (name, value) in members {
        let Some(value) = normalized_value(value.get()) else { continue };
        text.push(if text.is_empty() { '{' } else { ',' });
        text.push_str(&serde_json::to_string(&name)?);
        text.push(':');
        text.push_str(&value);
    }
    text.push_str(if text.is_empty() { "{}" } else { "}" });
    Ok(text)
}

/// `None` for a blank text.
fn normalized_value(raw: &str) -> Option<Cow<'_, str>> {
    match raw.as_bytes().first() {
        Some(b'"') => {
            let is_blank = serde_json::from_str::<Cow<'_, str>>(raw).is_ok_and(|text| is_blank(&text));
            (!is_blank).then_some(Cow::Borrowed(raw))
        }
        Some(b'0'..=b'9') if !raw.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(whole_number(raw).map_or(Cow::Borrowed(raw), |optional_integer| Cow::Owned(optional_integer.to_string())))
        }
        _ => Some(Cow::Borrowed(raw)),
    }
}

/// Deserialises an integer of a query. A blank text counts as absent.
pub(super) fn optional_integer<'de, D: Deserializer<'de>, T: TryFrom<i64>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if is_blank(&text) {
        return Ok(None);
    }
    let number = whole_number(&text).and_then(|number| T::try_from(number).ok());
    number.map(Some).ok_or_else(|| Error::custom("a whole number is expected"))
}

/// The schema of an optional member or parameter, which may be blank instead.
pub(super) fn or_blank(schema: RefOr<Schema>) -> RefOr<Schema> {
    let takes_texts = |object: &utoipa::openapi::Object| match &object.schema_type {
        SchemaType::Type(kind) => *kind == Type::String,
        SchemaType::Array(kinds) => kinds.contains(&Type::String),
        SchemaType::AnyValue => true,
    };
    match schema {
        RefOr::T(Schema::Object(object)) if takes_texts(&object) => RefOr::T(Schema::Object(object)),
        schema => {
            let blank = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).pattern(Some(r"^\s*$"));
            Schema::AnyOf(AnyOfBuilder::new().item(schema).item(blank).build()).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_brought_into_one_form() {
        for (sent, expected) in [
            ("{}", "{}"),
            (r#" { "a" : "" , "b":" \t\u00a0" } "#, "{}"),
            (r#"{"a":"x","b":"","c":null,"d":[1.0,""]}"#, r#"{"a":"x","c":null,"d":[1.0,""]}"#),
            (r#"{"a":2.0,"b":1.06e2,"c":2.5,"d":-1.0,"e":"2.0","f":007e}"#, ""),
            (r#"{"a":2.0,"b":1.06e2,"c":2.5,"d":-1.0,"e":"2.0","a":1}"#, r#"{"a":2,"b":106,"c":2.5,"d":-1.0,"e":"2.0","a":1}"#),
            (r#"{"a\"":"\ud800","n":1e400}"#, r#"{"a\"":"\ud800","n":1e400}"#),
            ("[]", ""),
            ("{} x", ""),
        ] {
            assert_eq!(normalized_object(sent.as_bytes()).unwrap_or_default(), expected, "{sent}");
        }
    }
}
