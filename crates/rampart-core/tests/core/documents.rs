//! Identification documents: valid and invalid numbers with their messages, and no panic on any input.

use proptest::prelude::*;
use rampart_core::identity::country::Country;
use rampart_core::identity::identification::{self, CustomerType, Date, DocumentError, DocumentType};
use rampart_core::text::code::Code;
use rampart_core::time::Timestamp;

fn country(name: &str) -> Country {
    Country::find(name).expect("a served country")
}

fn document(name: &str) -> DocumentType {
    name.parse().expect("a document")
}

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

/// Valid synthetic numbers, separated by bars.
const VALID: &[(&str, &str, &str)] = &[
    ("ESP", "GOVERNMENT_ID", "12345678Z | 87654321X | 99999999R | 98765432M | K1234567L | L1234567L"),
    ("ESP", "PERMANENT_RESIDENCE_PERMIT", "X9999999J | Y1234567X | Y9999999G | Z1234567R | M1234567L | M9999999J"),
    ("ESP", "CIF", "A12345674 | B1234567D | G28000016 | Q1234567D | N0012345E | Q12345674"),
    ("ESP", "PASSPORT", "AAA000000 | XAB123456 | AB123456"),
    ("CHL", "RUT", "72041-0 | 11111111-1 | 44444444-4 | 45678901-3 | 48000003-K | 49000007-0 | 98765432-5"),
    (
        "MEX",
        "CURP",
        "QAQX800101HDFQQX08 | ZEZX920229MJCZZX06 | WIWX991231HNLWWX12 | QOQX050312MNEQQXA5 | ZUZX240630HSRZZXB8 | \
         QAQX800101XDFQQX02 | VACA900203HDFRRN09",
    ),
    (
        "MEX",
        "RFC",
        "QAQX800101AB1 | ZEZX920229L21 | WIWX9912319Z1 | QOQX050312TP6 | ÑUÑX240630V13 | QQZ800101ABA | ZZQ1506301K5 | \
         &Q&010203RS5 | ÑQÑ991231U99 | WQW200229GT6 | QAQX800101AB2 | PEDO800101AB1",
    ),
    ("COL", "CED_CIU", "123456 | 1234567 | 12345678 | 99999999 | 1999999999 | 0012345678"),
    (
        "COL",
        "NIT",
        "999999999-4 | 900000001-2 | 899999998-4 | 800000002-7 | 1999999999-5 | 900000001 | 801234564 | 80123456-4 | \
         99010199999-7",
    ),
    ("COL", "PPT", "1234567 | PPT1234567"),
    ("COL", "PEP", "999999999999999"),
    ("COL", "TI", "1999999999 | 99010199999"),
    ("PER", "DNI", "12345678 | 12345678-1 | 12345678-E | 87654321-0 | 87654321D | 99999999-I"),
    ("PER", "RUC", "10999999994 | 15000000016 | 17000000019 | 20999999990 | 20000000010 | 16000000012"),
    ("PER", "CE", "000123456 | 999999999 | 123456 | 1234567"),
    ("ARG", "DNI", "88888888 | 87.654.321 | 8888888 | 11111111 | 717257 | 0717257 | 05536168"),
    (
        "ARG",
        "CUIT",
        "20888888889 | 27888888883 | 23888888888 | 30999999995 | 33999999994 | 24888888884 | 34999999990 | 25888888880 | \
         26888888887",
    ),
];

/// Invalid numbers, likewise.
const INVALID: &[(&str, &str, &str)] = &[
    ("ESP", "GOVERNMENT_ID", "12345678A | 1234567Z | 00000000I | 123456789Z | 12345678 | X1234567L | A12345674 | 1234567OZ | 00000000T"),
    ("ESP", "PERMANENT_RESIDENCE_PERMIT", "X1234567A | W1234567L | X123456L | Y1234567L | XL1234567 | 12345678Z | X0000000T"),
    ("ESP", "CIF", "A12345670 | I12345674 | B0000000 | B1234567Z | A1234567J | B00000000"),
    ("ESP", "PASSPORT", "AB12 | AÑA000000"),
    ("CHL", "RUT", "12345678-0 | 45678901-K | 72041-1 | 123456789-2 | 1234A678-5 | 66666666-6"),
    ("MEX", "CURP", "QAQX800101HDFQQX09 | QAQX810229HDFQQX02 | QAQX800101HZZQQX01 | QAQX800101HDFQQX0 | XEXX010101HNEXXXA4 | QQZ800101ABA"),
    ("MEX", "RFC", "QAQX801301AB0 | QAQX800101AB | 1AQX800101AB3 | QQ800101AB1 | XAXX010101000"),
    ("COL", "CED_CIU", "12345 | 12345678901 | 12A4567890 | 0123456 | 0000012345 | "),
    ("COL", "NIT", "999999999-0 | 900000001-3 | 9O0000001-2 | 12345-6 | 900000001-12 | 0080123456-4 | 123456789012-9"),
    ("PER", "DNI", "1234567 | 123456789012 | 20999999990"),
    ("PER", "CE", "12 | 12345 | 12345678 | 00123456 | A12345"),
    ("PER", "RUC", "20999999991 | 30999999991 | 1099999999 | 20-99999999-1 | 2099999999A"),
    ("ARG", "DNI", "12345 | 00012345 | 123456789 | 8888888A | 8-8 |  | 20888888889"),
    ("ARG", "CUIT", "20888888880 | 40888888881 | 2088888888 | 20-8888888-81 | 2088888888X | 88888888 | 20-00000000-1 | 55000000018"),
];

#[test]
fn right_numbers_hold() {
    let mut lines = Vec::new();
    for (place, name, numbers) in VALID {
        for number in numbers.split(" | ") {
            let checked = identification::check(country(place), document(name), number)
                .unwrap_or_else(|fault| panic!("{place} {name} {number}: {fault}"));
            let doubts: Vec<String> = checked.doubts().map(|doubt| doubt.to_string()).collect();
            lines.push(format!("{place} {name} {number} | {} | {:?} | {}", checked.display(), checked.customer_type, doubts.join("; ")));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn wrong_numbers_are_refused_with_a_sentence_that_helps() {
    let mut lines = Vec::new();
    for (place, name, numbers) in INVALID {
        for number in numbers.split(" | ") {
            let fault = identification::check(country(place), document(name), number).expect_err(number);
            lines.push(format!("{place} {name} {number} | {} | {fault} | {}", fault.code(), fault.spanish()));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn numbers_tell_what_they_carry() {
    let now = moment("2026-05-03T12:00:00Z");
    let curp = identification::check(Country::MEXICO, DocumentType::Curp, "ZEZX920229MJCZZX06").expect("right");
    assert_eq!(curp.implied(now).date, Date::new(1992, 2, 29));
    assert_eq!(curp.implied(now).birthplace, Some("Jalisco"));
    let other = Date::new(1992, 3, 1).expect("exists");
    assert_eq!(
        curp.agrees_with_birth(other),
        Err(DocumentError::Contradiction { number_says: Date::new(1992, 2, 29).expect("exists"), sent: other })
    );
    let rfc = identification::check(Country::MEXICO, DocumentType::Rfc, "QOQX050312TP6").expect("right");
    assert!(rfc.agrees_with_birth(Date::new(2005, 3, 12).expect("exists")).is_ok(), "an RFC leaves the century open");
    let other = Date::new(2005, 3, 13).expect("exists");
    let number_says = Date::new(2005, 3, 12).expect("exists");
    assert_eq!(
        rfc.agrees_with_birth(other),
        Err(DocumentError::Contradiction { number_says, sent: other }),
        "of two centuries the nearer one"
    );
    let company = identification::check(Country::MEXICO, DocumentType::Rfc, "QQZ800101ABA").expect("right");
    assert_eq!(company.customer_type, CustomerType::Company);
    let cuit = identification::check(Country::ARGENTINA, DocumentType::Cuit, "20-88888888-9").expect("right");
    assert_eq!((cuit.implied(now).contains.as_ref().map(Code::as_str), cuit.display().as_str()), (Some("88888888"), "20-88888888-9"));
    let short = identification::check(Country::ARGENTINA, DocumentType::Cuit, "20-06123450-1").expect("right");
    assert_eq!(short.implied(now).contains.as_ref().map(Code::as_str), Some("6123450"), "DNIs are counted without zeros in front");
    let cif = identification::check(Country::SPAIN, DocumentType::Cif, "G28000016").expect("right");
    assert_eq!(cif.implied(now).entity, Some("asociación o fundación"));
}

/// An open century is not resolved to the earlier one.
#[test]
fn the_date_of_an_open_century_is_the_last_one_that_has_passed() {
    let cases = [
        (Country::MEXICO, DocumentType::Rfc, "LME060822IH5", "2006-08-22", false),
        (Country::MEXICO, DocumentType::Rfc, "GOOX050312AB1", "2005-03-12", false),
        (Country::MEXICO, DocumentType::Rfc, "QAQX800101AB1", "1980-01-01", false),
        (Country::MEXICO, DocumentType::Rfc, "QAQX260503AB1", "2026-05-03", false),
        (Country::MEXICO, DocumentType::Rfc, "QAQX260504AB1", "1926-05-04", false),
        (Country::MEXICO, DocumentType::Rfc, "QAQX000229AB1", "2000-02-29", true),
        (Country::MEXICO, DocumentType::Curp, "QOQX050312MNEQQXA5", "2005-03-12", true),
        (Country::MEXICO, DocumentType::Curp, "QAQX800101HDFQQX08", "1980-01-01", true),
        (Country::COLOMBIA, DocumentType::Ti, "02010199999", "2002-01-01", false),
        (Country::COLOMBIA, DocumentType::Ti, "99010199999", "1999-01-01", false),
        (Country::COLOMBIA, DocumentType::Nit, "99010199999-7", "1999-01-01", false),
    ];
    for (country, document, number, date, is_certain) in cases {
        let checked = identification::check(country, document, number).unwrap_or_else(|fault| panic!("{number}: {fault}"));
        let implied = checked.implied(moment("2026-05-03T12:00:00Z"));
        assert_eq!((implied.date, implied.century_is_certain), (date.parse().ok(), is_certain), "{number}");
    }
}

/// A number without check digit and with other leading zeros is the same number, with a warning.
#[test]
fn zeros_that_fill_up_a_field_make_no_other_number() {
    let cases = [
        (Country::ARGENTINA, DocumentType::Dni, "717257", "717257", &["short_number"][..]),
        (Country::ARGENTINA, DocumentType::Dni, "0717257", "717257", &["zeros_in_front", "short_number"]),
        (Country::ARGENTINA, DocumentType::Dni, "00717257", "717257", &["zeros_in_front", "short_number"]),
        (Country::ARGENTINA, DocumentType::Dni, "05536168", "5536168", &["zeros_in_front"]),
        (Country::ARGENTINA, DocumentType::Dni, "5536168", "5536168", &[]),
        (Country::COLOMBIA, DocumentType::CedCiu, "0012345678", "12345678", &["zeros_in_front"]),
        (Country::COLOMBIA, DocumentType::CedCiu, "0000123456", "123456", &["zeros_in_front"]),
        (Country::PERU, DocumentType::Ce, "123456", "000123456", &["short_number"]),
        (Country::PERU, DocumentType::Ce, "1234567", "001234567", &["short_number"]),
        (Country::PERU, DocumentType::Ce, "000123456", "000123456", &[]),
    ];
    for (country, document, number, normalized, doubts) in cases {
        let checked = identification::check(country, document, number).unwrap_or_else(|fault| panic!("{document} {number}: {fault}"));
        let codes: Vec<_> = checked.doubts().map(|doubt| doubt.code()).collect();
        assert_eq!((checked.normalized().as_str(), codes.as_slice()), (normalized, doubts), "{document} {number}");
    }
    // The DNI in a CUIT equals the one given alone.
    for (cuit, dni) in [("20-00717257-6", "0717257"), ("20-05536168-2", "05536168")] {
        let inside = identification::check(Country::ARGENTINA, DocumentType::Cuit, cuit).expect(cuit);
        let given = identification::check(Country::ARGENTINA, DocumentType::Dni, dni).expect(dni);
        assert_eq!(inside.implied(moment("2026-05-03T12:00:00Z")).contains.map(|code| code.to_string()), Some(given.normalized()));
    }
}

#[test]
fn enye_is_a_letter_of_mexican_numbers_and_one_sign_everywhere() {
    let rfc = identification::check(Country::MEXICO, DocumentType::Rfc, "ñuñx-240630-v13").expect("right");
    assert_eq!((rfc.normalized().as_str(), rfc.customer_type), ("ÑUÑX240630V13", CustomerType::Individual));
    let fault = identification::check(Country::PERU, DocumentType::Dni, "1234567Ñ");
    assert_eq!(fault, Err(DocumentError::DigitExpected { found: 'Ñ' }), "eight characters are not too few");
}

#[test]
fn full_width_forms_are_folded_and_other_scripts_refused() {
    let folded =
        identification::check(Country::SPAIN, DocumentType::GovernmentId, "１２３４５６７８ｚ").map(|checked| checked.normalized());
    assert_eq!(folded.as_deref(), Ok("12345678Z"));
    assert_eq!(identification::check(Country::SPAIN, DocumentType::GovernmentId, "١٢٣٤٥٦٧٨Z"), Err(DocumentError::Charset { found: '١' }));
    assert_eq!(identification::check(Country::SPAIN, DocumentType::GovernmentId, &"1".repeat(65)), Err(DocumentError::TooLong));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn no_text_makes_a_check_panic(text in "\\PC{0,70}", place in 0..Country::served().count(), which in 0..DocumentType::ALL.len()) {
        let place = Country::served().nth(place).expect("a country");
        let _ = identification::check(place, DocumentType::ALL[which], &text);
    }

    #[test]
    fn no_likely_text_makes_a_check_panic(text in "[A-ZÑ&0-9 .-]{0,20}", place in 0..Country::served().count(), which in 0..DocumentType::ALL.len()) {
        let place = Country::served().nth(place).expect("a country");
        if let Ok(checked) = identification::check(place, DocumentType::ALL[which], &text) {
            let again = identification::check(place, DocumentType::ALL[which], &checked.normalized());
            prop_assert_eq!(again.map(|again| again.normalized()), Ok(checked.normalized()));
        }
    }
}
