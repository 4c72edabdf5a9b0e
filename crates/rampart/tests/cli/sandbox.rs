//! The calls under `/sandbox` are a partner's calls like all others.

use serde_json::json;

use crate::support::Installation;

#[test]
fn calls_of_the_sandbox_count_against_the_partners_limit() {
    let installation =
        Installation::sqlite().with("RAMPART__RATE_LIMITS__PARTNER_PER_SECOND", "1").with("RAMPART__RATE_LIMITS__PARTNER_BURST", "50");
    let mut server = installation.serve();
    installation.partner(&mut server, "eager");
    let statuses: Vec<u16> = (0..80).map(|_| server.get("/sandbox/inbox").0).collect();
    assert_eq!(statuses[0], 200);
    let limited = server.call("GET", "/sandbox/inbox", None);
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!((limited.0, limited.1["error"].as_str()), (429, Some("rate_limited")), "{limited:?}");
    let token = server.token.clone();
    let answer = server.send("GET", "/sandbox/inbox", &[("auth", &token)], b"");
    assert!(answer.head.contains("retry-after: ") && answer.head.contains("ratelimit-limit: 50"), "{}", answer.head);
    // It is one limit, for the partner API too; and another partner has its own.
    assert_eq!(server.get("/api/availableAssets").0, 429);
    installation.partner(&mut server, "patient");
    assert_eq!(server.get("/sandbox/inbox").0, 200);
    assert_eq!(server.get("/api/availableAssets").0, 200);
    server.stop();
}

#[test]
fn one_partners_payers_are_not_anothers() {
    let installation = Installation::sqlite();
    let mut server = installation.serve();
    let config = installation.json(&["config"]);
    let setting = |key: &str| {
        let line = config.as_array().unwrap().iter().find(|line| line["key"] == key);
        line.and_then(|line| line["value"].as_str()).unwrap_or_else(|| panic!("no {key}")).to_owned()
    };
    let account = setting("rails.sepa.account");
    installation.partner(&mut server, "first");
    let transfer = json!({"account": account, "amount": "12.50", "currency": "EUR", "concept": "a gift", "sender_name": "Ana Ruiz"});
    let line = server.data("POST", "/sandbox/bank/transfers", Some(&transfer));
    let statement = format!("/sandbox/bank/statement?account={}", account.replace(' ', "%20"));
    assert_eq!(server.data("GET", &statement, None)[0]["counterparty_name"], "Ana Ruiz");
    installation.partner(&mut server, "second");
    let seen = server.data("GET", &statement, None);
    assert_eq!(seen, json!([]), "another partner's payer");
    let recall = format!("/sandbox/bank/transfers/{}/recall", line["line"].as_str().unwrap());
    assert_eq!(server.post(&recall, &json!({})).0, 422);
    server.stop();
}
