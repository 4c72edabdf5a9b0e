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
mod mexico;
mod peru;
mod shown;
mod spain;

pub use date::Date;
pub use document::{CustomerType, DocumentType};
pub use fault::{Doubt, Fault, Wording};

use shown::Shown;

use crate::country::Country;

/// The most characters a number may have; longer input is refused before it is read.
pub const MOST_CHARACTERS: usize = 64;

/// The sex a document tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sex {
    /// `H` of a CURP.
    Male,
    /// `M` of a CURP.
    Female,
    /// `X` of a CURP.
    Unspecified,
}

/// What a number tells of its holder.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Implied {
    /// Date of birth; for a company's RFC the date it was founded.
    pub date: Option<Date>,
    /// Whether the century of [`Implied::date`] is certain: an RFC has two figures of the year only.
    pub century_is_certain: bool,
    /// Sex.
    pub sex: Option<Sex>,
    /// The kind of entity, in Spanish, as the issuing body names it.
    pub entity: Option<&'static str>,
    /// The place of birth, in Spanish.
    pub birthplace: Option<&'static str>,
    /// The number of another document that is part of this one: the DNI inside a CUIT or a RUC.
    pub contains: Option<String>,
}

/// A number that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Without separators, upper case: how numbers are compared and stored.
    pub normalized: String,
    /// Person or company, by the document and, where it tells, by the number.
    pub customer_type: CustomerType,
    /// What the number tells.
    pub implied: Implied,
    /// What is odd about it without making it wrong.
    pub doubts: Vec<Doubt>,
    shown: Shown,
}

impl Checked {
    fn new(normalized: String, customer_type: CustomerType) -> Self {
        Self { normalized, customer_type, implied: Implied::default(), doubts: Vec::new(), shown: Shown::Plainly }
    }

    const fn shown(mut self, shown: Shown) -> Self {
        self.shown = shown;
        self
    }

    /// As the issuing body prints it.
    #[must_use]
    pub fn display(&self) -> String {
        self.shown.write(&self.normalized)
    }

    /// Compares what the number tells with the date of birth that was sent.
    ///
    /// # Errors
    /// [`Fault::Contradiction`] that names both.
    pub fn agrees_with_birth(&self, sent: Date) -> Result<(), Fault> {
        match self.implied.date {
            Some(told) if self.customer_type == CustomerType::Individual => {
                let agrees = if self.implied.century_is_certain { told == sent } else { told.same_without_century(sent) };
                if agrees { Ok(()) } else { Err(Fault::Contradiction { number_says: told, sent }) }
            }
            _ => Ok(()),
        }
    }
}

/// Checks a number against its document's rules.
///
/// Spaces, dots, hyphens and slashes are dropped, letters are raised to upper case, full-width letters and digits are
/// folded to ASCII; digits of other scripts are refused.
///
/// # Errors
/// A [`Fault`] that says what is wrong and what would be right.
pub fn check(country: Country, document: DocumentType, number: &str) -> Result<Checked, Fault> {
    if !document.belongs_to(country) {
        let allowed = DocumentType::of_country(country).map(DocumentType::as_str).collect::<Vec<_>>().join(", ");
        return Err(Fault::WrongCountry { document: document.as_str(), country, allowed });
    }
    let mut room = [0; ROOM];
    let normalized = normalize(number, &mut room)?;
    let checked = match document {
        DocumentType::GovernmentId => spain::government_id(normalized),
        DocumentType::PermanentResidencePermit => spain::residence_permit(normalized),
        DocumentType::Passport => spain::passport(normalized),
        DocumentType::Cif => spain::cif(normalized),
        DocumentType::Rut => chile::rut(normalized),
        DocumentType::Curp => mexico::curp(normalized),
        DocumentType::Rfc => mexico::rfc(normalized),
        DocumentType::CedCiu => colombia::citizen_id(normalized),
        DocumentType::CedExt | DocumentType::Te => colombia::foreigner_id(normalized),
        DocumentType::Ti => colombia::identity_card(normalized),
        DocumentType::Nuip => colombia::nuip(normalized),
        DocumentType::Ppt => colombia::protection_permit(normalized),
        DocumentType::Pass => colombia::passport(normalized),
        DocumentType::Pep => colombia::permanence_permit(normalized),
        DocumentType::Rc => colombia::civil_registry(normalized),
        DocumentType::Nit => colombia::nit(number, normalized),
        DocumentType::Dni if country == Country::PERU => peru::dni(normalized),
        DocumentType::Dni => argentina::dni(normalized),
        DocumentType::Ce => peru::foreigner_card(normalized),
        DocumentType::Ruc => peru::ruc(normalized),
        DocumentType::Cuit => argentina::cuit(normalized),
    };
    checked.map_err(|fault| better_document(country, document, normalized).unwrap_or(fault))
}

/// Room for a number of the longest kind, two bytes a sign (`Ñ`). It is on the stack: most numbers are stored only once
/// they are known to hold.
const ROOM: usize = 2 * MOST_CHARACTERS;

/// What becomes of an ASCII sign: 0 is dropped, 255 is refused, everything else is kept so.
const FOLDED: [u8; 128] = {
    let mut table = [255; 128];
    let mut sign: u8 = 0;
    while sign < 128 {
        table[sign as usize] = match sign {
            b' ' | b'.' | b'-' | b'/' | b'\t' => 0,
            b'A'..=b'Z' | b'0'..=b'9' | b'&' => sign,
            b'a'..=b'z' => sign.to_ascii_uppercase(),
            _ => 255,
        };
        sign += 1;
    }
    table
};

/// Drops separators and raises case; refuses what no document's number has.
fn normalize<'a>(number: &str, room: &'a mut [u8; ROOM]) -> Result<&'a str, Fault> {
    let mut length = 0;
    if number.is_ascii() {
        if number.len() > MOST_CHARACTERS {
            return Err(Fault::TooLong);
        }
        for byte in number.bytes() {
            match FOLDED[usize::from(byte)] {
                255 => return Err(Fault::Charset { found: char::from(byte) }),
                0 => {}
                sign => {
                    room[length] = sign;
                    length += 1;
                }
            }
        }
        return written(room, length);
    }
    for (position, letter) in number.chars().enumerate() {
        if position >= MOST_CHARACTERS {
            return Err(Fault::TooLong);
        }
        let folded = match letter {
            '\u{a0}' | '\u{2010}'..='\u{2014}' => continue,
            'ñ' | 'Ñ' => {
                length += 'Ñ'.encode_utf8(&mut room[length..]).len();
                continue;
            }
            // Full-width forms, as East Asian keyboards write them (Unicode NFKC folds them so).
            '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' => u32::from(letter) - 0xfee0,
            _ => u32::from(letter),
        };
        match usize::try_from(folded).ok().and_then(|folded| FOLDED.get(folded)) {
            None | Some(255) => return Err(Fault::Charset { found: letter }),
            Some(0) => {}
            Some(&sign) => {
                room[length] = sign;
                length += 1;
            }
        }
    }
    written(room, length)
}

/// What was written into the room: ASCII signs and whole letters.
fn written(room: &[u8; ROOM], length: usize) -> Result<&str, Fault> {
    if length == 0 { Err(Fault::Empty) } else { std::str::from_utf8(&room[..length]).map_err(|_| Fault::Empty) }
}

/// A number that is wrong for its document and right for another of the same country was most likely sent under the
/// wrong name: that is the more helpful thing to say.
fn better_document(country: Country, document: DocumentType, normalized: &str) -> Option<Fault> {
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
    let other =
        plausible.iter().filter(|(sent, other)| *sent == document && other.belongs_to(country)).map(|(_, other)| *other).find(|other| {
            match other {
                DocumentType::Cuit => argentina::cuit(normalized),
                DocumentType::Ruc => peru::ruc(normalized),
                DocumentType::Ce => peru::foreigner_card_strictly(normalized),
                DocumentType::Dni if country == Country::PERU => peru::dni(normalized),
                DocumentType::Dni => argentina::dni(normalized),
                DocumentType::Rfc => mexico::rfc(normalized),
                DocumentType::Curp => mexico::curp(normalized),
                DocumentType::PermanentResidencePermit => spain::residence_permit(normalized),
                DocumentType::GovernmentId => spain::government_id(normalized),
                _ => spain::cif(normalized),
            }
            .is_ok()
        })?;
    Some(Fault::OtherDocument { sent: document.as_str(), is: other.as_str() })
}
