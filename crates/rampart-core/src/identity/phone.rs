//! Telephone numbers (ITU-T E.164) by the numbering plans of all countries, as Google's libphonenumber has them.
//!
//! Every number passes through this module, and only this module uses the library; docs/adr/0011 gives the reasons. Our own rules are the
//! length limit, the accepted separators, and old prefixes that the library no longer knows.

use std::fmt;

use rlibphonenumber::{PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region};

use crate::identity::country::Country;
use crate::identity::messages::messages;

/// Longer input is refused before it is parsed.
pub const MAX_CHARACTERS: usize = 64;

/// Former prefixes that people still write, by calling code. (The library knows the 15 of Argentina and the carrier codes of all
/// countries.)
const OLD_PREFIXES: [(i32, &[&str]); 3] = [
    // Until 2019 mobile numbers had a 1 after the calling code, and 01, 044 or 045 were dialled before the number.
    (52, &["1", "01", "044", "045"]),
    // Until 2016 mobile numbers were dialled with 09, landlines with 0 and a carrier code.
    (56, &["0"]),
    // Until 2021 a 0 was dialled before the area code.
    (57, &["0"]),
];

/// Why a text is not a telephone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneError {
    Empty,
    TooLong,
    Charset { found: char },
    // The limits of E.164.
    WrongLength { found: usize },
    NoCountry,
    OutsidePlan { calling_code: i32, example: String },
}

messages! { PhoneError:
    Empty => "empty",
        "the telephone number is empty",
        "falta el número de teléfono";
    TooLong => "too_long",
        "the telephone number is written with more than {MAX_CHARACTERS} characters",
        "el número de teléfono tiene más de {MAX_CHARACTERS} caracteres";
    Charset { found } => "charset",
        "the telephone number has the character '{found}'; digits with a leading + are expected, such as +34600000000",
        "el número de teléfono contiene «{found}»; escribe solo cifras, con + delante, como +34600000000";
    WrongLength { found } => "wrong_length",
        "a telephone number has 7 to 15 digits, this one has {found}",
        "un número de teléfono tiene de 7 a 15 cifras; has escrito {found}";
    NoCountry => "unknown_country",
        "no country has the code behind the +; correct it or leave the + out",
        "ningún país tiene el prefijo que has escrito tras el +; revísalo o quita el +";
    OutsidePlan { calling_code, example } => "outside_plan",
        "this is no telephone number of +{calling_code}; one looks like this: {example}",
        "ningún teléfono con prefijo +{calling_code} es así; uno correcto se escribe así: {example}";
}

impl std::error::Error for PhoneError {}

/// Something unusual about a valid number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneWarning {
    /// The number belongs to another country than the customer.
    OtherCountry { country: Country },
    /// Written with a former prefix; [`ValidPhone::e164`] is its present form.
    OldForm,
}

impl PhoneWarning {
    /// The code in the API; it never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OtherCountry { .. } => "phone_country_mismatch",
            Self::OldForm => "phone_old_form",
        }
    }

    /// The message in Spanish.
    #[must_use]
    pub fn spanish(self) -> String {
        match self {
            Self::OtherCountry { country } => format!("el número de teléfono no es de {}; compruébalo", country.spanish_name()),
            Self::OldForm => "el número de teléfono está escrito a la antigua; hoy se marca sin las cifras de más".to_owned(),
        }
    }
}

impl fmt::Display for PhoneWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherCountry { country } => {
                write!(formatter, "the telephone number is of another country than {country}; please compare it")
            }
            Self::OldForm => {
                formatter.write_str("the telephone number is written in a former format; today it is dialled without the extra digits")
            }
        }
    }
}

/// A valid number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidPhone {
    /// `+`, calling code and national number, without separators.
    pub e164: String,
    pub display: String,
    pub doubts: Vec<PhoneWarning>,
}

/// Checks a number as a customer in `country` writes it: international (`+34…`, `0034…`) or national.
pub fn check(country: Country, text: &str) -> Result<ValidPhone, PhoneError> {
    let written = read(text)?;
    let home: Option<Region> = country.alpha2().parse().ok();
    let parsed = match PHONE_NUMBER_UTIL.parse(&written, home) {
        Ok(number) => number,
        Err(ParseError::InvalidCountryCode) => return Err(PhoneError::NoCountry),
        Err(_) => return Err(outside_plan(home.and_then(|home| PHONE_NUMBER_UTIL.get_country_code_for_region(home)))),
    };
    let old = if parsed.is_valid() { None } else { without_old_prefix(&parsed) };
    let is_old = old.is_some();
    let number = old.unwrap_or(parsed);
    // Valid: some region has this number.
    let Some(region) = number.get_region_code().filter(|_| number.is_valid()) else { return Err(outside_plan(Some(number.country_code))) };
    let e164 = number.format_as(PhoneNumberFormat::E164).into_owned();
    // Zeros before the calling code are not digits of the number.
    match e164.len() - 1 {
        7..=15 => {}
        found => return Err(PhoneError::WrongLength { found }),
    }
    let mut doubts = Vec::new();
    if is_old {
        doubts.push(PhoneWarning::OldForm);
    }
    if Some(region) != home {
        doubts.push(PhoneWarning::OtherCountry { country });
    }
    Ok(ValidPhone { e164, display: number.format_as(PhoneNumberFormat::International).into_owned(), doubts })
}

/// The number without a former prefix.
fn without_old_prefix(number: &PhoneNumber) -> Option<PhoneNumber> {
    let (code, prefixes) = OLD_PREFIXES.iter().find(|(code, _)| *code == number.country_code)?;
    let national = number.get_national_significant_number();
    let candidates = prefixes.iter().filter_map(|prefix| national.strip_prefix(prefix));
    candidates.filter_map(|rest| PHONE_NUMBER_UTIL.parse(format!("+{code}{rest}"), None).ok()).find(PhoneNumber::is_valid)
}

fn outside_plan(calling_code: Option<i32>) -> PhoneError {
    calling_code.map_or(PhoneError::NoCountry, |calling_code| PhoneError::OutsidePlan { calling_code, example: example(calling_code) })
}

/// An example number of a calling code, a mobile number where there is one.
fn example(calling_code: i32) -> String {
    let of_region = |region| {
        let mobile = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region, PhoneNumberType::Mobile).ok();
        mobile.or_else(|| PHONE_NUMBER_UTIL.get_example_number(region).ok())
    };
    let example = PHONE_NUMBER_UTIL
        .get_region_for_country_code(calling_code)
        .and_then(of_region)
        .or_else(|| PHONE_NUMBER_UTIL.get_example_number_for_non_geo_entity(calling_code).ok());
    example.map(|number| number.format_as(PhoneNumberFormat::International).into_owned()).unwrap_or_default()
}

/// The digits of a number, after a `+` where the calling code is written.
fn read(text: &str) -> Result<String, PhoneError> {
    if text.chars().count() > MAX_CHARACTERS {
        return Err(PhoneError::TooLong);
    }
    let text = text.trim();
    let (plus, rest) = text.strip_prefix('+').map_or((false, text), |rest| (true, rest));
    let mut digits = String::with_capacity(MAX_CHARACTERS);
    for letter in rest.chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            ' ' | '\u{a0}' | '-' | '\u{2010}'..='\u{2013}' | '.' | '(' | ')' | '/' => {}
            found => return Err(PhoneError::Charset { found }),
        }
    }
    // All served countries write 00 for the +, even where a carrier code is dialled after it.
    let international = if plus { Some(digits.as_str()) } else { digits.strip_prefix("00") };
    match international.unwrap_or(&digits).len() {
        0 => Err(PhoneError::Empty),
        7..=15 => Ok(international.map_or_else(|| digits.clone(), |digits| format!("+{digits}"))),
        found => Err(PhoneError::WrongLength { found }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn e164(country: Country, text: &str) -> Result<String, PhoneError> {
        check(country, text).map(|checked| checked.e164)
    }

    #[test]
    fn zeros_in_front_of_the_countrys_code_do_not_count() {
        assert_eq!(e164(Country::SPAIN, "+00491640"), Err(PhoneError::WrongLength { found: 6 }));
    }

    #[test]
    fn numbers_of_the_six_plans() {
        for (country, written, expected, display) in [
            (Country::SPAIN, "+34 612-345 678", "+34612345678", "+34 612 34 56 78"),
            (Country::SPAIN, "712345678", "+34712345678", "+34 712 34 56 78"),
            (Country::SPAIN, "0034 912 34 56 78", "+34912345678", "+34 912 34 56 78"),
            (Country::SPAIN, "34600000000", "+34600000000", "+34 600 00 00 00"),
            (Country::CHILE, "+56987654321", "+56987654321", "+56 9 8765 4321"),
            (Country::CHILE, "2 2123 4567", "+56221234567", "+56 2 2123 4567"),
            (Country::MEXICO, "55 1234 5678", "+525512345678", "+52 55 1234 5678"),
            (Country::MEXICO, "+528112345678", "+528112345678", "+52 81 1234 5678"),
            (Country::MEXICO, "+526141234567", "+526141234567", "+52 614 123 4567"),
            (Country::COLOMBIA, "+573211234567", "+573211234567", "+57 321 1234567"),
            (Country::COLOMBIA, "0057 321 123 4567", "+573211234567", "+57 321 1234567"),
            (Country::COLOMBIA, "601 234 5678", "+576012345678", "+57 601 2345678"),
            (Country::PERU, "+51912345678", "+51912345678", "+51 912 345 678"),
            (Country::PERU, "01 123 4567", "+5111234567", "+51 1 1234567"),
            (Country::ARGENTINA, "+5491123456789", "+5491123456789", "+54 9 11 2345-6789"),
            (Country::ARGENTINA, "(011) 2345-6789", "+541123456789", "+54 11 2345-6789"),
            (Country::ARGENTINA, "011 15 2345-6789", "+5491123456789", "+54 9 11 2345-6789"),
            (Country::ARGENTINA, "0351 15 234-5678", "+5493512345678", "+54 9 351 234-5678"),
            (Country::ARGENTINA, "02966 15 23-4567", "+5492966234567", "+54 9 2966 23-4567"),
            (Country::ARGENTINA, "+54 11 15 2345-6789", "+5491123456789", "+54 9 11 2345-6789"),
        ] {
            let checked = check(country, written).unwrap_or_else(|fault| panic!("{written}: {fault}"));
            assert_eq!((checked.e164.as_str(), checked.display.as_str(), checked.doubts.len()), (expected, display, 0), "{written}");
        }
    }

    #[test]
    fn numbers_outside_the_plans() {
        for (country, written, code) in [
            (Country::SPAIN, "+3461234567", 34),
            (Country::SPAIN, "112345678", 34),
            (Country::CHILE, "+5691234567", 56),
            // No mobile of Chile begins 91.
            (Country::CHILE, "+56912345678", 56),
            (Country::COLOMBIA, "+57321123456", 57),
            (Country::PERU, "+51812345678", 51),
            (Country::SPAIN, "+51812345678", 51),
            (Country::MEXICO, "0123456789", 52),
            (Country::SPAIN, "+44 1 234 567", 44),
            (Country::SPAIN, "+3900000", 39),
        ] {
            let found = check(country, written);
            assert!(matches!(&found, Err(PhoneError::OutsidePlan { calling_code, .. }) if *calling_code == code), "{written}: {found:?}");
        }
        assert_eq!(e164(Country::ARGENTINA, "+54xxxxxxxxx"), Err(PhoneError::Charset { found: 'x' }));
        assert_eq!(e164(Country::ARGENTINA, "+54915512345678901"), Err(PhoneError::WrongLength { found: 17 }));
        assert_eq!(e164(Country::SPAIN, "+0123456789"), Err(PhoneError::NoCountry));
        assert_eq!(e164(Country::SPAIN, "+999123456789"), Err(PhoneError::NoCountry));
        assert_eq!(e164(Country::SPAIN, "+"), Err(PhoneError::Empty));
        assert_eq!(e164(Country::SPAIN, "12345"), Err(PhoneError::WrongLength { found: 5 }));
        assert_eq!(e164(Country::SPAIN, &" ".repeat(MAX_CHARACTERS)), Err(PhoneError::Empty));
        assert_eq!(e164(Country::SPAIN, &" ".repeat(MAX_CHARACTERS + 1)), Err(PhoneError::TooLong));
    }

    #[test]
    fn other_countries_are_doubts() {
        for (country, written, expected) in [
            (Country::SPAIN, "+5491123456789", "+5491123456789"),
            (Country::SPAIN, "+44 20 7946 0000", "+442079460000"),
            // The trunk prefix of the number's own country is read, not that of the customer's country.
            (Country::MEXICO, "+54 11 15 2345 6789", "+5491123456789"),
            (Country::SPAIN, "+33 06 31 96 65 43", "+33631966543"),
            (Country::PERU, "+39 02 3661 8300", "+390236618300"),
            // One calling code of several countries, and one of no country.
            (Country::CHILE, "+1 809 234 5678", "+18092345678"),
            (Country::COLOMBIA, "+800 1234 5678", "+80012345678"),
        ] {
            let checked = check(country, written).unwrap_or_else(|fault| panic!("{written}: {fault}"));
            assert_eq!((checked.e164.as_str(), checked.doubts), (expected, vec![PhoneWarning::OtherCountry { country }]), "{written}");
        }
    }

    #[test]
    fn old_forms_are_doubts() {
        for (country, written, expected) in [
            (Country::MEXICO, "+5215512345678", "+525512345678"),
            (Country::MEXICO, "5215512345678", "+525512345678"),
            (Country::MEXICO, "1 614 123 4567", "+526141234567"),
            (Country::MEXICO, "01 55 1234 5678", "+525512345678"),
            (Country::MEXICO, "044 55 1234 5678", "+525512345678"),
            (Country::MEXICO, "045 614 123 4567", "+526141234567"),
            (Country::MEXICO, "+52 044 55 1234 5678", "+525512345678"),
            (Country::CHILE, "09 8765 4321", "+56987654321"),
            (Country::CHILE, "+56 (0)9 8765 4321", "+56987654321"),
            (Country::COLOMBIA, "0321 123 4567", "+573211234567"),
        ] {
            let checked = check(country, written).unwrap_or_else(|fault| panic!("{written}: {fault}"));
            assert_eq!((checked.e164.as_str(), checked.doubts), (expected, vec![PhoneWarning::OldForm]), "{written}");
        }
        let both = check(Country::SPAIN, "+5215512345678").expect("old, and of another country");
        assert_eq!(both.doubts, [PhoneWarning::OldForm, PhoneWarning::OtherCountry { country: Country::SPAIN }]);
    }

    #[test]
    fn sentences_say_what_to_do_in_both_languages() {
        let sentences = |text| check(Country::SPAIN, text).map_err(|fault| (fault.to_string(), fault.spanish())).expect_err("wrong");
        let both = |english: &str, spanish: &str| (english.to_owned(), spanish.to_owned());
        assert_eq!(
            sentences("+34 112 345 678"),
            both(
                "this is no telephone number of +34; one looks like this: +34 612 34 56 78",
                "ningún teléfono con prefijo +34 es así; uno correcto se escribe así: +34 612 34 56 78"
            )
        );
        assert_eq!(
            sentences("60000000x"),
            both(
                "the telephone number has the character 'x'; digits with a leading + are expected, such as +34600000000",
                "el número de teléfono contiene «x»; escribe solo cifras, con + delante, como +34600000000"
            )
        );
        let doubts = check(Country::SPAIN, "+5215512345678").expect("valid").doubts;
        let doubts: Vec<_> = doubts.into_iter().map(PhoneWarning::spanish).collect();
        assert_eq!(
            doubts,
            [
                "el número de teléfono está escrito a la antigua; hoy se marca sin las cifras de más",
                "el número de teléfono no es de España; compruébalo"
            ]
        );
    }

    /// The expressions of every country compile (the library panics at the first that does not), and every calling code has a valid
    /// example.
    #[test]
    fn every_calling_code_has_a_valid_example() {
        for code in PHONE_NUMBER_UTIL.get_supported_calling_codes() {
            let example = example(code);
            let digits: String = example.chars().filter(|letter| letter.is_ascii_digit() || *letter == '+').collect();
            assert_eq!(e164(Country::SPAIN, &example), Ok(digits), "+{code}");
            // A number of no type is compared with every expression.
            let _ = check(Country::SPAIN, &format!("+{code}0000000"));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn no_text_makes_the_check_panic(text in "\\PC{0,70}", place in 0_usize..6) {
            let _ = check(Country::served().nth(place).expect("six"), &text);
        }

        #[test]
        fn a_valid_number_is_valid_again(text in "\\+?[0-9 ]{6,16}", place in 0_usize..6) {
            let country = Country::served().nth(place).expect("six");
            if let Ok(checked) = check(country, &text) {
                prop_assert_eq!(e164(country, &checked.e164), Ok(checked.e164.clone()));
                prop_assert_eq!(e164(country, &checked.display), Ok(checked.e164));
            }
        }
    }
}
