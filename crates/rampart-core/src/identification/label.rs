//! What people write in front of a number: the document's name, or the country as in the numbers of the European VAT.

use super::DocumentType;
use crate::char_buffer::Characters;

/// What may stand in front of a document's number and can be no part of it: the number has digits there, or one letter, or has
/// a fixed length. Where letters are a part of the number nothing is certain.
const fn labels(document: DocumentType) -> &'static [&'static [u8]] {
    match document {
        DocumentType::GovernmentId => &[b"ES", b"DNI", b"NIF"],
        DocumentType::PermanentResidencePermit => &[b"ES", b"NIE", b"NIF"],
        DocumentType::Cif => &[b"ES", b"CIF", b"NIF"],
        DocumentType::Rut => &[b"CL", b"RUT", b"RUN"],
        DocumentType::Curp => &[b"CURP"],
        DocumentType::Rfc => &[b"RFC", b"MX"],
        DocumentType::CedCiu => &[b"CC"],
        DocumentType::Ti => &[b"TI"],
        DocumentType::Nuip => &[b"NUIP"],
        DocumentType::Pep => &[b"PEP"],
        DocumentType::Nit => &[b"CO", b"NIT"],
        DocumentType::Dni => &[b"DNI"],
        DocumentType::Ruc => &[b"PE", b"RUC"],
        DocumentType::Cuit => &[b"AR", b"CUIT", b"CUIL"],
        DocumentType::Passport | DocumentType::CedExt | DocumentType::Te | DocumentType::Ppt | DocumentType::Pass => &[],
        DocumentType::Rc | DocumentType::Ce => &[],
    }
}

/// The fewest signs of a number that begins with letters: what is shorter has lost some of its own.
const fn min_characters(document: DocumentType) -> usize {
    match document {
        DocumentType::Curp => 18,
        DocumentType::Rfc => 12,
        _ => 1,
    }
}

/// The word for number between a label and the number, where no number begins with a letter of it: `No.`, `nº`, `Nro.`
const fn words(document: DocumentType) -> &'static [&'static [u8]] {
    match document {
        DocumentType::Cif | DocumentType::Curp | DocumentType::Rfc => &[],
        _ => &[b"NRO", b"NUM", b"NO", b"N"],
    }
}

/// A number that does not hold as it is written, without the label in front of it.
pub(super) fn without(document: DocumentType, characters: &Characters) -> Option<Characters> {
    let rest = labels(document).iter().find_map(|label| characters.strip_prefix(*label))?;
    let rest = words(document).iter().find_map(|word| rest.strip_prefix(*word)).unwrap_or(rest);
    (rest.len() >= min_characters(document)).then(|| Characters::of(rest))
}
