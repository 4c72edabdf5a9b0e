//! What a number says about its holder. It is derived from the normalised number on request: most callers only validate.

use super::{CustomerType, Date, DocumentType, mexico, spain};
use crate::text::code::Code;
use crate::time::Timestamp;

/// The sex that a document number states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Sex {
    /// `H` of a CURP.
    Male,
    /// `M` of a CURP.
    Female,
    /// `X` of a CURP.
    Unspecified,
}

/// What a number says about its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Implied {
    /// The date of birth; for a company's RFC, the date of foundation. If the century is ambiguous, the latest date in the past.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, format = Date))]
    pub date: Option<Date>,
    /// Whether the century of `date` is certain. An RFC contains only two digits of the year.
    pub century_is_certain: bool,
    pub sex: Option<Sex>,
    /// The kind of legal entity, in Spanish, as the issuing authority names it.
    pub entity: Option<&'static str>,
    /// The place of birth, in Spanish.
    pub birthplace: Option<&'static str>,
    /// The number of another document that this number contains: the DNI of a CUIT or RUC.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub contains: Option<Code<11>>,
}

impl Implied {
    /// Derives everything from a valid number.
    pub(super) fn of(document: DocumentType, number: &[u8], now: Timestamp) -> Self {
        let today = Date::of(now);
        let dates = || dates(document, number);
        let is_curp = document == DocumentType::Curp;
        Self {
            date: dates().filter(|date| *date <= today).max().or_else(|| dates().next()),
            century_is_certain: dates().count() == 1,
            sex: number.get(10).filter(|_| is_curp).map(|character| match character {
                b'H' => Sex::Male,
                b'M' => Sex::Female,
                _ => Sex::Unspecified,
            }),
            entity: number.first().filter(|_| document == DocumentType::Cif).and_then(|letter| spain::entity(*letter)),
            birthplace: characters_at(number, 11).filter(|_| is_curp).and_then(mexico::birthplace),
            contains: contained(document, number).and_then(|number| Code::of(number).ok()),
        }
    }
}

/// `COUNT` characters from an index on.
fn characters_at<const COUNT: usize>(number: &[u8], from: usize) -> Option<&[u8; COUNT]> {
    number.get(from..).and_then(|rest| rest.first_chunk())
}

/// The possible dates of birth or foundation in a normalised number: one where the century is known, otherwise up to two (29 February may
/// exist in only one of them).
pub(super) fn dates(document: DocumentType, number: &[u8]) -> impl Iterator<Item = Date> + use<> {
    let (from, centuries) = match document {
        // The seventeenth character is a digit for births to 1999 and a letter from 2000 on.
        DocumentType::Curp if number.get(16).is_some_and(u8::is_ascii_digit) => (4, [Some(1900), None]),
        DocumentType::Curp => (4, [Some(2000), None]),
        DocumentType::Rfc => (number.len().saturating_sub(9), [Some(1900), Some(2000)]),
        // The old form of an identity card, and the NIT made from one.
        DocumentType::Ti if number.len() == 11 => (0, [Some(1900), Some(2000)]),
        DocumentType::Nit if number.len() == 12 => (0, [Some(1900), Some(2000)]),
        _ => (0, [None, None]),
    };
    let digits = characters_at(number, from).copied();
    centuries.into_iter().flatten().filter_map(move |century| Date::of_six(&digits?, century))
}

/// The number of another document inside a normalised one.
pub(super) fn contained(document: DocumentType, number: &[u8]) -> Option<&[u8]> {
    match document {
        // A DNI is written without leading zeros.
        DocumentType::Cuit if number.starts_with(b"2") => {
            let body = number.get(2..10)?;
            body.get(body.iter().position(|digit| *digit != b'0')?..)
        }
        DocumentType::Ruc if number.starts_with(b"10") => number.get(2..10),
        DocumentType::Nit if document.holder_of(number) == CustomerType::Individual => number.split_last().map(|(_, body)| body),
        _ => None,
    }
}
