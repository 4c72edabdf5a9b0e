//! Filler and generic numbers, and numbers that only look like them, for every pair of country and document.

use std::collections::BTreeSet;

use rampart_core::identity::country::Country;
use rampart_core::identity::identification::{self, CustomerType, DocumentError, DocumentType, ValidDocument};

/// A country and a document, an ordinary number, numbers that are zero, and numbers with one repeated digit.
type FillerCase = (Country, DocumentType, &'static str, &'static [&'static str], &'static [&'static str]);

const CASES: &[FillerCase] = &[
    (
        Country::SPAIN,
        DocumentType::GovernmentId,
        "12345678Z",
        &["00000000T", "0T", "ES00000000T", "K0000000T", "L0000000T"],
        &["11111111H", "33333333P", "L1111111G"],
    ),
    (
        Country::SPAIN,
        DocumentType::PermanentResidencePermit,
        "X1234567L",
        &["X0000000T", "X00000000T", "Y0000000Z", "Z0000000M", "M0000000T"],
        &["X1111111G", "Y1111111H", "Z1111111D", "M1111111G"],
    ),
    (Country::SPAIN, DocumentType::Passport, "AB123456", &["00000", "000000000"], &["11111111", "AAA000000", "AAA111111"]),
    (Country::SPAIN, DocumentType::Cif, "A12345674", &["A00000000", "B00000000", "Q0000000J"], &["A11111119", "ESB11111119"]),
    (
        Country::CHILE,
        DocumentType::Rut,
        "12345678-5",
        &["0-0", "00.000.000-0", "000000000", "0000000000000000000000-0"],
        &["1111111-4", "11.111.111-1", "22.222.222-2", "33.333.333-3", "44.444.444-4", "77.777.777-7", "88.888.888-8", "99.999.999-9"],
    ),
    (Country::MEXICO, DocumentType::Curp, "QAQX800101HDFQQX08", &[], &[]),
    (Country::MEXICO, DocumentType::Rfc, "QAQX800101AB1", &[], &[]),
    (Country::COLOMBIA, DocumentType::CedCiu, "1012345678", &["000000", "0000000000"], &["11111111", "1111111111"]),
    (Country::COLOMBIA, DocumentType::CedExt, "123456", &["0000", "000000"], &["333333", "A333333"]),
    (Country::COLOMBIA, DocumentType::Ti, "1012345678", &["0000000000", "00000000000"], &["1111111111", "11111111111"]),
    (Country::COLOMBIA, DocumentType::Nuip, "1012345678", &["0000000000"], &["2222222222"]),
    (Country::COLOMBIA, DocumentType::Te, "123456", &["0000", "000000"], &["333333"]),
    (Country::COLOMBIA, DocumentType::Ppt, "1234567", &["00000", "PPT0000000"], &["1111111", "PPT1111111"]),
    (Country::COLOMBIA, DocumentType::Pass, "AB123456", &["0000"], &["1111", "AB000000"]),
    (Country::COLOMBIA, DocumentType::Pep, "123456789012345", &["000000000000000"], &["111111111111111"]),
    (Country::COLOMBIA, DocumentType::Rc, "12345678", &["00000000"], &["11111111", "A11111111"]),
    (
        Country::COLOMBIA,
        DocumentType::Nit,
        "890903938-8",
        &["000000-0", "000000000-0", "00000000000-0"],
        &["999999999-4", "888888888-6", "1111111111-1"],
    ),
    (Country::PERU, DocumentType::Dni, "12345678", &["00000000", "00000000-6"], &["11111111", "99999999-I"]),
    (Country::PERU, DocumentType::Ce, "001234567", &["000000", "0000000", "000000000", "000000000000"], &["999999999", "A11111111"]),
    (
        Country::PERU,
        DocumentType::Ruc,
        "20123456786",
        &["10000000006", "15000000008", "16000000004", "17000000001", "20000000001"],
        &["10111111117", "15111111119", "20111111112", "20999999990"],
    ),
    (Country::ARGENTINA, DocumentType::Dni, "12345678", &["000000", "0000000", "00.000.000"], &["1111111", "11111111", "99.999.999"]),
    (
        Country::ARGENTINA,
        DocumentType::Cuit,
        "20-12345678-6",
        &["20-00000000-1", "23000000000", "24-00000000-7", "25000000003", "27000000006", "30000000007", "33000000006", "34000000002"],
        &["20111111112", "27-11111111-7", "30-99999999-5"],
    ),
];

fn codes(checked: &ValidDocument) -> Vec<&'static str> {
    checked.doubts().map(|doubt| doubt.code()).filter(|code| *code != "minor").collect()
}

#[test]
fn zero_is_nobodys_and_every_other_repeated_digit_a_doubt() {
    let mut seen = BTreeSet::new();
    for (country, document, ordinary, zero, repeated) in CASES {
        seen.insert((country.alpha3().to_owned(), document.as_str()));
        let check = |number: &str| identification::check(*country, *document, number);
        let fine = check(ordinary).unwrap_or_else(|fault| panic!("{country} {document} {ordinary}: {fault}"));
        assert_eq!(codes(&fine), [""; 0], "{country} {document} {ordinary}");
        for number in *zero {
            let fault = check(number).expect_err(number);
            assert_eq!(fault.code(), "placeholder", "{country} {document} {number}: {fault}");
        }
        for number in *repeated {
            let checked = check(number).unwrap_or_else(|fault| panic!("{country} {document} {number}: {fault}"));
            assert!(codes(&checked).contains(&"repeated_digit"), "{country} {document} {number}: {:?}", codes(&checked));
        }
    }
    let pairs = Country::served().flat_map(|country| DocumentType::of_country(country).map(move |document| (country, document)));
    let all: BTreeSet<_> = pairs.map(|(country, document)| (country.alpha3().to_owned(), document.as_str())).collect();
    assert_eq!((seen.len(), seen), (22, all));
}

/// Generic numbers of issuers are refused; the list is complete.
#[test]
fn generic_numbers_are_nobodys() {
    let generic = [
        (Country::CHILE, DocumentType::Rut, &["66.666.666-6", "55.555.555-5"][..]),
        (Country::MEXICO, DocumentType::Rfc, &["XAXX010101000", "XEXX010101000", "RFC: XAXX010101000"]),
        (Country::MEXICO, DocumentType::Curp, &["XEXX010101HNEXXXA4", "XEXX010101MNEXXXA8", "XEXX010101MNEXXXA4"]),
        (Country::COLOMBIA, DocumentType::Nit, &["222222222222"]),
        // Numbers of Uruguay (three), El Salvador, other countries and an unknown continent.
        (
            Country::ARGENTINA,
            DocumentType::Cuit,
            &["50000000016", "51600000016", "55000000018", "55000002118", "50-00000999-4", "50000009986", "51600009994", "55123456784"],
        ),
    ];
    for (country, document, numbers) in generic {
        for number in numbers {
            let fault = identification::check(country, document, number).expect_err(number);
            assert_eq!(fault.code(), "placeholder", "{document} {number}: {fault}");
        }
    }
    let cdi = identification::check(Country::ARGENTINA, DocumentType::Cuit, "50-12345678-2").expect("a person's CDI");
    assert_eq!((cdi.customer_type, codes(&cdi)), (CustomerType::Individual, Vec::new()));
}

/// Numbers of old persons are short but valid.
#[test]
fn short_ruts_are_somebodys() {
    for (number, normalized) in
        [("72041-0", "720410"), ("123.456-0", "1234560"), ("654326-K", "654326K"), ("1-9", "19"), ("00072041-0", "720410")]
    {
        let checked = identification::check(Country::CHILE, DocumentType::Rut, number).unwrap_or_else(|fault| panic!("{number}: {fault}"));
        assert_eq!((checked.normalized().as_str(), codes(&checked)), (normalized, vec!["short_number"]), "{number}");
        assert_eq!(checked.customer_type, CustomerType::Individual);
    }
    assert_eq!(
        identification::check(Country::CHILE, DocumentType::Rut, "72041-1"),
        Err(DocumentError::WrongCheckDigit { expected: '0', is_letter: false })
    );
}

/// RENAPO and SAT avoid these words, but some were issued.
#[test]
fn beginnings_that_make_a_word_are_a_doubt() {
    let numbers = [
        (
            DocumentType::Curp,
            &[
                "VACA900203HDFRRN09",
                "LOCO900203HDFRRN07",
                "COLA900203HDFRRN00",
                "SENO900203HDFRRN04",
                "MULA900203HDFRRN08",
                "PEDO900203HDFRRN08",
            ][..],
        ),
        (DocumentType::Rfc, &["PEDO800101AB1", "VACA800101AB0", "MULA800101ABA", "COLA800101AB3"]),
    ];
    for (document, numbers) in numbers {
        for number in numbers {
            let checked = identification::check(Country::MEXICO, document, number).unwrap_or_else(|fault| panic!("{number}: {fault}"));
            assert_eq!(codes(&checked), ["unusual_word"], "{number}");
            assert_eq!(checked.customer_type, CustomerType::Individual);
        }
    }
    // The other rules still apply.
    let wrong = identification::check(Country::MEXICO, DocumentType::Curp, "VACA900203HDFRRN08");
    assert_eq!(wrong, Err(DocumentError::WrongCheckDigit { expected: '9', is_letter: false }));
}
