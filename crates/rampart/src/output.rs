//! Output of commands: JSON for machines, text for people. Unprintable characters are escaped in both, so that foreign text
//! can neither control a terminal nor imitate a line of output.

use std::io::Write;

use rampart_core::text::{printable, printable_json};
use serde::Serialize;

use crate::error::CommandError;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    json: bool,
}

impl Printer {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a result: one line of JSON, or its `text`.
    pub(crate) fn show<T: Serialize>(&self, result: &T, text: impl FnOnce(&T) -> String) -> Result<(), CommandError> {
        let printed = if self.json {
            json(result).map_err(|error| CommandError::Refused(format!("the result cannot be written as JSON: {error}")))?
        } else {
            text(result)
        };
        line(printed.trim_end());
        Ok(())
    }
}

/// One line of JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    Ok(printable_json(&serde_json::to_string(value)?).into_owned())
}

/// Prints one or more lines. A closed pipe (`rampart … | head`) is not an error.
pub(crate) fn line(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{}", lines(text));
    let _ = stdout.flush();
}

/// Prints to standard error.
pub(crate) fn print_error(text: &str) {
    eprintln!("{}", lines(text));
}

/// Escapes everything but line breaks. Values inside the text were escaped before, line breaks included.
fn lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// Rows under headings, in aligned columns.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return "(none)".to_owned();
    }
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| printable(cell).into_owned()).collect()).collect();
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.chars().count()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    let lines = std::iter::once(&headings).chain(&rows).map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A table of these fields of the items.
pub(crate) fn table_of<T: Serialize>(items: &[T], fields: &[&str]) -> String {
    let rows = items.iter().map(|item| {
        let item = serde_json::to_value(item).unwrap_or_default();
        fields.iter().map(|field| scalar(&item[*field])).collect()
    });
    table(fields, &rows.collect::<Vec<_>>())
}

/// One page of items as a table. A full page ends with the `--after` option that lists the next one.
pub(crate) fn page_of<T: Serialize>(items: &[T], fields: &[&str], page_rows: u32, last: Option<&str>) -> String {
    page_by("--after", items, fields, page_rows, last)
}

/// [`page_of`] with another option for the next page.
pub(crate) fn page_by<T: Serialize>(option: &str, items: &[T], fields: &[&str], page_rows: u32, last: Option<&str>) -> String {
    let table = table_of(items, fields);
    match last {
        Some(last) if u32::try_from(items.len()).is_ok_and(|count| count >= page_rows) => format!("{table}\n(next page: {option} {last})"),
        _ => table,
    }
}

/// A record: one line per field, then each list as a table of the named fields (one item per line if none are named). Empty
/// fields and lists are left out.
pub(crate) fn record<T: Serialize>(record: &T, fields: &[&str], lists: &[(&str, &[&str])]) -> String {
    let record = serde_json::to_value(record).unwrap_or_default();
    let filled =
        fields.iter().map(|field| (*field, scalar(&record[*field]))).filter(|(_, value)| !matches!(value.as_str(), "-" | "" | "[]"));
    let mut text = pairs(&filled.collect::<Vec<_>>());
    for (list, fields) in lists {
        let items = record[*list].as_array().map(Vec::as_slice).unwrap_or_default();
        if items.is_empty() {
            continue;
        }
        let rows = if fields.is_empty() { items.iter().map(scalar).collect::<Vec<_>>().join("\n") } else { table_of(items, fields) };
        text.push_str(&format!("\n\n{list}\n{rows}"));
    }
    text
}

/// One name and value per line.
pub(crate) fn pairs(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    pairs.iter().map(|(name, value)| format!("{name:<width$}  {}", printable(value))).collect::<Vec<_>>().join("\n")
}

/// Any value as indented text, with all its fields.
pub(crate) fn outline(value: &serde_json::Value) -> String {
    let mut lines = Vec::new();
    outline_into(value, 0, &mut lines);
    lines.join("\n")
}

fn outline_into(value: &serde_json::Value, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                entry(&format!("{indent}{name}:"), value, depth, lines);
            }
        }
        serde_json::Value::Array(items) => {
            for item in items {
                entry(&format!("{indent}-"), item, depth, lines);
            }
        }
        other => lines.push(format!("{indent}{}", scalar(other))),
    }
}

fn entry(label: &str, value: &serde_json::Value, depth: usize, lines: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) if !fields.is_empty() => {
            lines.push(label.to_owned());
            outline_into(value, depth + 1, lines);
        }
        serde_json::Value::Array(items) if !items.is_empty() => {
            lines.push(label.to_owned());
            outline_into(value, depth + 1, lines);
        }
        other => lines.push(format!("{label} {}", scalar(other))),
    }
}

/// A value on one line.
pub(crate) fn scalar(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => printable(text).into_owned(),
        serde_json::Value::Null => "-".to_owned(),
        serde_json::Value::Array(items) if !items.is_empty() => items.iter().map(scalar).collect::<Vec<_>>().join(", "),
        other => printable_json(&other.to_string()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = vec![vec!["1".to_owned(), "España".to_owned()], vec!["200".to_owned(), "x".to_owned()]];
        assert_eq!(table(&["id", "name"], &rows), "id   name\n1    España\n200  x");
        assert_eq!(table(&["id"], &[]), "(none)");
    }

    #[test]
    fn unprintable_characters_are_escaped() {
        let hostile = "a\nb\u{1b}[2J\u{202e}";
        let escaped = "a\\nb\\u{1b}[2J\\u{202e}";
        assert_eq!(table(&["name"], &[vec![hostile.to_owned()]]), format!("name\n{escaped}"));
        assert_eq!(pairs(&[("name", hostile.to_owned())]), format!("name  {escaped}"));
        assert_eq!(outline(&serde_json::json!({ "name": hostile })), format!("name: {escaped}"));
        assert_eq!(record(&serde_json::json!({ "notes": [hostile] }), &[], &[("notes", &[])]), format!("\n\nnotes\n{escaped}"));
        assert_eq!(json(&hostile).unwrap(), r#""a\nb\u001b[2J\u202e""#);
        assert_eq!(lines("one\ntwo\u{9b}"), "one\ntwo\\u{9b}");
    }

    #[test]
    fn outlines_nest() {
        let value = serde_json::json!({ "a": 1, "b": { "c": [1, { "d": null }] }, "e": [] });
        assert_eq!(outline(&value), "a: 1\nb:\n  c:\n    - 1\n    -\n      d: -\ne: []");
    }
}
