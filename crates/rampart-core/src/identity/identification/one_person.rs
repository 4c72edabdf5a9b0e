//! The numbers of one person under several documents: one contains the other, or they are the same.

use super::digits::{all_digits, zeros_to_drop};
use super::holder::characters_of;
use super::{DocumentType, check, implied};
use crate::identity::country::Country;
use crate::text::char_buffer::text;

impl DocumentType {
    /// The documents under which the holder of a normalised number may be registered, each with its normalised number. The first is the
    /// same for all of them and identifies the person. A number that shows no other document is returned alone.
    #[must_use]
    pub fn of_one_person(self, country: Country, normalized: &str) -> Vec<(Self, String)> {
        let number = characters_of(normalized);
        let Some((identifying, own)) = own(self, &number) else { return vec![(self, normalized.to_owned())] };
        let mut found = vec![(identifying, text(own))];
        for format in derived_formats(identifying, country) {
            let body = format!("{}{:0>width$}", format.prefix, text(own), width = format.width);
            let written = if format.has_check_digit { (0..10).map(|digit| format!("{body}-{digit}")).collect() } else { vec![body] };
            let valid = written.iter().filter_map(|written| check(country, format.document, written).ok());
            let same = valid.filter(|checked| self::own(format.document, &checked.number).is_some_and(|(_, other)| other == own));
            found.extend(same.map(|checked| (format.document, checked.normalized())));
        }
        found
    }
}

/// The identifying document of a person and the number in it, which the given number is or contains.
fn own(document: DocumentType, number: &[u8]) -> Option<(DocumentType, &[u8])> {
    let inside = || implied::contained(document, number);
    match document {
        DocumentType::Dni => Some((document, number)),
        DocumentType::Cuit | DocumentType::Ruc => inside().map(|own| (DocumentType::Dni, own)),
        DocumentType::Nit => inside().map(|own| (DocumentType::CedCiu, own)),
        // One number for life: in the birth registry, on the minor's card and on the cédula.
        DocumentType::CedCiu | DocumentType::Nuip | DocumentType::Ti => Some((DocumentType::CedCiu, number)),
        // Shorter ones are serial numbers of forms.
        DocumentType::Rc if matches!(number.len(), 10 | 11) && all_digits(number).is_ok() => Some((DocumentType::CedCiu, number)),
        // 6 to 8 digits, which forms pad with zeros.
        DocumentType::CedExt | DocumentType::Te | DocumentType::Ppt if all_digits(number).is_ok() => {
            Some((document, &number[zeros_to_drop(number, 4)..]))
        }
        _ => None,
    }
}

/// How a document derives its number from the person's own number.
struct NumberFormat {
    document: DocumentType,
    prefix: &'static str,
    /// Minimum width in digits, padded with zeros.
    width: usize,
    has_check_digit: bool,
}

/// The documents derived from a person's own number.
fn derived_formats(identifying: DocumentType, country: Country) -> Vec<NumberFormat> {
    let format_of = |document, prefix, width, has_check_digit| NumberFormat { document, prefix, width, has_check_digit };
    match identifying {
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
