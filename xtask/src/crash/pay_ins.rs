//! Compares pay-ins: what the simulated world took from a customer must have been received, to the cent, and the order must be final.

use std::collections::BTreeMap;

use serde_json::Value;

use super::load::KnownOrder;
use super::records::{FINAL_STATUSES, RampRecords, minor_units};

/// Of EUR, in which all orders are paid.
const FIAT_DECIMALS: usize = 2;

/// Pay-ins according to the simulated world.
#[derive(Debug, Default)]
pub(super) struct WorldReceipts {
    /// By order id: money in major units, coins in minor units.
    pub(super) orders: BTreeMap<String, Vec<String>>,
    /// Bank transfers with a reference of no order: reference and amounts.
    pub(super) unassigned: Vec<(String, Vec<String>)>,
}

/// Compares what the world took with what the ramp says it received. Returns the number of paid orders.
pub(super) fn compare(
    known: &BTreeMap<String, KnownOrder>,
    world: &WorldReceipts,
    records: &RampRecords,
    faults: &mut Vec<String>,
) -> usize {
    let mut paid = 0;
    for (external_id, known) in known {
        let Some(id) = &known.id else { continue };
        let amounts = world.orders.get(id).map(Vec::as_slice).unwrap_or_default();
        paid += usize::from(!amounts.is_empty());
        if known.paid && amounts.is_empty() {
            faults.push(format!("{external_id} was paid, but the world has no record of it"));
        }
        let Some(view) = (if known.buy { &records.payments } else { &records.rampoffs }).get(id) else {
            // A missing order is reported elsewhere, unless it was paid.
            if !amounts.is_empty() {
                faults.push(format!("the world took {amounts:?} for {id}, which does not exist"));
            }
            continue;
        };
        let (Some(took), Some(received)) = (sum(known.buy, amounts), received(known.buy, view)) else {
            faults.push(format!("{id}: {amounts:?} and {} are not all numbers", view["received_amount"]));
            continue;
        };
        if took != received {
            faults.push(format!("the world took {amounts:?} for {id}, but the order received {}", view["received_amount"]));
        }
        let status = view["status"].as_str().unwrap_or_default();
        let is_final = FINAL_STATUSES.contains(&status);
        if took > 0 && !is_final {
            faults.push(format!("the world took {amounts:?} for {id}, but the order is {status:?}: neither sent nor on hold nor refunded"));
        }
        if took == 0 && is_final {
            faults.push(format!("the world took nothing for {id}, but the order is {status:?}"));
        }
    }
    for (concept, amounts) in &world.unassigned {
        faults.push(format!("the bank took {amounts:?} for the reference {concept:?}, which belongs to no order"));
    }
    paid
}

/// The sum in minor units.
fn sum(buy: bool, amounts: &[String]) -> Option<i128> {
    amounts.iter().map(|amount| minor(buy, amount)).sum()
}

fn received(buy: bool, view: &Value) -> Option<i128> {
    minor(buy, view["received_amount"].as_str()?)
}

fn minor(buy: bool, amount: &str) -> Option<i128> {
    if !buy {
        return amount.parse().ok();
    }
    let digits = minor_units(amount, FIAT_DECIMALS)?;
    if digits.is_empty() { Some(0) } else { digits.parse().ok() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The faults of one order: what the worker knows, what the world took and what the ramp says.
    fn faults(buy: bool, paid: bool, took: &[&str], status: &str, received: &str) -> Vec<String> {
        let order = KnownOrder { buy, wallet: String::new(), id: Some("A".to_owned()), amount: 30, concept: None, paid };
        let known = BTreeMap::from([("order-1".to_owned(), order)]);
        let amounts = took.iter().map(|amount| (*amount).to_owned()).collect();
        let world = WorldReceipts { orders: BTreeMap::from([("A".to_owned(), amounts)]), unassigned: Vec::new() };
        let view = json!({ "id": "A", "status": status, "received_amount": received });
        let mut records = RampRecords::default();
        let orders = if buy { &mut records.payments } else { &mut records.rampoffs };
        orders.insert("A".to_owned(), view);
        let mut faults = Vec::new();
        let counted = compare(&known, &world, &records, &mut faults);
        assert_eq!(counted, usize::from(!took.is_empty()));
        faults
    }

    #[test]
    fn records_that_agree_are_accepted() {
        for status in ["coins_sent", "on_hold", "refund_pending", "refunded"] {
            assert_eq!(faults(true, true, &["30"], status, "30.00"), Vec::<String>::new(), "{status}");
        }
        assert_eq!(faults(true, true, &["30", "10.50"], "on_hold", "40.50"), Vec::<String>::new());
        assert_eq!(faults(false, true, &["30000000"], "finished", "30000000"), Vec::<String>::new());
        for status in ["started", "expired", "cancelled"] {
            assert_eq!(faults(true, false, &[], status, "0.00"), Vec::<String>::new(), "{status}");
        }
    }

    #[test]
    fn a_lost_pay_in_is_found() {
        for status in ["started", "expired", "cancelled", "failed"] {
            assert_eq!(faults(true, true, &["30"], status, "0.00").len(), 2, "{status}: not received, and not final");
            assert_eq!(faults(true, true, &["30"], status, "30.00").len(), 1, "{status}: received, and not final");
        }
        assert_eq!(faults(false, true, &["30000000"], "expired", "0").len(), 2);
    }

    #[test]
    fn a_pay_in_that_counts_wrongly_is_found() {
        assert_eq!(faults(true, true, &["30"], "coins_sent", "29.99").len(), 1, "too little");
        assert_eq!(faults(true, true, &["30"], "coins_sent", "60.00").len(), 1, "twice");
        assert_eq!(faults(true, true, &["30", "30"], "coins_sent", "30.00").len(), 1, "only one of two");
        assert_eq!(faults(false, true, &["30000000"], "finished", "60000000").len(), 1, "coins twice");
        assert_eq!(faults(true, true, &["30"], "coins_sent", "much").len(), 1, "no number");
    }

    #[test]
    fn coins_for_nothing_are_found() {
        assert_eq!(faults(true, false, &[], "coins_sent", "0.00").len(), 1, "sent");
        assert_eq!(faults(true, false, &[], "coins_sent", "30.00").len(), 2, "sent for money that the world did not take");
        assert_eq!(faults(true, true, &[], "started", "0.00").len(), 1, "paid, but not in the records of the world");
    }

    #[test]
    fn money_without_an_order_is_found() {
        let world = WorldReceipts { orders: BTreeMap::new(), unassigned: vec![("123".to_owned(), vec!["30".to_owned()])] };
        let mut faults = Vec::new();
        assert_eq!(compare(&BTreeMap::new(), &world, &RampRecords::default(), &mut faults), 0);
        assert_eq!(faults.len(), 1);
    }
}
