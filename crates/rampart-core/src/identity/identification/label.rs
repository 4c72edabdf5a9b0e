//! Labels that people write before a number: the name of the document, or the country code of a European VAT number.

use super::DocumentType;
use crate::text::char_buffer::Characters;

/// The labels that cannot be part of a number of the document, because the number begins with a digit or a single letter or has a fixed
/// length. Documents with free letters have none.
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

/// The least length after the label is removed. A shorter rest means that the label was part of a mistyped number.
const fn min_characters(document: DocumentType) -> usize {
    match document {
        DocumentType::Curp => 18,
        DocumentType::Rfc => 12,
        _ => 1,
    }
}

/// Words for "number" after the label: `No.`, `nº`, `Nro.`. None where a number may begin with such letters.
const fn words(document: DocumentType) -> &'static [&'static [u8]] {
    match document {
        DocumentType::Cif | DocumentType::Curp | DocumentType::Rfc => &[],
        _ => &[b"NRO", b"NUM", b"NO", b"N"],
    }
}

/// The number without the label before it. Only for numbers that are invalid as written.
pub(super) fn without(document: DocumentType, characters: &Characters) -> Option<Characters> {
    let rest = labels(document).iter().find_map(|label| characters.strip_prefix(*label))?;
    let rest = words(document).iter().find_map(|word| rest.strip_prefix(*word)).unwrap_or(rest);
    (rest.len() >= min_characters(document)).then(|| Characters::of(rest))
}
