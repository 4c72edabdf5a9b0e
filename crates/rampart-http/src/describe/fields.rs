//! The schemas of request fields.

use serde_json::Value;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::request::field::{
    FieldKind, FieldSpec, MAX_COUNTRY_CHARACTERS, MAX_LINK_CHARACTERS, MAX_MONEY_DIGITS, MAX_SECRET_CHARACTERS, MAX_WALLET_CHARACTERS,
};

/// Where a field is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldLocation {
    /// In a JSON body: numbers may be sent as numbers or strings, and `null` counts as absent.
    Json,
    /// In a query, path, header or form: everything is text.
    Text,
}

pub(super) fn example(field: &FieldSpec) -> Option<Value> {
    field.example.and_then(|text| serde_json::from_str(text).ok())
}

/// The pattern of a blank text, which counts as absent for optional fields.
pub const BLANK: &str = r"^\s*$";

pub(super) fn schema(field: &FieldSpec, place: FieldLocation) -> RefOr<Schema> {
    let nullable = place == FieldLocation::Json && !field.required;
    // Optional fields may be sent blank.
    let whole = |pattern: &str| if field.required { format!("^({pattern})$") } else { format!("^({pattern}|\\s*)$") };
    let text = || string(nullable);
    let schema: Schema = match field.kind {
        FieldKind::Country => return self::schema(&FieldSpec { kind: FieldKind::Text(MAX_COUNTRY_CHARACTERS), ..*field }, place),
        FieldKind::Text(most) | FieldKind::AsTyped(most) => {
            let least = field.required.then_some(1);
            text().min_length(least).max_length(Some(most)).pattern(Some(whole(r"[^\u0000-\u001f\u007f]*"))).into()
        }
        FieldKind::Code(most) => text().pattern(Some(whole(&format!("[A-Za-z0-9_-]{{1,{most}}}")))).into(),
        FieldKind::Token(most) => text().pattern(Some(whole(&format!("[!-~]{{1,{most}}}")))).into(),
        FieldKind::Wallet => text().pattern(Some(whole(&format!("[!-~]{{1,{MAX_WALLET_CHARACTERS}}}")))).into(),
        FieldKind::Secret(least) => text()
            .min_length(Some(least))
            .max_length(Some(MAX_SECRET_CHARACTERS))
            .format(known(KnownFormat::Password))
            .write_only(true)
            .into(),
        FieldKind::Email => text().max_length(Some(rampart_core::identity::email::MAX_CHARACTERS)).format(known(KnownFormat::Email)).into(),
        FieldKind::Link | FieldKind::BrowserLink => {
            text().max_length(Some(MAX_LINK_CHARACTERS)).pattern(Some(whole("[Hh][Tt][Tt][Pp][Ss]?://[!-~]+"))).into()
        }
        FieldKind::Date => text().format(known(KnownFormat::Date)).into(),
        FieldKind::Moment => {
            let moment = text().format(known(KnownFormat::DateTime));
            AnyOfBuilder::new().item(moment).item(string(false).format(known(KnownFormat::Date))).build().into()
        }
        FieldKind::Integer(least, most) => {
            let number = ObjectBuilder::new().schema_type(Type::Integer).format(known(KnownFormat::Int64));
            let number = number.minimum(Some(bound(least))).maximum(Some(bound(most)));
            match place {
                FieldLocation::Text => number.into(),
                FieldLocation::Json => either(number, "^[0-9]{1,19}$", nullable),
            }
        }
        FieldKind::Money => {
            let pattern = format!("^[0-9]{{1,{MAX_MONEY_DIGITS}}}(\\.[0-9]{{1,{MAX_MONEY_DIGITS}}})?$");
            match place {
                FieldLocation::Text => text().pattern(Some(pattern)).into(),
                FieldLocation::Json => {
                    let number = ObjectBuilder::new().schema_type(Type::Number).exclusive_minimum(Some(0_isize));
                    either(number, &pattern, nullable)
                }
            }
        }
        FieldKind::Choice(words) => text().enum_values(Some(words.iter().copied())).into(),
        FieldKind::Words(words) => {
            let one = format!("({})", words.join("|"));
            text().pattern(Some(whole(&format!("{one}(,{one}){{0,{}}}", words.len() - 1)))).into()
        }
        FieldKind::Boolean => match place {
            FieldLocation::Text => text().enum_values(Some(["true", "false"])).into(),
            FieldLocation::Json => either(ObjectBuilder::new().schema_type(Type::Boolean), "^(true|false)$", nullable),
        },
        FieldKind::Texts(max_items, max) => {
            let item = string(false).max_length(Some(max)).pattern(Some(r"^[^\u0000-\u001f\u007f]*$"));
            let kind = if nullable { SchemaType::from_iter([Type::Array, Type::Null]) } else { SchemaType::new(Type::Array) };
            ArrayBuilder::new().schema_type(kind).items(item).max_items(Some(max_items)).into()
        }
    };
    if field.required { schema.into() } else { or_blank(schema) }
}

/// Extends a schema to accept a blank text, if its own pattern does not do so already.
fn or_blank(schema: Schema) -> RefOr<Schema> {
    let blank = string(false).pattern(Some(BLANK));
    match schema {
        Schema::Object(object) if object.pattern.is_some() => Schema::Object(object).into(),
        Schema::AnyOf(mut choice) => {
            choice.items.push(blank.build().into());
            Schema::AnyOf(choice).into()
        }
        other => Schema::AnyOf(AnyOfBuilder::new().item(other).item(blank).build()).into(),
    }
}

/// The schema of a body with these fields. Unknown members are ignored, so the schema allows them.
pub(super) fn object(fields: &'static [FieldSpec], place: FieldLocation) -> Schema {
    let object = fields.iter().fold(ObjectBuilder::new().schema_type(Type::Object), |object, field| {
        let object = object.property(field.name, with_description(schema(field, place), field));
        if field.required { object.required(field.name) } else { object }
    });
    object.into()
}

/// An example body, made of the examples of the fields.
pub(super) fn body_example(fields: &'static [FieldSpec]) -> Value {
    let pairs = fields.iter().filter_map(|field| example(field).map(|value| (field.name.to_owned(), value)));
    Value::Object(pairs.collect())
}

fn with_description(schema: RefOr<Schema>, field: &FieldSpec) -> RefOr<Schema> {
    let (description, example) = (Some(field.about.to_owned()), example(field));
    let examples: Vec<Value> = example.into_iter().collect();
    let RefOr::T(mut schema) = schema else { return schema };
    match &mut schema {
        Schema::Object(object) => (object.description, object.examples) = (description, examples),
        Schema::Array(list) => (list.description, list.examples) = (description, examples),
        Schema::OneOf(choice) => (choice.description, choice.examples) = (description, examples),
        Schema::AnyOf(choice) => (choice.description, choice.examples) = (description, examples),
        _ => {}
    }
    schema.into()
}

fn string(nullable: bool) -> ObjectBuilder {
    let kind = if nullable { SchemaType::from_iter([Type::String, Type::Null]) } else { SchemaType::new(Type::String) };
    ObjectBuilder::new().schema_type(kind)
}

/// A value, or the value as a string.
fn either(number: ObjectBuilder, pattern: &str, nullable: bool) -> Schema {
    OneOfBuilder::new().item(number).item(string(nullable).pattern(Some(pattern))).build().into()
}

fn known(format: KnownFormat) -> Option<SchemaFormat> {
    Some(SchemaFormat::KnownFormat(format))
}

/// utoipa takes bounds as `isize`; they are clamped on 32-bit machines.
fn bound(value: i64) -> isize {
    isize::try_from(value).unwrap_or(if value < 0 { isize::MIN } else { isize::MAX })
}
