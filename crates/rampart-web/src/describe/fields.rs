//! Schemas of request fields, by their kinds.

use serde_json::Value;
use utoipa::openapi::schema::{AnyOfBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::field::{Field, Kind, LINK_LENGTH, MONEY_FIGURES, SECRET_LENGTH, WALLET_LENGTH};

/// Where a field is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a JSON body: numbers are numbers or texts, and `null` is as good as nothing.
    Json,
    /// In a query, path or form: everything is text.
    Text,
}

/// The example of a field.
pub(super) fn example(field: &Field) -> Option<Value> {
    field.example.and_then(|text| serde_json::from_str(text).ok())
}

/// What is blank, and as good as nothing where a field may be absent.
pub(crate) const BLANK: &str = r"^\s*$";

/// The schema of a field.
pub(super) fn schema(field: &Field, place: Place) -> RefOr<Schema> {
    let nullable = place == Place::Json && !field.required;
    // What may be left out may be sent blank.
    let whole = |pattern: &str| if field.required { format!("^({pattern})$") } else { format!("^({pattern}|\\s*)$") };
    let text = || string(nullable);
    let schema: Schema = match field.kind {
        Kind::Text(most) => {
            let least = field.required.then_some(1);
            text().min_length(least).max_length(Some(most)).pattern(Some(whole(r"[^\u0000-\u001f\u007f]*"))).into()
        }
        Kind::Code(most) => text().pattern(Some(whole(&format!("[A-Za-z0-9_-]{{1,{most}}}")))).into(),
        Kind::Token(most) => text().pattern(Some(whole(&format!("[!-~]{{1,{most}}}")))).into(),
        Kind::Wallet => text().pattern(Some(whole(&format!("[!-~]{{1,{WALLET_LENGTH}}}")))).into(),
        Kind::Secret(least) => {
            text().min_length(Some(least)).max_length(Some(SECRET_LENGTH)).format(known(KnownFormat::Password)).write_only(true).into()
        }
        Kind::Email => text().max_length(Some(rampart_core::email::LONGEST)).format(known(KnownFormat::Email)).into(),
        Kind::Link => text().max_length(Some(LINK_LENGTH)).pattern(Some(whole("[Hh][Tt][Tt][Pp][Ss]?://[!-~]+"))).into(),
        Kind::Date => text().format(known(KnownFormat::Date)).into(),
        Kind::Moment => {
            let moment = text().format(known(KnownFormat::DateTime));
            AnyOfBuilder::new().item(moment).item(string(false).format(known(KnownFormat::Date))).build().into()
        }
        Kind::Integer(least, most) => {
            let number = ObjectBuilder::new().schema_type(Type::Integer).format(known(KnownFormat::Int64));
            let number = number.minimum(Some(bound(least))).maximum(Some(bound(most)));
            match place {
                Place::Text => number.into(),
                Place::Json => either(number, "^[0-9]{1,19}$", nullable),
            }
        }
        Kind::Money => {
            let pattern = format!("^[0-9]{{1,{MONEY_FIGURES}}}(\\.[0-9]{{1,{MONEY_FIGURES}}})?$");
            match place {
                Place::Text => text().pattern(Some(pattern)).into(),
                Place::Json => {
                    let number = ObjectBuilder::new().schema_type(Type::Number).exclusive_minimum(Some(0_isize));
                    either(number, &pattern, nullable)
                }
            }
        }
        Kind::Choice(words) => text().enum_values(Some(words.iter().copied())).into(),
        Kind::Words(words) => {
            let one = format!("({})", words.join("|"));
            text().pattern(Some(whole(&format!("{one}(,{one}){{0,{}}}", words.len() - 1)))).into()
        }
    };
    if field.required { schema.into() } else { or_blank(schema) }
}

/// A schema that a blank text has as well, where it does not allow one itself.
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

/// A body's object of these fields. Unknown members are ignored, so they are allowed.
pub(super) fn object(fields: &'static [Field], place: Place) -> Schema {
    let object = fields.iter().fold(ObjectBuilder::new().schema_type(Type::Object), |object, field| {
        let object = object.property(field.name, with_words(schema(field, place), field));
        if field.required { object.required(field.name) } else { object }
    });
    object.into()
}

/// A body of these fields' examples.
pub(super) fn body_example(fields: &'static [Field]) -> Value {
    let pairs = fields.iter().filter_map(|field| example(field).map(|value| (field.name.to_owned(), value)));
    Value::Object(pairs.collect())
}

fn with_words(schema: RefOr<Schema>, field: &Field) -> RefOr<Schema> {
    let (words, example) = (Some(field.about.to_owned()), example(field));
    let examples: Vec<Value> = example.into_iter().collect();
    let RefOr::T(mut schema) = schema else { return schema };
    match &mut schema {
        Schema::Object(object) => (object.description, object.examples) = (words, examples),
        Schema::OneOf(choice) => (choice.description, choice.examples) = (words, examples),
        Schema::AnyOf(choice) => (choice.description, choice.examples) = (words, examples),
        _ => {}
    }
    schema.into()
}

fn string(nullable: bool) -> ObjectBuilder {
    let kind = if nullable { SchemaType::from_iter([Type::String, Type::Null]) } else { SchemaType::new(Type::String) };
    ObjectBuilder::new().schema_type(kind)
}

/// A number, or the same as a text.
fn either(number: ObjectBuilder, pattern: &str, nullable: bool) -> Schema {
    OneOfBuilder::new().item(number).item(string(nullable).pattern(Some(pattern))).build().into()
}

fn known(format: KnownFormat) -> Option<SchemaFormat> {
    Some(SchemaFormat::KnownFormat(format))
}

/// Bounds of integers, which this machine's words hold.
fn bound(value: i64) -> isize {
    isize::try_from(value).unwrap_or(if value < 0 { isize::MIN } else { isize::MAX })
}
