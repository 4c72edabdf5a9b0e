//! The numbers that one person has under several documents: one is a part of the other, or they are the same number.

use super::digits::{all_digits, zeros_to_drop};
use super::holder::characters_of;
use super::{DocumentType, check, implied};
use crate::char_buffer::text;
use crate::country::Country;

impl DocumentType {
    /// The documents under which the holder of a normalised number may be registered, as far as it tells, each with its
    /// normalised number. A person is counted by the first of them, which is the same for all. Where the number tells of no
    /// other document it is the only one.
    #[must_use]
    pub fn of_one_person(self, country: Country, normalized: &str) -> Vec<(Self, String)> {
        let number = characters_of(normalized);
        let Some((counted, own)) = own(self, &number) else { return vec![(self, normalized.to_owned())] };
        let mut found = vec![(counted, text(own))];
        for format_of in derived_formats(counted, country) {
            let body = format!("{}{:0>width$}", format_of.prefix, text(own), width = format_of.width);
            let written = if format_of.is_checked { (0..10).map(|digit| format!("{body}-{digit}")).collect() } else { vec![body] };
            let is_valid = written.iter().filter_map(|written| check(country, format_of.document, written).ok());
            let same = is_valid.filter(|checked| self::own(format_of.document, &checked.number).is_some_and(|(_, other)| other == own));
            found.extend(same.map(|checked| (format_of.document, checked.normalized())));
        }
        found
    }
}

/// The document by which a person is counted, and the person's own number, which a number is or has inside.
fn own(document: DocumentType, number: &[u8]) -> Option<(DocumentType, &[u8])> {
    let inside = || implied::contained(document, number);
    match document {
        DocumentType::Dni => Some((document, number)),
        DocumentType::Cuit | DocumentType::Ruc => inside().map(|own| (DocumentType::Dni, own)),
        DocumentType::Nit => inside().map(|own| (DocumentType::CedCiu, own)),
        // One number runs through life: on the birth's entry, on the card of minors and on the cédula.
        DocumentType::CedCiu | DocumentType::Nuip | DocumentType::Ti => Some((DocumentType::CedCiu, number)),
        // The shorter ones are the serial numbers of forms.
        DocumentType::Rc if matches!(number.len(), 10 | 11) && all_digits(number).is_ok() => Some((DocumentType::CedCiu, number)),
        // Of 6 to 8 digits, which forms fill up with zeros.
        DocumentType::CedExt | DocumentType::Te | DocumentType::Ppt if all_digits(number).is_ok() => {
            Some((document, &number[zeros_to_drop(number, 4)..]))
        }
        _ => None,
    }
}

/// How a document writes a person's own number.
struct NumberFormat {
    document: DocumentType,
    prefix: &'static str,
    /// The fewest digits, which zeros fill up.
    width: usize,
    is_checked: bool,
}

/// The other documents that are made of a person's own number.
fn derived_formats(counted: DocumentType, country: Country) -> Vec<NumberFormat> {
    let format_of = |document, prefix, width, is_checked| NumberFormat { document, prefix, width, is_checked };
    match counted {
        DocumentType::CedCiu => vec![
            format_of(DocumentType::Nuip, "", 0, false),
            format_of(DocumentType::Ti, "", 0, false),
            format_of(DocumentType::Rc, "", 0, false),
            format_of(DocumentType::Nit, "", 0, true),
        ],
        DocumentType::Dni if country == Country::PERU => vec![format_of(DocumentType::Ruc, "10", 8, true)],
        DocumentType::Dni => {
            ["20", "23", "24", "25", "26", "27"].into_iter().map(|prefix| format_of(DocumentType::Cuit, prefix, 8, true)).collect()
        }
        _ => Vec::new(),
    }
}
