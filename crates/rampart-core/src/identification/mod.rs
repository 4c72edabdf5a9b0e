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
mod fault;
mod filler;
mod holder;
mod implied;
mod label;
mod majority;
mod mexico;
mod one_person;
mod peru;
mod shown;
mod spain;

pub use date::Date;
pub use document::{CustomerType, DocumentType};
pub use fault::{Doubt, Fault, Wording};
pub use implied::{Implied, Sex};
pub use majority::Majority;

use shown::Shown;

use crate::country::Country;
use crate::signs::{self, Signs};
use crate::text::composed;
use crate::time::Timestamp;

/// The most characters a number may have; longer input is refused before it is read.
pub const MOST_CHARACTERS: usize = signs::MOST;

/// A number that holds. It is held inline; what is written of it is written when somebody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Person or company, by the document and, where it tells, by the number.
    pub customer_type: CustomerType,
    document: DocumentType,
    number: Signs,
    doubts: [Option<Doubt>; 4],
    shown: Shown,
}

impl Checked {
    /// A number that holds by its document's own rules; [`judge`] says whose it is.
    const fn new(document: DocumentType, number: Signs) -> Self {
        Self { customer_type: CustomerType::Individual, document, number, doubts: [None; 4], shown: Shown::Plainly }
    }

    fn doubt(&mut self, doubt: Doubt) {
        if let Some(free) = self.doubts.iter_mut().find(|place| place.is_none()) {
            *free = Some(doubt);
        }
    }

    /// Leaves zeros in front out of a number that is counted without them. No check digit proves the rest, so that it is a doubt.
    fn drop_zeros(&mut self, zeros: usize) {
        if zeros > 0 {
            self.number = Signs::of(&self.number[zeros..]);
            self.doubt(Doubt::ZerosInFront);
        }
    }

    /// Whose it is, and whether it is a filler.
    fn complete(&mut self) -> Result<(), Fault> {
        self.customer_type = self.document.holder_of(&self.number);
        if self.document.is_of_minors_by(&self.number) {
            self.doubt(Doubt::Minor);
        }
        if let Some(doubt) = filler::judge(self.document, &self.number)? {
            self.doubt(doubt);
        }
        Ok(())
    }

    const fn shown(mut self, shown: Shown) -> Self {
        self.shown = shown;
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
        self.shown.write(&self.normalized())
    }

    /// What is odd about it without making it wrong.
    pub fn doubts(&self) -> impl Iterator<Item = Doubt> {
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
    /// [`Fault::Contradiction`] that names both; of two centuries the nearer one.
    pub fn agrees_with_birth(&self, sent: Date) -> Result<(), Fault> {
        let told = || implied::dates(self.document, &self.number);
        if self.customer_type == CustomerType::Company || told().any(|date| date == sent) {
            return Ok(());
        }
        let nearest = told().min_by_key(|date| date.parts().0.abs_diff(sent.parts().0));
        nearest.map_or(Ok(()), |number_says| Err(Fault::Contradiction { number_says, sent }))
    }
}

/// Checks a number against its document's rules.
///
/// Spaces, dots, hyphens, colons, slashes and the sign of `nº` are dropped, letters are raised to upper case, full-width letters and digits are
/// folded to ASCII; digits of other scripts are refused. What people write in front of a number that does not hold with it,
/// such as `RUT` or `ES`, is dropped.
///
/// # Errors
/// A [`Fault`] that says what is wrong and what would be right.
pub fn check(country: Country, document: DocumentType, number: &str) -> Result<Checked, Fault> {
    if !document.belongs_to(country) {
        let allowed = DocumentType::of_country(country).map(DocumentType::as_str).collect::<Vec<_>>().join(", ");
        return Err(Fault::WrongCountry { document: document.as_str(), country, allowed });
    }
    let mut signs = Signs::NONE;
    read(number, &mut signs)?;
    let judged = judge(country, document, number, &signs);
    match judged {
        Ok(_) => judged,
        Err(fault) => judge_again(country, document, number, &signs, fault),
    }
}

/// What is said of a number that does not hold as it is written.
#[cold]
#[inline(never)]
fn judge_again(country: Country, document: DocumentType, number: &str, signs: &Signs, fault: Fault) -> Result<Checked, Fault> {
    let (fault, signs) = match label::without(document, signs) {
        None => (fault, *signs),
        Some(rest) => match judge(country, document, number, &rest) {
            Ok(checked) => return Ok(checked),
            Err(fault) => (fault, rest),
        },
    };
    // What stands for nobody does so whatever it is called.
    let is_nobodys = matches!(fault, Fault::Placeholder { .. });
    let better = if is_nobodys { None } else { better_document(country, document, number, &signs) };
    Err(better.unwrap_or(fault))
}

/// What is said of a number: by its document's own rules, and by those that all of them share. It is completed where it
/// lies: copies cost as much as the rules.
fn judge(country: Country, document: DocumentType, number: &str, signs: &Signs) -> Result<Checked, Fault> {
    let mut judged = by_document(country, document, number, signs);
    let shared = judged.as_mut().map_or(Ok(()), Checked::complete);
    if let Err(fault) = shared {
        judged = Err(fault);
    }
    judged
}

/// What the document's own rules say of a number: as it was written, and its signs.
fn by_document(country: Country, document: DocumentType, number: &str, signs: &Signs) -> Result<Checked, Fault> {
    match document {
        DocumentType::GovernmentId => spain::government_id(signs),
        DocumentType::PermanentResidencePermit => spain::residence_permit(signs),
        DocumentType::Passport => spain::passport(signs),
        DocumentType::Cif => spain::cif(signs),
        DocumentType::Rut => chile::rut(signs),
        DocumentType::Curp => mexico::curp(signs),
        DocumentType::Rfc => mexico::rfc(signs),
        DocumentType::CedCiu => colombia::citizen_id(signs),
        DocumentType::CedExt | DocumentType::Te => colombia::foreigner_id(document, signs),
        DocumentType::Ti => colombia::identity_card(signs),
        DocumentType::Nuip => colombia::nuip(signs),
        DocumentType::Ppt => colombia::protection_permit(signs),
        DocumentType::Pass => colombia::passport(signs),
        DocumentType::Pep => colombia::permanence_permit(signs),
        DocumentType::Rc => colombia::civil_registry(signs),
        DocumentType::Nit => colombia::nit(number, signs),
        DocumentType::Dni if country == Country::PERU => peru::dni(signs),
        DocumentType::Dni => argentina::dni(signs),
        DocumentType::Ce => peru::foreigner_card(signs),
        DocumentType::Ruc => peru::ruc(signs),
        DocumentType::Cuit => argentina::cuit(signs),
    }
}

/// What becomes of each sign: blanks, dots, hyphens, colons, slashes and the sign of `nº` and `n°` are dropped, letters raised to
/// capitals, among them `Ñ`.
static TABLE: signs::Table = {
    let mut table = signs::alphanumerics_and(b" .-/:\t\xa0\xb0\xba");
    table[b'&' as usize] = b'&';
    table['Ñ' as usize] = signs::ENYE;
    table['ñ' as usize] = signs::ENYE;
    table
};

/// Drops separators and raises case; refuses what no document's number has.
fn read(number: &str, signs: &mut Signs) -> Result<(), Fault> {
    if !number.is_ascii() {
        read_unicode(number, signs)?;
    } else if number.len() > MOST_CHARACTERS {
        return Err(Fault::TooLong);
    } else {
        signs.read(number.as_bytes(), &TABLE).map_err(|found| Fault::Charset { found: char::from(found) })?;
    }
    if signs.is_empty() { Err(Fault::Empty) } else { Ok(()) }
}

/// The same of a number that is not all ASCII.
fn read_unicode(number: &str, signs: &mut Signs) -> Result<(), Fault> {
    // `Ñ` may come as `N` and a tilde.
    let number = composed(number);
    for (position, letter) in number.chars().enumerate() {
        if position >= MOST_CHARACTERS {
            return Err(Fault::TooLong);
        }
        let folded = match letter {
            '\u{2010}'..='\u{2014}' => u32::from('-'),
            // Full-width forms, as East Asian keyboards write them (Unicode NFKC folds them so).
            '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' => u32::from(letter) - 0xfee0,
            _ => u32::from(letter),
        };
        let sign = u8::try_from(folded).unwrap_or(signs::REFUSED);
        signs.read(&[sign], &TABLE).map_err(|_| Fault::Charset { found: letter })?;
    }
    Ok(())
}

/// A number that is wrong for its document and right for another of the same country was most likely sent under the
/// wrong name: that is the more helpful thing to say.
#[cold]
fn better_document(country: Country, document: DocumentType, number: &str, signs: &Signs) -> Option<Fault> {
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
    let is_plausible = |other: DocumentType| other != DocumentType::Ce || peru::is_usual_foreigner_card(signs);
    let holds = |other: &DocumentType| is_plausible(*other) && judge(country, *other, number, signs).is_ok();
    let mut others = plausible.iter().filter(|(sent, other)| *sent == document && other.belongs_to(country)).map(|(_, other)| *other);
    let other = others.find(holds)?;
    Some(Fault::OtherDocument { sent: document.as_str(), is: other.as_str() })
}
