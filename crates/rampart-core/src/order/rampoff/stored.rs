//! Upgrades ramp-offs that earlier versions stored.

use serde_json::{Map, Value, json};

use crate::order::stored::EarlierOrder;

/// Upgrades a ramp-off that an earlier version stored.
#[must_use]
pub fn upgraded(rampoff: Map<String, Value>) -> Map<String, Value> {
    let mut rampoff = EarlierOrder::of(rampoff, &["created"]);
    let was_unusual = rampoff.exception.is_some();
    let was_late = rampoff.exception.as_ref().and_then(Value::as_str) == Some("late");
    let at = rampoff.field(if was_late { "held_until" } else { "created_at" });
    if let Some(deposits) = rampoff.record.get_mut("deposits").and_then(Value::as_array_mut) {
        deposits.iter_mut().filter_map(Value::as_object_mut).for_each(|deposit| {
            deposit.insert("at".to_owned(), at.clone());
        });
    }
    let converted = rampoff.field("converted");
    let (promised, gives) = match rampoff.status.as_str() {
        "crypto_received" => (rampoff.amount("coin_balance"), rampoff.of_state("fiat")),
        "paying_out" => (converted, rampoff.of_state("fiat")),
        // The sold amount of a finished order is not stored: what arrived is.
        "finished" => (rampoff.received("deposits"), rampoff.of_state("fiat")),
        "on_hold" if !converted.is_null() => (converted, rampoff.field("fiat_balance")),
        "on_hold" | "refund_pending" => {
            // Coins held for their amount were not counted as received before; a refund, destination or reorganisation hold may
            // follow from such a hold.
            let was_received = match (rampoff.status.as_str(), rampoff.of_state("reason").as_str()) {
                ("on_hold", Some("screening" | "operator" | "payout_failed")) => true,
                ("on_hold", Some("refund_failed" | "destination" | "reorganised")) | ("refund_pending", _) => !was_unusual,
                _ => false,
            };
            rampoff.set("told", json!(was_received));
            return rampoff.record;
        }
        "refunded" => {
            rampoff.set("refunded", rampoff.received("deposits"));
            return rampoff.record;
        }
        _ => return rampoff.record,
    };
    rampoff.set_taken(&promised, &gives);
    rampoff.set("told", json!(true));
    rampoff.record
}
