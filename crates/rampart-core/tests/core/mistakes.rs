//! Typical typing mistakes and the messages for them: the table in docs/documents.md is the test.

use std::path::Path;

use rampart_core::identity::bank_account::{self, BankAccountInput};
use rampart_core::identity::country::Country;
use rampart_core::identity::identification::{self, Date, DocumentType};

/// The message about a number in English and Spanish: the error, or the first warning about a valid one.
fn messages(country: Country, kind: &str, typed: &str) -> (String, String) {
    if kind == "account" {
        let fault = bank_account::check(country, BankAccountInput::number(typed)).expect_err(typed);
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

/// The cells of the rows below a table header in docs/documents.md.
fn rows(text: &str, header: &str) -> Vec<Vec<String>> {
    let begin = text.find(header).unwrap_or_else(|| panic!("no table {header}"));
    let rows = text[begin..].lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells =
        |row: &str| row.trim().trim_start_matches('|').trim_end_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    rows.map(cells).collect()
}

/// Every document type has a row with a valid number and the labels that may precede it.
#[test]
fn the_table_of_documents_is_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/documents.md");
    let text = std::fs::read_to_string(path).expect("the document is there");
    let mut listed = Vec::new();
    for row in rows(&text, "| country | `identification_type` |") {
        let [country, document, _, number, labels] = &row[..] else { panic!("five cells: {row:?}") };
        let (country, number) = (Country::find(country).expect("a served country"), number.trim_matches('`'));
        let document: DocumentType = document.trim_matches('`').parse().expect("a document");
        let check = |number: &str| identification::check(country, document, number).map(|checked| checked.normalized());
        let normalized = check(number).unwrap_or_else(|fault| panic!("{document} {number}: {fault}"));
        let labels: Vec<_> = labels.split(", ").map(|label| label.trim_matches('`')).filter(|label| !label.is_empty()).collect();
        for label in ["ES", "DNI", "NIF", "NIE", "CIF", "CL", "RUT", "RUN", "CURP", "RFC", "MX", "CC", "TI", "NUIP", "PEP", "CO", "NIT"] {
            let is_dropped = check(&format!("{label} {number}")).is_ok_and(|dropped| dropped == normalized);
            assert_eq!(is_dropped, labels.contains(&label), "{label} in front of {document} {number}");
        }
        for label in labels {
            assert_eq!(check(&format!("{label}: {number}")).as_ref(), Ok(&normalized), "{label}: {document}");
            for word in ["No.", "nº", "N°", "Nro."] {
                let has_no_letters = !matches!(document, DocumentType::Cif | DocumentType::Curp | DocumentType::Rfc | DocumentType::Ppt);
                let is_dropped = check(&format!("{label} {word} {number}")).is_ok_and(|dropped| dropped == normalized);
                assert_eq!(is_dropped, has_no_letters, "{label} {word} {document}");
            }
        }
        listed.push((country, document));
    }
    for country in Country::served() {
        for document in DocumentType::of_country(country) {
            assert_eq!(listed.iter().filter(|row| **row == (country, document)).count(), 1, "{country} {document}");
        }
    }
    assert_eq!(listed.len(), 22);
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
        let (in_english, in_spanish) = messages(Country::find(country).expect("a served country"), kind, typed);
        if (in_english.as_str(), in_spanish.as_str()) != (english, spanish) {
            wrong.push(format!("| {mistake} | {country} | {kind} | `{typed}` | {in_english} | {in_spanish} |"));
        }
    }
    assert!(wrong.is_empty(), "these rows should be:\n{}", wrong.join("\n"));
}
