//! The API documentation as an HTML page without scripts, rendered from the OpenAPI description.

use askama::Template;
use rampart_core::refusal::{ErrorCode, Family};
use rampart_http::describe::BLANK;
use serde_json::Value;

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage<'a> {
    public_url: &'a str,
    version: &'a str,
    sandbox: bool,
    groups: Vec<DocsGroup<'a>>,
    codes: Vec<CodeRow>,
    event_types: &'static [&'static str],
}

struct DocsGroup<'a> {
    name: &'a str,
    about: &'a str,
    operations: Vec<DocsOperation<'a>>,
}

struct DocsOperation<'a> {
    id: &'a str,
    method: String,
    path: &'a str,
    summary: &'a str,
    about: &'a str,
    needs_token: bool,
    fields: Vec<DocsFieldRow<'a>>,
    example: Option<String>,
    content_types: String,
    answer: Vec<ResponseRow<'a>>,
    refusals: Vec<(String, String)>,
}

struct DocsFieldRow<'a> {
    name: &'a str,
    place: &'a str,
    required: bool,
    kind: String,
    about: &'a str,
}

struct ResponseRow<'a> {
    name: &'a str,
    kind: String,
    about: &'a str,
}

struct CodeRow {
    code: &'static str,
    rest: u16,
    documented: u16,
    meaning: &'static str,
}

/// Renders the page from the OpenAPI document.
pub(crate) fn page(openapi: &str, public_url: &str, sandbox: bool) -> String {
    let whole: Value = serde_json::from_str(openapi).unwrap_or_default();
    let page = DocsPage {
        public_url,
        version: env!("CARGO_PKG_VERSION"),
        sandbox,
        groups: groups(&whole),
        codes: ErrorCode::ALL.iter().map(|code| code_row(*code)).collect(),
        event_types: &rampart_core::partner::event::SubscriptionType::TEXTS,
    };
    // Rendering into a string cannot fail.
    page.render().unwrap_or_default()
}

fn code_row(code: ErrorCode) -> CodeRow {
    let documented = match code.family() {
        Family::Business => 200,
        Family::Field => 422,
        Family::Transport => code.status(),
    };
    CodeRow { code: code.as_str(), rest: code.status(), documented, meaning: code.meaning() }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn groups(whole: &Value) -> Vec<DocsGroup<'_>> {
    let tags = whole["tags"].as_array().into_iter().flatten();
    tags.map(|tag| DocsGroup { name: text(tag, "name"), about: text(tag, "description"), operations: operations(whole, text(tag, "name")) })
        .filter(|group| !group.operations.is_empty())
        .collect()
}

fn operations<'a>(whole: &'a Value, tag: &str) -> Vec<DocsOperation<'a>> {
    let Some(paths) = whole["paths"].as_object() else { return Vec::new() };
    paths
        .iter()
        .flat_map(|(path, item)| item.as_object().into_iter().flatten().map(move |(method, operation)| (path, method, operation)))
        .filter(|(_, _, operation)| operation["tags"].as_array().is_some_and(|tags| tags.iter().any(|name| name == tag)))
        .map(|(path, method, value)| operation(whole, path, method, value))
        .collect()
}

fn operation<'a>(whole: &'a Value, path: &'a str, method: &str, value: &'a Value) -> DocsOperation<'a> {
    let contents = value["requestBody"]["content"].as_object();
    let json = &value["requestBody"]["content"]["application/json"];
    let mut fields: Vec<DocsFieldRow<'a>> =
        value["parameters"].as_array().into_iter().flatten().map(|parameter| parameter_row(whole, parameter)).collect();
    fields.extend(body_rows(whole, &json["schema"]));
    let example = json.get("example").filter(|example| example.as_object().is_some_and(|members| !members.is_empty()));
    DocsOperation {
        id: text(value, "operationId"),
        method: method.to_ascii_uppercase(),
        path,
        summary: text(value, "summary"),
        about: text(value, "description"),
        needs_token: value["security"].as_array().is_some_and(|schemes| !schemes.is_empty()),
        fields,
        example: example.and_then(|example| serde_json::to_string_pretty(example).ok()),
        content_types: contents.map(|contents| contents.keys().cloned().collect::<Vec<_>>().join(" or ")).unwrap_or_default(),
        answer: response_rows(whole, value),
        refusals: refusals(whole, value),
    }
}

/// Follows a `$ref`.
fn resolved<'a>(whole: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => whole.pointer(pointer).unwrap_or(value),
        None => value,
    }
}

fn parameter_row<'a>(whole: &'a Value, parameter: &'a Value) -> DocsFieldRow<'a> {
    DocsFieldRow {
        name: text(parameter, "name"),
        place: text(parameter, "in"),
        required: parameter["required"] == true,
        kind: kind(whole, &parameter["schema"]),
        about: text(parameter, "description"),
    }
}

fn body_rows<'a>(whole: &'a Value, schema: &'a Value) -> impl Iterator<Item = DocsFieldRow<'a>> {
    let schema = resolved(whole, schema);
    let required = &schema["required"];
    schema["properties"].as_object().into_iter().flatten().map(move |(name, property)| DocsFieldRow {
        name,
        place: "body",
        required: required.as_array().is_some_and(|names| names.iter().any(|required| required == name)),
        kind: kind(whole, property),
        about: text(property, "description"),
    })
}

/// The members of `data` of a successful response.
fn response_rows<'a>(whole: &'a Value, operation: &'a Value) -> Vec<ResponseRow<'a>> {
    let success = &resolved(whole, &operation["responses"]["200"])["content"]["application/json"]["schema"];
    let envelope = resolved(whole, success.pointer("/oneOf/0").unwrap_or(success));
    let data = resolved(whole, &envelope["properties"]["data"]);
    let item = if data["type"] == "array" { resolved(whole, &data["items"]) } else { data };
    let members = item["properties"].as_object().into_iter().flatten();
    members.map(|(name, member)| ResponseRow { name, kind: kind(whole, member), about: about(whole, member) }).collect()
}

fn about<'a>(whole: &'a Value, schema: &'a Value) -> &'a str {
    let own = text(schema, "description");
    if own.is_empty() { text(resolved(whole, schema), "description") } else { own }
}

/// The failure statuses with their error codes.
fn refusals(whole: &Value, operation: &Value) -> Vec<(String, String)> {
    let responses = operation["responses"].as_object().into_iter().flatten();
    responses
        .filter(|(status, _)| *status != "200")
        .map(|(status, response)| {
            let schema = &resolved(whole, response)["content"]["application/json"]["schema"];
            let narrowed = schema["allOf"].as_array().into_iter().flatten().find_map(|part| part["properties"]["error"]["enum"].as_array());
            let codes: Vec<&str> = narrowed.into_iter().flatten().filter_map(Value::as_str).collect();
            (status.clone(), codes.join(", "))
        })
        .collect()
}

/// A short text for the type of a schema.
fn kind(whole: &Value, schema: &Value) -> String {
    let schema = resolved(whole, schema);
    for keyword in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[keyword].as_array() {
            // Blank texts count as absent for all kinds of fields.
            let is_value = |choice: &&Value| choice["type"] != "null" && choice["pattern"] != BLANK;
            let words: Vec<String> = choices.iter().filter(is_value).map(|choice| kind(whole, choice)).collect();
            return words.join(" or ");
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ");
    }
    let base = match &schema["type"] {
        Value::String(name) => name.as_str(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("any"),
        _ => "any",
    };
    match schema["format"].as_str() {
        Some(format) if format != "int64" && format != "int32" => format!("{base} ({format})"),
        _ if base == "array" => format!("list of {}", kind(whole, &schema["items"])),
        _ => base.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_call_and_every_code() {
        let page = page(&crate::route::openapi(Vec::new()), "https://ramp.example.com", true);
        for call in crate::calls::ALL {
            assert!(page.contains(call.path()), "{}", call.path());
        }
        for code in ErrorCode::ALL {
            assert!(page.contains(code.as_str()), "{code}");
        }
        assert!(!page.contains("<script"));
    }
}
