//! Bank accounts of six countries, through the real router: the accounts that customers pay to, and their own.

use rampart_app::orders::page_links;
use std::sync::Arc;

use rampart_core::customer::kyc::{KycLevel, KycStatus};
use rampart_core::id::{CustomerId, OrderId};
use rampart_testkit::{CustomerOf, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::description::{faults, granted};
use crate::support::{Answer, Client, description};

on_both_engines!(rampart_testkit::TestApp::start_idle =>
    a_transfer_is_described_part_by_part_everywhere,
    an_order_of_an_earlier_version_is_described_whole_on_its_page,
    a_chilean_gives_an_account_by_choosing,
    a_colombian_gives_an_account_or_a_key,
    an_unknown_bank_is_registered_and_paid_to_however_strict,
    a_bank_that_is_named_beside_the_number_is_enough,
    what_payers_would_miss_is_a_finding_of_doctor,
);

const CHILE: CustomerOf = CustomerOf { country: "CHL", document: "RUT", number: "12345678-5", account: "012/vista/12345678901" };
const COLOMBIA: CustomerOf = CustomerOf { country: "COL", document: "CED_CIU", number: "79123456", account: "007/savings/12345678901" };
const PERU: CustomerOf = CustomerOf { country: "PER", document: "DNI", number: "43218765", account: "00219300000000000118" };
const WALLET: &str = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55";

/// `data` of an answer, after checking it against the description.
fn described(path: &str, method: &str, answer: &Answer) -> Value {
    let (json, whole) = (answer.json(), description());
    assert_eq!(answer.status, 200, "{json}");
    assert_eq!(faults(&whole, granted(&whole, path, method), &json, path), [""; 0], "{json}");
    json["data"].clone()
}

async fn pays(client: &Client, customer: CustomerId, method: &str, fiat: &str, amount: u64) -> Value {
    let body = json!({"user_id": customer.0, "payment_type": method, "fiat_symbol": fiat, "fiat_amount": amount, "coin_symbol": "USDC",
        "coin_chain": "polygon", "wallet": WALLET});
    described("/api/createPayment", "post", &client.post("/api/createPayment", &body).await)
}

/// The page of a link.
fn path_of(url: &Value) -> String {
    let url = url.as_str().expect("a link");
    url[url.find("/gateway").expect("a gateway")..].to_owned()
}

async fn a_transfer_is_described_part_by_part_everywhere(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    for (of, method, fiat, amount, details, rows) in [
        (
            CHILE,
            "transfer",
            "CLP",
            100_000,
            json!({"bank": "Banco Consorcio", "bank_code": "055", "account_type": "checking", "account_type_name": "Cuenta corriente",
                "number": "0880000017", "holder": "Rampart Chile SpA", "tax_id": "77.999.001-K", "email": "pagos@rampart.example"}),
            &["Banco Consorcio", "Cuenta corriente", ">0880000017<", "Rampart Chile SpA", "RUT", ">77.999.001-K<", "pagos@rampart.example"]
                [..],
        ),
        (CustomerOf::SPAIN, "transfer", "EUR", 100, json!({"kind": "iban", "bic": "RAMPESM2XXX", "tax_id": "B99999005"}), &["IBAN", "NIF"]),
        (CustomerOf::MEXICO, "SPEI", "MXN", 3_000, json!({"kind": "clabe", "bank": "STP", "own_account": true}), &["CLABE", "STP", "RFC"]),
        (COLOMBIA, "BREB", "COP", 200_000, json!({"kind": "bre_b_key", "number": "@RAMPART01"}), &["Llave Bre-B", ">@RAMPART01<", "NIT"]),
        (PERU, "transfer", "PEN", 300, json!({"kind": "cci", "bank": "Banco de Pruebas"}), &["CCI", "Banco de Pruebas", "RUC"]),
        (CustomerOf::ARGENTINA, "transfer", "ARS", 300_000, json!({"kind": "cvu", "own_account": true}), &["CBU o CVU", "CUIT"]),
    ] {
        let customer = test.verified(of, &format!("{}@mail.example", of.country)).await;
        let made = pays(&client, customer, method, fiat, amount).await;
        for (name, value) in details.as_object().unwrap() {
            assert_eq!(&made["pay_to"][name], value, "{} {name}: {made}", of.country);
        }
        assert_eq!(made["pay_to"]["reference"], format!("{:010}", made["concept"].as_u64().unwrap()));
        assert_eq!(made["pay_to"]["holder"], made["destination_name"]);
        let path = format!("/api/payment/{}", made["payment_id"].as_str().unwrap());
        let found = described("/api/payment/{payment_id}", "get", &client.get(&path).await);
        assert_eq!(found["pay_to"], made["pay_to"], "the same part by part: {found}");
        let page = client.get(&format!("{}&lang=es", path_of(&made["url_payment"]))).await;
        for text in rows {
            assert!(page.text.contains(text), "{} {text}: {}", of.country, page.text);
        }
        if of.country == "CHL" {
            assert_eq!(made["iban"], "055/checking/0880000017", "the documented field stays as it was");
            assert!(!page.text.contains("055/checking"), "{}", page.text);
        }
    }
    let customer = test.verified(CustomerOf::SPAIN, "card@mail.example").await;
    let card = client.post("/api/createPayment", &crate::support::purchase(customer.0, "card", &json!(100))).await.data();
    assert!(card.get("pay_to").is_none(), "{card}");
}

/// Details of an account that were configured after an order was created are shown on the order.
async fn an_order_of_an_earlier_version_is_described_whole_on_its_page(test: Arc<TestApp>) {
    let mut earlier = test.app.catalogue.clone();
    for ours in &mut earlier.rail_accounts {
        (ours.bank, ours.tax_id, ours.email) = (None, None, None);
    }
    let before = Client::with(test.with_catalogue(earlier.clone()).await, rampart_web::WebConfig::default()).signed_in(&test).await;
    let customer = test.verified(CHILE, "ana@mail.example").await;
    let made = pays(&before, customer, "transfer", "CLP", 100_000).await;
    let id: OrderId = made["payment_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(test.payment(id).await.instructions.unwrap().tax_id, None);
    let path = path_of(&made["url_payment"]);
    let page = Client::visitor(&test).get(&path).await;
    for text in ["Banco Consorcio", "Cuenta corriente", ">0880000017<", ">77.999.001-K<"] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    // The details of this account are not shown for another account.
    for ours in earlier.rail_accounts.iter_mut().filter(|ours| ours.rail.as_str() == "cl-transfer") {
        ours.account = "037/checking/999999999".into();
        ours.tax_id = Some("76.000.000-0".into());
    }
    let after = Client::with(test.with_catalogue(earlier).await, rampart_web::WebConfig::default());
    let page = after.get(&path).await;
    assert!(page.text.contains(">0880000017<") && !page.text.contains("76.000.000-0"), "{}", page.text);
}

async fn refund_form(test: &TestApp, of: CustomerOf, method: &str, fiat: &str) -> (OrderId, String) {
    let customer = test.verified(of, "ana@mail.example").await;
    let made = pays(&Client::of(test).await, customer, method, fiat, 200_000).await;
    let id: OrderId = made["payment_id"].as_str().unwrap().parse().unwrap();
    (id, format!("/status?token={}&lang=es", page_links::payment_token(&test.app, id)))
}

async fn given(test: &TestApp, id: OrderId) -> Option<(String, String, String)> {
    let account = test.payment(id).await.refund_account?;
    Some((account.bank_code.unwrap_or_default(), account.account_type.unwrap_or_default(), account.account.reveal().to_owned()))
}

async fn a_chilean_gives_an_account_by_choosing(test: Arc<TestApp>) {
    let client = Client::visitor(&test);
    let post = async |path: &str, typed: &str| client.post_form(path, &format!("action=refund&name=Ana&{typed}")).await;
    let (id, path) = refund_form(&test, CHILE, "transfer", "CLP").await;
    let form = client.get(&format!("{path}&edit=refund")).await.text;
    for text in ["<select id=\"bank\"", "<option value=\"730\">Tenpo<", "<select id=\"account_type\"", "CuentaRUT", "name=\"bank_other\""] {
        assert!(form.contains(text), "{text}: {form}");
    }
    for (typed, fault) in [
        ("", "id=\"bank-fault\""),
        ("", "id=\"account_type-fault\""),
        ("", "id=\"account-fault\""),
        ("bank=other&account_type=vista&account=12345678", "id=\"bank_other-fault\""),
        ("bank=037&account_type=rut&account=12345678", "La CuentaRUT es una cuenta de BancoEstado"),
        ("account=12345678", "id=\"bank-fault\""),
        ("bank=012&account=12345678", "id=\"account_type-fault\""),
        ("bank=012&account_type=rut&account=12A45678", "id=\"account-fault\""),
        ("bank=other&bank_other=Nadie&account_type=vista&account=12345678", "id=\"bank_other-fault\""),
    ] {
        let page = post(&path, typed).await;
        assert!(page.status == 422 && page.text.contains(fault), "{typed}: {}", page.text);
        assert_eq!(given(&test, id).await, None);
    }
    let kept = post(&path, "bank=730&account_type=vista&account=x").await.text;
    assert!(kept.contains("<option value=\"730\" selected>"), "what was chosen stays: {kept}");
    let place = |bank: &str, kind: &str, number: &str| Some((bank.to_owned(), kind.to_owned(), number.to_owned()));
    assert_eq!(post(&path, "bank=730&account_type=vista&account=111112345678").await.status, 303);
    assert_eq!(given(&test, id).await, place("730", "vista", "111112345678"));
    // A bank that is not in the list can be typed, and so can everything in one text, as before the list existed.
    let customer = test.payment(id).await.customer;
    for (typed, expected) in [
        ("bank=other&bank_other=741&account_type=vista&account=12345678", place("741", "vista", "12345678")),
        ("account=012/R/12345678", place("012", "rut", "12345678")),
    ] {
        let made = pays(&Client::of(&test).await, customer, "transfer", "CLP", 200_000).await;
        let id: OrderId = made["payment_id"].as_str().unwrap().parse().unwrap();
        let path = format!("/status?token={}", page_links::payment_token(&test.app, id));
        assert_eq!(post(&path, typed).await.status, 303, "{typed}");
        assert_eq!(given(&test, id).await, expected, "{typed}");
    }
}

async fn a_colombian_gives_an_account_or_a_key(test: Arc<TestApp>) {
    let client = Client::visitor(&test);
    let (first, path) = refund_form(&test, COLOMBIA, "BREB", "COP").await;
    assert!(client.get(&format!("{path}&edit=refund")).await.text.contains("<option value=\"809\">Nu<"));
    let wrong = client.post_form(&path, "action=refund&name=Ana&bank=809&account=12345678").await;
    assert!(wrong.status == 422 && wrong.text.contains("id=\"account_type-fault\""), "{}", wrong.text);
    // Digits alone could be an account number, and also another person's key.
    for (typed, faults) in [
        ("account=123456", &["id=\"bank-fault\"", "id=\"account_type-fault\""][..]),
        ("account=6011234567", &["id=\"bank-fault\"", "id=\"account_type-fault\""]),
        ("bank=other&account=123456", &["id=\"bank_other-fault\"", "id=\"account_type-fault\""]),
        ("bank=other&account=%40demo123", &["id=\"bank_other-fault\""]),
        ("account_type=savings&account=123456", &["id=\"bank-fault\""]),
        ("account_type=key&account=12", &["id=\"account-fault\"", "007/ahorros/12345678901 (banco/tipo/número), o una llave"]),
        ("", &["id=\"account-fault\"", "id=\"account_type-fault\""]),
    ] {
        let page = client.post_form(&path, &format!("action=refund&name=Ana&{typed}")).await;
        assert_eq!(page.status, 422, "{typed}: {}", page.text);
        assert_eq!(faults.iter().filter(|fault| !page.text.contains(*fault)).count(), 0, "{typed}: {}", page.text);
        assert_eq!(given(&test, first).await, None, "{typed}");
    }
    assert_eq!(client.post_form(&path, "action=refund&name=Ana&account=%2B57+300+123+4567").await.status, 303);
    assert_eq!(given(&test, first).await.unwrap().2, "3001234567");
    let customer = test.payment(first).await.customer;
    for (typed, key) in [("account_type=key&account=6011234567", "6011234567"), ("account=%40demo123", "@demo123")] {
        let made = pays(&Client::of(&test).await, customer, "BREB", "COP", 200_000).await;
        let order: OrderId = made["payment_id"].as_str().unwrap().parse().unwrap();
        let path = format!("/status?token={}", page_links::payment_token(&test.app, order));
        assert_eq!(client.post_form(&path, &format!("action=refund&name=Ana&{typed}")).await.status, 303, "{typed}");
        assert_eq!(given(&test, order).await, Some((String::new(), String::new(), key.into())));
    }
    let made = pays(&Client::of(&test).await, customer, "BREB", "COP", 200_000).await;
    let second: OrderId = made["payment_id"].as_str().unwrap().parse().unwrap();
    let path = format!("/status?token={}", page_links::payment_token(&test.app, second));
    assert_eq!(client.post_form(&path, "action=refund&name=Ana&bank=809&account_type=savings&account=12345678").await.status, 303);
    assert_eq!(given(&test, second).await, Some(("809".into(), "savings".into(), "12345678".into())));
}

async fn an_unknown_bank_is_registered_and_paid_to_however_strict(test: Arc<TestApp>) {
    let strict = test.with_settings(|config| config.registration.strict_contact = true).await;
    let strict = Client::with(strict, rampart_web::WebConfig::default()).signed_in(&test).await;
    let client = Client::of(&test).await;
    for (country, document, number, account, code) in
        [("CHL", "RUT", "12345678-5", "999/vista/12345678", "999"), ("COL", "CED_CIU", "79123456", "1998/ahorros/12345678", "998")]
    {
        let body = json!({"name": "Ana", "last_name": "Pérez", "email": format!("{country}@mail.example"), "country_code": country,
            "dob": "1990-01-01", "identification_type": document, "identification_number": number, "iban": account});
        let data = described("/api/registerUser", "post", &strict.post("/api/registerUser", &body).await);
        let warning = &data["warnings"][0];
        assert_eq!((&warning["field"], &warning["code"]), (&json!("iban"), &json!("unknown_bank")), "{data}");
        let message = warning["message"].as_str().unwrap();
        assert!(message.contains(code) && message.contains("list"), "{message}");
        let customer = CustomerId(data["id"].as_i64().unwrap());
        test.decide(customer, KycLevel::Basic, KycStatus::Valid).await;
        let sale = client.post("/api/createRampoff", &json!({"user_id": customer.0, "amount": "100", "symbol": "USDC"})).await;
        assert_eq!(sale.status, 200, "{}", sale.text);
        let order = test.rampoff(sale.data()["id"].as_str().unwrap().parse().unwrap()).await;
        assert_eq!(order.destination.bank_code.as_deref(), Some(code));
    }
}

async fn a_bank_that_is_named_beside_the_number_is_enough(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let customer = test.verified(CHILE, "ana@mail.example").await;
    let sale = json!({"user_id": customer.0, "amount": "100", "symbol": "USDC", "iban": "12345678", "bank_name": "Banco Estado",
        "account_type": "Cuenta RUT"});
    let made = client.post("/api/createRampoff", &sale).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let destination = test.rampoff(made.data()["id"].as_str().unwrap().parse().unwrap()).await.destination;
    assert_eq!((destination.bank_code.as_deref(), destination.account_type.as_deref()), (Some("012"), Some("rut")));
    let long = json!({"user_id": customer.0, "amount": "100", "symbol": "USDC", "iban": "12345678",
        "bank_code": "Banco de Crédito e Inversiones", "account_type": "Cuenta corriente bancaria"});
    let made = client.post("/api/createRampoff", &long).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let destination = test.rampoff(made.data()["id"].as_str().unwrap().parse().unwrap()).await.destination;
    assert_eq!((destination.bank_code.as_deref(), destination.account_type.as_deref()), (Some("016"), Some("checking")));
    let unknown = json!({"user_id": customer.0, "amount": "100", "symbol": "USDC", "iban": "12345678", "bank_name": "Nadie",
        "account_type": "vista"});
    let refused = client.post("/api/createRampoff", &unknown).await;
    assert_eq!(refused.code(), "invalid_bank_account");
    assert!(refused.text.contains("'Nadie' is neither a bank's code"), "{}", refused.text);
}

async fn what_payers_would_miss_is_a_finding_of_doctor(test: Arc<TestApp>) {
    let check = "the transfer instructions are complete";
    let finding = async |app: &rampart_app::App| {
        let findings = rampart_app::operate::doctor::examine(app).await.unwrap();
        findings.into_iter().find(|finding| finding.check == check).expect(check)
    };
    assert!(finding(&test.app).await.ok);
    let mut lacking = test.app.catalogue.clone();
    for ours in &mut lacking.rail_accounts {
        (ours.bank, ours.tax_id) = (None, None);
    }
    let found = finding(&test.with_catalogue(lacking).await).await;
    assert!(!found.ok, "{found:?}");
    // A CLABE contains its bank, and only Chilean banks need more than a number here.
    for (key, is_named) in [
        ("rails.cl-transfer.tax_id", true),
        ("rails.sepa.bank", true),
        ("rails.cce.bank", true),
        ("rails.spei", false),
        ("rails.breb", false),
    ] {
        assert_eq!(found.detail.contains(key), is_named, "{key}: {}", found.detail);
    }
}
