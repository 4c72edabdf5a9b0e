//! National identification documents: which belong to which country, whose they are, and whether a number is one.
//!
//! One module per country holds the rules of its documents; [`check`] is the single place through which every number
//! passes. "Valid" means well formed with the right check digit, never issued to somebody: that is for the identity
//! check to find out.

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

use crate::char_buffer::{self, Characters};
use crate::country::Country;
use crate::text::composed;
use crate::time::Timestamp;

/// The most characters a number may have; longer input is refused before it is read.
pub const MOST_CHARACTERS: usize = char_buffer::MAX_CHARACTERS;

/// A number that holds. It is held inline; what is written of it is written when somebody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidDocument {
    /// Person or company, by the document and, where it tells, by the number.
    pub customer_type: CustomerType,
    document: DocumentType,
    number: Characters,
    doubts: [Option<DocumentWarning>; 4],
    print_format: PrintFormat,
}

impl ValidDocument {
    /// A number that holds by its document's own rules; [`apply_rules`] says whose it is.
    const fn new(document: DocumentType, number: Characters) -> Self {
        Self { customer_type: CustomerType::Individual, document, number, doubts: [None; 4], print_format: PrintFormat::Plainly }
    }

    fn warn(&mut self, warn: DocumentWarning) {
        if let Some(free) = self.doubts.iter_mut().find(|place| place.is_none()) {
            *free = Some(warn);
        }
    }

    /// Leaves zeros in front out of a number that is counted without them. No check digit proves the rest, so that it is a doubt.
    fn drop_zeros(&mut self, zeros: usize) {
        if zeros > 0 {
            self.number = Characters::of(&self.number[zeros..]);
            self.warn(DocumentWarning::ZerosInFront);
        }
    }

    /// Whose it is, and whether it is a filler.
    fn complete(&mut self) -> Result<(), DocumentError> {
        self.customer_type = self.document.holder_of(&self.number);
        if self.document.is_of_minors_by(&self.number) {
            self.warn(DocumentWarning::Minor);
        }
        if let Some(warn) = filler::check(self.document, &self.number)? {
            self.warn(warn);
        }
        Ok(())
    }

    const fn print_format(mut self, print_format: PrintFormat) -> Self {
        self.print_format = print_format;
        self
    }

    /// Without separators, upper case: how numbers are compared and stored.
    #[must_use]
    pub fn normalized(&self) -> String {
        self.number.to_string()
    }

    /// As the issuing body prints it.
    #[must_use]
    pub fn display(&self) -> String {
        self.print_format.write(&self.normalized())
    }

    /// What is odd about it without making it wrong.
    pub fn doubts(&self) -> impl Iterator<Item = DocumentWarning> {
        self.doubts.into_iter().flatten()
    }

    /// What it tells of its holder at a moment.
    #[must_use]
    pub fn implied(&self, now: Timestamp) -> Implied {
        Implied::of(self.document, &self.number, now)
    }

    /// Compares what the number tells with the date of birth that was sent.
    ///
    /// # Errors
    /// [`DocumentError::Contradiction`] that names both; of two centuries the nearer one.
    pub fn agrees_with_birth(&self, sent: Date) -> Result<(), DocumentError> {
        let dates = || implied::dates(self.document, &self.number);
        if self.customer_type == CustomerType::Company || dates().any(|date| date == sent) {
            return Ok(());
        }
        let nearest = dates().min_by_key(|date| date.parts().0.abs_diff(sent.parts().0));
        nearest.map_or(Ok(()), |number_says| Err(DocumentError::Contradiction { number_says, sent }))
    }
}

/// Checks a number against its document's rules.
///
/// Spaces, dots, hyphens, colons, slashes and the sign of `nº` are dropped, letters are raised to upper case, full-width letters and digits are
/// folded to ASCII; digits of other scripts are refused. What people write in front of a number that does not hold with it,
/// such as `RUT` or `ES`, is dropped.
///
/// # Errors
/// A [`DocumentError`] that says what is wrong and what would be right.
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

/// What is said of a number that does not hold as it is written.
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
    // What stands for nobody does so whatever it is called.
    let is_nobodys = matches!(fault, DocumentError::Placeholder { .. });
    let better = if is_nobodys { None } else { better_document(country, document, number, &characters) };
    Err(better.unwrap_or(fault))
}

/// What is said of a number: by its document's own rules, and by those that all of them share. It is completed where it
/// lies: copies cost as much as the rules.
fn apply_rules(country: Country, document: DocumentType, number: &str, characters: &Characters) -> Result<ValidDocument, DocumentError> {
    let mut result = by_document(country, document, number, characters);
    let shared = result.as_mut().map_or(Ok(()), ValidDocument::complete);
    if let Err(fault) = shared {
        result = Err(fault);
    }
    result
}

/// What the document's own rules say of a number: as it was written, and its signs.
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

/// What becomes of each sign: blanks, dots, hyphens, colons, slashes and the sign of `nº` and `n°` are dropped, letters raised to
/// capitals, among them `Ñ`.
static TABLE: char_buffer::CharTable = {
    let mut table = char_buffer::alphanumerics_and(b" .-/:\t\xa0\xb0\xba");
    table[b'&' as usize] = b'&';
    table['Ñ' as usize] = char_buffer::ENYE;
    table['ñ' as usize] = char_buffer::ENYE;
    table
};

/// Drops separators and raises case; refuses what no document's number has.
fn read(number: &str, characters: &mut Characters) -> Result<(), DocumentError> {
    if !number.is_ascii() {
        read_unicode(number, characters)?;
    } else if number.len() > MOST_CHARACTERS {
        return Err(DocumentError::TooLong);
    } else {
        characters.read(number.as_bytes(), &TABLE).map_err(|found| DocumentError::Charset { found: char::from(found) })?;
    }
    if characters.is_empty() { Err(DocumentError::Empty) } else { Ok(()) }
}

/// The same of a number that is not all ASCII.
fn read_unicode(number: &str, characters: &mut Characters) -> Result<(), DocumentError> {
    // `Ñ` may come as `N` and a tilde.
    let number = composed(number);
    for (position, letter) in number.chars().enumerate() {
        if position >= MOST_CHARACTERS {
            return Err(DocumentError::TooLong);
        }
        let folded = match letter {
            '\u{2010}'..='\u{2014}' => u32::from('-'),
            // Full-width forms, as East Asian keyboards write them (Unicode NFKC folds them so).
            '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' => u32::from(letter) - 0xfee0,
            _ => u32::from(letter),
        };
        let character = u8::try_from(folded).unwrap_or(char_buffer::REFUSED);
        characters.read(&[character], &TABLE).map_err(|_| DocumentError::Charset { found: letter })?;
    }
    Ok(())
}

/// A number that is wrong for its document and right for another of the same country was most likely sent under the
/// wrong name: that is the more helpful thing to say.
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
    // Foreigner cards of unusual forms are too much like anything else.
    let is_plausible = |other: DocumentType| other != DocumentType::Ce || peru::is_usual_foreigner_card(characters);
    let is_valid = |other: &DocumentType| is_plausible(*other) && apply_rules(country, *other, number, characters).is_ok();
    let mut others = plausible.iter().filter(|(sent, other)| *sent == document && other.belongs_to(country)).map(|(_, other)| *other);
    let other = others.find(is_valid)?;
    Some(DocumentError::OtherDocument { sent: document.as_str(), is: other.as_str() })
}
