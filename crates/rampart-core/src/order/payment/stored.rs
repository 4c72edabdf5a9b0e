//! Upgrades payments that earlier versions stored.

use serde_json::{Map, Value, json};

use crate::order::stored::EarlierOrder;

/// Upgrades a payment that an earlier version stored.
#[must_use]
pub fn upgraded(payment: Map<String, Value>) -> Map<String, Value> {
    let mut payment = EarlierOrder::of(payment, &["started", "pending_bank"]);
    let was_unusual = payment.exception.is_some();
    let balance = payment.amount("fiat_balance");
    match payment.status.as_str() {
        "payment_received" => {
            payment.set_taken(&balance, &payment.of_state("coins"));
            payment.set("told", json!(true));
        }
        "sending" | "coins_sent" => {
            payment.set_taken(&payment.of_state("fiat"), &payment.of_state("coins"));
            payment.set("told", json!(true));
        }
        "on_hold" => {
            let reason = payment.of_state("reason");
            // Money held for its amount or payer was not counted as received before; a refund or destination hold may follow
            // from such a hold.
            let was_received = match reason.as_str() {
                Some("screening" | "transfer_failed" | "operator" | "reversed") => true,
                Some("refund_failed" | "destination") => !was_unusual,
                _ => false,
            };
            payment.set("told", json!(was_received));
            if reason.as_str() == Some("transfer_failed") {
                // The coins are those still reserved; the order showed its ordered terms again.
                payment.set_taken(&balance, &payment.field("reserved"));
                payment.set("converted", json!(true));
            }
        }
        "refund_pending" => {
            let payouts = json!([{"payout": payment.of_state("payout"), "amount": balance}]);
            payment.set("state", json!({"state": "refund_pending", "payouts": payouts}));
            payment.set("told", json!(!was_unusual));
        }
        "refunded" => payment.set("refunded", payment.received("receipts")),
        _ => {}
    }
    payment.record
}
