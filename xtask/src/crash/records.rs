//! What the ramp says of its orders.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::http::HttpClient;
use crate::partner;

/// Statuses in which a paid order may stay. `expired` and `cancelled` are not among them: the money would be lost.
pub(super) const FINAL_STATUSES: [&str; 5] = ["coins_sent", "finished", "on_hold", "refunded", "refund_pending"];

/// The orders and events according to the ramp.
#[derive(Default)]
pub(super) struct RampRecords {
    pub(super) payments: BTreeMap<String, Value>,
    pub(super) rampoffs: BTreeMap<String, Value>,
    pub(super) events: Vec<Value>,
}

impl RampRecords {
    /// Reads all of them.
    pub(super) async fn read(client: &mut HttpClient, token: &str) -> Result<Self, String> {
        Ok(Self {
            payments: list(client, token, "/api/payments").await?,
            rampoffs: list(client, token, "/api/rampoffs").await?,
            events: events(client, token).await?,
        })
    }
}

/// A decimal text in minor units; `None` if it has too many decimals.
pub(super) fn minor_units(amount: &str, decimals: usize) -> Option<String> {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let fraction = fraction.trim_end_matches('0');
    (fraction.len() <= decimals).then(|| format!("{whole}{fraction:0<decimals$}").trim_start_matches('0').to_owned())
}

/// All pages of a list, by id.
async fn list(client: &mut HttpClient, token: &str, path: &str) -> Result<BTreeMap<String, Value>, String> {
    let mut items = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let mut page = partner::page(client, token, &format!("{path}?limit=100{cursor}")).await?;
        let rows = page["data"].take();
        for row in rows.as_array().into_iter().flatten() {
            let id = row["id"].as_str().unwrap_or_default().to_owned();
            if items.insert(id.clone(), row.clone()).is_some() {
                return Err(format!("{path} shows {id} twice"));
            }
        }
        if page["pagination"]["has_more"] != json!(true) {
            return Ok(items);
        }
        let next = page["pagination"]["next_cursor"].as_str().ok_or_else(|| format!("{path}: has_more without a cursor"))?;
        cursor = format!("&cursor={next}");
    }
}

/// All pages of the event log.
pub(super) async fn events(client: &mut HttpClient, token: &str) -> Result<Vec<Value>, String> {
    let mut events: Vec<Value> = Vec::new();
    loop {
        let after = events.last().and_then(|event| event["sequence"].as_u64()).unwrap_or(0);
        let mut page = partner::page(client, token, &format!("/api/events?after={after}&limit=100")).await?;
        let more = page["pagination"]["has_more"] == json!(true) || page["has_more"] == json!(true);
        let data = page["data"].take();
        let rows = data.as_array().ok_or("not a list of events")?;
        if rows.is_empty() && more {
            return Err("has_more with an empty page of events".to_owned());
        }
        events.extend(rows.iter().cloned());
        if !more {
            return Ok(events);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::minor_units;

    #[test]
    fn major_units_become_minor_units() {
        assert_eq!(minor_units("10.5", 6).as_deref(), Some("10500000"));
        assert_eq!(minor_units("0.000001", 6).as_deref(), Some("1"));
        assert_eq!(minor_units("0.0000001", 6), None);
    }
}
