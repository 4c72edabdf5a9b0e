//! The description contains every route, and answers match it.

use serde_json::{Value, json};

use crate::support::description;
use rampart_web::{AuthKind, routes};

/// The first difference between a value and a schema of the description, if any. Members that the schema does not name are
/// differences too.
pub(crate) fn faults(whole: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return faults(whole, whole.pointer(&reference[1..]).expect("a reference leads somewhere"), value, place);
    }
    for (several, least, most) in [("oneOf", 1, 1), ("anyOf", 1, usize::MAX)] {
        if let Some(choices) = schema[several].as_array() {
            let all: Vec<Vec<String>> = choices.iter().map(|choice| faults(whole, choice, value, place)).collect();
            let fitting = all.iter().filter(|faults| faults.is_empty()).count();
            return if (least..=most).contains(&fitting) {
                Vec::new()
            } else {
                all.into_iter().flatten().chain([format!("{place}: {fitting} of {several} fit")]).collect()
            };
        }
    }
    let mut found = Vec::new();
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return found,
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
    };
    if !(kinds.contains(&kind) || kind == "integer" && kinds.contains(&"number")) {
        found.push(format!("{place}: {value} is no {kinds:?}"));
    }
    if let Some(words) = schema["enum"].as_array().filter(|words| !words.contains(value)) {
        found.push(format!("{place}: {value} is none of {words:?}"));
    }
    if let (Value::Object(members), Some(properties)) = (value, schema["properties"].as_object()) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                found.push(format!("{place}: {name} is absent"));
            }
        }
        for (name, member) in members {
            match properties.get(name) {
                Some(schema) => found.extend(faults(whole, schema, member, &format!("{place}.{name}"))),
                None => found.push(format!("{place}: {name} is not described")),
            }
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(faults(whole, &schema["items"], item, &format!("{place}[{index}]")));
    }
    found
}

/// The schema of a call's successful answer.
pub(crate) fn granted<'a>(whole: &'a Value, path: &str, method: &str) -> &'a Value {
    let schema = &whole["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"];
    schema.pointer("/oneOf/0").unwrap_or(schema)
}

#[test]
fn every_route_of_the_api_is_described_and_nothing_else() {
    let whole = description();
    let mut described: Vec<String> = whole["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_ascii_uppercase())))
        .collect();
    let is_page =
        |path: &str| ["/kyc", "/gateway/{method}", "/status", "/rampoff", "/returned"].contains(&path) || path.starts_with("/assets/");
    let mut routed: Vec<String> =
        routes().iter().filter(|route| !is_page(route.path)).map(|route| format!("{} {}", route.method, route.path)).collect();
    described.sort();
    routed.sort();
    assert_eq!(described, routed);
    for route in routes().iter().filter(|route| !is_page(route.path)) {
        let operation = &whole["paths"][route.path][route.method.as_str().to_ascii_lowercase()];
        let needs_token = operation["security"].as_array().is_some_and(|schemes| !schemes.is_empty());
        assert_eq!(needs_token, route.auth == AuthKind::Token, "{}", route.path);
        // `authenticate` issues the token, and the metrics have a token of their own.
        let is_refused = operation["responses"]["401"].is_object() && !["/api/authenticate", "/metrics"].contains(&route.path);
        assert_eq!(needs_token, is_refused, "{}", route.path);
        for status in ["200", "400", "405", "408", "413", "429", "431", "500", "503"] {
            assert!(operation["responses"][status].is_object(), "{} {status}", route.path);
        }
    }
}

#[test]
fn references_lead_somewhere_and_examples_hold() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    found.push(reference);
                }
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let whole = description();
    let mut found = Vec::new();
    references(&whole, &mut found);
    assert!(found.len() > 100);
    for reference in found {
        assert!(whole.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
    }
    for (path, item) in whole["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let content = &operation["requestBody"]["content"]["application/json"];
            if content.is_object() {
                assert_eq!(faults(&whole, &content["schema"], &content["example"], path), [""; 0], "{method} {path}");
            }
        }
    }
    assert_eq!(whole["openapi"], "3.1.0");
    assert_eq!(whole["components"]["securitySchemes"]["auth"]["name"], json!("auth"));
    assert_eq!(whole["components"]["securitySchemes"]["bearer"]["scheme"], json!("bearer"));
}
