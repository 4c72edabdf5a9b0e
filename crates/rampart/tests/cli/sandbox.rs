//! The calls under `/sandbox` are calls of a partner like all others.

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
    // The limit is shared with the partner API. Every partner has its own.
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

#[test]
fn both_doors_are_one() {
    let installation = Installation::sqlite();
    let mut server = installation.serve();
    installation.partner(&mut server, "door");
    let bearer = format!("Bearer {}", server.token);
    let ask = |method: &str, path: &str| server.send(method, path, &[("authorization", &bearer)], b"");
    let length = |head: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or_else(|| panic!("no length: {head}"));
        line.trim().to_owned()
    };
    for path in ["/api/availableAssets", "/sandbox/inbox"] {
        let (get, head) = (ask("GET", path), ask("HEAD", path));
        assert_eq!((get.status, head.status, head.body.as_str()), (200, 200, Some("")), "{path}");
        assert_eq!(length(&get.head), length(&head.head), "{path}");
    }
    for (method, path, allow) in [
        ("POST", "/api/availableAssets", "GET,HEAD"),
        ("GET", "/api/webhooks/PAY_IN", "DELETE"),
        ("DELETE", "/sandbox/inbox", "GET,HEAD,POST"),
        ("HEAD", "/sandbox/clock", "POST"),
    ] {
        let refused = ask(method, path);
        assert_eq!(refused.status, 405, "{method} {path}");
        assert!(refused.head.lines().any(|line| line.trim() == format!("allow: {allow}")), "{method} {path}: {}", refused.head);
        if method != "HEAD" {
            assert_eq!(refused.body["error"], "http_method_not_allowed", "{method} {path}");
            assert!(refused.body["request_id"].is_string(), "{method} {path}");
        }
    }
    // Percent-encoded, and not UTF-8.
    for (method, path, status, code) in [
        ("GET", "/api/payment/%6eone", 404, "payment_not_found"),
        ("GET", "/api/payment/%ff", 404, "payment_not_found"),
        ("POST", "/sandbox/payments/%6eone/pay", 404, "payment_not_found"),
        ("GET", "/sandbox/chain/%ff/transactions", 404, "not_found"),
    ] {
        let refused = ask(method, path);
        assert_eq!((refused.status, refused.body["error"].as_str()), (status, Some(code)), "{method} {path}");
    }
    assert_eq!(ask("GET", "/sandbox/chain/p%6flygon/transactions").status, 200);
    // What fails has the same body, whichever door: without a token, with a wrong one, and by its fields.
    let fault = |path: &str, headers: &[(&str, &str)], body: &[u8]| {
        let length = body.len().to_string();
        let refused = server.send("POST", path, &[headers, &[("content-length", length.as_str())]].concat(), body);
        (refused.status, refused.body["error"].clone(), refused.body["message"].clone())
    };
    let json = ("content-type", "application/json");
    let auth = ("authorization", bearer.as_str());
    for (headers, body) in [
        (&[json][..], &b"{}"[..]),
        (&[json, ("auth", "x")], b"{}"),
        (&[auth, ("content-type", "text/plain")], b"{}"),
        (&[auth, json], b"{"),
        (&[auth, json], b"[]"),
    ] {
        assert_eq!(fault("/api/createRampoff", headers, body), fault("/sandbox/bank/transfers", headers, body), "{headers:?}");
    }
    server.stop();
}

#[test]
fn controls_read_what_programs_write() {
    let installation = Installation::sqlite();
    let mut server = installation.serve();
    installation.partner(&mut server, "template");
    let registration = json!({"name": "Ana", "email": "ana@mail.example", "country_code": "ESP", "dob": "", "phone": " "});
    let user = server.data("POST", "/api/registerUser", Some(&registration))["id"].as_i64().unwrap();
    let config = installation.json(&["config"]);
    let account = config.as_array().unwrap().iter().find(|line| line["key"] == "rails.sepa.account").unwrap()["value"].as_str().unwrap();
    let account = account.replace(' ', "");
    let token = server.token.clone();
    let post = |path: &str, body: &str| {
        // Sent verbatim: a library would normalize the numbers.
        let (length, kind) = (body.len().to_string(), ("content-type", "application/json"));
        let answer = server.send("POST", path, &[("auth", &token), kind, ("content-length", &length)], body.as_bytes());
        (answer.status, answer.body)
    };
    let transfer = |amount: &str| {
        let body =
            r#"{"account":"ACCOUNT","amount":AMOUNT,"currency":"EUR","concept":"","sender_name":" ","sender_account":null,"booked_at":""}"#;
        post("/sandbox/bank/transfers", &body.replace("ACCOUNT", &account).replace("AMOUNT", amount))
    };
    let kyc = format!("/sandbox/kyc/{user}.0");
    for (path, body) in [
        (kyc.as_str(), r#"{"decision":"approve","level":1.0,"reasons":"","may_retry":""}"#),
        ("/sandbox/chain/polygon/blocks", r#"{"count":2.0}"#),
        ("/sandbox/chain/polygon/blocks", r#"{"count":""}"#),
        ("/sandbox/chain/polygon/reorg", r#"{"depth":1e0,"drop":""}"#),
        ("/sandbox/clock", r#"{"advance_seconds":0.0}"#),
        ("/sandbox/screening", r#"{"wallet":"","name":"Eva","answer":"clear"}"#),
        ("/sandbox/faults", r#"{"port":"bank","outcome":"delay","count":0.0,"delay_seconds":"","calls":""}"#),
    ] {
        let (status, answer) = post(path, body);
        assert_eq!(status, 200, "{path} {body}: {answer}");
    }
    for (path, body, code) in [
        (kyc.as_str(), r#"{"decision":""}"#, "fail_mandatory_field"),
        (kyc.as_str(), r#"{"decision":"approve","level":1.5}"#, "validation_failed"),
        ("/sandbox/chain/polygon/blocks", r#"{"count":1.5}"#, "validation_failed"),
        ("/sandbox/clock", r#"{"advance_seconds":" "}"#, "fail_mandatory_field"),
        ("/sandbox/screening", r#"{"wallet":"","name":"","answer":"clear"}"#, "validation_failed"),
        ("/sandbox/clock", r#"{"advance_seconds":1"#, "malformed_json"),
        ("/sandbox/clock", "[1]", "validation_failed"),
    ] {
        let (status, answer) = post(path, body);
        assert_eq!(answer["error"], code, "{path} {body}: {status} {answer}");
    }
    let (status, response) = transfer("20.000");
    assert_eq!((status, &response["data"]["amount"]), (200, &json!("20.00")), "{response}");
    assert_eq!(transfer("\"20.00\"").0, 200);
    let (status, response) = transfer("\"20.000\"");
    assert_eq!((status, &response["errors"]["amount"][0]), (422, &json!("has more than 2 decimals")), "{response}");
    let statement = format!("/sandbox/bank/statement?account={account}");
    for query in ["&before=&limit=", "&limit=1.0e2", "&limit=%20&before=+"] {
        assert_eq!(server.get(&format!("{statement}{query}")).1["data"].as_array().map(Vec::len), Some(2), "{query}");
    }
    for path in ["/sandbox/inbox?after=&limit=", "/sandbox/inbox?after=0.0", "/sandbox/chain/polygon/transactions?address=&before=&limit="]
    {
        assert_eq!(server.get(path).0, 200, "{path}");
    }
    for path in ["/sandbox/inbox?after=0.5", "/sandbox/inbox?limit=x", "/sandbox/bank/statement?account=", "/sandbox/inbox?limit=1001.0"] {
        assert_eq!(server.get(path).0, 422, "{path}");
    }
    server.stop();
}
