//! Operator commands while a server runs.

use serde_json::json;

use crate::serving::payment;
use crate::support::{ENGINES, Installation, authenticate};

const REASON: [&str; 4] = ["--reason", "a test", "--actor", "tester"];

fn with_reason<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &REASON].concat()
}

#[test]
fn partners_are_made_changed_and_disabled() {
    for engine in ENGINES {
        let installation = Installation::new(engine, "partners");
        let mut server = installation.serve();
        let partner = installation.partner(&mut server, "acme");
        let id = partner["id"].as_str().unwrap();
        installation.run(&["partner", "set", "acme", "--http-errors", "documented"]);
        installation.run(&["partner", "set", id, "--allow-ip", "10.0.0.0/8"]);
        assert_eq!(authenticate(&server, &partner)["error"], "authorization_incorrect");
        installation.run(&["partner", "set", id, "--allow-ip", "any"]);
        assert_eq!(authenticate(&server, &partner)["status"], "ok");
        // The old key works during the overlap, which is 0 after a leak.
        let overlapping = installation.json(&["partner", "rotate-key", id]);
        assert_eq!(authenticate(&server, &partner)["status"], "ok");
        assert_eq!(authenticate(&server, &overlapping)["status"], "ok");
        let listed = |key: &serde_json::Value| {
            let all = installation.json(&["partner", "list"]);
            all.as_array().unwrap().iter().find(|one| one["api_key"] == *key).unwrap()["previous_key_until"].clone()
        };
        assert!(listed(&overlapping["api_key"]).is_string());
        let rotated = installation.json(&["partner", "rotate-key", id, "--overlap", "0"]);
        assert!(listed(&rotated["api_key"]).is_null());
        for ended in [&partner, &overlapping] {
            assert_eq!(authenticate(&server, ended)["error"], "authorization_incorrect");
        }
        assert_eq!(authenticate(&server, &rotated)["status"], "ok");
        installation.refused(2, &["partner", "rotate-key", id, "--overlap", "721"]);
        installation.run(&["partner", "disable", id]);
        assert_eq!(authenticate(&server, &rotated)["error"], "authorization_incorrect");
        installation.run(&["partner", "enable", id]);
        assert_eq!(authenticate(&server, &rotated)["status"], "ok");
        installation.refused(1, &["partner", "disable", "nobody"]);
        server.stop();
    }
}

#[test]
fn orders_are_held_and_let_go() {
    for engine in ENGINES {
        let installation = Installation::new(engine, "orders");
        let mut server = installation.serve();
        installation.partner(&mut server, "orders");
        let id = payment(&server, "order-1");
        let shown = installation.json(&["order", "show", &id]);
        assert!(shown.to_string().contains("started"), "{shown}");
        installation.refused(2, &["order", "cancel", &id]);
        installation.run(&with_reason(&["order", "cancel", &id]));
        let data = server.until(&format!("/api/payment/{id}"), |data| data["status"] == "cancelled");
        assert_eq!(data["status"], "cancelled");
        let said = installation.refused(1, &with_reason(&["order", "release", &id]));
        assert!(said.contains("cancelled"), "{said}");
        let shown = installation.run(&["order", "show", &id]);
        assert!(shown.contains("tester") && shown.contains("a test"), "the audit log is shown: {shown}");
        let log = installation.json(&["audit", "list"]);
        let line = &log[0];
        assert_eq!((&line["subject"], &line["actor"], &line["reason"]), (&json!(id), &json!("tester"), &json!("a test")), "{log}");
        assert_eq!(installation.json(&["audit", "list", "--subject", &id]), json!([line]));
        assert_eq!(installation.json(&["audit", "list", "--subject", "nobody"]), json!([]));
        let newest = installation.run(&["audit", "list", "--limit", "1"]);
        let last = line["id"].as_str().unwrap();
        assert!(newest.contains(&format!("--after {last}")), "{newest}");
        let rest = installation.json(&["audit", "list", "--after", last]);
        assert_eq!(rest.as_array().unwrap().len(), log.as_array().unwrap().len() - 1);
        installation.refused(1, &["order", "show", "0123456789ABCDEFGHIJKLMNO"]);
        server.stop();
    }
}

#[test]
fn customers_are_banned_and_treasury_is_looked_at() {
    let installation = Installation::sqlite();
    let mut server = installation.serve();
    installation.partner(&mut server, "customers");
    let id = payment(&server, "customer-1");
    let customer = server.data("GET", &format!("/api/payment/{id}"), None)["user_id"].as_str().unwrap().to_owned();
    installation.run(&with_reason(&["customer", "ban", &customer]));
    let order = json!({
        "user_id": customer.parse::<i64>().unwrap(), "payment_type": "card", "fiat_symbol": "EUR", "fiat_amount": 100,
        "coin_symbol": "USDC", "coin_chain": "polygon", "wallet": "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55",
    });
    assert_eq!(server.post("/api/createPayment", &order).1["error"], "user_banned");
    installation.run(&with_reason(&["customer", "unban", &customer]));
    assert_eq!(server.post("/api/createPayment", &order).1["status"], "success");
    assert!(installation.run(&["customer", "show", &customer]).contains("a test"));
    assert!(installation.run(&["treasury", "show"]).contains("bank:sepa"));
    installation.run(&with_reason(&["treasury", "fund", "bank:sepa", "EUR", "1000.50"]));
    installation.run(&with_reason(&["treasury", "withdraw", "bank:sepa", "EUR", "1000.50"]));
    // A thousands separator is not a decimal point.
    installation.refused(1, &with_reason(&["treasury", "fund", "bank:sepa", "EUR", "20.000"]));
    installation.refused(1, &with_reason(&["treasury", "withdraw", "bank:sepa", "EUR", "999999999999"]));
    assert_eq!(installation.json(&["review", "list"]), json!({ "items": [], "held_orders": [] }));
    assert_eq!(installation.json(&["review", "list", "--all"]), json!({ "items": [], "held_orders": [] }));
    assert_eq!(installation.json(&["review", "list", "--orders-after", &id]), json!({ "items": [], "held_orders": [] }));
    assert_eq!(installation.json(&["payout", "list"]), json!([]));
    assert_eq!(installation.json(&["payout", "list", "--state", "settled"]), json!([]));
    installation.refused(2, &["payout", "list", "--state", "lost"]);
    installation.refused(2, &["payout", "stop", "pay_0123456789ABCDEFGHIJKLMNO"]);
    installation.refused(1, &with_reason(&["payout", "fail", "pay_0123456789ABCDEFGHIJKLMNO"]));
    assert_eq!(installation.json(&["webhook", "parked"]), json!([]));
    assert_eq!(installation.json(&["webhook", "disabled", "--after", "whk_0123456789ABCDEFGHIJKLMNO"]), json!([]));
    assert_eq!(installation.json(&["webhook", "parked", "--after", "dlv_0123456789ABCDEFGHIJKLMNO"]), json!([]));
    assert!(installation.run(&["doctor"]).contains("there is room in"));
    installation.run(&["db", "status"]);
    server.stop();
}

#[test]
fn coins_under_way_are_shown_and_cancelled() {
    const WALLET: &str = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55";
    for engine in ENGINES {
        let installation = Installation::new(engine, "transfers");
        let mut server = installation.serve();
        installation.partner(&mut server, "transfers");
        let control = |call: &str, body: serde_json::Value| {
            let (status, answer) = server.post(&format!("/sandbox/chain/polygon/{call}"), &body);
            assert_eq!(status, 200, "{answer}");
        };
        control("automine", json!({ "every_seconds": 0 }));
        let withdrawal = ["treasury", "withdraw", "chain:polygon:hot", "USDC:polygon", "10", "--to", WALLET];
        let moved = installation.json(&with_reason(&withdrawal));
        let id = moved["transfers"][0].as_str().unwrap().to_owned();
        server.eventually(|| installation.json(&["transfer", "show", &id])["state"] == "broadcast");
        assert_eq!(installation.json(&["transfer", "list", "--chain", "polygon"])[0]["id"], json!(id));
        assert_eq!(installation.json(&["transfer", "list", "--state", "failed"]), json!([]));
        let wallet = &installation.json(&["wallet", "list", "polygon"])[0];
        assert_eq!((&wallet["wallet"], &wallet["open"], &wallet["spent_nonces"]), (&json!("polygon-hot-0"), &json!(1), &json!(0)));
        // No block includes it at this price.
        control("fees", json!({ "times": 10 }));
        installation.refused(2, &["transfer", "cancel", &id]);
        installation.run(&with_reason(&["transfer", "cancel", &id]));
        server.eventually(|| {
            control("blocks", json!({ "count": 1 }));
            installation.json(&["transfer", "show", &id])["state"].as_str().is_some_and(|state| state.starts_with("failed"))
        });
        let shown = installation.json(&["transfer", "show", &id]);
        let purposes: Vec<_> = shown["attempts"].as_array().unwrap().iter().map(|attempt| attempt["purpose"].clone()).collect();
        assert_eq!(purposes, ["delivers", "cancels"], "{shown}");
        let said = installation.refused(1, &with_reason(&["transfer", "bump", &id]));
        assert!(said.contains("it has failed"), "{said}");
        let chain = &installation.json(&["chain", "status", "polygon"])[0];
        assert_eq!((&chain["chain"], &chain["stalled"]), (&json!("polygon"), &json!(null)), "{chain}");
        assert!(installation.run(&["ledger", "verify"]).contains("The books hold"));
        server.stop();
    }
}
