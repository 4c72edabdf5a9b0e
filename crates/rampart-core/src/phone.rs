//! Telephone numbers (ITU-T E.164) of the served countries by their numbering plans, and of any other country by their form.
//!
//! This is the single place through which every number passes. Lengths and beginnings are those of the national plans
//! (CNMC, Subtel, IFT, CRC, MTC, ENACOM) as Google's libphonenumber lists them; docs/adr/0011 says why they are written out
//! here.

mod plan;

use crate::country::Country;

/// The most characters a number may be written with; longer input is refused before it is read.
pub const MOST_CHARACTERS: usize = 40;

/// Why a text is not a telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nothing was given.
    #[error("the telephone number is empty")]
    Empty,
    /// Longer than any number is written.
    #[error("the telephone number is written with more than {MOST_CHARACTERS} characters")]
    TooLong,
    /// A character that no number is written with.
    #[error("the telephone number has the character '{found}'; digits with a leading + are expected, such as +34600000000")]
    Charset {
        /// The first such character.
        found: char,
    },
    /// Fewer or more digits than any number has (ITU-T E.164).
    #[error("a telephone number has 7 to 15 digits, this one has {found}")]
    WrongLength {
        /// How many there are.
        found: usize,
    },
    /// No country's code begins with zero.
    #[error("no country's code begins with 0; leave the + out or write the country's code behind it")]
    NoCountry,
    /// The digits are none of the country's numbering plan.
    #[error("this is no telephone number of {country}; one looks like this: {example}")]
    OutsidePlan {
        /// The country whose number it should be.
        country: Country,
        /// A number of its.
        example: &'static str,
    },
}

impl Fault {
    /// A stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Charset { .. } => "charset",
            Self::WrongLength { .. } => "wrong_length",
            Self::NoCountry => "unknown_country",
            Self::OutsidePlan { .. } => "outside_plan",
        }
    }
}

/// What is odd about a number without making it wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// It is a number of another country than the customer's.
    #[error("is a number of another country than {country}; please compare it")]
    OtherCountry {
        /// The customer's country.
        country: Country,
    },
    /// It was written as numbers were written once; [`Checked::e164`] is its form of today.
    #[error("is written in an old way; today it is dialled without the extra digits")]
    OldForm,
}

impl Doubt {
    /// A stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OtherCountry { .. } => "phone_country_mismatch",
            Self::OldForm => "phone_old_form",
        }
    }
}

/// A number that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// `+`, country code and national number, digits only.
    pub e164: String,
    /// The same in groups, as people read it.
    pub display: String,
    /// What is odd about it.
    pub doubts: Vec<Doubt>,
}

/// Checks a number as a customer of a country writes it: international (`+34…`, `0034…`) or as it is dialled at home.
///
/// # Errors
/// A [`Fault`] that says what is wrong.
pub fn check(country: Country, text: &str) -> Result<Checked, Fault> {
    let (international, digits) = read(text)?;
    let home = plan::of(country);
    let Some(digits) = international.then_some(digits.as_str()).or_else(|| with_code_in_front(home, &digits)) else {
        let home = home.ok_or(Fault::NoCountry)?;
        let national = home.national(&digits).ok_or(Fault::OutsidePlan { country, example: home.example })?;
        return Ok(home.checked(&national));
    };
    if digits.starts_with('0') {
        return Err(Fault::NoCountry);
    }
    let Some(plan) = plan::by_calling_code(digits) else {
        return Ok(Checked { e164: format!("+{digits}"), display: format!("+{digits}"), doubts: vec![Doubt::OtherCountry { country }] });
    };
    let national = plan.national(&digits[plan.code.len()..]).ok_or(Fault::OutsidePlan { country: plan.country, example: plan.example })?;
    let mut checked = plan.checked(&national);
    if plan.country != country {
        checked.doubts.push(Doubt::OtherCountry { country });
    }
    Ok(checked)
}

/// A number at home that already has its country's code, only the + was left out.
fn with_code_in_front<'a>(home: Option<&plan::Plan>, digits: &'a str) -> Option<&'a str> {
    let home = home?;
    let rest = digits.strip_prefix(home.code)?;
    (home.national(digits).is_none() && home.national(rest).is_some()).then_some(digits)
}

/// Whether a number is written with its country's code, and its digits.
fn read(text: &str) -> Result<(bool, String), Fault> {
    if text.chars().count() > MOST_CHARACTERS {
        return Err(Fault::TooLong);
    }
    let text = text.trim();
    let (plus, figures) = text.strip_prefix('+').map_or((false, text), |figures| (true, figures));
    let mut digits = String::with_capacity(MOST_CHARACTERS);
    for letter in figures.chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            ' ' | '\u{a0}' | '-' | '\u{2010}'..='\u{2013}' | '.' | '(' | ')' | '/' => {}
            found => return Err(Fault::Charset { found }),
        }
    }
    // 00 is what is dialled for the + in all the countries served.
    let dialled = if plus { None } else { digits.strip_prefix("00").map(str::to_owned) };
    let international = plus || dialled.is_some();
    let digits = dialled.unwrap_or(digits);
    match digits.len() {
        0 => Err(Fault::Empty),
        7..=15 => Ok((international, digits)),
        found => Err(Fault::WrongLength { found }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn e164(country: Country, text: &str) -> Result<String, Fault> {
        check(country, text).map(|checked| checked.e164)
    }

    #[test]
    fn numbers_of_the_six_plans() {
        for (country, written, expected, display) in [
            (Country::SPAIN, "+34 612-345 678", "+34612345678", "+34 612 345 678"),
            (Country::SPAIN, "712345678", "+34712345678", "+34 712 345 678"),
            (Country::SPAIN, "0034 912 34 56 78", "+34912345678", "+34 912 345 678"),
            (Country::SPAIN, "34600000000", "+34600000000", "+34 600 000 000"),
            (Country::CHILE, "+56912345678", "+56912345678", "+56 9 1234 5678"),
            (Country::CHILE, "2 2123 4567", "+56221234567", "+56 2 2123 4567"),
            (Country::MEXICO, "55 1234 5678", "+525512345678", "+52 55 1234 5678"),
            (Country::MEXICO, "+528112345678", "+528112345678", "+52 81 1234 5678"),
            (Country::MEXICO, "+526141234567", "+526141234567", "+52 614 123 4567"),
            (Country::COLOMBIA, "+573211234567", "+573211234567", "+57 321 123 4567"),
            (Country::COLOMBIA, "601 234 5678", "+576012345678", "+57 601 234 5678"),
            (Country::PERU, "+51912345678", "+51912345678", "+51 912 345 678"),
            (Country::PERU, "01 123 4567", "+5111234567", "+51 1 123 4567"),
            (Country::ARGENTINA, "+5491123456789", "+5491123456789", "+54 9 11 2345-6789"),
            (Country::ARGENTINA, "(011) 2345-6789", "+541123456789", "+54 11 2345-6789"),
            (Country::ARGENTINA, "011 15 2345-6789", "+5491123456789", "+54 9 11 2345-6789"),
            (Country::ARGENTINA, "0351 15 234-5678", "+5493512345678", "+54 9 351 234-5678"),
            (Country::ARGENTINA, "02966 15 23-4567", "+5492966234567", "+54 9 2966 23-4567"),
        ] {
            let checked = check(country, written).unwrap_or_else(|fault| panic!("{written}: {fault}"));
            assert_eq!((checked.e164.as_str(), checked.display.as_str(), checked.doubts.len()), (expected, display, 0), "{written}");
        }
    }

    #[test]
    fn numbers_outside_the_plans() {
        for (country, written) in [
            (Country::SPAIN, "+3461234567"),
            (Country::SPAIN, "112345678"),
            (Country::CHILE, "+5691234567"),
            (Country::COLOMBIA, "+57321123456"),
            (Country::PERU, "+51812345678"),
            (Country::SPAIN, "+51812345678"),
            (Country::MEXICO, "0123456789"),
        ] {
            assert!(matches!(check(country, written), Err(Fault::OutsidePlan { .. })), "{written}: {:?}", check(country, written));
        }
        assert_eq!(e164(Country::ARGENTINA, "+54xxxxxxxxx"), Err(Fault::Charset { found: 'x' }));
        assert_eq!(e164(Country::ARGENTINA, "+54915512345678901"), Err(Fault::WrongLength { found: 17 }));
        assert_eq!(e164(Country::SPAIN, "+0123456789"), Err(Fault::NoCountry));
        assert_eq!(e164(Country::SPAIN, "+"), Err(Fault::Empty));
        assert_eq!(e164(Country::SPAIN, "12345"), Err(Fault::WrongLength { found: 5 }));
        assert_eq!(e164(Country::SPAIN, &"1".repeat(41)), Err(Fault::TooLong));
    }

    #[test]
    fn other_countries_and_old_forms_are_doubts() {
        let doubts = |country, text| check(country, text).map(|checked| checked.doubts);
        assert_eq!(doubts(Country::SPAIN, "+5491123456789"), Ok(vec![Doubt::OtherCountry { country: Country::SPAIN }]));
        assert_eq!(doubts(Country::SPAIN, "+44 20 7946 0000"), Ok(vec![Doubt::OtherCountry { country: Country::SPAIN }]));
        let old = check(Country::MEXICO, "+5215512345678").expect("the 1 of mobiles ended in 2019");
        assert_eq!((old.e164.as_str(), old.doubts), ("+525512345678", vec![Doubt::OldForm]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn no_text_makes_the_check_panic(text in "\\PC{0,45}", place in 0_usize..6) {
            let _ = check(Country::served().nth(place).expect("six"), &text);
        }

        #[test]
        fn what_holds_holds_again(text in "\\+?[0-9 ]{6,16}", place in 0_usize..6) {
            let country = Country::served().nth(place).expect("six");
            if let Ok(checked) = check(country, &text) {
                prop_assert_eq!(e164(country, &checked.e164), Ok(checked.e164.clone()));
                prop_assert_eq!(e164(country, &checked.display), Ok(checked.e164));
            }
        }
    }
}
