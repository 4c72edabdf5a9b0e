//! Texts with invisible characters: refused in requests and forms, and harmless where stored ones are shown.

use std::sync::Arc;

use rampart_app::orders::page_links;
use rampart_app::{PartnerChange, operate};
use rampart_testkit::{CustomerOf, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::pages_kyc::is_page;
use crate::support::{Client, purchase};

on_both_engines!(rampart_testkit::TestApp::start_idle =>
    what_does_not_show_is_refused_by_name,
    names_of_people_are_taken,
    what_shows_nothing_is_absent,
    what_people_type_is_compared_in_one_form,
    one_address_is_one_customer,
    numbers_are_judged_for_themselves,
    what_was_stored_before_goes_on_working,
    forms_say_what_is_wrong,
    pages_hold_names_apart,
);

/// Characters that no text may contain, and the message about them.
const HIDDEN: [(&str, &str); 10] = [
    ("\u{200b}", "must not contain the invisible character U+200B"),
    ("\u{202e}", "must not contain the invisible character U+202E"),
    ("\u{2067}", "must not contain the invisible character U+2067"),
    ("\u{feff}", "must not contain the invisible character U+FEFF"),
    ("\u{ad}", "must not contain the invisible character U+00AD"),
    ("\u{e0041}", "must not contain the invisible character U+E0041"),
    ("\u{e000}", "must not contain the invisible character U+E000"),
    ("\u{200d}", "must not contain the invisible character U+200D"),
    ("\u{1b}", "must not contain control characters"),
    ("\u{9b}", "must not contain control characters"),
];

fn registration(number: usize, field: &str, value: &str) -> Value {
    let mut body = json!({ "name": "Ana", "email": format!("ana{number}@mail.example"), "country_code": "ESP" });
    body[field] = json!(value);
    body
}

async fn what_does_not_show_is_refused_by_name(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let customer = test.verified(CustomerOf::SPAIN, "ana@mail.example").await;
    for (letter, said) in HIDDEN {
        let text = format!("a{letter}b");
        for field in ["name", "last_name", "last_name2", "city", "address", "address_state", "zipcode", "professional_activity"] {
            let refused = client.post("/api/registerUser", &registration(0, field, &text)).await;
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "validation_failed"), "{}", refused.text);
            assert_eq!(refused.json()["errors"], json!({ field: [said] }));
        }
        let mut bought = purchase(customer.0, "card", &json!(100));
        bought["external_id"] = json!(text);
        let sold = json!({ "user_id": customer.0, "amount": "100", "blockchain": "polygon", "symbol": "USDC", "iban": "ES9121000418450200051332",
            "external_id": text, "bank_name": text });
        for (path, body, fields) in
            [("/api/createPayment", bought, &["external_id"][..]), ("/api/createRampoff", sold, &["bank_name", "external_id"])]
        {
            let refused = client.post(path, &body).await;
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "validation_failed"), "{path}: {}", refused.text);
            let errors = refused.json()["errors"].clone();
            assert_eq!(errors.as_object().unwrap().keys().collect::<Vec<_>>(), fields, "{errors}");
            assert_eq!(errors["external_id"], json!([said]));
        }
    }
}

async fn names_of_people_are_taken(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let names = [
        "O'Brien",
        "D’Angelo",
        "Nu\u{303}ez Jose\u{301}",
        "Nguyễn Thị",
        "김철수",
        "עמוס",
        "علی\u{200c}رضا",
        "क\u{94d}\u{200d}ष",
        "❤\u{fe0f} S.A.",
    ];
    for (number, name) in names.into_iter().enumerate() {
        let answer = client.post("/api/registerUser", &registration(number, "name", name)).await;
        assert_eq!(answer.data()["name"], name, "as it was sent");
    }
}

/// A text of invisible characters only counts as empty, in calls and forms.
async fn what_shows_nothing_is_absent(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    for (number, blank) in ["\u{200b}", "\u{2060} \u{feff}", "\u{a0}", "\u{3164}", "\u{2800}", "\u{ad}", "\u{301}"].into_iter().enumerate()
    {
        let refused = client.post("/api/registerUser", &registration(number, "name", blank)).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "fail_mandatory_field"), "{}", refused.text);
        assert_eq!(refused.json()["errors"], json!({ "name": ["is required"] }));
        for field in ["last_name", "last_name2", "city", "address", "identification_type", "country"] {
            let mut body = registration(10 * number, "email", &format!("{field}{number}@mail.example"));
            body[field] = json!(blank);
            let taken = client.post("/api/registerUser", &body).await;
            assert_eq!(taken.status.as_u16(), 200, "{field}: {}", taken.text);
            assert!(taken.data()["last_name"].is_null(), "{}", taken.text);
        }
    }
}

/// Some keyboards and file systems write `ñ` in decomposed form; forms send official names and upper case.
async fn what_people_type_is_compared_in_one_form(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let countries = [
        ("ESP", ["Espan\u{303}a", "ESPAN\u{303}A", "Reino de España", "Kingdom of Spain", "ＥＳＰ"]),
        ("MEX", ["Me\u{301}xico", "Estados Unidos Mexicanos", "ESTADOS UNIDOS MEXICANOS", "United Mexican States", "Méjico"]),
        ("PER", ["Peru\u{301}", "República del Perú", "Republica del Peru", "Republic of Peru", "Repu\u{301}blica del Peru\u{301}"]),
        ("ARG", ["República Argentina", "Republica Argentina", "La Argentina", "Argentine Republic", "argentina."]),
        ("CHL", ["República de Chile", "REPUBLICA DE CHILE", "Republic of Chile", "The Republic of Chile", "chile"]),
        ("COL", ["República de Colombia", "Republica de  Colombia", "Republic of Colombia", "co", "Col"]),
    ];
    let mut number = 100;
    for (code, names) in countries {
        for name in names {
            number += 1;
            let mut body = registration(number, "country", name);
            body["country_code"] = json!(code);
            let taken = client.post("/api/registerUser", &body).await;
            assert_eq!((taken.status.as_u16(), &taken.data()["country"]), (200, &json!(name)), "{}", taken.text);
            let refused = client
                .post("/api/registerUser", &registration(number, "country_code", if code == "ESP" { "Espan\u{303}a" } else { name }))
                .await;
            assert_eq!(refused.code(), "user_already_exists", "{name}: {}", refused.text);
        }
    }
    for other in ["Atlantis", "República", "Estados Unidos", "Reino", "República Dominicana", "Chilean", "-", "Guinea Española"] {
        assert_eq!(client.post("/api/registerUser", &registration(99, "country_code", other)).await.code(), "validation_failed", "{other}");
    }
    // The `Ñ` of a Mexican number.
    for number in ["\u{d1}UX800101AB2", "N\u{303}UX800101AB2", "n\u{303}ux800101ab2"] {
        let data =
            client.get(&format!("/api/validate/identification?country=Me%CC%81xico&type=RFC&number={}", urlencoded(number))).await.data();
        assert_eq!(data["normalized"], "ÑUX800101AB2", "{data}");
    }
}

/// Spellings of an e-mail address: with copied blanks, composed or decomposed, with the domain in Unicode or in Punycode, and as
/// an earlier version stored it.
async fn one_address_is_one_customer(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let register = async |email: &str| client.post("/api/registerUser", &registration(0, "email", email)).await;
    for (address, kept, others) in [
        ("\u{a0}jose\u{301}@mail.example ", "josé@mail.example", ["JOSÉ@mail.example", " josé@mail.example\u{200b}"]),
        ("Ana@espan\u{303}a.example", "Ana@españa.example", ["ana@xn--espaa-rta.example", "ana@ESPAÑA.example"]),
        ("eva@XN--ESPAA-RTA.example", "eva@XN--ESPAA-RTA.example", ["eva@xn--espaa-rta.example", "Eva@españa.example "]),
    ] {
        let taken = register(address).await;
        assert_eq!((taken.status.as_u16(), &taken.data()["email"]), (200, &json!(kept)), "{}", taken.text);
        for other in others {
            assert_eq!(register(other).await.code(), "user_already_exists", "{other}");
        }
    }
    for other in ["ana@espana.example", "ana@xn--.example", "ana@mail.example, eva@mail.example"] {
        assert_ne!(register(other).await.code(), "user_already_exists", "{other}");
    }
    // Earlier versions stored the domain as it was sent.
    test.tamper("DELETE FROM claims WHERE id LIKE 'customer_email:%:ana@xn--espaa-rta.example'");
    test.tamper("DELETE FROM claims WHERE id LIKE 'customer_email:%:eva@españa.example'");
    let later = Client::of(&test).await;
    for address in ["ana@xn--espaa-rta.example", "ana@españa.example", "eva@xn--espaa-rta.example", "eva@españa.example"] {
        let refused = later.post("/api/registerUser", &registration(0, "email", address)).await;
        assert_eq!(refused.code(), "user_already_exists", "{address}");
    }
}

fn urlencoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A telephone number that was pasted with bidi marks is stored with a warning, like any invalid number.
async fn numbers_are_judged_for_themselves(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let mut body = registration(0, "phone", "\u{202a}+34 612 345 678\u{202c}");
    body["iban"] = json!("\u{200e}ES9121000418450200051332");
    let data = client.post("/api/registerUser", &body).await.data();
    let warned: Vec<&str> = data["warnings"].as_array().unwrap().iter().filter_map(|warning| warning["field"].as_str()).collect();
    assert!(warned.contains(&"iban"), "{data}");
    let mut body = registration(1, "identification_number", "12345678\u{200b}Z");
    body["identification_type"] = json!("GOVERNMENT_ID");
    assert_eq!(client.post("/api/registerUser", &body).await.code(), "invalid_identification");
    for path in [
        "identification?country=ESP&type=GOVERNMENT_ID&number=12345678%E2%80%8BZ",
        "bankAccount?country=ESP&account=%E2%80%8EES9121000418450200051332",
    ] {
        let data = client.get(&format!("/api/validate/{path}")).await.data();
        assert_eq!(data["valid"], false, "an answer, and no failure: {data}");
    }
}

async fn what_was_stored_before_goes_on_working(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let customer = test.verified(CustomerOf::SPAIN, "ana@mail.example").await;
    let mut body = purchase(customer.0, "card", &json!(100));
    body["external_id"] = json!("before-b");
    let id = client.post("/api/createPayment", &body).await.data()["payment_id"].as_str().unwrap().to_owned();
    // As an earlier version stored it.
    for (table, column) in [("payments", "data"), ("claims", "id"), ("claims", "answer")] {
        test.tamper(&format!("UPDATE {table} SET {column} = replace({column}, 'before-b', 'before\u{200b}b')"));
    }
    let found = client.get("/api/payments?external_id=before%E2%80%8Bb").await;
    assert_eq!((&found.data()[0]["id"], &found.data()[0]["external_id"]), (&json!(id), &json!("before\u{200b}b")), "{}", found.text);
    assert_eq!(client.get(&format!("/api/payment/{id}")).await.data()["external_id"], "before\u{200b}b", "as it was sent");
    // A repeated request is recognized before its fields are validated, so that nobody buys twice.
    body["external_id"] = json!("before\u{200b}b");
    body["fiat_amount"] = json!(200);
    assert_eq!(client.post("/api/createPayment", &body).await.code(), "external_id_conflict");
}

async fn forms_say_what_is_wrong(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let url =
        client.post("/api/registerUser", &registration(0, "city", "Madrid")).await.data()["kyc_form_url"].as_str().unwrap().to_owned();
    let path = format!("/kyc?{}", url.split_once('?').unwrap().1);
    let form =
        "last_name=Garc%C3%ADa%E2%80%AE&dob=1990-03-01&identification_type=GOVERNMENT_ID&identification_number=12345678z&address=Calle+1";
    for (language, said) in [("es", "Contiene caracteres que no se ven"), ("en", "It contains invisible characters")] {
        let page = client.post_form(&format!("{path}&lang={language}"), form).await;
        is_page(&page, 422);
        assert!(page.text.contains(said), "{}", page.text);
    }
    let customer = test.verified(CustomerOf::SPAIN, "eva@mail.example").await;
    let bought = client.post("/api/createPayment", &purchase(customer.0, "transfer", &json!(100))).await.data();
    let id = bought["payment_id"].as_str().unwrap().parse().unwrap();
    let token = page_links::payment_token(&test.app, id);
    let typed = "action=refund&account=ES9121000418450200051332&name=Ana%E2%80%8B";
    let page = client.post_form(&format!("/status?token={token}&lang=en"), typed).await;
    is_page(&page, 422);
    assert!(page.text.contains("It contains invisible characters"), "{}", page.text);
    assert_eq!(test.payment(id).await.refund_account, None);
}

async fn pages_hold_names_apart(test: Arc<TestApp>) {
    let name = "חנות (7)";
    let change = PartnerChange { name: Some(name.to_owned()), ..PartnerChange::default() };
    operate::partners::set_partner(&test.app, test.credentials.id, &change, "test", "a test").await.unwrap();
    let client = Client::of(&test).await;
    let customer = test.verified(CustomerOf::SPAIN, "ana@mail.example").await;
    let bought = client.post("/api/createPayment", &purchase(customer.0, "transfer", &json!(100))).await.data();
    let id = bought["payment_id"].as_str().unwrap().parse().unwrap();
    let token = page_links::payment_token(&test.app, id);
    for path in ["/status", "/gateway/transfer"] {
        let page = client.get(&format!("{path}?token={token}&lang=en")).await;
        is_page(&page, 200);
        assert!(page.text.contains(&format!("<span class=\"partner\"><bdi>{name}</bdi></span>")), "{}", page.text);
        // In the title and in sentences, names are isolated by characters, because no element is possible.
        let apart = page.text.matches(&format!("\u{2068}{name}\u{2069}")).count();
        let elements = page.text.matches(&format!("<bdi>{name}</bdi>")).count();
        assert_eq!(apart + elements, page.text.matches(name).count(), "{}", page.text);
        assert!(apart > 0 && page.text.split("</title>").next().unwrap().contains(&format!("\u{2068}{name}\u{2069}")), "{}", page.text);
    }
    let page = client.get(&format!("/gateway/transfer?token={token}&lang=en")).await;
    let concept = test.payment(id).await.instructions.unwrap().concept;
    assert!(page.text.contains(&format!("<bdi><code class=\"copy\">{concept}</code></bdi>")), "{}", page.text);
}
