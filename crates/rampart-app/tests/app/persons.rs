//! The document number decides who is a natural person; natural persons must be of age.

use std::sync::Arc;

use rampart_app::orders::{documents, page_links};
use rampart_app::{KycForm, pages};
use rampart_core::customer::kyc::{KycLevel, KycStatus};
use rampart_core::customer::{Customer, Identification};
use rampart_core::id::CustomerId;
use rampart_core::identity::identification::{CustomerType, DocumentType};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_testkit::partner_api::{CreatePaymentForm, RegisterUserForm};
use rampart_testkit::{TestApp, buy, data_of, on_both_engines, partner_api, refusal_of, sell, some};
use serde_json::Value;

use crate::pages::empty;

on_both_engines!(rampart_testkit::TestApp::start_idle => a_persons_nit, a_spanish_minor, an_open_century, registered_as_a_company, fillers,
    zeros, one_person, registered_by_an_earlier_version);

fn request(country: &str, document: &str, number: &str, dob: &str) -> RegisterUserForm {
    RegisterUserForm {
        name: some("Juan"),
        email: Some(format!("{document}{number}{dob}@example.com")),
        country: some(country),
        identification_type: some(document),
        identification_number: some(number),
        dob: some(dob).filter(|dob| !dob.is_empty()),
        ..RegisterUserForm::default()
    }
}

async fn registered(test: &TestApp, request: RegisterUserForm) -> (CustomerId, Value) {
    let data = data_of(&partner_api::register_user(&test.app, &test.caller, &request, None).await.unwrap());
    let customer = CustomerId(data["id"].as_i64().unwrap());
    test.decide(customer, KycLevel::Basic, KycStatus::Valid).await;
    (customer, data)
}

async fn refused(test: &TestApp, request: RegisterUserForm) -> Refusal {
    refusal_of(partner_api::register_user(&test.app, &test.caller, &request, None).await)
}

fn pse(customer: CustomerId) -> CreatePaymentForm {
    CreatePaymentForm { payment_type: some("PSE"), fiat_symbol: some("COP"), ..buy(customer, "200000") }
}

async fn stored(test: &TestApp, id: CustomerId) -> Customer {
    test.app.store.customer(id).await.unwrap().unwrap()
}

async fn a_persons_nit(test: Arc<TestApp>) {
    // A minor's number is refused as a citizen ID and as a NIT alike.
    for (document, number) in [("CED_CIU", "1012345678"), ("NIT", "1012345678-9")] {
        let refusal = refused(&test, request("CO", document, number, "2015-06-01")).await;
        assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (ErrorCode::ValidationFailed, "dob"), "{document}");
    }
    // The date inside an old number counts: its holder is a minor unless the given date of birth says otherwise.
    let refusal = refused(&test, request("CO", "NIT", "99010199999-7", "1999-01-02")).await;
    assert_eq!(refusal.code, ErrorCode::InvalidIdentification);
    let (old, data) = registered(&test, request("CO", "NIT", "99010199999-7", "")).await;
    let codes: Vec<_> = data["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["old_form", "minor"]);
    assert_eq!(test.refused_payment(&pse(old)).await, ErrorCode::InvalidIdentification);
    // An adult's NIT counts as a person's, and the form asks for a person's data.
    let (adult, data) = registered(&test, request("CO", "NIT", "1012345678-9", "1986-05-03")).await;
    assert_eq!((data["customer_type"].as_str(), data["warnings"].as_array().unwrap().len()), (Some("individual"), 0));
    partner_api::create_payment(&test.app, &test.caller, &pse(adult), None).await.unwrap();
    let fresh = data_of(&partner_api::register_user(&test.app, &test.caller, &request("CO", "NIT", "80123456-4", ""), None).await.unwrap());
    let page =
        pages::page_customer(&test.app, &page_links::identity_token(&test.app, CustomerId(fresh["id"].as_i64().unwrap()))).await.unwrap();
    assert_eq!(page.missing, ["last_name", "dob", "address", "city"]);
    // A company may be young.
    let (company, data) = registered(&test, request("CO", "NIT", "900.000.001-2", "2020-01-01")).await;
    assert_eq!(data["customer_type"], "company");
    partner_api::create_payment(&test.app, &test.caller, &pse(company), None).await.unwrap();
}

async fn a_spanish_minor(test: Arc<TestApp>) {
    for (number, dob) in [(k_number(1_234_567), "2015-06-01"), (k_number(7_654_321), "")] {
        let (minor, data) = registered(&test, request("ES", "GOVERNMENT_ID", &number, dob)).await;
        assert_eq!(data["warnings"][0]["code"], "minor", "{data}");
        assert_eq!(test.refused_payment(&buy(minor, "100")).await, ErrorCode::InvalidIdentification);
        assert_eq!(test.refused_rampoff(&sell(minor, "100")).await, ErrorCode::InvalidIdentification);
    }
    // A person who has come of age since.
    let (adult, data) = registered(&test, request("ES", "GOVERNMENT_ID", &k_number(1_234_568), "1986-05-03")).await;
    assert_eq!(data["warnings"].as_array().unwrap().len(), 0);
    partner_api::create_payment(&test.app, &test.caller, &buy(adult, "100"), None).await.unwrap();
}

/// A valid K number of seven digits.
fn k_number(digits: usize) -> String {
    format!("K{digits:07}{}", char::from(b"TRWAGMYFPDXBNJZSQVHLCKE"[digits % 23]))
}

/// An RFC has two digits of the year: a customer who may be a minor by it must give the date of birth before the first order.
async fn an_open_century(test: Arc<TestApp>) {
    let spei = |id| CreatePaymentForm { payment_type: some("SPEI"), fiat_symbol: some("MXN"), ..buy(id, "1000") };
    let order = async |id| partner_api::create_payment(&test.app, &test.caller, &spei(id), None).await;
    let (open, data) = registered(&test, request("MX", "RFC", "GOOX100312AB6", "")).await;
    let warnings: Vec<_> = data["warnings"].as_array().unwrap().iter().map(|warning| (&warning["field"], &warning["code"])).collect();
    assert!(warnings.contains(&(&"dob".into(), &"dob_needed".into())), "{data}");
    assert_eq!(refusal_of(order(open).await).code, ErrorCode::RequireKyc);
    assert_eq!(test.refused_rampoff(&sell(open, "100")).await, ErrorCode::RequireKyc);
    // The form is open for it, whatever was approved, and refuses minors and dates that do not match the number.
    let token = page_links::identity_token(&test.app, open);
    let page = pages::page_customer(&test.app, &token).await.unwrap();
    assert_eq!((page.wanted, page.missing.contains(&"dob")), (Some(KycLevel::Basic), true));
    let form = |dob: &str| KycForm {
        last_name: some("García"),
        dob: some(dob),
        address: some("Calle 1"),
        city: some("Puebla"),
        ..empty(KycLevel::Basic)
    };
    for (dob, field) in [("2010-03-12", "dob"), ("1986-05-03", "identification_number")] {
        assert_eq!(refusal_of(pages::submit_kyc_form(&test.app, &token, form(dob)).await).fields[0].0, field, "{dob}");
    }
    pages::submit_kyc_form(&test.app, &token, form("1910-03-12")).await.unwrap();
    assert!(stored(&test, open).await.warnings.iter().all(|warning| warning.code != "dob_needed"));
    order(open).await.unwrap();
    // Customers who are of age in either century, or were born in the past one, are asked nothing more; a company has no age.
    for number in ["GOOX050312AB1", "QAQX800101AB1", "QQZ150101ABA"] {
        let (adult, data) = registered(&test, request("MX", "RFC", number, "")).await;
        assert!(!data.to_string().contains("dob_needed"), "{data}");
        order(adult).await.unwrap();
    }
    let (customer, _) = registered(&test, request("MX", "RFC", "GOOX050312AB2", "2005-03-12")).await;
    order(customer).await.unwrap();
    // A CURP contains the century: for a minor, and for a date in the future.
    for number in ["QOQX100312MNEQQXA6", "QOQX500312MNEQQXA0"] {
        let refusal = refused(&test, request("MX", "CURP", number, "")).await;
        assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (ErrorCode::ValidationFailed, "dob"), "{number}");
    }
    // A customer stored without the date that the CURP contains.
    let (minor, _) = registered(&test, request("MX", "CURP", "QOQX050312MNEQQXA5", "")).await;
    let mut customer = stored(&test, minor).await;
    customer.profile.date_of_birth = "".into();
    customer.identification.as_mut().unwrap().normalized = "QOQX100312MNEQQXA6".into();
    let mut step = Step::new();
    step.write(customer);
    test.app.commit(step).await.unwrap();
    assert_eq!(TestApp::code(order(minor).await), ErrorCode::InvalidIdentification);
}

/// One number is one customer, whatever zeros pad it.
async fn zeros(test: Arc<TestApp>) {
    for (country, document, numbers, code) in [
        ("AR", "DNI", ["717257", "0717257"], "short_number"),
        ("AR", "DNI", ["5536168", "05536168"], "zeros_in_front"),
        ("CO", "CED_CIU", ["12345678", "0012345678"], "zeros_in_front"),
        ("PE", "CE", ["000123456", "123456"], "short_number"),
    ] {
        let (first, _) = registered(&test, request(country, document, numbers[0], "1936-04-01")).await;
        let (second, data) = registered(&test, request(country, document, numbers[1], "1936-04-01")).await;
        assert!(data["warnings"].to_string().contains(code), "{data}");
        assert_eq!(stored(&test, second).await.counts_as, Some(first), "{document} {numbers:?}");
    }
}

/// A person has one set of limits across all documents it registers with; others have their own.
async fn one_person(test: Arc<TestApp>) {
    let colombian =
        [("NIT", "1012345678-9"), ("CED_CIU", "1012345678"), ("NUIP", "1012345678"), ("TI", "1012345678"), ("RC", "1012345678")];
    let argentine = [("CUIT", "20-12345678-6"), ("CUIT", "27-12345678-0"), ("DNI", "12345678")];
    let cases = [
        ("CO", &colombian[..]),
        ("AR", &argentine),
        ("PE", &[("DNI", "87654321"), ("RUC", "10876543210")]),
        ("CO", &[("TI", "80010112345"), ("NIT", "80010112345-1"), ("RC", "80010112345")]),
        ("CO", &[("CED_EXT", "0123456"), ("CED_EXT", "123456")]),
    ];
    let mut persons = std::collections::BTreeSet::new();
    for (country, documents) in cases {
        let (first, _) = registered(&test, request(country, documents[0].0, documents[0].1, "1980-01-01")).await;
        for (document, number) in &documents[1..] {
            let (again, _) = registered(&test, request(country, document, number, "1980-01-01")).await;
            assert_eq!(stored(&test, again).await.counts_as, Some(first), "{country} {document} {number}");
        }
        persons.insert(first);
    }
    // A company's number contains no person's; the serial number of a form, or a number of another document, is not a cédula.
    for (country, document, number) in [
        ("CO", "RC", "12345678"),
        ("CO", "CED_CIU", "12345678"),
        ("CO", "PASS", "1012345678"),
        ("CO", "NIT", "900000001-2"),
        ("AR", "CUIT", "30-12345678-1"),
    ] {
        let (other, _) = registered(&test, request(country, document, number, "1980-01-01")).await;
        assert_eq!(stored(&test, other).await.counts_as, None, "{country} {document} {number}");
        assert!(persons.insert(other));
    }
    // What one registration has bought counts for the other.
    let (by_number, _) = registered(&test, request("CO", "CED_CIU", "1098765432", "1980-01-01")).await;
    let (by_tax_number, _) = registered(&test, request("CO", "NIT", "1098765432-9", "1980-01-01")).await;
    let ordered = async |customer| {
        let payment = CreatePaymentForm { payment_type: some("PSE"), fiat_symbol: some("COP"), ..buy(customer, "1000000") };
        partner_api::create_payment(&test.app, &test.caller, &payment, None).await
    };
    ordered(by_number).await.unwrap();
    let over = loop {
        if let Err(error) = ordered(by_number).await {
            break TestApp::code(Err::<(), _>(error));
        }
    };
    assert_eq!(over, ErrorCode::KycReinforcedRequired, "its level buys no more");
    assert_eq!(TestApp::code(ordered(by_tax_number).await), over);
}

/// Earlier versions treated each document separately. A person registered then is also found by its other documents; two customers stay
/// two, each counting for its own document.
async fn registered_by_an_earlier_version(test: Arc<TestApp>) {
    let as_before = async |document: DocumentType, number: &str| {
        let bare = RegisterUserForm { identification_type: None, identification_number: None, ..request("CO", number, "", "1980-01-01") };
        let (id, _) = registered(&test, RegisterUserForm { email: some(format!("{document}{number}@example.org")), ..bare }).await;
        let mut customer = stored(&test, id).await;
        customer.identification = Some(Identification { document, number: number.into(), normalized: number.into() });
        let mut step = Step::new();
        step.claims.push(Claim::forever(ClaimScope::Document, documents::document_key(&test.app, &customer, document, number), id));
        step.write(customer);
        test.app.commit(step).await.unwrap();
        id
    };
    let now = async |document: &str, number: &str| {
        let (id, _) = registered(&test, request("CO", document, number, "1980-01-01")).await;
        stored(&test, id).await.counts_as
    };
    let by_tax_number = as_before(DocumentType::Nit, "10123456789").await;
    assert_eq!(now("NUIP", "1012345678").await, Some(by_tax_number));
    let by_number = as_before(DocumentType::CedCiu, "1012345678").await;
    for (document, number, counts_as) in
        [("NIT", "1.012.345.678-9", by_tax_number), ("CED_CIU", "1.012.345.678", by_number), ("TI", "1012345678", by_number)]
    {
        assert_eq!(now(document, number).await, Some(counts_as), "{document}");
    }
    assert_eq!((stored(&test, by_tax_number).await.counts_as, stored(&test, by_number).await.counts_as), (None, None));
}

/// A customer with a NIT as an earlier version stored it.
async fn as_a_company(test: &TestApp, id: CustomerId) {
    let mut customer = stored(test, id).await;
    customer.customer_type = CustomerType::Company;
    let mut step = Step::new();
    step.write(customer);
    test.app.commit(step).await.unwrap();
}

async fn registered_as_a_company(test: Arc<TestApp>) {
    let order = async |id| partner_api::create_payment(&test.app, &test.caller, &pse(id), None).await;
    // The date of birth was never asked: the form asks now, whatever was approved.
    let (unknown, _) = registered(&test, request("CO", "NIT", "1012345678-9", "")).await;
    as_a_company(&test, unknown).await;
    // The bank's spelling of a person's name matches.
    let mut named = stored(&test, unknown).await;
    named.profile.last_name = "García López".to_owned().into();
    assert!(named.can_be("GARCIA LOPEZ JUAN"));
    let refusal = refusal_of(order(unknown).await);
    assert_eq!(refusal.code, ErrorCode::RequireKyc);
    assert!(refusal.data.unwrap().as_str().unwrap().contains("/kyc?token="));
    let token = page_links::identity_token(&test.app, unknown);
    let page = pages::page_customer(&test.app, &token).await.unwrap();
    assert_eq!((page.wanted, page.missing.as_slice()), (Some(KycLevel::Basic), &["last_name", "dob", "address", "city"][..]));
    let form = |dob: &str| KycForm {
        last_name: some("García"),
        dob: some(dob),
        address: some("Calle 1"),
        city: some("Bogotá"),
        ..empty(KycLevel::Basic)
    };
    let refusal = refusal_of(pages::submit_kyc_form(&test.app, &token, form("2015-06-01")).await);
    assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (ErrorCode::ValidationFailed, "dob"));
    pages::submit_kyc_form(&test.app, &token, form("1986-05-03")).await.unwrap();
    let now = stored(&test, unknown).await;
    assert_eq!((now.customer_type, now.kyc.level), (CustomerType::Individual, Some(KycLevel::Basic)));
    order(unknown).await.unwrap();
    // The company's date is the date of birth if the customer turns out to be a person.
    let (minor, _) = registered(&test, request("CO", "NIT", "80123456-4", "1986-05-03")).await;
    let mut customer = stored(&test, minor).await;
    (customer.customer_type, customer.profile.date_of_birth) = (CustomerType::Company, "2015-06-01".into());
    let mut step = Step::new();
    step.write(customer);
    test.app.commit(step).await.unwrap();
    assert_eq!(TestApp::code(order(minor).await), ErrorCode::InvalidIdentification);
    // Companies stay what they are.
    let (company, _) = registered(&test, request("CO", "NIT", "900.000.001-2", "")).await;
    as_a_company(&test, company).await;
    order(company).await.unwrap();
}

async fn fillers(test: Arc<TestApp>) {
    let zeros = [
        ("ES", "GOVERNMENT_ID", "00000000T"),
        ("ES", "PERMANENT_RESIDENCE_PERMIT", "X0000000T"),
        ("ES", "CIF", "B00000000"),
        ("CL", "RUT", "0-0"),
        ("CO", "TI", "0000000000"),
        ("PE", "DNI", "00000000"),
        ("AR", "CUIT", "55000000018"),
    ];
    for (country, document, number) in zeros {
        let refusal = refused(&test, request(country, document, number, "1986-05-03")).await;
        assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (ErrorCode::InvalidIdentification, "identification_number"), "{number}");
        assert!(refusal.fields[0].1.contains("generic number"), "{refusal}");
    }
    let doubtful = [
        ("CL", "RUT", "11.111.111-1", "repeated_digit"),
        ("CL", "RUT", "72041-0", "short_number"),
        ("AR", "DNI", "11111111", "repeated_digit"),
        ("MX", "CURP", "VACA900203HDFRRN09", "unusual_word"),
        ("CO", "NIT", "801234564", "person_or_company"),
        ("CO", "NIT", "1012345675", "check_digit_not_apart"),
    ];
    for (country, document, number, code) in doubtful {
        let (_, data) = registered(&test, request(country, document, number, "")).await;
        assert_eq!(
            (&data["warnings"][0]["field"], &data["warnings"][0]["code"]),
            (&"identification_number".into(), &code.into()),
            "{number}"
        );
    }
}
