//! The calls of a partner's backend in the crash test and the benchmark.

use serde_json::{Value, json};

use crate::http::{HttpClient, HttpResponse, request};

/// Returns the token for all other calls.
pub(crate) async fn authenticate(client: &mut HttpClient, key: &str, secret: &str) -> Result<String, String> {
    let body = json!({ "api_key": key, "api_secret": secret }).to_string();
    let data = post(client, "", "/api/authenticate", &body).await?;
    data["token"].as_str().map(str::to_owned).ok_or_else(|| format!("no token in {data}"))
}

/// Registers a customer and verifies the identity at the reinforced level; returns the id.
pub(crate) async fn verified_customer(client: &mut HttpClient, token: &str, number: u64) -> Result<i64, String> {
    let body = json!({
        "name": "Carmen", "last_name": format!("Prueba{number}"), "email": format!("customer{number}@example.com"), "country": "Spain",
        "country_code": "ESP", "city": "Madrid", "address": "Calle Mayor 1", "zipcode": "28013", "dob": "1986-05-03", "phone": "+34600000000",
        "iban": "ES9121000418450200051332", "identification_type": "GOVERNMENT_ID", "identification_number": spanish_dni(number),
    })
    .to_string();
    let data = post(client, token, "/api/registerUser", &body).await?;
    let id = data["id"].as_i64().ok_or_else(|| format!("no id in {data}"))?;
    post(client, token, &format!("/sandbox/kyc/{id}"), &json!({ "decision": "approve", "level": 2 }).to_string()).await?;
    for _ in 0..400 {
        let data = get(client, token, &format!("/api/kyc/check?user_id={id}")).await?;
        if data["kyc_valid"] == json!(true) && data["kyc_level"] == json!(2) {
            return Ok(id);
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    Err(format!("customer {id} was approved by the sandbox but is still not verified"))
}

/// The body of a payment by card.
pub(crate) fn payment(customer: i64, external_id: &str, amount: u64, wallet: &str) -> String {
    payment_by("card", customer, external_id, amount, wallet)
}

/// The body of a payment by a Spanish method.
pub(crate) fn payment_by(method: &str, customer: i64, external_id: &str, amount: u64, wallet: &str) -> String {
    // Formatted by hand because the benchmark makes one per call. None of the values needs escaping.
    format!(
        r#"{{"user_id":{customer},"external_id":"{external_id}","payment_type":"{method}","fiat_symbol":"EUR","fiat_amount":{amount},"coin_symbol":"USDC","coin_chain":"polygon","wallet":"{wallet}"}}"#
    )
}

/// The body of a ramp-off.
pub(crate) fn rampoff(customer: i64, external_id: &str, amount: u64, refund_wallet: &str) -> String {
    json!({
        "user_id": customer, "external_id": external_id, "amount": amount, "blockchain": "polygon", "symbol": "USDC",
        "iban": "ES9121000418450200051332", "refund_wallet": refund_wallet,
    })
    .to_string()
}

/// GET that must succeed; returns `data`.
pub(crate) async fn get(client: &mut HttpClient, token: &str, path: &str) -> Result<Value, String> {
    success("GET", path, client.send(&request("GET", path, token, None)).await)
}

/// POST that must succeed; returns `data`.
pub(crate) async fn post(client: &mut HttpClient, token: &str, path: &str, body: &str) -> Result<Value, String> {
    success("POST", path, client.send(&request("POST", path, token, Some(body))).await)
}

/// GET of a page of a list; returns the whole answer.
pub(crate) async fn page(client: &mut HttpClient, token: &str, path: &str) -> Result<Value, String> {
    let answer = client.send(&request("GET", path, token, None)).await.map_err(|error| format!("GET {path}: {error}"))?;
    if answer.status == 200 { answer.json() } else { Err(format!("GET {path}: {} {}", answer.status, answer.text())) }
}

fn success(method: &str, path: &str, answer: std::io::Result<HttpResponse>) -> Result<Value, String> {
    let answer = answer.map_err(|error| format!("{method} {path}: {error}"))?;
    if answer.status >= 300 {
        return Err(format!("{method} {path}: {} {}", answer.status, answer.text()));
    }
    Ok(answer.json()?["data"].take())
}

/// A random EVM address in lower case. It has no digits: the sandbox triggers are digits, and among many addresses some would
/// contain one by chance.
pub(crate) fn random_wallet(random: &mut fastrand::Rng) -> String {
    let letters = std::iter::repeat_with(|| char::from(random.u8(b'a'..=b'f'))).take(40);
    std::iter::once("0x").map(str::to_owned).chain(letters.map(String::from)).collect()
}

/// A Spanish identity number with its control letter.
fn spanish_dni(number: u64) -> String {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let number = 10_000_000 + number % 80_000_000;
    let letter = LETTERS[usize::try_from(number % 23).unwrap_or_default()];
    format!("{number:08}{}", char::from(letter))
}
