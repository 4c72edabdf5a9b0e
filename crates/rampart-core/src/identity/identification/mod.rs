//! National identification documents: which country has which, who holds them, and whether a number is valid.
//!
//! Each country has a module with the rules of its documents; every number passes through [`check`]. "Valid" means well formed with the
//! right check digit, not that the number was issued: that is for the identity check.

mod argentina;
mod chile;
mod colombia;
mod date;
mod digits;
mod document;
mod error;
mod filler;
mod holder;
mod implied;
mod label;
mod majority;
mod mexico;
mod one_person;
mod peru;
mod print_format;
mod spain;

pub use date::Date;
pub use document::{CustomerType, DocumentType};
pub use error::{DocumentError, DocumentWarning, Wording};
pub use implied::{Implied, Sex};
pub use majority::AgeCheck;

use print_format::PrintFormat;

use crate::identity::country::Country;
use crate::text::char_buffer::{self, Characters};
use crate::text::composed;
use crate::time::Timestamp;

/// Longer input is refused before it is parsed.
pub const MAX_CHARACTERS: usize = char_buffer::MAX_CHARACTERS;

/// A valid number, stored inline. Text forms are made on request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidDocument {
    /// By the document, or else by the number.
    pub customer_type: CustomerType,
    document: DocumentType,
    number: Characters,
    doubts: [Option<DocumentWarning>; 4],
    print_format: PrintFormat,
}

impl ValidDocument {
    /// A number that is valid by the rules of its document. [`Self::complete`] adds what all documents share.
    const fn new(document: DocumentType, number: Characters) -> Self {
        Self { customer_type: CustomerType::Individual, document, number, doubts: [None; 4], print_format: PrintFormat::Plain }
    }

    fn warn(&mut self, warning: DocumentWarning) {
        if let Some(free) = self.doubts.iter_mut().find(|place| place.is_none()) {
            *free = Some(warning);
        }
    }

    /// Removes leading zeros. The document has no check digit to confirm the rest, so this adds a warning.
    fn drop_zeros(&mut self, zeros: usize) {
        if zeros > 0 {
            self.number = Characters::of(&self.number[zeros..]);
            self.warn(DocumentWarning::ZerosInFront);
        }
    }

    /// Sets the kind of holder and applies the rules that all documents share.
    fn complete(&mut self) -> Result<(), DocumentError> {
        self.customer_type = self.document.holder_of(&self.number);
        if self.document.is_of_minors_by(&self.number) {
            self.warn(DocumentWarning::Minor);
        }
        if let Some(warning) = filler::check(self.document, &self.number)? {
            self.warn(warning);
        }
        Ok(())
    }

    const fn print_as(mut self, print_format: PrintFormat) -> Self {
        self.print_format = print_format;
        self
    }

    /// Upper case without separators: the form that is stored and compared.
    #[must_use]
    pub fn normalized(&self) -> String {
        self.number.to_string()
    }

    /// As the issuing authority prints it.
    #[must_use]
    pub fn display(&self) -> String {
        self.print_format.write(&self.normalized())
    }

    /// What is unusual about it.
    pub fn doubts(&self) -> impl Iterator<Item = DocumentWarning> {
        self.doubts.into_iter().flatten()
    }

    /// What it says about its holder.
    #[must_use]
    pub fn implied(&self, now: Timestamp) -> Implied {
        Implied::of(self.document, &self.number, now)
    }

    /// Compares the date of birth in the number with the one received.
    /// [`DocumentError::Contradiction`] with both dates; of two possible centuries, the one closer to the date received.
    pub fn agrees_with_birth(&self, sent: Date) -> Result<(), DocumentError> {
        let dates = || implied::dates(self.document, &self.number);
        if self.customer_type == CustomerType::Company || dates().any(|date| date == sent) {
            return Ok(());
        }
        let nearest = dates().min_by_key(|date| date.parts().0.abs_diff(sent.parts().0));
        nearest.map_or(Ok(()), |number_says| Err(DocumentError::Contradiction { number_says, sent }))
    }
}

/// Checks a number against the rules of its document.
///
/// Spaces, dots, hyphens, colons, slashes and the `º` of `nº` are dropped, letters become upper case, full-width letters and digits
/// become ASCII; digits of other scripts are refused. If the number is invalid as written, a label before it, such as `RUT` or `ES`, is
/// dropped too.
pub fn check(country: Country, document: DocumentType, number: &str) -> Result<ValidDocument, DocumentError> {
    if !document.belongs_to(country) {
        let allowed = DocumentType::of_country(country).map(DocumentType::as_str).collect::<Vec<_>>().join(", ");
        return Err(DocumentError::WrongCountry { document: document.as_str(), country, allowed });
    }
    let mut characters = Characters::EMPTY;
    read(number, &mut characters)?;
    let result = apply_rules(country, document, number, &characters);
    match result {
        Ok(_) => result,
        Err(fault) => retry_without_label(country, document, number, &characters, fault),
    }
}

/// The result for a number that is invalid as written.
#[cold]
#[inline(never)]
fn retry_without_label(
    country: Country,
    document: DocumentType,
    number: &str,
    characters: &Characters,
    fault: DocumentError,
) -> Result<ValidDocument, DocumentError> {
    let (fault, characters) = match label::without(document, characters) {
        None => (fault, *characters),
        Some(rest) => match apply_rules(country, document, number, &rest) {
            Ok(checked) => return Ok(checked),
            Err(fault) => (fault, rest),
        },
    };
    // A placeholder is one under every document.
    let is_nobodys = matches!(fault, DocumentError::Placeholder { .. });
    let better = if is_nobodys { None } else { better_document(country, document, number, &characters) };
    Err(better.unwrap_or(fault))
}

/// Applies the rules of the document and those that all documents share. The result is completed in place: copies cost as much as the
/// rules.
fn apply_rules(country: Country, document: DocumentType, number: &str, characters: &Characters) -> Result<ValidDocument, DocumentError> {
    let mut result = by_document(country, document, number, characters);
    let shared = result.as_mut().map_or(Ok(()), ValidDocument::complete);
    if let Err(fault) = shared {
        result = Err(fault);
    }
    result
}

/// Applies the rules of the document. `number` is the input as written: the NIT depends on its hyphen.
fn by_document(country: Country, document: DocumentType, number: &str, characters: &Characters) -> Result<ValidDocument, DocumentError> {
    match document {
        DocumentType::GovernmentId => spain::government_id(characters),
        DocumentType::PermanentResidencePermit => spain::residence_permit(characters),
        DocumentType::Passport => spain::passport(characters),
        DocumentType::Cif => spain::cif(characters),
        DocumentType::Rut => chile::rut(characters),
        DocumentType::Curp => mexico::curp(characters),
        DocumentType::Rfc => mexico::rfc(characters),
        DocumentType::CedCiu => colombia::citizen_id(characters),
        DocumentType::CedExt | DocumentType::Te => colombia::foreigner_id(document, characters),
        DocumentType::Ti => colombia::identity_card(characters),
        DocumentType::Nuip => colombia::nuip(characters),
        DocumentType::Ppt => colombia::protection_permit(characters),
        DocumentType::Pass => colombia::passport(characters),
        DocumentType::Pep => colombia::permanence_permit(characters),
        DocumentType::Rc => colombia::civil_registry(characters),
        DocumentType::Nit => colombia::nit(number, characters),
        DocumentType::Dni if country == Country::PERU => peru::dni(characters),
        DocumentType::Dni => argentina::dni(characters),
        DocumentType::Ce => peru::foreigner_card(characters),
        DocumentType::Ruc => peru::ruc(characters),
        DocumentType::Cuit => argentina::cuit(characters),
    }
}

/// Drops blanks, dots, hyphens, colons, slashes, `º` and `°`; raises letters, `Ñ` included, to upper case.
static TABLE: char_buffer::CharTable = {
    let mut table = char_buffer::alphanumerics_and(b" .-/:\t\xa0\xb0\xba");
    table[b'&' as usize] = b'&';
    table['Ñ' as usize] = char_buffer::ENYE_CODE;
    table['ñ' as usize] = char_buffer::ENYE_CODE;
    table
};

/// Drops separators and raises letters to upper case; refuses other characters.
fn read(number: &str, characters: &mut Characters) -> Result<(), DocumentError> {
    if !number.is_ascii() {
        read_unicode(number, characters)?;
    } else if number.len() > MAX_CHARACTERS {
        return Err(DocumentError::TooLong);
    } else {
        characters.read(number.as_bytes(), &TABLE).map_err(|found| DocumentError::Charset { found: char::from(found) })?;
    }
    if characters.is_empty() { Err(DocumentError::Empty) } else { Ok(()) }
}

/// The same for input beyond ASCII.
fn read_unicode(number: &str, characters: &mut Characters) -> Result<(), DocumentError> {
    // `Ñ` may be written as `N` and a combining tilde.
    let number = composed(number);
    for (position, letter) in number.chars().enumerate() {
        if position >= MAX_CHARACTERS {
            return Err(DocumentError::TooLong);
        }
        let folded = match letter {
            '\u{2010}'..='\u{2014}' => u32::from('-'),
            // Full-width forms of East Asian keyboards, folded as in Unicode NFKC.
            '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' => u32::from(letter) - 0xfee0,
            _ => u32::from(letter),
        };
        let character = u8::try_from(folded).unwrap_or(char_buffer::REFUSED_CODE);
        characters.read(&[character], &TABLE).map_err(|_| DocumentError::Charset { found: letter })?;
    }
    Ok(())
}

/// A number that is invalid for its document but valid for another of the country was probably sent with the wrong type; saying so helps
/// more.
#[cold]
fn better_document(country: Country, document: DocumentType, number: &str, characters: &Characters) -> Option<DocumentError> {
    let plausible: &[(DocumentType, DocumentType)] = &[
        (DocumentType::Dni, DocumentType::Cuit),
        (DocumentType::Dni, DocumentType::Ruc),
        (DocumentType::Dni, DocumentType::Ce),
        (DocumentType::Ce, DocumentType::Ruc),
        (DocumentType::Ruc, DocumentType::Dni),
        (DocumentType::Cuit, DocumentType::Dni),
        (DocumentType::Curp, DocumentType::Rfc),
        (DocumentType::Rfc, DocumentType::Curp),
        (DocumentType::GovernmentId, DocumentType::PermanentResidencePermit),
        (DocumentType::GovernmentId, DocumentType::Cif),
        (DocumentType::PermanentResidencePermit, DocumentType::GovernmentId),
        (DocumentType::PermanentResidencePermit, DocumentType::Cif),
        (DocumentType::Cif, DocumentType::GovernmentId),
        (DocumentType::Cif, DocumentType::PermanentResidencePermit),
    ];
    // Foreigner cards of unusual forms resemble too many other numbers.
    let is_plausible = |other: DocumentType| other != DocumentType::Ce || peru::is_usual_foreigner_card(characters);
    let is_valid = |other: &DocumentType| is_plausible(*other) && apply_rules(country, *other, number, characters).is_ok();
    let mut others = plausible.iter().filter(|(sent, other)| *sent == document && other.belongs_to(country)).map(|(_, other)| *other);
    let other = others.find(is_valid)?;
    Some(DocumentError::OtherDocument { sent: document.as_str(), is: other.as_str() })
}
