//! `registerUser`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rampart_app::orders::page_links;
use rampart_app::{App, Sources, SystemRandomness, pages};
use rampart_core::id::Randomness;
use rampart_core::refusal::ErrorCode;
use rampart_testkit::partner_api::RegisterUserForm;
use rampart_testkit::{CustomerOf, TestApp, data_of, documented_registration, on_both_engines, partner_api, refusal_of};

on_both_engines!(rampart_testkit::TestApp::start_idle => documented, once_per_address, one_document, numbers_tell_nothing,
    a_taken_number_is_drawn_again, faults_are_named, countries, minors, keys, strict, companies);

async fn documented(test: Arc<TestApp>) {
    let answer = partner_api::register_user(&test.app, &test.caller, &documented_registration(), None).await.unwrap();
    let data = data_of(&answer);
    assert!(!answer.replayed);
    assert_eq!(data["email"], "email@gmail.com");
    assert_eq!(data["name"], "Alvaro");
    assert_eq!(data["last_name"], "Iglesia");
    assert_eq!(data["identification_number"], "11111111");
    assert_eq!(data["country"], "Argentina");
    assert_eq!(data["kyc_valid"], false);
    assert_eq!(data["kyc_status"], "unused");
    assert_eq!(data["kyc_level"], 0);
    assert_eq!(data["customer_type"], "individual");
    assert!(data["kyc_form_url"].as_str().unwrap().starts_with("http://127.0.0.1:8080/kyc?token="));
    let fields: Vec<_> = data["warnings"].as_array().unwrap().iter().map(|warning| warning["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["identification_number", "phone", "iban"]);
}

async fn once_per_address(test: Arc<TestApp>) {
    let first = test.register(&test.caller, CustomerOf::SPAIN, "ana@example.com").await;
    let again = RegisterUserForm { email: Some("ANA@example.com".into()), ..documented_registration() };
    let refusal = refusal_of(partner_api::register_user(&test.app, &test.caller, &again, None).await);
    assert_eq!(refusal.code, ErrorCode::UserAlreadyExists);
    let data = refusal.data.unwrap();
    assert_eq!(data["id"], first.0);
    assert!(data["kyc_form_url"].as_str().unwrap().contains("/kyc?token="));
    // Another partner's customers are separate.
    partner_api::register_user(&test.app, &test.stranger, &again, None).await.unwrap();
}

/// The numbers of a partner's customers do not reveal how many customers another partner has gained.
async fn numbers_tell_nothing(test: Arc<TestApp>) {
    let register = async |caller, email: String| test.register(caller, CustomerOf::SPAIN, &email).await.0;
    let mut numbers = Vec::new();
    for round in 0..6 {
        numbers.push(register(&test.caller, format!("mine{round}@example.com")).await);
        for other in 0..round {
            numbers.push(register(&test.stranger, format!("theirs{round}.{other}@example.com")).await);
        }
    }
    assert!(numbers.iter().all(|number| (1..=9_999_999).contains(number)), "{numbers:?}");
    let steps: Vec<i64> = numbers.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(steps.iter().any(|step| *step < 0) && steps.iter().all(|step| step.abs() != 1), "they count: {numbers:?}");
    let mut distinct = numbers.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), numbers.len());
}

/// A random source that yields one number several times before others.
struct RepeatingRandomness {
    left: AtomicUsize,
    otherwise: SystemRandomness,
}

impl Randomness for RepeatingRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        let is_stuck = bytes.len() == 8 && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if is_stuck { bytes.copy_from_slice(&776_u64.to_le_bytes()) } else { self.otherwise.fill(bytes) }
    }
}

async fn a_taken_number_is_drawn_again(test: Arc<TestApp>) {
    let stuck = RepeatingRandomness { left: AtomicUsize::new(8), otherwise: SystemRandomness };
    let sources = Sources { business: test.app.business.clone(), real: test.app.real.clone(), randomness: Arc::new(stuck) };
    let (ports, config, catalogue) = (test.app.ports.clone(), test.app.config.clone(), test.app.catalogue.clone());
    let app = App::new(test.app.store.clone(), ports, config, catalogue, sources, &[[42; 32]]).await.unwrap();
    let register = async |caller, email: &str| {
        let request = RegisterUserForm { email: Some(email.into()), ..documented_registration() };
        data_of(&partner_api::register_user(&app, caller, &request, None).await.unwrap())["id"].as_i64().unwrap()
    };
    assert_eq!(register(&test.caller, "ana@example.com").await, 777);
    // A number belongs to one customer across partners; the first five draws have seven digits, the sixth has more.
    let second = register(&test.stranger, "eva@example.com").await;
    assert_ne!(second, 777);
    let kept = app.store.customer(rampart_core::id::CustomerId(777)).await.unwrap().unwrap();
    assert_eq!(kept.partner, test.caller.partner.id);
    let answered = app.store.customer(rampart_core::id::CustomerId(second)).await.unwrap().unwrap();
    assert_eq!(answered.email.reveal(), "eva@example.com", "the answer names the number that was stored");
}

/// Registrations of one document at one partner count as the first of them, however they are written; other documents and other partners
/// are separate.
async fn one_document(test: Arc<TestApp>) {
    let stored = async |id: rampart_core::id::CustomerId| test.app.store.customer(id).await.unwrap().unwrap();
    let first = test.register(&test.caller, CustomerOf::SPAIN, "ana@example.com").await;
    assert_eq!(stored(first).await.counts_as(), first);
    let again = CustomerOf { number: "12.345.678-z", ..CustomerOf::SPAIN };
    let mut others = Vec::new();
    for email in ["ana2@example.com", "ana3@example.com"] {
        others.push(test.register(&test.caller, again, email).await);
    }
    for other in others {
        assert_eq!(stored(other).await.counts_as(), first);
    }
    let different = CustomerOf { number: "87654321X", ..CustomerOf::SPAIN };
    let different = test.register(&test.caller, different, "eva@example.com").await;
    assert_eq!(stored(different).await.counts_as(), different);
    let elsewhere = test.register(&test.stranger, CustomerOf::SPAIN, "ana@example.com").await;
    assert_eq!(stored(elsewhere).await.counts_as(), elsewhere);
    // Of many concurrent registrations, one is the first.
    let at_once = (0..6).map(|number| {
        let test = test.clone();
        tokio::spawn(async move { test.register(&test.caller, CustomerOf::MEXICO, &format!("m{number}@example.com")).await })
    });
    let mut counted = std::collections::BTreeSet::new();
    for registered in at_once.collect::<Vec<_>>() {
        counted.insert(stored(registered.await.unwrap()).await.counts_as());
    }
    assert_eq!(counted.len(), 1, "{counted:?}");
}

async fn faults_are_named(test: Arc<TestApp>) {
    let refused = async |request: RegisterUserForm| refusal_of(partner_api::register_user(&test.app, &test.caller, &request, None).await);
    let nothing = refused(RegisterUserForm::default()).await;
    assert_eq!(nothing.code, ErrorCode::FailMandatoryField);
    assert_eq!(nothing.fields.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["name", "email"]);
    let bare = RegisterUserForm { name: Some("Ana".into()), email: Some("ana@example.com".into()), ..RegisterUserForm::default() };
    let nowhere = refused(bare).await;
    assert_eq!((nowhere.code, nowhere.fields[0].0.as_str()), (ErrorCode::FailMandatoryField, "country"));
    let document = documented_registration();
    let cases = [
        (RegisterUserForm { email: Some("a@mailinator.com".into()), ..document.clone() }, ErrorCode::EmailNotAllowed, "email"),
        (RegisterUserForm { email: Some("nobody".into()), ..document.clone() }, ErrorCode::ValidationFailed, "email"),
        (RegisterUserForm { identification_type: None, ..document.clone() }, ErrorCode::FailMandatoryField, "identification_type"),
        (RegisterUserForm { identification_number: None, ..document.clone() }, ErrorCode::FailMandatoryField, "identification_number"),
        (
            RegisterUserForm { identification_type: Some("RUT".into()), ..document.clone() },
            ErrorCode::InvalidIdentification,
            "identification_type",
        ),
        (
            RegisterUserForm { identification_type: Some("dni".into()), ..document.clone() },
            ErrorCode::InvalidIdentification,
            "identification_type",
        ),
        (
            RegisterUserForm { identification_number: Some("?".into()), ..document.clone() },
            ErrorCode::InvalidIdentification,
            "identification_number",
        ),
        (RegisterUserForm { password: Some("12345".into()), ..document.clone() }, ErrorCode::ValidationFailed, "password"),
        (RegisterUserForm { dob: Some("2030-01-01".into()), ..document.clone() }, ErrorCode::ValidationFailed, "dob"),
        (RegisterUserForm { dob: Some("2020-01-01".into()), ..document.clone() }, ErrorCode::ValidationFailed, "dob"),
        (
            RegisterUserForm { callback_url: Some("https://bank.example:x@evil.example/".into()), ..document.clone() },
            ErrorCode::ValidationFailed,
            "callback_url",
        ),
        (
            RegisterUserForm { callback_url: Some("javascript:alert(1)".into()), ..document.clone() },
            ErrorCode::ValidationFailed,
            "callback_url",
        ),
        (RegisterUserForm { city: Some("x".repeat(201)), ..document.clone() }, ErrorCode::ValidationFailed, "city"),
        (RegisterUserForm { city: Some("a\0b".into()), ..document }, ErrorCode::ValidationFailed, "city"),
    ];
    for (request, code, field) in cases {
        let refusal = refused(request).await;
        assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (code, field), "{refusal}");
    }
}

async fn countries(test: Arc<TestApp>) {
    let of = |country: Option<&str>, code: Option<&str>, email: &str| RegisterUserForm {
        name: Some("Ana".into()),
        email: Some(email.into()),
        country: country.map(str::to_owned),
        country_code: code.map(str::to_owned),
        ..RegisterUserForm::default()
    };
    for (number, name) in ["España", "spain", "ES", "esp", "México", "Peru"].into_iter().enumerate() {
        let answer = partner_api::register_user(&test.app, &test.caller, &of(Some(name), None, &format!("{number}@example.com")), None)
            .await
            .unwrap();
        assert_eq!(data_of(&answer)["country"], name, "returned as sent");
    }
    let answer = partner_api::register_user(&test.app, &test.caller, &of(None, Some("CHL"), "code@example.com"), None).await.unwrap();
    assert_eq!(data_of(&answer)["country"], "CHL");
    let differ =
        refusal_of(partner_api::register_user(&test.app, &test.caller, &of(Some("Chile"), Some("ARG"), "x@example.com"), None).await);
    assert_eq!((differ.code, differ.fields[0].0.as_str()), (ErrorCode::ValidationFailed, "country_code"));
    let foreign = refusal_of(partner_api::register_user(&test.app, &test.caller, &of(Some("Narnia"), None, "x@example.com"), None).await);
    assert_eq!((foreign.code, foreign.fields[0].0.as_str()), (ErrorCode::ValidationFailed, "country"));
}

async fn minors(test: Arc<TestApp>) {
    let request = RegisterUserForm {
        name: Some("Juan".into()),
        email: Some("juan@example.com".into()),
        country: Some("Colombia".into()),
        identification_type: Some("TI".into()),
        identification_number: Some("1000000001".into()),
        ..RegisterUserForm::default()
    };
    let answer = partner_api::register_user(&test.app, &test.caller, &request, None).await.unwrap();
    let warnings = data_of(&answer)["warnings"].clone();
    assert!(warnings.as_array().unwrap().iter().any(|warning| warning["code"] == "minor"), "{warnings}");
}

async fn strict(test: Arc<TestApp>) {
    let app = test.with_settings(|config| config.registration.strict_contact = true).await;
    let refusal = refusal_of(partner_api::register_user(&app, &test.caller, &documented_registration(), None).await);
    assert_eq!(refusal.code, ErrorCode::ValidationFailed);
    assert_eq!(refusal.fields.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), ["phone", "iban"]);
    let better = RegisterUserForm { phone: Some("+5491143215678".into()), ..documented_registration() };
    let refusal = refusal_of(partner_api::register_user(&app, &test.caller, &better, None).await);
    assert_eq!((refusal.code, refusal.fields[0].0.as_str()), (ErrorCode::InvalidBankAccount, "iban"));
    let best = RegisterUserForm { iban: Some(CustomerOf::ARGENTINA.account.into()), ..better };
    let answer = partner_api::register_user(&app, &test.caller, &best, None).await.unwrap();
    let warnings = data_of(&answer)["warnings"].clone();
    assert_eq!(warnings.as_array().unwrap().iter().map(|warning| warning["code"].clone()).collect::<Vec<_>>(), ["repeated_digit"]);
}

async fn companies(test: Arc<TestApp>) {
    let request = RegisterUserForm {
        name: Some("Acme SL".into()),
        email: Some("hello@acme.example".into()),
        country: Some("ES".into()),
        identification_type: Some("CIF".into()),
        identification_number: Some("B12345674".into()),
        // A company may be younger than a person must be.
        dob: Some("2020-01-01".into()),
        ..RegisterUserForm::default()
    };
    let answer = partner_api::register_user(&test.app, &test.caller, &request, None).await.unwrap();
    let data = data_of(&answer);
    assert_eq!((data["customer_type"].as_str(), data["last_name"].as_str()), (Some("company"), None));
    let customer = test.app.store.customer(rampart_core::id::CustomerId(data["id"].as_i64().unwrap())).await.unwrap().unwrap();
    let page = pages::page_customer(&test.app, &page_links::identity_token(&test.app, customer.id)).await.unwrap();
    assert_eq!(page.missing, ["address", "city"], "a company has no family name");
}

async fn keys(test: Arc<TestApp>) {
    let request = documented_registration();
    let first = partner_api::register_user(&test.app, &test.caller, &request, Some("key-1")).await.unwrap();
    let again = RegisterUserForm { password: Some("another".into()), ..request.clone() };
    let second = partner_api::register_user(&test.app, &test.caller, &again, Some("key-1")).await.unwrap();
    assert_eq!((first.data, second.replayed), (second.data, true), "the password is no part of what a request is known by");
    let other = RegisterUserForm { name: Some("Other".into()), ..request };
    assert_eq!(
        TestApp::code(partner_api::register_user(&test.app, &test.caller, &other, Some("key-1")).await),
        ErrorCode::IdempotencyConflict
    );
    let long = "k".repeat(256);
    assert_eq!(TestApp::code(partner_api::register_user(&test.app, &test.caller, &other, Some(&long)).await), ErrorCode::ValidationFailed);
}
