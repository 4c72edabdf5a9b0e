//! The validation calls for partners' own forms, and the same messages on the identity page.

use std::sync::Arc;

use rampart_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::description::{faults, granted};
use crate::support::{Answer, Client, description};

on_both_engines!(
    rampart_testkit::TestApp::start_idle =>
    identifications,
    accounts,
    the_page_says_the_same_in_both_languages,
    the_page_reports_invalid_telephone_numbers,
    registration_reports_doubts_and_refuses_contradictions,
    numbers_tell_whose_they_are,
);

/// `data` of an answer, after checking it against the description.
fn described(path: &str, answer: &Answer) -> Value {
    let (json, whole) = (answer.json(), description());
    assert_eq!(answer.status, 200, "{json}");
    assert_eq!(faults(&whole, granted(&whole, path, "get"), &json, path), [""; 0], "{json}");
    json["data"].clone()
}

async fn identifications(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let path = "/api/validate/identification";
    let ask = async |query: &str| client.get(&format!("{path}?{query}")).await;
    let right = described(path, &ask("country=M%C3%A9xico&type=CURP&number=zezx920229-mjczzx06").await);
    assert_eq!(
        right,
        json!({
            "valid": true, "normalized": "ZEZX920229MJCZZX06", "display": "ZEZX920229MJCZZX06", "customer_type": "individual",
            "implied": {
                "date": "1992-02-29", "century_is_certain": true, "sex": "female", "entity": null, "birthplace": "Jalisco", "contains": null
            },
            "faults": [], "warnings": [],
        })
    );
    let company = described(path, &ask("country=ES&type=CIF&number=A12345674").await);
    assert_eq!((&company["customer_type"], &company["implied"]["entity"]), (&json!("company"), &json!("sociedad anónima")));
    let doubted = described(path, &ask("country=MEX&type=RFC&number=QAQX800101AB2").await);
    assert_eq!((&doubted["valid"], &doubted["warnings"][0]["code"]), (&json!(true), &json!("unusual_check_character")));
    for (number, date) in [("LME060822IH5", "2006-08-22"), ("GOOX050312AB1", "2005-03-12"), ("QAQX800101AB1", "1980-01-01")] {
        let found = described(path, &ask(&format!("country=MEX&type=RFC&number={number}")).await);
        assert_eq!((&found["implied"]["date"], &found["implied"]["century_is_certain"]), (&json!(date), &json!(false)), "{number}");
    }
    let wrong = described(path, &ask("country=ESP&type=GOVERNMENT_ID&number=12345678A").await);
    assert_eq!(
        wrong,
        json!({
            "valid": false, "normalized": null, "display": null, "customer_type": null, "implied": null, "warnings": [],
            "faults": [{
                "code": "wrong_check_digit",
                "message": "control letter should be Z; please check the number",
                "message_es": "la letra de control debería ser Z; revisa el número",
            }],
        })
    );
    let long = described(path, &ask(&format!("country=ESP&type=CIF&number={}", "1".repeat(65))).await);
    assert_eq!(long["faults"][0]["code"], "too_long");
    for query in ["country=Atlantis&type=DNI&number=1", "country=ES&type=RUT&number=1", "country=ES&type=cif&number=A12345674"] {
        let refused = ask(query).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "validation_failed"), "{query}");
    }
    assert_eq!(ask("country=ES&type=CIF").await.code(), "fail_mandatory_field");
    assert_eq!(client.token(None).get(&format!("{path}?country=ES&type=CIF&number=1")).await.status, 401);
}

async fn accounts(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let path = "/api/validate/bankAccount";
    let ask = async |query: &str| client.get(&format!("{path}?{query}")).await;
    let right = described(path, &ask("country=ESP&account=es91+2100+0418+4502+0005+1332").await);
    assert_eq!(
        right,
        json!({
            "valid": true, "kind": "iban", "normalized": "ES9121000418450200051332", "masked": "ES91 **** … 1332",
            "bank_name": "CaixaBank", "bank_code": "2100", "account_type": null, "faults": [], "warnings": [],
        })
    );
    let chile = described(path, &ask("country=Chile&account=44444444&bank_code=012&account_type=rut").await);
    assert_eq!((&chile["valid"], &chile["kind"]), (&json!(true), &json!("chilean_account")));
    let named = described(path, &ask("country=Chile&account=44444444&bank_code=Banco+Estado&account_type=Cuenta+RUT").await);
    assert_eq!((&named["bank_code"], &named["account_type"]), (&json!("012"), &json!("rut")));
    let unknown = described(path, &ask("country=Colombia&account=12345678&bank_code=1999&account_type=ahorros").await);
    assert_eq!((&unknown["valid"], &unknown["warnings"][0]["code"]), (&json!(true), &json!("unknown_bank")));
    let key = described(path, &ask("country=Colombia&account=6011234567").await);
    assert_eq!((&key["kind"], &key["warnings"][0]["code"]), (&json!("bre_b_key"), &json!("key_or_account")));
    let bank_missing = described(path, &ask("country=Chile&account=44444444").await);
    assert_eq!((&bank_missing["valid"], &bank_missing["faults"][0]["code"]), (&json!(false), &json!("bank_missing")));
    let wrong = described(path, &ask("country=MX&account=012180000000000016").await);
    assert_eq!((&wrong["kind"], &wrong["faults"][0]["code"]), (&Value::Null, &json!("wrong_check_digits")));
    assert_eq!(ask("country=FR&account=1").await.code(), "validation_failed");
    assert_eq!(ask("country=ES").await.code(), "fail_mandatory_field");
}

async fn the_page_says_the_same_in_both_languages(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let body = json!({"name": "Ana", "email": "ana@mail.example", "country": "MEX"});
    let url = client.post("/api/registerUser", &body).await.data()["kyc_form_url"].as_str().unwrap().to_owned();
    let path = format!("/kyc?{}", url.split_once('?').unwrap().1);
    let typed = |document: &str, number: &str| {
        format!("last_name=P&dob=1980-01-10&identification_type={document}&identification_number={number}&address=Calle+1&city=Puebla")
    };
    for (document, number) in [("CURP", "QAQX800101HDFQQX09"), ("CURP", "QQZ800101ABA"), ("CURP", "QAQX800101HDFQQX08")] {
        let found = described_fault(&client, document, number).await;
        for (language, sentence) in [("en", &found.0), ("es", &found.1)] {
            let page = client.token(None).post_form(&format!("{path}&lang={language}"), &typed(document, number)).await;
            assert_eq!(page.status, 422, "{}", page.text);
            // A message on a page begins with a capital letter.
            assert!(page.text.contains(&sentence[1..]), "{language}: {sentence}: {}", page.text);
        }
    }
}

async fn the_page_reports_invalid_telephone_numbers(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let body = json!({"name": "Ana", "email": "ana@mail.example", "country": "MEX", "phone": "+52xxxxxxxxxx"});
    let registered = client.post("/api/registerUser", &body).await.data();
    assert_eq!(registered["warnings"][0]["code"], "invalid_phone");
    let path = format!("/kyc?{}", registered["kyc_form_url"].as_str().unwrap().split_once('?').unwrap().1);
    let submit = async |language: &str, phone: &str| {
        let phone: String = url::form_urlencoded::byte_serialize(phone.as_bytes()).collect();
        let typed = "name=Ana&last_name=P&dob=1980-01-01&identification_type=CURP&identification_number=QAQX800101HDFQQX08&address=Calle+1&city=Puebla";
        client.token(None).post_form(&format!("{path}&lang={language}&edit=1"), &format!("{typed}&phone={phone}")).await
    };
    for (language, sentence) in [
        ("en", "This is no telephone number of +52; one looks like this: +52 222 123 4567."),
        ("es", "Ningún teléfono con prefijo +52 es así; uno correcto se escribe así: +52 222 123 4567."),
    ] {
        let page = submit(language, "55 1234 567").await;
        assert_eq!(page.status, 422, "{}", page.text);
        assert!(page.text.contains(sentence), "{language}: {}", page.text);
    }
    // A number that was stored with a warning does not block the customer.
    assert_eq!(submit("es", "+52xxxxxxxxxx").await.status, 303);
}

/// The message about a number; for a valid one, that it does not match the date of birth.
async fn described_fault(client: &Client, document: &str, number: &str) -> (String, String) {
    let path = "/api/validate/identification";
    let data = described(path, &client.get(&format!("{path}?country=MEX&type={document}&number={number}")).await);
    if data["valid"] == true {
        let fault = rampart_core::identity::identification::DocumentError::Contradiction {
            number_says: "1980-01-01".parse().unwrap(),
            sent: "1980-01-10".parse().unwrap(),
        };
        return (fault.to_string(), fault.spanish());
    }
    let text = |name: &str| data["faults"][0][name].as_str().unwrap().to_owned();
    (text("message"), text("message_es"))
}

async fn registration_reports_doubts_and_refuses_contradictions(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let register = async |email: &str, changes: Value| {
        let mut body = json!({"name": "Ana", "email": email});
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        client.post("/api/registerUser", &body).await
    };
    let doubted = json!({
        "country": "MEX", "phone": "+34 612 345 678", "identification_type": "RFC", "identification_number": "QAQX800101AB2",
        "iban": "012180000000000016",
    });
    let warnings = register("a@mail.example", doubted).await.data()["warnings"].clone();
    let found: Vec<_> = warnings.as_array().unwrap().iter().map(|warning| (&warning["field"], &warning["code"])).collect();
    let expected = [
        (json!("identification_number"), json!("unusual_check_character")),
        (json!("phone"), json!("phone_country_mismatch")),
        (json!("iban"), json!("invalid_bank_account")),
    ];
    assert_eq!(found, expected.iter().map(|(field, code)| (field, code)).collect::<Vec<_>>());
    let at_home = json!({"country": "ARG", "phone": "011 15 2345-6789"});
    assert_eq!(register("b@mail.example", at_home).await.data()["warnings"], json!([]));
    let contradiction = json!({
        "country": "MEX", "dob": "1980-01-10", "identification_type": "CURP", "identification_number": "QAQX800101HDFQQX08",
    });
    let refused = register("c@mail.example", contradiction).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "invalid_identification"));
    let message = refused.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("1980-01-01") && message.contains("1980-01-10"), "{message}");
    let of_minors = json!({"country": "COL", "identification_type": "TI", "identification_number": "1999999999"});
    assert_eq!(register("d@mail.example", of_minors).await.data()["warnings"][0]["code"], "minor");
}

/// Numbers of persons, of companies and of neither, in both calls.
async fn numbers_tell_whose_they_are(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let path = "/api/validate/identification";
    let ask = async |query: &str| described(path, &client.get(&format!("{path}?{query}")).await);
    let person = ask("country=CO&type=NIT&number=NIT+1.012.345.678-9").await;
    let found = (&person["customer_type"], &person["normalized"], &person["implied"]["contains"], &person["warnings"]);
    assert_eq!(found, (&json!("individual"), &json!("10123456789"), &json!("1012345678"), &json!([])));
    assert_eq!(ask("country=CO&type=NIT&number=900.000.001-2").await["customer_type"], "company");
    assert_eq!(ask("country=ES&type=CIF&number=ESA58818501").await["normalized"], "A58818501");
    for (query, code) in [
        ("country=CL&type=RUT&number=72041-0", "short_number"),
        ("country=CL&type=RUT&number=11.111.111-1", "repeated_digit"),
        ("country=AR&type=DNI&number=11111111", "repeated_digit"),
        ("country=MX&type=CURP&number=VACA900203HDFRRN09", "unusual_word"),
        ("country=CO&type=NIT&number=801234564", "person_or_company"),
        ("country=CO&type=NIT&number=1012345675", "check_digit_not_apart"),
    ] {
        let view = ask(query).await;
        assert_eq!((&view["valid"], &view["warnings"][0]["code"]), (&json!(true), &json!(code)), "{query}: {view}");
    }
    for query in [
        "country=ES&type=GOVERNMENT_ID&number=00000000T",
        "country=ES&type=PERMANENT_RESIDENCE_PERMIT&number=X0000000T",
        "country=PE&type=DNI&number=00000000",
        "country=AR&type=CUIT&number=51600000016",
    ] {
        assert_eq!(ask(query).await["faults"][0]["code"], "placeholder", "{query}");
    }
    let body = json!({
        "name": "Juan", "email": "juan@mail.example", "country": "CO", "dob": "2015-06-01", "identification_type": "NIT",
        "identification_number": "1012345678-9",
    });
    let minor = client.post("/api/registerUser", &body).await;
    assert_eq!((minor.status.as_u16(), minor.code().as_str()), (422, "validation_failed"), "{}", minor.text);
}
