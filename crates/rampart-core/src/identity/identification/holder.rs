//! Whether a number belongs to a person (adult or minor) or a company, by its document or else by the number.

use super::{CustomerType, DocumentType};
use crate::text::char_buffer::{self, Characters};

impl DocumentType {
    /// The kind of holder of a normalised number of this document.
    #[must_use]
    pub fn holder(self, normalized: &str) -> CustomerType {
        self.holder_of(&characters_of(normalized))
    }

    pub(super) fn holder_of(self, number: &[u8]) -> CustomerType {
        let is_company = match self {
            Self::Cif => true,
            // A person's name gives four letters, a company's three.
            Self::Rfc => number.len() == 12,
            // DIAN numbers companies with nine digits that begin with 8 or 9. Every other NIT is the number of a person's document with a
            // check digit (Concepto DIAN 078424 of 2002).
            Self::Nit => number.len() == 10 && matches!(number, [b'8' | b'9', ..]),
            Self::Ruc => number.starts_with(b"20"),
            Self::Cuit => number.starts_with(b"3"),
            // Registro Civil and SII share one series; companies begin at fifty million by convention.
            Self::Rut => number.len() == 9 && matches!(number, [b'5'..=b'9', ..]),
            Self::GovernmentId | Self::PermanentResidencePermit | Self::Passport | Self::Curp | Self::Dni | Self::Ce => false,
            Self::CedCiu | Self::CedExt | Self::Ti | Self::Nuip | Self::Te | Self::Ppt | Self::Pass | Self::Pep | Self::Rc => false,
        };
        if is_company { CustomerType::Company } else { CustomerType::Individual }
    }

    /// Whether the kind of number is issued to minors only, whatever date it contains.
    pub(super) fn is_of_minors_by(self, number: &[u8]) -> bool {
        match self {
            Self::Ti | Self::Rc => true,
            // Spaniards under fourteen (RD 1065/2007, article 19).
            Self::GovernmentId => number.starts_with(b"K"),
            // Eleven digits and the check digit: made from an identity card or a civil registry number of the old form.
            Self::Nit => number.len() == 12,
            Self::PermanentResidencePermit | Self::Passport | Self::Cif | Self::Rut | Self::Curp | Self::Rfc | Self::Dni | Self::Ce => {
                false
            }
            Self::CedCiu | Self::CedExt | Self::Nuip | Self::Te | Self::Ppt | Self::Pass | Self::Pep | Self::Ruc | Self::Cuit => false,
        }
    }
}

/// The characters of a normalised number.
pub(super) fn characters_of(normalized: &str) -> Characters {
    let mut characters = Characters::EMPTY;
    normalized.chars().for_each(|letter| characters.push(u8::try_from(u32::from(letter)).unwrap_or(char_buffer::REFUSED_CODE)));
    characters
}
