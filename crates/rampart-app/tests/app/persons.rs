//! Who is a person is told by the number, and persons must be of age.

use std::sync::Arc;

use rampart_app::{CreatePayment, KycForm, RegisterUser};
use rampart_core::customer::Customer;
use rampart_core::id::CustomerId;
use rampart_core::identification::CustomerType;
use rampart_core::kyc::{KycLevel, KycStatus};
use rampart_core::refusal::{Code, Refusal};
use rampart_core::step::Step;
use rampart_testkit::{Engine, TestApp, buy, data_of, on_both_engines, refusal_of, sell};
use serde_json::Value;

use crate::pages::empty;

async fn idle(engine: Engine) -> TestApp {
    TestApp::start_idle(engine, rampart_testkit::catalogue()).await
}

on_both_engines!(super::idle => a_persons_nit, a_spanish_minor, an_open_century, registered_as_a_company, fillers, zeros);

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn request(country: &str, document: &str, number: &str, dob: &str) -> RegisterUser {
    RegisterUser {
        name: some("Juan"),
        email: Some(format!("{document}{number}{dob}@example.com")),
        country: some(country),
        identification_type: some(document),
        identification_number: some(number),
        dob: some(dob).filter(|dob| !dob.is_empty()),
        ..RegisterUser::default()
    }
}

async fn registered(test: &TestApp, request: RegisterUser) -> (CustomerId, Value) {
    let data = data_of(&test.app.register_user(&test.caller, &request, None).await.unwrap());
    let customer = CustomerId(data["id"].as_i64().unwrap());
    test.decide(customer, KycLevel::Basic, KycStatus::Valid).await;
    (customer, data)
}

async fn refused(test: &TestApp, request: RegisterUser) -> Refusal {
    refusal_of(test.app.register_user(&test.caller, &request, None).await)
}

fn pse(customer: CustomerId) -> CreatePayment {
    CreatePayment { payment_type: some("PSE"), fiat_symbol: some("COP"), ..buy(customer, "200000") }
}

async fn stored(test: &TestApp, id: CustomerId) -> Customer {
    test.app.store().customer(id).await.unwrap().unwrap()
}

async fn a_persons_nit(test: Arc<TestApp>) {
    // What a minor is refused with as a citizen ID is refused as a NIT.
    for (document, number) in [("CED_CIU", "1012345678"), ("NIT", "1012345678-9")] {
        let refusal = refused(&test, request("CO", document, number, "2015-06-01")).await;
        assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (Code::ValidationFailed, "dob"), "{document}");
    }
    // The date inside an old number counts, and its holder is a minor unless the date of birth says otherwise.
    let refusal = refused(&test, request("CO", "NIT", "99010199999-7", "1999-01-02")).await;
    assert_eq!(refusal.code, Code::InvalidIdentification);
    let (old, data) = registered(&test, request("CO", "NIT", "99010199999-7", "")).await;
    let codes: Vec<_> = data["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["old_form", "minor"]);
    assert_eq!(TestApp::code(test.app.create_payment(&test.caller, &pse(old), None).await), Code::InvalidIdentification);
    // A grown person's is a person's, of whom the form asks what it asks of persons.
    let (adult, data) = registered(&test, request("CO", "NIT", "1012345678-9", "1986-05-03")).await;
    assert_eq!((data["customer_type"].as_str(), data["warnings"].as_array().unwrap().len()), (Some("individual"), 0));
    test.app.create_payment(&test.caller, &pse(adult), None).await.unwrap();
    let fresh = data_of(&test.app.register_user(&test.caller, &request("CO", "NIT", "80123456-4", ""), None).await.unwrap());
    let page = test.app.page_customer(&test.app.identity_token(CustomerId(fresh["id"].as_i64().unwrap()))).await.unwrap();
    assert_eq!(page.missing, ["last_name", "dob", "address", "city"]);
    // A company may be young.
    let (company, data) = registered(&test, request("CO", "NIT", "900.000.001-2", "2020-01-01")).await;
    assert_eq!(data["customer_type"], "company");
    test.app.create_payment(&test.caller, &pse(company), None).await.unwrap();
}

async fn a_spanish_minor(test: Arc<TestApp>) {
    for (number, dob) in [(k_number(1_234_567), "2015-06-01"), (k_number(7_654_321), "")] {
        let (minor, data) = registered(&test, request("ES", "GOVERNMENT_ID", &number, dob)).await;
        assert_eq!(data["warnings"][0]["code"], "minor", "{data}");
        assert_eq!(TestApp::code(test.app.create_payment(&test.caller, &buy(minor, "100"), None).await), Code::InvalidIdentification);
        assert_eq!(TestApp::code(test.app.create_rampoff(&test.caller, &sell(minor, "100"), None).await), Code::InvalidIdentification);
    }
    // Somebody who has grown up since.
    let (adult, data) = registered(&test, request("ES", "GOVERNMENT_ID", &k_number(1_234_568), "1986-05-03")).await;
    assert_eq!(data["warnings"].as_array().unwrap().len(), 0);
    test.app.create_payment(&test.caller, &buy(adult, "100"), None).await.unwrap();
}

/// A right K number of seven digits.
fn k_number(digits: usize) -> String {
    format!("K{digits:07}{}", char::from(b"TRWAGMYFPDXBNJZSQVHLCKE"[digits % 23]))
}

/// An RFC has two figures of the year: whoever may be a minor by it says when it was born before the first order.
async fn an_open_century(test: Arc<TestApp>) {
    let spei = |id| CreatePayment { payment_type: some("SPEI"), fiat_symbol: some("MXN"), ..buy(id, "1000") };
    let order = async |id| test.app.create_payment(&test.caller, &spei(id), None).await;
    let (open, data) = registered(&test, request("MX", "RFC", "GOOX100312AB6", "")).await;
    let warnings: Vec<_> = data["warnings"].as_array().unwrap().iter().map(|warning| (&warning["field"], &warning["code"])).collect();
    assert!(warnings.contains(&(&"dob".into(), &"dob_needed".into())), "{data}");
    assert_eq!(refusal_of(order(open).await).code, Code::RequireKyc);
    assert_eq!(TestApp::code(test.app.create_rampoff(&test.caller, &sell(open, "100"), None).await), Code::RequireKyc);
    // The form is open for it, whatever was approved, and refuses a minor and who is not the number's.
    let token = test.app.identity_token(open);
    let page = test.app.page_customer(&token).await.unwrap();
    assert_eq!((page.wanted, page.missing.contains(&"dob")), (Some(KycLevel::Basic), true));
    let form = |dob: &str| KycForm {
        last_name: some("García"),
        dob: some(dob),
        address: some("Calle 1"),
        city: some("Puebla"),
        ..empty(KycLevel::Basic)
    };
    for (dob, field) in [("2010-03-12", "dob"), ("1986-05-03", "identification_number")] {
        assert_eq!(refusal_of(test.app.submit_kyc_form(&token, form(dob)).await).fields[0].0, field, "{dob}");
    }
    test.app.submit_kyc_form(&token, form("1910-03-12")).await.unwrap();
    assert!(stored(&test, open).await.warnings.iter().all(|warning| warning.code != "dob_needed"));
    order(open).await.unwrap();
    // Who is of age in either century, or was born in the one that has passed, is asked nothing more; a company is nobody's age.
    for number in ["GOOX050312AB1", "QAQX800101AB1", "QQZ150101ABA"] {
        let (adult, data) = registered(&test, request("MX", "RFC", number, "")).await;
        assert!(!data.to_string().contains("dob_needed"), "{data}");
        order(adult).await.unwrap();
    }
    let (told, _) = registered(&test, request("MX", "RFC", "GOOX050312AB2", "2005-03-12")).await;
    order(told).await.unwrap();
    // A CURP tells the century: of a minor, and of somebody who is not born yet.
    for number in ["QOQX100312MNEQQXA6", "QOQX500312MNEQQXA0"] {
        let refusal = refused(&test, request("MX", "CURP", number, "")).await;
        assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (Code::ValidationFailed, "dob"), "{number}");
    }
    // Who was stored without the date that its CURP tells.
    let (minor, _) = registered(&test, request("MX", "CURP", "QOQX050312MNEQQXA5", "")).await;
    let mut customer = stored(&test, minor).await;
    customer.profile.date_of_birth = "".into();
    customer.identification.as_mut().unwrap().normalized = "QOQX100312MNEQQXA6".into();
    let mut step = Step::new();
    step.write(customer);
    test.app.commit(step).await.unwrap();
    assert_eq!(TestApp::code(order(minor).await), Code::InvalidIdentification);
}

/// One number is one customer's, whatever zeros its field was filled up with.
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

/// As an earlier version stored whoever registered with a NIT.
async fn as_a_company(test: &TestApp, id: CustomerId) {
    let mut customer = stored(test, id).await;
    customer.customer_type = CustomerType::Company;
    let mut step = Step::new();
    step.write(customer);
    test.app.commit(step).await.unwrap();
}

async fn registered_as_a_company(test: Arc<TestApp>) {
    let order = async |id| test.app.create_payment(&test.caller, &pse(id), None).await;
    // Nobody asked when it was born: the form does now, whatever was approved.
    let (unknown, _) = registered(&test, request("CO", "NIT", "1012345678-9", "")).await;
    as_a_company(&test, unknown).await;
    // A bank names a person as it names persons.
    let mut named = stored(&test, unknown).await;
    named.profile.last_name = "García López".to_owned().into();
    assert!(named.can_be("GARCIA LOPEZ JUAN"));
    let refusal = refusal_of(order(unknown).await);
    assert_eq!(refusal.code, Code::RequireKyc);
    assert!(refusal.data.unwrap().as_str().unwrap().contains("/kyc?token="));
    let token = test.app.identity_token(unknown);
    let page = test.app.page_customer(&token).await.unwrap();
    assert_eq!((page.wanted, page.missing.as_slice()), (Some(KycLevel::Basic), &["last_name", "dob", "address", "city"][..]));
    let form = |dob: &str| KycForm {
        last_name: some("García"),
        dob: some(dob),
        address: some("Calle 1"),
        city: some("Bogotá"),
        ..empty(KycLevel::Basic)
    };
    let refusal = refusal_of(test.app.submit_kyc_form(&token, form("2015-06-01")).await);
    assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (Code::ValidationFailed, "dob"));
    test.app.submit_kyc_form(&token, form("1986-05-03")).await.unwrap();
    let now = stored(&test, unknown).await;
    assert_eq!((now.customer_type, now.kyc.level), (CustomerType::Individual, Some(KycLevel::Basic)));
    order(unknown).await.unwrap();
    // A company's date is a date of birth, if it turns out to be a person.
    let (minor, _) = registered(&test, request("CO", "NIT", "80123456-4", "1986-05-03")).await;
    let mut customer = stored(&test, minor).await;
    (customer.customer_type, customer.profile.date_of_birth) = (CustomerType::Company, "2015-06-01".into());
    let mut step = Step::new();
    step.write(customer);
    test.app.commit(step).await.unwrap();
    assert_eq!(TestApp::code(order(minor).await), Code::InvalidIdentification);
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
        assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (Code::InvalidIdentification, "identification_number"), "{number}");
        assert!(refusal.fields[0].1.contains("generic number"), "{refusal}");
    }
    let doubtful = [
        ("CL", "RUT", "11.111.111-1", "repeated_digit"),
        ("CL", "RUT", "72041-0", "short_number"),
        ("AR", "DNI", "11111111", "repeated_digit"),
        ("MX", "CURP", "VACA900203HDFRRN09", "unusual_word"),
        ("CO", "NIT", "801234564", "person_or_company"),
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
