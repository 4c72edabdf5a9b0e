//! The identity page through the real router.

use rampart_testkit::{CustomerOf, TRIGGERS, TestApp, TriggerField, on_both_engines, partner_api};
use std::sync::Arc;

use axum::http::Method;
use rampart_core::customer::Customer;
use rampart_core::customer::kyc::{KycLevel, KycStatus, KycVerdict};
use rampart_core::id::CustomerId;
use rampart_core::identity::identification::CustomerType;

use serde_json::json;

use crate::support::{Answer, Client, purchase};

on_both_engines!(rampart_testkit::TestApp::start_idle =>
    the_form_speaks_the_language_that_is_asked_for,
    what_is_wrong_is_said_and_what_was_typed_is_kept,
    a_form_is_taken_once,
    a_failed_customer_may_try_again_when_the_provider_says_so,
    the_reinforced_form_follows_the_first,
    an_order_that_needs_more_leads_to_the_reinforced_form,
    unknown_and_malformed_tokens_are_the_same,
    forms_of_other_pages_are_refused,
    numbers_are_never_shown_and_kept_when_left_empty,
    a_company_that_turns_out_to_be_a_person_is_asked_for_what_persons_are_asked,
    a_person_that_turns_out_to_be_a_company_is_asked_for_its_name_only,
    a_link_that_has_ended_says_whom_to_ask_and_nothing_else,
);

const GOOD: &str = "last_name=Garc%C3%ADa&dob=1990-03-01&identification_type=GOVERNMENT_ID&identification_number=12345678z\
    &address=Calle+Mayor+1&city=Madrid";

/// A customer with little known data, and the path of the identity page.
async fn newcomer(test: &TestApp) -> (CustomerId, String) {
    let request = rampart_testkit::partner_api::RegisterUserForm {
        name: Some("Ana <b>".into()),
        email: Some("ana@mail.example".into()),
        country: Some("ES".into()),
        callback_url: Some("https://shop.example/back".into()),
        ..rampart_testkit::partner_api::RegisterUserForm::default()
    };
    let answer = partner_api::register_user(&test.app, &test.caller, &request, None).await.unwrap();
    let data = rampart_testkit::data_of(&answer);
    let url = url::Url::parse(data["kyc_form_url"].as_str().unwrap()).unwrap();
    (CustomerId(data["id"].as_i64().unwrap()), format!("/kyc?{}", url.query().unwrap()))
}

async fn customer(test: &TestApp, id: CustomerId) -> Customer {
    test.app.store.customer(id).await.unwrap().unwrap()
}

/// The provider decides the running check.
async fn decide(test: &TestApp, id: CustomerId, status: KycStatus, may_retry: bool) {
    let stored = customer(test, id).await;
    let check = stored.kyc.check.clone().unwrap();
    let reasons = if status == KycStatus::Fail { vec!["blurred <picture>".to_owned()] } else { Vec::new() };
    let verdict = KycVerdict { reference: check.reference, level: check.level, status, reasons, may_retry };
    test.app.commit(stored.kyc_decided(verdict, &test.app.mint(), "")).await.unwrap();
}

/// Checks that an answer is a page: HTML that is not cached and sends no referrer.
pub(crate) fn is_page(answer: &Answer, status: u16) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert!(answer.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
}

/// Where a form redirects to.
pub(crate) fn leads_to(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.header("location").unwrap().to_owned()
}

async fn the_form_speaks_the_language_that_is_asked_for(test: Arc<TestApp>) {
    let (client, (_, path)) = (Client::visitor(&test), newcomer(&test).await);
    let get = async |path: &str, accept: &str| client.send(Method::GET, path, &[("accept-language", accept)], String::new()).await;
    for (path, accept, language, heading) in [
        (path.clone(), "", "es", "Verifica tu identidad"),
        (path.clone(), "en-GB,en;q=0.9,es;q=0.5", "en", "Verify your identity"),
        (format!("{path}&lang=es"), "en", "es", "Verifica tu identidad"),
    ] {
        let page = get(&path, accept).await;
        is_page(&page, 200);
        assert!(page.text.contains(&format!("<html lang=\"{language}\">")) && page.text.contains(heading), "{}", page.text);
        for trigger in TRIGGERS.iter().filter(|trigger| trigger.field == TriggerField::IdentificationNumber) {
            assert!(page.text.contains(trigger.value), "the sandbox says what it answers to: {}", trigger.value);
        }
        assert!(!page.text.contains("<b>") && page.text.contains("Ana &#60;b&#62;"), "{}", page.text);
    }
    let style = client.get("/assets/rampart.css").await;
    assert_eq!((style.status.as_u16(), style.header("content-type")), (200, Some("text/css; charset=utf-8")));
}

async fn what_is_wrong_is_said_and_what_was_typed_is_kept(test: Arc<TestApp>) {
    let (client, (id, path)) = (Client::visitor(&test), newcomer(&test).await);
    let typed =
        "last_name=%22Garc%C3%ADa%22&dob=1990-02-30&identification_type=GOVERNMENT_ID&identification_number=12345678A&address=&city=x";
    let page = client.post_form(&format!("{path}&lang=en"), typed).await;
    is_page(&page, 422);
    for text in [
        "value=\"&#34;García&#34;\"",
        "value=\"12345678A\"",
        "<a href=\"#dob\">Date of birth: Write a date that exists",
        "Control letter should be Z",
        "<a href=\"#address\">Address (street and number): This is required.</a>",
        "aria-invalid=\"true\"",
        "aria-describedby=\"dob-fault dob-hint\"",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    let minor = client.post_form(&path, &GOOD.replace("1990-03-01", "2025-01-01")).await;
    is_page(&minor, 422);
    assert!(minor.text.contains("Debes ser mayor de edad."), "{}", minor.text);
    for body in ["a=1&".repeat(70), format!("city={}", "x".repeat(20_000))] {
        is_page(&client.post_form(&path, &body).await, 400);
    }
    is_page(&client.send(Method::POST, &path, &[("content-type", "application/json")], "{}").await, 400);
    assert!(customer(&test, id).await.kyc.check.is_none(), "nothing was submitted");
}

async fn a_form_is_taken_once(test: Arc<TestApp>) {
    let (client, (id, path)) = (Client::visitor(&test), newcomer(&test).await);
    let next = leads_to(&client.post_form(&path, GOOD).await);
    assert_eq!(next, format!("{path}&sent=1"));
    let reference = customer(&test, id).await.kyc.check.unwrap().reference;
    assert_eq!(leads_to(&client.post_form(&path, GOOD).await), next, "a second press changes nothing");
    let stored = customer(&test, id).await;
    assert_eq!(stored.kyc.check.as_ref().unwrap().reference, reference);
    assert_eq!(stored.identification.unwrap().normalized.reveal(), "12345678Z");
    let waiting = client.get(&next).await;
    is_page(&waiting, 200);
    assert!(waiting.text.contains("Estamos comprobando") && waiting.text.contains("http-equiv=\"refresh\""), "{}", waiting.text);

    decide(&test, id, KycStatus::Valid, false).await;
    let valid = client.get(&next).await;
    assert!(valid.text.contains("Identidad verificada") && valid.text.contains("https://shop.example/back"), "{}", valid.text);
    assert!(valid.text.contains("http-equiv=\"refresh\" content=\"6;url=https://shop.example/back\""));
    assert!(!client.get(&path).await.text.contains("http-equiv=\"refresh\""), "who only looks is sent nowhere");
}

async fn a_failed_customer_may_try_again_when_the_provider_says_so(test: Arc<TestApp>) {
    let (client, (id, path)) = (Client::visitor(&test), newcomer(&test).await);
    leads_to(&client.post_form(&path, GOOD).await);
    decide(&test, id, KycStatus::Fail, true).await;
    let kyc = partner_api::kyc_check(&test.app, &test.caller, Some(id.to_string())).await.unwrap();
    assert_eq!(kyc.kyc_status, KycStatus::Fail, "something was submitted, even if it may be tried again");
    let failed = client.get(&path).await;
    assert!(failed.text.contains("blurred &#60;picture&#62;") && failed.text.contains("retry=1"), "{}", failed.text);
    let form = client.get(&format!("{path}&retry=1")).await;
    assert!(form.text.contains("value=\"García\"") && !form.text.contains("12345678"), "{}", form.text);
    leads_to(&client.post_form(&format!("{path}&edit=1"), &format!("{GOOD}&name=Ana")).await);
    assert_eq!(customer(&test, id).await.kyc.check.unwrap().status, KycStatus::Processing);

    decide(&test, id, KycStatus::Fail, false).await;
    let failed = client.get(&format!("{path}&retry=1")).await;
    assert!(failed.text.contains("No es posible repetir") && !failed.text.contains("<form"), "{}", failed.text);
    leads_to(&client.post_form(&path, GOOD).await);
    assert_eq!(customer(&test, id).await.kyc.check.unwrap().status, KycStatus::Fail, "the form is closed");
}

async fn numbers_are_never_shown_and_kept_when_left_empty(test: Arc<TestApp>) {
    let (client, (id, path)) = (Client::visitor(&test), newcomer(&test).await);
    leads_to(&client.post_form(&path, &format!("{GOOD}&phone=%2B34612345678")).await);
    // After the provider refused the first form, its data can be corrected; that form asks for the telephone number too.
    decide(&test, id, KycStatus::Fail, true).await;
    let again = "last_name=Garc%C3%ADa&dob=1990-03-01&address=Calle+Mayor+2&city=Madrid&name=Ana&identification_number=";
    leads_to(
        &client.post_form(&format!("{path}&edit=1"), &format!("{again}&phone=%2B34612345678&identification_type=GOVERNMENT_ID")).await,
    );
    decide(&test, id, KycStatus::Fail, true).await;
    let kept = customer(&test, id).await;
    assert_eq!(kept.identification.as_ref().unwrap().normalized.reveal(), "12345678Z");
    assert_eq!(kept.profile.phone.reveal(), "+34612345678");
    for parameter in ["edit=1", "retry=1"] {
        let form = client.get(&format!("{path}&lang=en&{parameter}")).await;
        is_page(&form, 200);
        if parameter == "retry=1" {
            assert!(form.text.contains("name=\"phone\"") && form.text.contains("name=\"identification_number\""), "{}", form.text);
            assert_eq!(form.text.matches("Leave it empty to keep the one we have.").count(), 2, "{}", form.text);
        }
        assert!(!form.text.contains("12345678") && !form.text.contains("612345678"), "{parameter}: {}", form.text);
    }
    // A document of another type needs a new number.
    let other = client.post_form(&format!("{path}&edit=1&lang=en"), &format!("{again}&phone=&identification_type=PASSPORT")).await;
    is_page(&other, 422);
    assert!(other.text.contains("href=\"#identification_number\""), "{}", other.text);
    leads_to(&client.post_form(&format!("{path}&edit=1"), &format!("{again}&phone=&identification_type=GOVERNMENT_ID")).await);
    let after = customer(&test, id).await;
    assert_eq!((after.identification, after.profile.phone), (kept.identification, kept.profile.phone));
    assert_eq!(after.profile.address.reveal(), "Calle Mayor 2");
    assert_eq!(after.kyc.check.unwrap().status, KycStatus::Processing);
}

async fn a_link_that_has_ended_says_whom_to_ask_and_nothing_else(test: Arc<TestApp>) {
    let (client, (id, path)) = (Client::visitor(&test), newcomer(&test).await);
    test.advance(31 * 86_400).await;
    for page in [
        client.get(&format!("{path}&lang=en")).await,
        client.get(&format!("{path}&lang=en&edit=1")).await,
        client.post_form(&format!("{path}&lang=en"), GOOD).await,
    ] {
        is_page(&page, 410);
        assert!(page.text.contains("This link has ended") && page.text.contains("Ask first for a new one."), "{}", page.text);
        for personal in ["Ana", "ana@mail.example", "shop.example", "<form"] {
            assert!(!page.text.contains(personal), "{personal}: {}", page.text);
        }
    }
    assert_eq!(customer(&test, id).await.kyc.check, None, "nothing was submitted");
    let url = partner_api::kyc_check(&test.app, &test.caller, Some(id.to_string())).await.unwrap().kyc_form_url;
    is_page(&client.get(url.strip_prefix("http://127.0.0.1:8080").unwrap()).await, 200);
}

async fn the_reinforced_form_follows_the_first(test: Arc<TestApp>) {
    let (client, (id, path)) = (Client::visitor(&test), newcomer(&test).await);
    let reinforced = format!("{path}&level=2&lang=en");
    assert!(client.get(&reinforced).await.text.contains("Verify your identity"), "first things first");
    leads_to(&client.post_form(&path, GOOD).await);
    decide(&test, id, KycStatus::Valid, false).await;
    let form = client.get(&reinforced).await;
    assert!(form.text.contains("name=\"source_of_funds\"") && !form.text.contains("name=\"last_name\""), "{}", form.text);
    assert!(form.text.contains("name=\"identification_type\"") && form.text.contains("name=\"identification_number\""), "{}", form.text);
    assert!(!form.text.contains("12345678"), "the known number is not shown: {}", form.text);
    let wrong = client.post_form(&reinforced, "professional_activity=Baker&source_of_funds=magic").await;
    is_page(&wrong, 422);
    assert!(wrong.text.contains("value=\"Baker\"") && wrong.text.contains("Choose one of the options"), "{}", wrong.text);
    let without = client.post_form(&reinforced, "professional_activity=Baker&source_of_funds=savings").await;
    is_page(&without, 422);
    assert!(without.text.contains("href=\"#identification_number\""), "{}", without.text);
    let whole = "professional_activity=Baker&source_of_funds=savings&identification_type=PASSPORT&identification_number=aab123456";
    leads_to(&client.post_form(&reinforced, whole).await);
    let stored = customer(&test, id).await;
    let check = stored.kyc.check.unwrap();
    assert_eq!((check.level, check.document.unwrap().normalized.reveal()), (KycLevel::Reinforced, "AAB123456"));
    assert_eq!(stored.identification.unwrap().normalized.reveal(), "12345678Z", "what was approved stands");
    assert_eq!(stored.profile.source_of_funds.reveal(), "savings");
    assert!(client.get(&path).await.text.contains("Identidad verificada"), "the first level stays valid meanwhile");
}

async fn an_order_that_needs_more_leads_to_the_reinforced_form(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let user = test.verified(CustomerOf::SPAIN, "ana@mail.example").await;
    for (call, order) in [
        ("/api/createPayment", purchase(user.0, "card", &json!(1_500))),
        (
            "/api/createRampoff",
            json!({"user_id": user.0, "amount": 1_900, "symbol": "USDC", "blockchain": "polygon", "iban": CustomerOf::SPAIN.account}),
        ),
    ] {
        let refused = client.post(call, &order).await;
        assert_eq!(refused.code(), "kyc_reinforced_required", "{call}: {}", refused.text);
        let link = url::Url::parse(refused.json()["data"].as_str().unwrap()).unwrap();
        let page = client.get(&format!("{}?{}", link.path(), link.query().unwrap())).await;
        is_page(&page, 200);
        for field in ["professional_activity", "source_of_funds", "identification_type", "identification_number"] {
            assert!(page.text.contains(&format!("name=\"{field}\"")), "{call}: {field}: {}", page.text);
        }
    }
}

async fn unknown_and_malformed_tokens_are_the_same(test: Arc<TestApp>) {
    let client = Client::visitor(&test);
    let registered = test.register(&test.caller, CustomerOf::SPAIN, "other@mail.example").await;
    let mut texts = Vec::new();
    for token in ["00000000-0000-4000-8000-000000000000", "x", "", "%00", "%C3%A9", "a'--", &registered.to_string(), &"a".repeat(4000)] {
        for path in ["/kyc", "/status", "/rampoff", "/gateway/card"] {
            let named = [("x-request-id", "same")];
            let shown = client.send(Method::GET, &format!("{path}?token={token}&lang=en"), &named, String::new()).await;
            is_page(&shown, 404);
            // Only the link to the other language differs.
            let lines = shown.text.lines().filter(|line| !line.contains("hreflang"));
            texts.push(lines.collect::<Vec<_>>().join("\n"));
            let form = [("content-type", "application/x-www-form-urlencoded")];
            is_page(&client.send(Method::POST, &format!("{path}?token={token}"), &form, "action=cancel").await, 404);
        }
    }
    texts.sort_unstable();
    texts.dedup();
    // A query that is too long is ignored, including the language.
    assert!(texts.len() <= 2, "{texts:?}");
}

async fn forms_of_other_pages_are_refused(test: Arc<TestApp>) {
    let (client, (id, path)) = (Client::visitor(&test), newcomer(&test).await);
    let form = ("content-type", "application/x-www-form-urlencoded");
    for foreign in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")] {
        is_page(&client.send(Method::POST, &path, &[form, foreign], GOOD).await, 403);
    }
    assert!(customer(&test, id).await.kyc.check.is_none(), "nothing was submitted");
    let own = [form, ("sec-fetch-site", "same-origin"), ("origin", "null")];
    leads_to(&client.send(Method::POST, &path, &own, GOOD).await);
}

/// A customer who registered with a document, and the path of the form in which all data can be corrected.
async fn registered(test: &TestApp, country: &str, document: &str, number: &str, dob: Option<&str>) -> (CustomerId, String) {
    let request = rampart_testkit::partner_api::RegisterUserForm {
        name: Some("Aurora".into()),
        last_name: dob.map(|_| "Pérez".into()),
        dob: dob.map(str::to_owned),
        email: Some(format!("{country}-{number}@mail.example")),
        country: Some(country.into()),
        identification_type: Some(document.into()),
        identification_number: Some(number.into()),
        ..rampart_testkit::partner_api::RegisterUserForm::default()
    };
    let answer = partner_api::register_user(&test.app, &test.caller, &request, None).await.unwrap();
    let data = rampart_testkit::data_of(&answer);
    let url = url::Url::parse(data["kyc_form_url"].as_str().unwrap()).unwrap();
    (CustomerId(data["id"].as_i64().unwrap()), format!("/kyc?{}&edit=1&lang=es", url.query().unwrap()))
}

async fn a_company_that_turns_out_to_be_a_person_is_asked_for_what_persons_are_asked(test: Arc<TestApp>) {
    let client = Client::visitor(&test);
    for (country, company, number, document, own) in [
        ("COL", "NIT", "900000001-2", "NIT", "1012345678-9"),
        ("COL", "NIT", "900.000.001-2", "CED_CIU", "1012345678"),
        ("CHL", "RUT", "77999001-K", "RUT", "12345678-5"),
        ("ARG", "CUIT", "30-99900001-7", "DNI", "12345678"),
        ("PER", "RUC", "20100047218", "DNI", "12345678"),
        ("MEX", "RFC", "QQZ800101ABA", "CURP", "QAQX800101HDFQQX08"),
        ("ESP", "CIF", "A58818501", "GOVERNMENT_ID", "12345678Z"),
    ] {
        let (id, path) = registered(&test, country, company, number, None).await;
        let first = client.get(&path).await;
        assert!(!first.text.contains("name=\"dob\""), "a company is not born: {}", first.text);
        let typed = format!("name=Ana&address=Calle+Ocho+88&city=Bel%C3%A9n&identification_type={document}&identification_number={own}");
        let page = client.post_form(&path, &typed).await;
        is_page(&page, 422);
        for text in [
            "id=\"dob-fault\"",
            "id=\"last_name-fault\"",
            "<a href=\"#dob\">Fecha de nacimiento: Este dato es obligatorio.</a>",
            "value=\"Calle Ocho 88\"",
            "value=\"Belén\"",
            &format!("value=\"{own}\""),
            &format!("<option value=\"{document}\" selected>"),
        ] {
            assert!(page.text.contains(text), "{country} {document}: {text}: {}", page.text);
        }
        let stored = customer(&test, id).await;
        assert!(stored.kyc.check.is_none(), "nothing was submitted");
        leads_to(&client.post_form(&path, &format!("{typed}&last_name=P%C3%A9rez&dob=1980-01-01")).await);
        let stored = customer(&test, id).await;
        assert_eq!((stored.holder(), stored.customer_type), (CustomerType::Individual, CustomerType::Individual), "{country}");
        assert_eq!((stored.profile.full_name().as_str(), stored.profile.date_of_birth.reveal()), ("Ana Pérez", "1980-01-01"));
        assert!(stored.kyc.check.is_some(), "{country} {document}");
    }
}

async fn a_person_that_turns_out_to_be_a_company_is_asked_for_its_name_only(test: Arc<TestApp>) {
    let client = Client::visitor(&test);
    for (country, document, own, company, number) in [
        ("ESP", "GOVERNMENT_ID", "12345678Z", "CIF", "A58818501"),
        ("CHL", "RUT", "12345678-5", "RUT", "77999001-K"),
        ("COL", "CED_CIU", "1012345678", "NIT", "900000001-2"),
    ] {
        let (id, path) = registered(&test, country, document, own, Some("1980-01-01")).await;
        let typed = format!("name=ACME&address=Calle+1&identification_type={company}&identification_number={number}");
        let page = client.post_form(&path, &typed).await;
        is_page(&page, 422);
        assert!(page.text.contains("id=\"city-fault\"") && !page.text.contains("name=\"last_name\""), "{country}: {}", page.text);
        leads_to(&client.post_form(&path, &format!("{typed}&city=x")).await);
        let stored = customer(&test, id).await;
        assert_eq!((stored.holder(), stored.profile.full_name().as_str()), (CustomerType::Company, "ACME"), "{country}");
        assert_eq!(stored.profile.date_of_birth.reveal(), "", "{country}");
    }
}
