//! Upgrades ramp-offs that earlier versions stored.

use serde_json::{Map, Value, json};

use crate::stored::minor_of;

/// Upgrades a ramp-off that an earlier version stored. Nothing is exchanged or refunded by this: an open order waits as long as
/// before, an order on hold stays on hold.
#[must_use]
pub fn upgraded(mut rampoff: Map<String, Value>) -> Map<String, Value> {
    let field = |record: &Map<String, Value>, key: &str| record.get(key).cloned().unwrap_or_default();
    let state = field(&rampoff, "state");
    let of_state = |name: &str| state.get(name).cloned().unwrap_or_default();
    let status = of_state("state").as_str().unwrap_or_default().to_owned();
    let taken_terms = field(&rampoff, "terms");
    if let Some(ordered) = rampoff.remove("ordered").filter(|ordered| !ordered.is_null()) {
        rampoff.insert("terms".to_owned(), ordered);
    }
    let (created_at, held_until) = (field(&rampoff, "created_at"), field(&rampoff, "held_until"));
    rampoff.insert("open_until".to_owned(), held_until.clone());

    let beyond = rampoff.remove("counted_beyond").map_or(0, |beyond| minor_of(&beyond));
    let ended = matches!(status.as_str(), "expired" | "cancelled" | "failed");
    let ordered = rampoff.get("terms").and_then(|terms| terms.get("fiat_amount")).map_or(0, minor_of);
    let counted = if ended {
        json!([])
    } else {
        json!([{"at": created_at, "amount": (ordered + beyond).to_string(), "level": field(&rampoff, "level")}])
    };
    rampoff.insert("counted".to_owned(), counted);
    if status != "created" {
        rampoff.insert("place_given_back".to_owned(), json!(true));
    }

    let exception = rampoff.remove("exception").filter(|exception| !exception.is_null());
    let was_unusual = exception.is_some();
    let was_late = exception.as_ref().and_then(Value::as_str) == Some("late");
    if let Some(exception) = exception {
        rampoff.insert("exceptions".to_owned(), json!([{"kind": exception, "amount": "0", "at": field(&rampoff, "updated_at")}]));
    }
    if let Some(deposits) = rampoff.get_mut("deposits").and_then(Value::as_array_mut) {
        let at = if was_late { held_until } else { created_at };
        deposits.iter_mut().filter_map(Value::as_object_mut).for_each(|deposit| {
            deposit.insert("at".to_owned(), at.clone());
        });
    }

    let converted = field(&rampoff, "converted");
    let balance = rampoff.get("coin_balance").cloned().unwrap_or_else(|| json!("0"));
    let (promised, gives) = match status.as_str() {
        "crypto_received" => (balance, of_state("fiat")),
        "paying_out" => (converted, of_state("fiat")),
        // The sold amount of a finished order is not stored: what arrived is.
        "finished" => (received(&rampoff), of_state("fiat")),
        "on_hold" if !converted.is_null() => (converted, field(&rampoff, "fiat_balance")),
        "on_hold" | "refund_pending" => {
            // Coins held for their amount were not counted as received before; a refund, destination or reorganisation hold may
            // follow from such a hold.
            let was_received = match (status.as_str(), of_state("reason").as_str()) {
                ("on_hold", Some("screening" | "operator" | "payout_failed")) => true,
                ("on_hold", Some("refund_failed" | "destination" | "reorganised")) | ("refund_pending", _) => !was_unusual,
                _ => false,
            };
            rampoff.insert("told".to_owned(), json!(was_received));
            return rampoff;
        }
        "refunded" => {
            let refunded = received(&rampoff);
            rampoff.insert("refunded".to_owned(), refunded);
            return rampoff;
        }
        _ => return rampoff,
    };
    let taken = json!({
        "at": field(&rampoff, "updated_at"), "promised": promised, "fee_processing": taken_terms.get("fee_processing"),
        "fee_network": taken_terms.get("fee_network"), "gives": gives, "gives_promised": gives,
    });
    rampoff.insert("taken".to_owned(), taken);
    rampoff.insert("told".to_owned(), json!(true));
    rampoff
}

fn received(rampoff: &Map<String, Value>) -> Value {
    let deposits = rampoff.get("deposits").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let sum: i128 = deposits.iter().filter_map(|deposit| deposit.get("amount")).map(minor_of).sum();
    json!(sum.to_string())
}
