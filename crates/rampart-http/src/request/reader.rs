//! Reads the fields of a request from a JSON body, a form or a query string.

use std::borrow::Cow;
use std::fmt;

use rampart_core::money::amount::AmountSent;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::text::is_blank;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{CompareAs, FieldKind, FieldSpec};

/// The values of a request's fields. Texts and numbers are kept as sent; whole numbers as digits only.
#[derive(Debug)]
pub struct RequestFields {
    table: &'static [FieldSpec],
    // An amount keeps whether it was a JSON number or a string; of other fields only the text counts.
    values: Vec<Option<AmountSent>>,
}

/// A request with invalid fields: the refusal, and the fields that are valid.
#[derive(Debug)]
pub struct InvalidFields {
    pub refusal: Refusal,
    // Boxed to keep `Result` small.
    pub fields: Box<RequestFields>,
}

impl From<Refusal> for InvalidFields {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, fields: Box::new(RequestFields::none()) }
    }
}

/// The maximum nesting of a JSON body, by contract: the same body is refused whatever the JSON library's own limit is. The known fields
/// are flat; this bounds what is ignored.
const MAX_NESTING_LEVELS: usize = 32;

/// Collects the values and errors of a request.
struct FieldsByTable {
    fields: RequestFields,
    seen: Vec<bool>,
    faults: Vec<(String, String)>,
}

impl FieldsByTable {
    fn new(table: &'static [FieldSpec]) -> Self {
        let fields = RequestFields { table, values: vec![None; table.len()] };
        Self { fields, seen: vec![false; table.len()], faults: Vec::new() }
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.fields.table.iter().position(|field| field.name == name)
    }

    fn fault(&mut self, index: usize, message: impl Into<String>) {
        self.faults.push((self.fields.table[index].name.to_owned(), message.into()));
    }

    /// Whether this is the first value of its field. A second one is an error, because it is not clear which one is meant.
    fn is_first(&mut self, index: usize) -> bool {
        let first = !std::mem::replace(&mut self.seen[index], true);
        if !first {
            self.fault(index, "must be sent only once");
        }
        first
    }

    /// Reads a text value. A blank value counts as absent, because forms and templates send empty fields. Blank values of texts
    /// are kept, because fingerprints of earlier versions had them; [`RequestFields::present`] omits them.
    fn text(&mut self, index: usize, text: Cow<'_, str>) {
        let field = &self.fields.table[index];
        let text = field.kind.trimmed(text);
        match field.kind.check_text(&text) {
            Ok(()) => self.fields.values[index] = Some(AmountSent::Text(text.into_owned())),
            Err(_) if is_blank(&text) => {}
            Err(fault) => {
                // Earlier versions stored invisible characters: a conflict with such a request is still found.
                if let FieldKind::Text(max) = field.kind
                    && FieldKind::AsTyped(max).check_text(&text).is_ok()
                {
                    self.fields.values[index] = Some(AmountSent::Text(text.into_owned()));
                }
                self.fault(index, fault);
            }
        }
    }

    /// Reads a JSON number in its original notation.
    fn number(&mut self, index: usize, written: &str) {
        match self.fields.table[index].kind.read_number(written) {
            Ok(number) => self.fields.values[index] = Some(AmountSent::Number(number.into_owned())),
            Err(fault) => self.fault(index, fault),
        }
    }

    /// Reads a value of a query or form, where numbers are texts.
    fn pair_value(&mut self, index: usize, text: Cow<'_, str>) {
        match self.fields.table[index].kind {
            FieldKind::Integer(..) if text.starts_with(|first: char| first.is_ascii_digit()) => self.number(index, &text),
            FieldKind::Moment => self.text(index, with_plus(text)),
            _ => self.text(index, text),
        }
    }

    fn json(&mut self, index: usize, raw: &str) {
        match raw.as_bytes().first() {
            Some(b'"') => match serde_json::from_str::<Cow<'_, str>>(raw) {
                // A list that is written into a string is none.
                Ok(text) if matches!(self.fields.table[index].kind, FieldKind::Texts(..)) && !is_blank(&text) => {
                    self.fault(index, FieldKind::Texts(0, 0).expected());
                }
                Ok(text) => self.text(index, text),
                Err(_) => self.fault(index, "must be valid Unicode text"),
            },
            Some(b'n') => {}
            Some(b'-' | b'0'..=b'9') => self.number(index, raw),
            first => match (self.fields.table[index].kind, first) {
                (FieldKind::Boolean, Some(b't' | b'f')) | (FieldKind::Texts(..), Some(b'[')) => self.text(index, Cow::Borrowed(raw)),
                (kind, _) => self.fault(index, kind.expected()),
            },
        }
    }

    fn finish(mut self) -> Result<RequestFields, InvalidFields> {
        let absent: Vec<usize> = (0..self.fields.table.len())
            .filter(|&index| {
                let field = &self.fields.table[index];
                let is_absent = self.fields.values[index].as_ref().is_none_or(|value| is_blank(value.as_str()));
                field.required && is_absent && !self.faults.iter().any(|(name, _)| name == field.name)
            })
            .collect();
        let code = if absent.is_empty() { ErrorCode::ValidationFailed } else { ErrorCode::FailMandatoryField };
        let malformed = std::mem::take(&mut self.faults);
        for index in absent {
            self.fault(index, "is required");
        }
        self.faults.extend(malformed);
        // In the order of the table, missing fields first.
        let mut faults = std::mem::take(&mut self.faults);
        faults.sort_by_key(|(name, message)| (message != "is required", self.index(name)));
        let Some((field, message)) = faults.first() else {
            return Ok(self.fields);
        };
        let refusal = Refusal { code, message: format!("{field} {message}"), fields: faults, data: None };
        Err(InvalidFields { refusal, fields: Box::new(self.fields) })
    }
}

impl RequestFields {
    /// The fields of a call that takes none.
    pub const fn none() -> Self {
        Self { table: &[], values: Vec::new() }
    }

    /// The values in the order of the table; blank ones are absent.
    pub fn present(&self) -> impl Iterator<Item = Option<&AmountSent>> {
        self.values.iter().map(|value| value.as_ref().filter(|value| !is_blank(value.as_str())))
    }

    /// The values as sent, and how they are compared between repeated requests.
    pub fn compared(&self) -> impl Iterator<Item = (CompareAs, Option<&str>)> {
        let values = self.values.iter().map(|value| value.as_ref().map(AmountSent::as_str));
        let compared = self.table.iter().map(|field| field.compare).zip(values);
        compared.filter(|(compare, value)| match compare {
            CompareAs::Never => false,
            CompareAs::CodeIfSent => value.is_some(),
            _ => true,
        })
    }

    /// The value of a field, if the table has the field and it was sent.
    pub fn get(&self, name: &str) -> Option<&str> {
        let index = self.table.iter().position(|field| field.name == name)?;
        self.values[index].as_ref().map(AmountSent::as_str)
    }

    /// Reads a JSON object. Unknown members are ignored.
    ///
    /// # Errors
    /// `malformed_json`, `fail_mandatory_field` or `validation_failed`.
    pub fn from_json(table: &'static [FieldSpec], body: &[u8]) -> Result<Self, InvalidFields> {
        let malformed = |reason: String| Refusal::new(ErrorCode::MalformedJson, format!("The request's body is not valid JSON: {reason}."));
        let text = std::str::from_utf8(body).map_err(|_| malformed("it is not UTF-8".into()))?;
        if is_nested_deeper(body, MAX_NESTING_LEVELS) {
            return Err(malformed(format!("it is nested deeper than {MAX_NESTING_LEVELS} levels")).into());
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let mut reading = FieldsByTable::new(table);
        let read = deserializer.deserialize_any(ObjectVisitor(&mut reading)).and_then(|()| deserializer.end());
        match read {
            Ok(()) => reading.finish(),
            Err(error) if error.is_data() => {
                Err(Refusal::new(ErrorCode::ValidationFailed, "The request's body must be a JSON object.").into())
            }
            Err(error) => Err(malformed(format!("line {}, column {}", error.line(), error.column())).into()),
        }
    }

    /// Reads a form (`application/x-www-form-urlencoded`).
    ///
    /// # Errors
    /// `fail_mandatory_field` or `validation_failed`.
    pub fn from_form(table: &'static [FieldSpec], body: &[u8]) -> Result<Self, InvalidFields> {
        let not_text = || Refusal::new(ErrorCode::ValidationFailed, "The form must be UTF-8.");
        Self::from_pairs(table, std::str::from_utf8(body).map_err(|_| not_text())?)
    }

    /// Reads a query string.
    ///
    /// # Errors
    /// `fail_mandatory_field` or `validation_failed`.
    pub fn from_query(table: &'static [FieldSpec], query: Option<&str>) -> Result<Self, InvalidFields> {
        Self::from_pairs(table, query.unwrap_or_default())
    }

    fn from_pairs(table: &'static [FieldSpec], pairs: &str) -> Result<Self, InvalidFields> {
        let mut reading = FieldsByTable::new(table);
        for pair in pairs.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // A name that is not UTF-8 is unknown.
            let Some(index) = decode(name).and_then(|name| reading.index(&name)) else { continue };
            if reading.is_first(index) {
                match decode(value) {
                    Some(text) => reading.pair_value(index, text),
                    None => reading.fault(index, "must be UTF-8"),
                }
            }
        }
        reading.finish()
    }
}

/// Restores the `+` before the offset of a time if it was not percent-encoded and therefore decoded as a blank.
fn with_plus(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.rsplit_once(' ') {
        Some((moment, offset)) if moment.len() > "2026-01-31".len() && offset.len() == "02:00".len() => {
            Cow::Owned(format!("{moment}+{offset}"))
        }
        _ => text,
    }
}

/// Decodes percent-encoding; `None` if the result is not UTF-8.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let blanks = text.replace('+', " ");
    percent_encoding::percent_decode_str(&blanks).decode_utf8().ok().map(|text| Cow::Owned(text.into_owned()))
}

/// Whether brackets outside of strings are nested deeper than `max_levels`.
fn is_nested_deeper(json: &[u8], max_levels: usize) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for &byte in json {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > max_levels {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Passes the members of an object to the reader, with numbers in their original notation.
struct ObjectVisitor<'r>(&'r mut FieldsByTable);

impl<'de> Visitor<'de> for ObjectVisitor<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<MemberName<'de>>()? {
            match self.0.index(&name.0) {
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
                Some(index) => {
                    let value = members.next_value::<&'de RawValue>()?;
                    if self.0.is_first(index) {
                        self.0.json(index, value.get());
                    }
                }
            }
        }
        Ok(())
    }
}

/// A member's name, borrowed if it has no escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct MemberName<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::field::{optional, required};

    const TABLE: &[FieldSpec] = &[
        required(FieldKind::Text(10), "").named("name"),
        optional(FieldKind::Money, "").named("amount"),
        optional(FieldKind::Integer(1, 1_000), "").named("user_id"),
        optional(FieldKind::Text(10), "").named("note"),
    ];

    fn json(body: &str) -> Result<Vec<Option<String>>, (ErrorCode, Vec<String>)> {
        outcome(RequestFields::from_json(TABLE, body.as_bytes()))
    }

    fn query(text: &str) -> Result<Vec<Option<String>>, (ErrorCode, Vec<String>)> {
        outcome(RequestFields::from_query(TABLE, Some(text)))
    }

    fn outcome(read: Result<RequestFields, InvalidFields>) -> Result<Vec<Option<String>>, (ErrorCode, Vec<String>)> {
        read.map(|fields| fields.values.iter().map(|value| value.as_ref().map(|value| value.as_str().to_owned())).collect())
            .map_err(|invalid| invalid.refusal)
            .map_err(|refusal| (refusal.code, refusal.fields.into_iter().map(|(field, message)| format!("{field} {message}")).collect()))
    }

    fn values(values: [Option<&str>; 4]) -> Result<Vec<Option<String>>, (ErrorCode, Vec<String>)> {
        Ok(values.into_iter().map(|value| value.map(str::to_owned)).collect())
    }

    #[test]
    fn numbers_keep_every_digit() {
        let body = r#"{"name":"Ana","amount":0.10000000000000000000000001,"user_id":7}"#;
        assert_eq!(json(body), values([Some("Ana"), Some("0.10000000000000000000000001"), Some("7"), None]));
        assert_eq!(json(r#"{"name":"Ana","amount":"240.50","user_id":"7"}"#), values([Some("Ana"), Some("240.50"), Some("7"), None]));
    }

    #[test]
    fn whole_numbers_are_read_as_json_schema_has_them() {
        for written in ["106", "106.0", "1.06e2"] {
            assert_eq!(json(&format!(r#"{{"name":"Ana","user_id":{written}}}"#)), values([Some("Ana"), None, Some("106"), None]));
            assert_eq!(query(&format!("name=Ana&user_id={written}")), values([Some("Ana"), None, Some("106"), None]));
        }
        for written in ["106.5", "1.065e2", "-106.0", "1e99", r#""106.0""#] {
            assert_eq!(json(&format!(r#"{{"name":"Ana","user_id":{written}}}"#)).unwrap_err().0, ErrorCode::ValidationFailed, "{written}");
        }
        for written in ["106.5", "-106", "+106", ".5", "106.", "1e", "0x6a", "null"] {
            assert_eq!(query(&format!("name=Ana&user_id={written}")).unwrap_err().0, ErrorCode::ValidationFailed, "{written}");
        }
    }

    #[test]
    fn amounts_remember_whether_they_were_numbers() {
        let amount = |body: &str| RequestFields::from_json(TABLE, body.as_bytes()).unwrap().values[1].clone();
        assert_eq!(amount(r#"{"name":"Ana","amount":20.000}"#), Some(AmountSent::Number("20.000".into())));
        assert_eq!(amount(r#"{"name":"Ana","amount":"20.000"}"#), Some(AmountSent::Text("20.000".into())));
        let asked = RequestFields::from_query(TABLE, Some("name=Ana&amount=20.000")).unwrap().values[1].clone();
        assert_eq!(asked, Some(AmountSent::Text("20.000".into())));
    }

    #[test]
    fn what_is_blank_is_absent_whatever_the_kind() {
        const KINDS: &[FieldSpec] = &[
            optional(FieldKind::Text(10), "").named("text"),
            optional(FieldKind::AsTyped(10), "").named("typed"),
            optional(FieldKind::Country, "").named("country"),
            optional(FieldKind::Code(10), "").named("code"),
            optional(FieldKind::Token(10), "").named("token"),
            optional(FieldKind::Secret(6), "").named("secret"),
            optional(FieldKind::Email, "").named("email"),
            optional(FieldKind::Link, "").named("link"),
            optional(FieldKind::Date, "").named("date"),
            optional(FieldKind::Moment, "").named("moment"),
            optional(FieldKind::Integer(1, 9), "").named("integer"),
            optional(FieldKind::Money, "").named("money"),
            optional(FieldKind::Choice(&["a"]), "").named("choice"),
            optional(FieldKind::Words(&["a"]), "").named("words"),
        ];
        for field in KINDS {
            for (blank, encoded) in [("", ""), (" ", "+"), ("\t\n", "%09%0A"), ("\u{a0}", "%C2%A0")] {
                let body = serde_json::json!({ field.name: blank }).to_string();
                let read = RequestFields::from_json(KINDS, body.as_bytes()).unwrap();
                let text = read.get(field.name).unwrap_or_default();
                assert!(text.trim().is_empty() && (text.is_empty() || ["text", "typed", "country"].contains(&field.name)), "{body}");
                assert!(read.present().all(|value| value.is_none()), "{body}");
                let read = RequestFields::from_query(KINDS, Some(&format!("{}={encoded}", field.name))).unwrap();
                assert!(read.get(field.name).unwrap_or_default().trim().is_empty(), "{}={encoded}", field.name);
                assert!(read.present().all(|value| value.is_none()), "{}={encoded}", field.name);
            }
        }
        for blank in ["", "\n"] {
            assert_eq!(json(&serde_json::json!({ "name": blank }).to_string()).unwrap_err().1, ["name is required"]);
        }
    }

    #[test]
    fn a_plus_that_was_not_encoded_is_understood_in_a_moment() {
        const LIST: &[FieldSpec] = &[optional(FieldKind::Moment, "").named("from")];
        for (query, read) in [
            ("from=2026-01-31T12:00:00+02:00", "2026-01-31T12:00:00+02:00"),
            ("from=2026-01-31T12:00:00%2B02:00", "2026-01-31T12:00:00+02:00"),
            ("from=2026-01-31+12:00:00Z", "2026-01-31 12:00:00Z"),
            ("from=2026-01-31+12:00:00+02:00", "2026-01-31 12:00:00+02:00"),
        ] {
            assert_eq!(RequestFields::from_query(LIST, Some(query)).unwrap().get("from"), Some(read));
        }
    }

    #[test]
    fn unknown_members_null_and_empty_texts_are_no_values() {
        let body = r#"{"x":[{"y":null}],"name":"A\u00f1a","amount":null,"note":"","more":1e999}"#;
        assert_eq!(json(body), values([Some("Aña"), None, None, None]));
    }

    #[test]
    fn missing_and_malformed_fields_are_reported_together() {
        let (code, faults) = json(r#"{"amount":-1,"user_id":true,"note":7}"#).unwrap_err();
        assert_eq!(code, ErrorCode::FailMandatoryField);
        let expected = [
            "name is required",
            "amount must be a positive decimal number such as 100 or 100.50",
            "user_id must be a number",
            "note must be a string",
        ];
        assert_eq!(faults, expected);
        assert_eq!(json(r#"{"name":"Ana","user_id":1.5}"#).unwrap_err().0, ErrorCode::ValidationFailed);
        assert_eq!(json(r#"{"name":["Ana"]}"#).unwrap_err().0, ErrorCode::ValidationFailed);
        assert_eq!(json(r#"{"name":"Ana","name":"Eva"}"#).unwrap_err().1, ["name must be sent only once"]);
        assert_eq!(json(r#"{"name":"\ud800"}"#).unwrap_err().1, ["name must be valid Unicode text"]);
        assert_eq!(json(r#"{"name":"a\u0000b"}"#).unwrap_err().1, ["name must not contain control characters"]);
    }

    #[test]
    fn what_is_not_a_json_object_is_refused() {
        for body in ["", "{", "{\"name\":}", "{\"name\":\"Ana\"} x", "nonsense", "{'name':'Ana'}", "{\"amount\":NaN}", "{\"amount\":01}"] {
            assert_eq!(json(body).unwrap_err().0, ErrorCode::MalformedJson, "{body}");
        }
        for body in ["[]", "7", "null", "\"Ana\"", "true"] {
            assert_eq!(json(body).unwrap_err().0, ErrorCode::ValidationFailed, "{body}");
        }
        assert_eq!(RequestFields::from_json(TABLE, b"{\"name\":\"\xff\"}").unwrap_err().refusal.code, ErrorCode::MalformedJson);
    }

    #[test]
    fn depth_is_bounded_and_brackets_in_strings_do_not_count() {
        let deep = format!("{{\"name\":\"Ana\",\"x\":{}{}}}", "[".repeat(31), "]".repeat(31));
        assert!(json(&deep).is_ok());
        let deeper = format!("{{\"name\":\"Ana\",\"x\":{}{}}}", "[".repeat(32), "]".repeat(32));
        assert_eq!(json(&deeper).unwrap_err().0, ErrorCode::MalformedJson);
        assert_eq!(json(&"[".repeat(60_000)).unwrap_err().0, ErrorCode::MalformedJson);
        let text = format!("{{\"name\":\"Ana\",\"x\":\"\\\"{}\"}}", "[".repeat(100));
        assert!(json(&text).is_ok());
    }

    #[test]
    fn booleans_and_lists_have_types_of_their_own() {
        const TABLE: &[FieldSpec] = &[optional(FieldKind::Boolean, "").named("flag"), optional(FieldKind::Texts(2, 3), "").named("list")];
        let read = |body: &str| outcome(RequestFields::from_json(TABLE, body.as_bytes())).map_err(|(_, faults)| faults);
        assert_eq!(read(r#"{"flag":true,"list":["a", "b"]}"#), Ok(vec![Some("true".to_owned()), Some(r#"["a", "b"]"#.to_owned())]));
        assert_eq!(read(r#"{"flag":"false","list":null}"#), Ok(vec![Some("false".to_owned()), None]));
        assert_eq!(read(r#"{"flag":"","list":" "}"#), Ok(vec![None, None]));
        let faults = ["flag must be true or false", "list must be a list of strings"].map(str::to_owned).to_vec();
        for body in [r#"{"flag":1,"list":"[]"}"#, r#"{"flag":[],"list":true}"#, r#"{"flag":{},"list":[1]}"#, r#"{"flag":"yes","list":{}}"#]
        {
            assert_eq!(read(body), Err(faults.clone()), "{body}");
        }
    }

    #[test]
    fn queries_are_decoded_strictly() {
        assert_eq!(query("name=Ana+B%C3%B1&amount=1.5&x=%ff"), values([Some("Ana Bñ"), Some("1.5"), None, None]));
        assert_eq!(query("name=100%&note="), values([Some("100%"), None, None, None]));
        assert_eq!(query("name=%ff").unwrap_err().1, ["name must be UTF-8"]);
        assert_eq!(query("name=a%00b").unwrap_err().1, ["name must not contain control characters"]);
        assert_eq!(query("name=a&name=b").unwrap_err().1, ["name must be sent only once"]);
        assert_eq!(query("name=a&user_id=null").unwrap_err().0, ErrorCode::ValidationFailed);
        assert_eq!(query("name=a&user_id=99999999999999999999999").unwrap_err().0, ErrorCode::ValidationFailed);
        assert_eq!(query("").unwrap_err().0, ErrorCode::FailMandatoryField);
        assert_eq!(query("name").unwrap_err().0, ErrorCode::FailMandatoryField);
    }
}
