//! Mexico: CURP (RENAPO; DOF 18-10-2014) and RFC (SAT; CFF article 27).

use super::digits::{digit, not_a_digit};
use super::{Date, DocumentError, DocumentType, DocumentWarning, ValidDocument, Wording};
use crate::text::char_buffer::{Characters, ENYE_CODE, text};

/// Words that issuers avoid: RENAPO replaces the second letter by X, SAT the fourth of some. Some were issued nevertheless: RENAPO missed
/// a few, and SAT's own validator does not know the list.
static AVOIDED: [[u8; 4]; 81] = [
    *b"BACA", *b"BAKA", *b"BUEI", *b"BUEY", *b"CACA", *b"CACO", *b"CAGA", *b"CAGO", *b"CAKA", *b"CAKO", *b"COGE", *b"COGI", *b"COJA",
    *b"COJE", *b"COJI", *b"COJO", *b"COLA", *b"CULO", *b"FALO", *b"FETO", *b"GETA", *b"GUEI", *b"GUEY", *b"JETA", *b"JOTO", *b"KACA",
    *b"KACO", *b"KAGA", *b"KAGO", *b"KAKA", *b"KAKO", *b"KOGE", *b"KOGI", *b"KOJA", *b"KOJE", *b"KOJI", *b"KOJO", *b"KOLA", *b"KULO",
    *b"LILO", *b"LOCA", *b"LOCO", *b"LOKA", *b"LOKO", *b"MAME", *b"MAMO", *b"MEAR", *b"MEAS", *b"MEON", *b"MIAR", *b"MION", *b"MOCO",
    *b"MOKO", *b"MULA", *b"MULO", *b"NACA", *b"NACO", *b"PEDA", *b"PEDO", *b"PENE", *b"PIPI", *b"PITO", *b"POPO", *b"PUTA", *b"PUTO",
    *b"QULO", *b"RATA", *b"ROBA", *b"ROBE", *b"ROBO", *b"RUIN", *b"SENO", *b"TETA", *b"VACA", *b"VAGA", *b"VAGO", *b"VAKA", *b"VUEI",
    *b"VUEY", *b"WUEI", *b"WUEY",
];

/// Whether the first four letters are such a word. All are compared, several at a time: a search is slower.
fn is_avoided(beginning: [u8; 4]) -> bool {
    AVOIDED.iter().fold(false, |found, word| found | (u32::from_ne_bytes(*word) == u32::from_ne_bytes(beginning)))
}

/// State codes of RENAPO.
pub(super) fn birthplace(code: &[u8; 2]) -> Option<&'static str> {
    Some(match code {
        b"AS" => "Aguascalientes",
        b"BC" => "Baja California",
        b"BS" => "Baja California Sur",
        b"CC" => "Campeche",
        b"CH" => "Chihuahua",
        b"CL" => "Coahuila",
        b"CM" => "Colima",
        b"CS" => "Chiapas",
        b"DF" => "Ciudad de México",
        b"DG" => "Durango",
        b"GR" => "Guerrero",
        b"GT" => "Guanajuato",
        b"HG" => "Hidalgo",
        b"JC" => "Jalisco",
        b"MC" => "México",
        b"MN" => "Michoacán",
        b"MS" => "Morelos",
        b"NE" => "nacido en el extranjero",
        b"NL" => "Nuevo León",
        b"NT" => "Nayarit",
        b"OC" => "Oaxaca",
        b"PL" => "Puebla",
        b"QR" => "Quintana Roo",
        b"QT" => "Querétaro",
        b"SL" => "Sinaloa",
        b"SP" => "San Luis Potosí",
        b"SR" => "Sonora",
        b"TC" => "Tabasco",
        b"TL" => "Tlaxcala",
        b"TS" => "Tamaulipas",
        b"VZ" => "Veracruz",
        b"YN" => "Yucatán",
        b"ZS" => "Zacatecas",
        _ => return None,
    })
}

/// Value of each character in a CURP: digits as themselves, A to N from 10, Ñ 24, O to Z from 25.
static CURP_VALUES: [u8; 256] = {
    let mut values = [0; 256];
    let characters = b"0123456789ABCDEFGHIJKLMN\xd1OPQRSTUVWXYZ";
    let mut value = 0;
    while value < characters.len() {
        values[characters[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Value of each character in an RFC: as in a CURP, but & 24, blank 37 and Ñ 38.
static RFC_VALUES: [u8; 256] = {
    let mut values = CURP_VALUES;
    values[b'&' as usize] = 24;
    values[b' ' as usize] = 37;
    values[ENYE_CODE as usize] = 38;
    values
};

/// The weighted sum of the values; weights fall to 2 at the last character.
fn weighted_sum(characters: &[u8], values: &[u8; 256]) -> u32 {
    characters.iter().rev().zip(2..).map(|(character, weight)| u32::from(values[usize::from(*character)]) * weight).sum()
}

/// CURP: eighteen characters, the last a check digit.
pub(super) fn curp(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    const SHAPE: Wording = Wording(
        "4 letters, 6 digits, H, M or X, 5 letters, a letter or digit and a digit, as in QAQX800101HDFQQX08",
        "4 letras, 6 cifras, H, M o X, 5 letras, una letra o cifra y una cifra, como QAQX800101HDFQQX08",
    );
    // Numbers that SAT prescribes for payrolls; some have a wrong check digit.
    if characters.starts_with(b"XEXX010101") && characters.get(11..17) == Some(b"NEXXXA") {
        return Err(DocumentError::Placeholder { used_for: "foreigners without a CURP", used_for_es: "extranjeros sin CURP" });
    }
    let Ok(&[n1, n2, n3, n4, ref date @ .., sex, p1, p2, c1, c2, c3, century, last]) = <&[u8; 18]>::try_from(&characters[..]) else {
        return Err(DocumentError::WrongLength { expected: Wording("18 characters", "18 caracteres"), found: characters.len() });
    };
    let (name, place) = ([n1, n2, n3, n4], [p1, p2]);
    if let Some(found) = date.iter().chain([&last]).find(|character| !character.is_ascii_digit()) {
        return Err(not_a_digit(*found));
    }
    let letter = |character: u8| character.is_ascii_uppercase() || character == ENYE_CODE;
    let consonant = |character: u8| letter(character) && !matches!(character, b'A' | b'E' | b'I' | b'O' | b'U');
    let well_formed = name.into_iter().all(letter)
        && matches!(n2, b'A' | b'E' | b'I' | b'O' | b'U' | b'X')
        && matches!(sex, b'H' | b'M' | b'X')
        && place.into_iter().all(letter)
        && [c1, c2, c3].into_iter().all(consonant)
        && century.is_ascii_alphanumeric();
    if !well_formed {
        return Err(DocumentError::WrongShape { expected: SHAPE });
    }
    if birthplace(&place).is_none() {
        return Err(DocumentError::UnknownPlace { found: text(&place) });
    }
    // The seventeenth character is a digit for births to 1999 and a letter from 2000 on.
    let century = if century.is_ascii_digit() { 1900 } else { 2000 };
    if Date::of_six(date, century).is_none() {
        return Err(DocumentError::ImpossibleDate { found: text(date) });
    }
    let expected = digit((10 - weighted_sum(&characters[..17], &CURP_VALUES) % 10) % 10);
    if char::from(last) != expected {
        return Err(DocumentError::WrongCheckDigit { expected, is_letter: false });
    }
    let mut checked = ValidDocument::new(DocumentType::Curp, *characters);
    if is_avoided(name) {
        checked.warn(DocumentWarning::UnusualWord);
    }
    Ok(checked)
}

/// RFC: thirteen characters of a person, twelve of a company. The last is advisory: in about 1.5 % of issued numbers it is not what the
/// formula gives.
pub(super) fn rfc(characters: &Characters) -> Result<ValidDocument, DocumentError> {
    match &characters[..] {
        b"XAXX010101000" => return Err(DocumentError::Placeholder { used_for: "the general public", used_for_es: "público en general" }),
        b"XEXX010101000" => {
            return Err(DocumentError::Placeholder { used_for: "foreigners without an RFC", used_for_es: "extranjeros sin RFC" });
        }
        _ => {}
    }
    let (name, [date @ .., h1, h2, last]) = match characters.split_last_chunk::<9>() {
        Some((name, rest)) if matches!(name.len(), 3 | 4) => (name, rest),
        _ => {
            return Err(DocumentError::WrongLength {
                expected: Wording("13 characters (a person's) or 12 (a company's)", "13 caracteres (persona) o 12 (empresa)"),
                found: characters.len(),
            });
        }
    };
    let persons = <[u8; 4]>::try_from(name).ok();
    if !name.iter().all(|character| character.is_ascii_uppercase() || matches!(*character, ENYE_CODE | b'&')) {
        let expected = if persons.is_some() {
            Wording(
                "4 letters, 6 digits, 3 letters or digits, as in QAQX800101AB1",
                "4 letras, 6 cifras y 3 letras o cifras, como QAQX800101AB1",
            )
        } else {
            Wording(
                "3 letters, 6 digits, 3 letters or digits, as in QQZ800101ABA",
                "3 letras, 6 cifras y 3 letras o cifras, como QQZ800101ABA",
            )
        };
        return Err(DocumentError::WrongShape { expected });
    }
    if let Some(found) = date.iter().find(|character| !character.is_ascii_digit()) {
        return Err(not_a_digit(*found));
    }
    // Two digits of the year leave the century open; 29 February needs a leap year in one of the two.
    if Date::of_six(date, 1900).or_else(|| Date::of_six(date, 2000)).is_none() {
        return Err(DocumentError::ImpossibleDate { found: text(date) });
    }
    if !(h1.is_ascii_alphanumeric() && h2.is_ascii_alphanumeric() && matches!(last, b'0'..=b'9' | b'A')) {
        return Err(DocumentError::WrongShape {
            expected: Wording(
                "2 letters or digits and a digit or A at the end, as in AB1",
                "2 letras o cifras y al final una cifra o A, como AB1",
            ),
        });
    }
    let mut checked = ValidDocument::new(DocumentType::Rfc, *characters);
    if persons.is_some_and(is_avoided) {
        checked.warn(DocumentWarning::UnusualWord);
    }
    // A company's number is computed with a blank before it.
    let blank = if persons.is_some() { 0 } else { u32::from(RFC_VALUES[usize::from(b' ')]) * 13 };
    let sum = blank + weighted_sum(&characters[..characters.len() - 1], &RFC_VALUES);
    let expected = match 11 - sum % 11 {
        11 => '0',
        10 => 'A',
        value => digit(value),
    };
    if char::from(*last) != expected {
        checked.warn(DocumentWarning::UnusualCheckCharacter { expected });
    }
    Ok(checked)
}
