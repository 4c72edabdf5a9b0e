//! Upgrades payments that earlier versions stored.

use serde_json::{Map, Value, json};

use crate::stored::minor_of;

/// Upgrades a payment that an earlier version stored. Unknown fields stay as they are. Nothing is exchanged or refunded by
/// this: an open order waits as long as before, an order on hold stays on hold.
#[must_use]
pub fn upgraded(mut payment: Map<String, Value>) -> Map<String, Value> {
    let status = payment.get("state").and_then(|state| state.get("state")).and_then(Value::as_str).unwrap_or_default().to_owned();
    let taken_terms = payment.get("terms").cloned().unwrap_or_default();
    if let Some(ordered) = payment.remove("ordered").filter(|ordered| !ordered.is_null()) {
        payment.insert("terms".to_owned(), ordered);
    }
    let text = |payment: &Map<String, Value>, key: &str| payment.get(key).cloned().unwrap_or_default();
    payment.insert("open_until".to_owned(), text(&payment, "held_until"));

    let beyond = payment.remove("counted_beyond").map_or(0, |beyond| minor_of(&beyond));
    let ended = matches!(status.as_str(), "expired" | "cancelled" | "failed");
    let ordered = payment.get("terms").and_then(|terms| terms.get("fiat_amount")).map_or(0, minor_of);
    let counted = if ended {
        json!([])
    } else {
        json!([{"at": text(&payment, "created_at"), "amount": (ordered + beyond).to_string(), "level": text(&payment, "level")}])
    };
    payment.insert("counted".to_owned(), counted);

    if !matches!(status.as_str(), "started" | "pending_bank") {
        payment.insert("place_given_back".to_owned(), json!(true));
    }
    let exception = payment.remove("exception").filter(|exception| !exception.is_null());
    let was_unusual = exception.is_some();
    if let Some(exception) = exception {
        payment.insert("exceptions".to_owned(), json!([{"kind": exception, "amount": "0", "at": text(&payment, "updated_at")}]));
    }
    upgrade_state(&mut payment, &status, was_unusual, &taken_terms);
    payment
}

fn upgrade_state(payment: &mut Map<String, Value>, status: &str, was_unusual: bool, terms: &Value) {
    let balance = payment.get("fiat_balance").cloned().unwrap_or_else(|| json!("0"));
    let state = payment.get("state").cloned().unwrap_or_default();
    let field = |name: &str| state.get(name).cloned().unwrap_or_default();
    match status {
        "payment_received" | "sending" | "coins_sent" => {
            let promised = if status == "payment_received" { balance } else { field("fiat") };
            let coins = field("coins");
            payment.insert("taken".to_owned(), taken(payment, terms, &promised, &coins));
            payment.insert("told".to_owned(), json!(true));
        }
        "on_hold" => {
            let reason = field("reason");
            // Money held for its amount or payer was not counted as received before; a refund or destination hold may follow
            // from such a hold.
            let was_received = match reason.as_str() {
                Some("screening" | "transfer_failed" | "operator" | "reversed") => true,
                Some("refund_failed" | "destination") => !was_unusual,
                _ => false,
            };
            payment.insert("told".to_owned(), json!(was_received));
            if reason.as_str() == Some("transfer_failed") {
                // The coins are those still reserved; the order showed its ordered terms again.
                let coins = payment.get("reserved").cloned().unwrap_or_default();
                payment.insert("taken".to_owned(), taken(payment, terms, &balance, &coins));
                payment.insert("converted".to_owned(), json!(true));
            }
        }
        "refund_pending" => {
            payment.insert("state".to_owned(), json!({"state": status, "payouts": [{"payout": field("payout"), "amount": balance}]}));
            payment.insert("told".to_owned(), json!(!was_unusual));
        }
        "refunded" => {
            let receipts = payment.get("receipts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let refunded: i128 = receipts.iter().filter_map(|receipt| receipt.get("amount")).map(minor_of).sum();
            payment.insert("refunded".to_owned(), json!(refunded.to_string()));
        }
        _ => {}
    }
}

fn taken(payment: &Map<String, Value>, terms: &Value, promised: &Value, coins: &Value) -> Value {
    json!({
        "at": payment.get("updated_at"), "promised": promised, "fee_processing": terms.get("fee_processing"),
        "fee_network": terms.get("fee_network"), "gives": coins, "gives_promised": coins,
    })
}
