//! Upgrades orders that earlier versions stored, as far as both legs do it alike.

use serde_json::{Map, Value, json};

use crate::stored::minor_of;

/// An order that an earlier version stored, with what both legs upgrade done. Unknown fields stay as they are. Nothing is
/// exchanged or refunded by this: an open order waits as long as before, an order on hold stays on hold.
pub(super) struct EarlierOrder {
    pub(super) record: Map<String, Value>,
    pub(super) status: String,
    /// How what arrived deviated from what was ordered, if it did.
    pub(super) exception: Option<Value>,
    /// The terms it was exchanged at.
    terms: Value,
}

impl EarlierOrder {
    /// An order still holds its place among open orders in the statuses `unpaid`.
    pub(super) fn of(mut record: Map<String, Value>, unpaid: &[&str]) -> Self {
        let terms = record.get("terms").cloned().unwrap_or_default();
        if let Some(ordered) = record.remove("ordered").filter(|ordered| !ordered.is_null()) {
            record.insert("terms".to_owned(), ordered);
        }
        let beyond = record.remove("counted_beyond").map_or(0, |beyond| minor_of(&beyond));
        let exception = record.remove("exception").filter(|exception| !exception.is_null());
        let mut order = Self { record, status: String::new(), exception, terms };
        order.status = order.of_state("state").as_str().unwrap_or_default().to_owned();
        order.set("open_until", order.field("held_until"));
        let ordered = order.field("terms").get("fiat_amount").map_or(0, minor_of);
        let counted = match order.status.as_str() {
            "expired" | "cancelled" | "failed" => json!([]),
            _ => json!([{"at": order.field("created_at"), "amount": (ordered + beyond).to_string(), "level": order.field("level")}]),
        };
        order.set("counted", counted);
        if !unpaid.contains(&order.status.as_str()) {
            order.set("place_given_back", json!(true));
        }
        if let Some(exception) = order.exception.clone() {
            order.set("exceptions", json!([{"kind": exception, "amount": "0", "at": order.field("updated_at")}]));
        }
        order
    }

    pub(super) fn field(&self, name: &str) -> Value {
        self.record.get(name).cloned().unwrap_or_default()
    }

    pub(super) fn of_state(&self, name: &str) -> Value {
        self.record.get("state").and_then(|state| state.get(name)).cloned().unwrap_or_default()
    }

    /// A stored amount; 0 where it was left out.
    pub(super) fn amount(&self, name: &str) -> Value {
        self.record.get(name).cloned().unwrap_or_else(|| json!("0"))
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.record.insert(name.to_owned(), value);
    }

    /// Notes the exchange it had been decided to make.
    pub(super) fn set_taken(&mut self, promised: &Value, gives: &Value) {
        let taken = json!({
            "at": self.field("updated_at"), "promised": promised, "fee_processing": self.terms.get("fee_processing"),
            "fee_network": self.terms.get("fee_network"), "gives": gives, "gives_promised": gives,
        });
        self.set("taken", taken);
    }

    /// The sum of what arrived.
    pub(super) fn received(&self, receipts: &str) -> Value {
        let receipts = self.record.get(receipts).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let sum: i128 = receipts.iter().filter_map(|receipt| receipt.get("amount")).map(minor_of).sum();
        json!(sum.to_string())
    }
}
