//! The documents of the partner API and their countries.

use std::str::FromStr;

use crate::identity::country::Country;
use crate::text::words::words;

/// Whether the customer is a person or a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum CustomerType {
    #[default]
    Individual,
    Company,
}

macro_rules! documents {
    ($($(#[$meta:meta])* $name:ident = $text:tt in [$($country:ident),+];)+) => {
        words! {
            /// A document type, by its exact value in the API.
            DocumentType { $($(#[$meta])* $name = $text),+ }
        }

        impl DocumentType {
            /// The countries that issue the document.
            #[must_use]
            pub const fn countries(self) -> &'static [Country] {
                match self { $(Self::$name => &[$(Country::$country),+]),+ }
            }
        }
    };
}

documents! {
    /// Spain: DNI, with the K and L numbers.
    GovernmentId = "GOVERNMENT_ID" in [SPAIN];
    PermanentResidencePermit = "PERMANENT_RESIDENCE_PERMIT" in [SPAIN];
    Passport = "PASSPORT" in [SPAIN];
    Cif = "CIF" in [SPAIN];
    Rut = "RUT" in [CHILE];
    Curp = "CURP" in [MEXICO];
    /// Mexico: RFC; 13 characters are a person's, 12 a company's.
    Rfc = "RFC" in [MEXICO];
    CedCiu = "CED_CIU" in [COLOMBIA];
    CedExt = "CED_EXT" in [COLOMBIA];
    /// Colombia: identity card of minors.
    Ti = "TI" in [COLOMBIA];
    Nuip = "NUIP" in [COLOMBIA];
    Te = "TE" in [COLOMBIA];
    Ppt = "PPT" in [COLOMBIA];
    Pass = "PASS" in [COLOMBIA];
    Pep = "PEP" in [COLOMBIA];
    /// Colombia: civil registry of minors.
    Rc = "RC" in [COLOMBIA];
    /// Colombia: NIT; nine digits beginning with 8 or 9 are a company's, every other a person's.
    Nit = "NIT" in [COLOMBIA];
    Dni = "DNI" in [PERU, ARGENTINA];
    Ce = "CE" in [PERU];
    /// Peru: RUC; 10, 15, 16 and 17 are persons', 20 companies'.
    Ruc = "RUC" in [PERU];
    /// Argentina: CUIT of companies and CUIL of persons.
    Cuit = "CUIT" in [ARGENTINA];
}

impl DocumentType {
    /// Whether the document is one of the country.
    #[must_use]
    pub fn belongs_to(self, country: Country) -> bool {
        self.countries().contains(&country)
    }

    /// The documents of a country.
    pub fn of_country(country: Country) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |document| document.belongs_to(country))
    }
}

/// The text is not a document type of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a known document")]
pub struct DocumentTypeError;

impl FromStr for DocumentType {
    type Err = DocumentTypeError;

    fn from_str(text: &str) -> Result<Self, DocumentTypeError> {
        Self::from_text(text).ok_or(DocumentTypeError)
    }
}
