//! IBAN (ISO 13616) of the SEPA countries, with the control digits inside Spanish accounts.

use super::bank::{self, BankCode};
use super::{BankAccountError, BankAccountKind, ValidAccount, read};
use crate::identity::country::Country;
use crate::text::char_buffer::{self, Characters};

/// The SEPA countries (EPC409-09) and the format of their BBAN in SWIFT's IBAN registry: `n` digits, `a` capital letters, `c` either.
const COUNTRIES: [(&str, &str); 42] = [
    ("AD", "8n12c"),
    ("AL", "8n16c"),
    ("AT", "16n"),
    ("BE", "12n"),
    ("BG", "4a6n8c"),
    ("CH", "5n12c"),
    ("CY", "8n16c"),
    ("CZ", "20n"),
    ("DE", "18n"),
    ("DK", "14n"),
    ("EE", "16n"),
    ("ES", "20n"),
    ("FI", "14n"),
    ("FR", "10n11c2n"),
    ("GB", "4a14n"),
    ("GI", "4a15c"),
    ("GR", "7n16c"),
    ("HR", "17n"),
    ("HU", "24n"),
    ("IE", "4a14n"),
    ("IS", "22n"),
    ("IT", "1a10n12c"),
    ("LI", "5n12c"),
    ("LT", "16n"),
    ("LU", "3n13c"),
    ("LV", "4a13c"),
    ("MC", "10n11c2n"),
    ("MD", "2c18c"),
    ("ME", "18n"),
    ("MK", "3n10c2n"),
    ("MT", "4a5n18c"),
    ("NL", "4a10n"),
    ("NO", "11n"),
    ("PL", "24n"),
    ("PT", "21n"),
    ("RO", "4a16c"),
    ("RS", "18n"),
    ("SE", "20n"),
    ("SI", "15n"),
    ("SK", "20n"),
    ("SM", "1a10n12c"),
    ("VA", "18n"),
];

/// The BBAN format of a country: a class for each character.
#[derive(Clone, Copy)]
struct BbanFormat {
    length: usize,
    classes: [u8; Self::MAX_CHARACTERS],
}

impl BbanFormat {
    /// At least as long as every BBAN.
    const MAX_CHARACTERS: usize = 30;

    /// Expands a structure: `2n3a` becomes `nnaaa`.
    const fn of(structure: &str) -> Self {
        let structure = structure.as_bytes();
        let mut part = Self { length: 0, classes: [0; Self::MAX_CHARACTERS] };
        let (mut place, mut count) = (0, 0);
        while place < structure.len() {
            match structure[place] {
                digit @ b'0'..=b'9' => count = count * 10 + (digit - b'0') as usize,
                class => {
                    while count > 0 {
                        part.classes[part.length] = class;
                        part.length += 1;
                        count -= 1;
                    }
                }
            }
            place += 1;
        }
        part
    }

    /// The BBAN format of a country by its alpha-2 code.
    fn of_country(country: [u8; 2]) -> Option<&'static Self> {
        let place = *PLACES.get(place_of(country))?;
        PARTS.get(usize::from(place).checked_sub(1)?)
    }
}

/// Formats in the order of [`COUNTRIES`].
static PARTS: [BbanFormat; COUNTRIES.len()] = {
    let mut parts = [BbanFormat::of(""); COUNTRIES.len()];
    let mut place = 0;
    while place < parts.len() {
        parts[place] = BbanFormat::of(COUNTRIES[place].1);
        place += 1;
    }
    parts
};

/// Indexed by [`place_of`]: one plus the index in [`COUNTRIES`], or zero.
static PLACES: [u8; 26 * 26] = {
    let mut places = [0; 26 * 26];
    let mut place = 0;
    while place < COUNTRIES.len() {
        let country = COUNTRIES[place].0.as_bytes();
        places[place_of([country[0], country[1]])] = place as u8 + 1;
        place += 1;
    }
    places
};

/// The index of a pair of capital letters.
const fn place_of([first, second]: [u8; 2]) -> usize {
    (first - b'A') as usize * 26 + (second - b'A') as usize
}

/// Appends a character, letters counting from 10, to a number kept modulo 97. The result is only reduced when it grows large.
pub(super) const fn append(rest: u64, character: u8) -> u64 {
    // One division for many characters is several times faster than one for each.
    let rest = if rest < 1_000_000_000_000_000 { rest } else { rest % 97 };
    match character {
        b'0'..=b'9' => rest * 10 + (character - b'0') as u64,
        _ => rest * 100 + (character - b'A') as u64 + 10,
    }
}

/// The check digits (ISO 7064, MOD 97-10) of a number followed by the two letters.
pub(super) fn check_digits(number: u64, letters: [u8; 2]) -> [u8; 2] {
    let [first, second] = letters.map(|letter| u64::from(letter - b'A') + 10);
    let rest = (number % 97 * 1_000_000 + first * 10_000 + second * 100) % 97;
    let right = 98 - u8::try_from(rest).unwrap_or(0);
    [b'0' + right / 10, b'0' + right % 10]
}

/// Spain: the control digit of up to ten digits, with powers of two modulo 11 as weights (Banco de España); shorter parts use the last
/// ones.
#[inline]
fn spanish_control(digits: &[u8]) -> u8 {
    const WEIGHTS: [u32; 10] = [1, 2, 4, 8, 5, 10, 9, 7, 3, 6];
    let weights = &WEIGHTS[WEIGHTS.len().saturating_sub(digits.len())..];
    let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    match 11 - sum % 11 {
        11 => b'0',
        10 => b'1',
        digit => b'0' + u8::try_from(digit).unwrap_or(0),
    }
}

pub(super) fn check(account: &str) -> Result<ValidAccount, BankAccountError> {
    static TABLE: char_buffer::CharTable = char_buffer::alphanumerics_and(b" -.:");
    let mut iban = read(account, &TABLE, |found| BankAccountError::Charset { found })?;
    if let Some(rest) = iban.strip_prefix(b"IBAN") {
        iban = Characters::of(rest);
    }
    let Some((&[first @ b'A'..=b'Z', second @ b'A'..=b'Z'], rest)) = iban.split_first_chunk() else {
        return Err(BankAccountError::like("ES91 2100 0418 4502 0005 1332"));
    };
    let country = [first, second];
    let part = BbanFormat::of_country(country).ok_or_else(|| BankAccountError::UnknownCountry { found: char_buffer::text(&country) })?;
    if iban.len() != 4 + part.length {
        return Err(BankAccountError::WrongLength { expected: 4 + part.length, found: iban.len() });
    }
    let (written, national) = rest.split_at(2);
    let mut number = 0;
    for (&character, class) in national.iter().zip(&part.classes) {
        match class {
            b'n' if !character.is_ascii_digit() => return Err(BankAccountError::DigitExpected { found: char::from(character) }),
            b'a' if !character.is_ascii_uppercase() => return Err(BankAccountError::Charset { found: char::from(character) }),
            _ => number = append(number, character),
        }
    }
    let right = check_digits(number, country);
    if written != right {
        let which = ("the two digits behind the country", "las dos cifras tras el país");
        return Err(BankAccountError::WrongCheckDigits { expected: char_buffer::text(&right), which });
    }
    if country != *b"ES" {
        return Ok(ValidAccount::new(BankAccountKind::Iban, iban));
    }
    let code = check_spanish(national)?;
    Ok(ValidAccount::new(BankAccountKind::Iban, iban).at_bank(code, bank::directory(Country::SPAIN).name(code)))
}

/// Checks the two control digits of a Spanish BBAN, for bank and branch and for the account; returns the bank code.
fn check_spanish(national: &[u8]) -> Result<BankCode, BankAccountError> {
    let expected = [spanish_control(&national[..8]), spanish_control(&national[10..20])];
    if national[8..10] != expected {
        return Err(BankAccountError::WrongCheckDigits {
            expected: char_buffer::text(&expected),
            which: ("the two control digits behind bank and branch", "las dos cifras de control tras banco y sucursal"),
        });
    }
    Ok(BankCode::of([national[0], national[1], national[2], national[3]]))
}
