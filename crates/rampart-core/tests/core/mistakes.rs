//! What people type wrongly and what they are told: the table in docs/documents.md is the test.

use std::path::Path;

use rampart_core::bank_account::{self, Given};
use rampart_core::country::Country;
use rampart_core::identification::{self, Date, DocumentType};

/// What is said of a number, in English and Spanish; of a right one, the first doubt about it.
fn told(country: Country, kind: &str, typed: &str) -> (String, String) {
    if kind == "account" {
        let fault = bank_account::check(country, Given::number(typed)).expect_err(typed);
        return (fault.to_string(), fault.spanish());
    }
    let (number, birth) = typed.split_once(" + dob ").unwrap_or((typed, ""));
    let document: DocumentType = kind.parse().expect("a document");
    match identification::check(country, document, number) {
        Err(fault) => (fault.to_string(), fault.spanish()),
        Ok(checked) if !birth.is_empty() => {
            let sent: Date = birth.parse().expect("a date");
            let fault = checked.agrees_with_birth(sent).expect_err(typed);
            (fault.to_string(), fault.spanish())
        }
        Ok(checked) => {
            let doubt = checked.doubts().next().unwrap_or_else(|| panic!("{typed} is right"));
            (doubt.to_string(), doubt.spanish())
        }
    }
}

#[test]
fn typical_mistakes_are_answered_with_what_to_do_next() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/documents.md");
    let text = std::fs::read_to_string(path).expect("the document is there");
    let begin = text.find("| mistake |").expect("the table of mistakes");
    let rows: Vec<&str> = text[begin..].lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() >= 20, "only {} mistakes", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [mistake, country, kind, typed, english, spanish] = cells[..] else { panic!("six cells: {row}") };
        let typed = typed.trim_matches('`');
        let (in_english, in_spanish) = told(Country::find(country).expect("a served country"), kind, typed);
        if (in_english.as_str(), in_spanish.as_str()) != (english, spanish) {
            wrong.push(format!("| {mistake} | {country} | {kind} | `{typed}` | {in_english} | {in_spanish} |"));
        }
    }
    assert!(wrong.is_empty(), "these rows should be:\n{}", wrong.join("\n"));
}
