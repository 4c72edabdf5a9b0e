//! Payments as earlier versions stored them.

use serde_json::{Map, Value, json};

use crate::record::minor_of;

/// Brings a payment that an earlier version stored into the present form. What it does not know of is left as it is. Nothing
/// is exchanged or refunded by that: an order that waited for money waits as long as it would have, one on hold stays there.
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
    if let Some(exception) = payment.remove("exception").filter(|exception| !exception.is_null()) {
        payment.insert("exceptions".to_owned(), json!([{"kind": exception, "amount": "0", "at": text(&payment, "updated_at")}]));
    }
    upgrade_state(&mut payment, &status, &taken_terms);
    payment
}

fn upgrade_state(payment: &mut Map<String, Value>, status: &str, terms: &Value) {
    let balance = payment.get("fiat_balance").cloned().unwrap_or_else(|| json!("0"));
    let state = payment.get("state").cloned().unwrap_or_default();
    let field = |name: &str| state.get(name).cloned().unwrap_or_default();
    match status {
        "payment_received" | "sending" | "coins_sent" => {
            let promised = if status == "payment_received" { balance } else { field("fiat") };
            let taken = json!({
                "at": payment.get("updated_at"), "promised": promised, "fee_processing": terms.get("fee_processing"),
                "fee_network": terms.get("fee_network"), "gives": field("coins"), "gives_promised": field("coins"),
            });
            payment.insert("taken".to_owned(), taken);
            payment.insert("told".to_owned(), json!(true));
        }
        "on_hold" => {
            let reason = field("reason");
            let was_received = matches!(reason.as_str(), Some("screening" | "transfer_failed" | "refund_failed" | "operator" | "reversed"));
            payment.insert("told".to_owned(), json!(was_received));
        }
        "refund_pending" => {
            payment.insert("state".to_owned(), json!({"state": status, "payouts": [{"payout": field("payout"), "amount": balance}]}));
        }
        _ => {}
    }
}
