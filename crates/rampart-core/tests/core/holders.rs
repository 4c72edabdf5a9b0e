//! The holder that a number shows, and labels before the number.

use rampart_core::identity::country::Country;
use rampart_core::identity::identification::{
    self, AgeCheck, CustomerType, Date, DocumentError, DocumentType, DocumentWarning, ValidDocument,
};
use rampart_core::text::code::Code;

fn right(country: Country, document: DocumentType, number: &str) -> ValidDocument {
    identification::check(country, document, number).unwrap_or_else(|fault| panic!("{document} {number}: {fault}"))
}

#[test]
fn the_number_shows_who_is_a_company() {
    use CustomerType::{Company, Individual};
    let numbers = [
        (Country::SPAIN, DocumentType::GovernmentId, "12345678Z", Individual),
        (Country::SPAIN, DocumentType::GovernmentId, "K1234567L", Individual),
        (Country::SPAIN, DocumentType::PermanentResidencePermit, "M1234567L", Individual),
        (Country::SPAIN, DocumentType::Passport, "AB123456", Individual),
        (Country::SPAIN, DocumentType::Cif, "A12345674", Company),
        (Country::CHILE, DocumentType::Rut, "72041-0", Individual),
        (Country::CHILE, DocumentType::Rut, "49000007-0", Individual),
        (Country::CHILE, DocumentType::Rut, "50000000-7", Company),
        (Country::CHILE, DocumentType::Rut, "98765432-5", Company),
        (Country::MEXICO, DocumentType::Curp, "QAQX800101HDFQQX08", Individual),
        (Country::MEXICO, DocumentType::Rfc, "ÑUÑX240630V13", Individual),
        (Country::MEXICO, DocumentType::Rfc, "ÑQÑ991231U99", Company),
        (Country::COLOMBIA, DocumentType::CedCiu, "1012345678", Individual),
        (Country::COLOMBIA, DocumentType::CedExt, "123456", Individual),
        (Country::COLOMBIA, DocumentType::Ti, "1012345678", Individual),
        (Country::COLOMBIA, DocumentType::Nuip, "1012345678", Individual),
        (Country::COLOMBIA, DocumentType::Te, "123456", Individual),
        (Country::COLOMBIA, DocumentType::Ppt, "1234567", Individual),
        (Country::COLOMBIA, DocumentType::Pass, "AB123456", Individual),
        (Country::COLOMBIA, DocumentType::Pep, "123456789012345", Individual),
        (Country::COLOMBIA, DocumentType::Rc, "12345678", Individual),
        (Country::COLOMBIA, DocumentType::Nit, "890903938-8", Company),
        (Country::COLOMBIA, DocumentType::Nit, "900000001", Company),
        (Country::COLOMBIA, DocumentType::Nit, "1012345678-9", Individual),
        (Country::COLOMBIA, DocumentType::Nit, "80123456-4", Individual),
        (Country::COLOMBIA, DocumentType::Nit, "8012345678-5", Individual),
        (Country::COLOMBIA, DocumentType::Nit, "123456-3", Individual),
        (Country::COLOMBIA, DocumentType::Nit, "700000001-7", Individual),
        (Country::COLOMBIA, DocumentType::Nit, "99010199999-7", Individual),
        (Country::PERU, DocumentType::Dni, "12345678", Individual),
        (Country::PERU, DocumentType::Ce, "001234567", Individual),
        (Country::PERU, DocumentType::Ruc, "10123456781", Individual),
        (Country::PERU, DocumentType::Ruc, "15123456782", Individual),
        (Country::PERU, DocumentType::Ruc, "16123456789", Individual),
        (Country::PERU, DocumentType::Ruc, "17123456785", Individual),
        (Country::PERU, DocumentType::Ruc, "20123456786", Company),
        (Country::ARGENTINA, DocumentType::Dni, "12345678", Individual),
        (Country::ARGENTINA, DocumentType::Cuit, "20123456786", Individual),
        (Country::ARGENTINA, DocumentType::Cuit, "27123456780", Individual),
        (Country::ARGENTINA, DocumentType::Cuit, "30123456781", Company),
        (Country::ARGENTINA, DocumentType::Cuit, "34123456787", Company),
    ];
    let now = "2026-05-03T12:00:00Z".parse().expect("a moment");
    for (country, document, number, holder) in numbers {
        let checked = right(country, document, number);
        assert_eq!(checked.customer_type, holder, "{document} {number}");
        // The stored form gives the same.
        assert_eq!(document.holder(&checked.normalized()), holder, "{document} {number}");
        let is_minors = checked.doubts().any(|doubt| doubt == DocumentWarning::Minor);
        assert_eq!(document.majority(&checked.normalized(), 18, now) == AgeCheck::Minor, is_minors, "{document} {number}");
    }
    let pairs: std::collections::BTreeSet<_> =
        numbers.iter().map(|(country, document, ..)| (country.alpha3(), document.as_str())).collect();
    assert_eq!(pairs.len(), 22, "every pair is here");
}

#[test]
fn a_persons_nit_is_a_persons_document() {
    let nit = |number: &str| identification::check(Country::COLOMBIA, DocumentType::Nit, number);
    let adult = right(Country::COLOMBIA, DocumentType::Nit, "1012345678-9");
    assert_eq!(adult.implied("2026-05-03T12:00:00Z".parse().expect("a moment")).contains.as_ref().map(Code::as_str), Some("1012345678"));
    assert_eq!(adult.display(), "1.012.345.678-9");
    // The old form of an identity card begins with the date of birth.
    let old = right(Country::COLOMBIA, DocumentType::Nit, "99010199999-7");
    assert_eq!(old.doubts().collect::<Vec<_>>(), [DocumentWarning::OldForm, DocumentWarning::Minor]);
    assert!(old.agrees_with_birth(Date::new(1999, 1, 1).expect("exists")).is_ok());
    assert!(old.agrees_with_birth(Date::new(1999, 1, 2).expect("exists")).is_err());
    // The body has the length of those documents, without leading zeros.
    assert_eq!(nit("12345-8").map_err(|fault| fault.code()), Err("wrong_length"));
    assert_eq!(nit("123456789012-9").map_err(|fault| fault.code()), Err("wrong_length"));
    assert_eq!(nit("0080123456-4").map_err(|fault| fault.code()), Err("unknown_prefix"));
    // Nine digits without a hyphen are a company's body; a warning says that they may be a person's whole number.
    let doubtful = right(Country::COLOMBIA, DocumentType::Nit, "801234564");
    assert_eq!((doubtful.normalized().as_str(), doubtful.customer_type), ("8012345642", CustomerType::Company));
    assert_eq!(doubtful.doubts().collect::<Vec<_>>(), [DocumentWarning::PersonOrCompany]);
    assert_eq!(right(Country::COLOMBIA, DocumentType::Nit, "900000001").doubts().count(), 0);
}

/// No message suggests turning a whole cédula into another person's NIT.
#[test]
fn a_cedula_without_its_check_digit_is_not_corrected_in_its_last_digit() {
    let message = |number: &str| {
        let fault = identification::check(Country::COLOMBIA, DocumentType::Nit, number).expect_err(number);
        assert_eq!(fault.code(), "wrong_check_digit", "{number}");
        fault.to_string()
    };
    for (number, whole) in [("1012345678", "1012345678-9"), ("1.012.345.678", "1012345678-9"), ("NIT 80123456", "80123456-4")] {
        assert!(message(number).ends_with(&format!("if this is the whole cédula, {whole}")), "{}", message(number));
        right(Country::COLOMBIA, DocumentType::Nit, whole);
    }
    // With a hyphen, with eleven digits, or as a company's, only the check digit can be wrong.
    for (number, digit) in [("101234567-8", 5), ("10123456788", 9), ("9000000013", 2)] {
        assert_eq!(message(number), format!("check digit should be {digit}; please check the number"), "{number}");
    }
    let by_chance = right(Country::COLOMBIA, DocumentType::Nit, "1012345675");
    assert_eq!(by_chance.doubts().collect::<Vec<_>>(), [DocumentWarning::CheckDigitNotApart { expected: '7' }]);
    assert_eq!(right(Country::COLOMBIA, DocumentType::Nit, "1012345675-7").doubts().count(), 0);
}

#[test]
fn what_stands_in_front_of_a_number_is_dropped() {
    let written = [
        (Country::SPAIN, DocumentType::Cif, "ESA58818501", "A58818501"),
        (Country::SPAIN, DocumentType::Cif, "es-a58818501", "A58818501"),
        (Country::SPAIN, DocumentType::Cif, "CIF: A-58818501", "A58818501"),
        (Country::SPAIN, DocumentType::GovernmentId, "ES12345678Z", "12345678Z"),
        (Country::SPAIN, DocumentType::GovernmentId, "ES1234567L", "01234567L"),
        (Country::SPAIN, DocumentType::GovernmentId, "DNI 12.345.678-Z", "12345678Z"),
        (Country::SPAIN, DocumentType::GovernmentId, "ESK1234567L", "K1234567L"),
        (Country::SPAIN, DocumentType::PermanentResidencePermit, "ESX1234567L", "X1234567L"),
        (Country::SPAIN, DocumentType::PermanentResidencePermit, "N.I.E. X-1234567-L", "X1234567L"),
        (Country::CHILE, DocumentType::Rut, "RUT: 12.345.678-5", "123456785"),
        (Country::CHILE, DocumentType::Rut, "CL12345678-5", "123456785"),
        (Country::MEXICO, DocumentType::Rfc, "RFC QAQX800101AB1", "QAQX800101AB1"),
        (Country::MEXICO, DocumentType::Rfc, "R.F.C.: QQZ-800101-ABA", "QQZ800101ABA"),
        (Country::MEXICO, DocumentType::Rfc, "MXMTA0902267B6", "MTA0902267B6"),
        (Country::MEXICO, DocumentType::Rfc, "MX QAQX800101AB1", "QAQX800101AB1"),
        (Country::MEXICO, DocumentType::Curp, "CURP: QAQX800101HDFQQX08", "QAQX800101HDFQQX08"),
        (Country::COLOMBIA, DocumentType::CedCiu, "C.C. 1.012.345.678", "1012345678"),
        (Country::COLOMBIA, DocumentType::Ti, "T.I. 1012345678", "1012345678"),
        (Country::COLOMBIA, DocumentType::Nuip, "NUIP 1012345678", "1012345678"),
        (Country::COLOMBIA, DocumentType::Pep, "PEP 123456789012345", "123456789012345"),
        (Country::COLOMBIA, DocumentType::Nit, "NIT 900.000.001-2", "9000000012"),
        (Country::COLOMBIA, DocumentType::Nit, "N.I.T.: 900.000.001", "9000000012"),
        (Country::PERU, DocumentType::Dni, "DNI 12345678", "12345678"),
        (Country::PERU, DocumentType::Ruc, "RUC: 20123456786", "20123456786"),
        (Country::ARGENTINA, DocumentType::Dni, "D.N.I. 12.345.678", "12345678"),
        (Country::ARGENTINA, DocumentType::Cuit, "CUIT 20-12345678-6", "20123456786"),
        (Country::ARGENTINA, DocumentType::Cuit, "CUIL: 20-12345678-6", "20123456786"),
    ];
    for (country, document, number, normalized) in written {
        assert_eq!(right(country, document, number).normalized(), normalized, "{document} {number}");
    }
    // The error concerns the number without the label.
    let check = identification::check;
    let wrong = check(Country::SPAIN, DocumentType::Cif, "ESA58818502");
    assert_eq!(wrong, Err(DocumentError::WrongCheckDigit { expected: '1', is_letter: false }));
    let other = check(Country::SPAIN, DocumentType::GovernmentId, "ESA58818501");
    assert_eq!(other, Err(DocumentError::OtherDocument { sent: "GOVERNMENT_ID", is: "CIF" }));
    // A company name may begin so: a number that is valid as written is not stripped.
    assert_eq!(right(Country::MEXICO, DocumentType::Rfc, "RFC800101ABA").normalized(), "RFC800101ABA");
    assert_eq!(right(Country::SPAIN, DocumentType::Passport, "ES123456").normalized(), "ES123456");
    for name in ["MXA561231GR8", "ESA2005273X1", "ROS561231GR8", "MXAQ561231GR8"] {
        assert_eq!(right(Country::MEXICO, DocumentType::Rfc, name).normalized(), name, "two letters of a name are no country");
    }
    for wrong in ["MX561231GR8", "MXZ800101ABA5", "ESQQZ800101ABA", "MXMXA561231GR8X"] {
        assert!(check(Country::MEXICO, DocumentType::Rfc, wrong).is_err(), "{wrong}");
    }
    assert!(check(Country::CHILE, DocumentType::Rut, "RUT").is_err());
}

/// Where the century is open, no holder is assumed to be older than the number allows.
#[test]
fn a_number_shows_who_is_of_age() {
    use AgeCheck::{Minor, OfAge, Open, Unknown};
    let cases = [
        (DocumentType::Rfc, "GOOX100312AB6", Open),
        (DocumentType::Rfc, "GOOX080503AB6", OfAge),
        (DocumentType::Rfc, "GOOX080504AB6", Open),
        (DocumentType::Rfc, "GOOX260503AB6", Open),
        (DocumentType::Rfc, "GOOX260504AB6", OfAge),
        (DocumentType::Rfc, "QAQX800101AB1", OfAge),
        (DocumentType::Rfc, "QAQX080229AB1", OfAge),
        (DocumentType::Rfc, "QQZ100312ABA", Unknown),
        (DocumentType::Curp, "QOQX100312MNEQQXA6", Minor),
        (DocumentType::Curp, "QOQX100312MNEQQX06", OfAge),
        (DocumentType::Curp, "QOQX050312MNEQQXA5", OfAge),
        (DocumentType::Curp, "QOQX500312MNEQQXA5", Minor),
        (DocumentType::Ti, "1012345678", Minor),
        (DocumentType::Ti, "02010199999", Minor),
        (DocumentType::Rc, "12345678", Minor),
        (DocumentType::Nit, "990101999997", Minor),
        (DocumentType::Nit, "10123456789", Unknown),
        (DocumentType::GovernmentId, "K1234567L", Minor),
        (DocumentType::GovernmentId, "12345678Z", Unknown),
        (DocumentType::CedCiu, "12345678", Unknown),
        (DocumentType::Rut, "123456785", Unknown),
    ];
    for (document, number, expected) in cases {
        assert_eq!(document.majority(number, 18, "2026-05-03T12:00:00Z".parse().expect("a moment")), expected, "{document} {number}");
    }
}
