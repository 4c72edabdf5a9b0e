//! The proof, from outside: what partners were told, what the lists say, what the events say and what the world's own
//! books say must be one story.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::listener::Listener;
use super::load::{Known, Load};
use super::{SUBSCRIBED, books, payins};
use crate::http::Client;
use crate::partner;
use crate::server::Installation;

/// States in which an order that was paid rests until somebody acts. One that has expired or was called off is none of
/// them: its money would be lost.
pub(super) const AT_REST: [&str; 5] = ["coins_sent", "finished", "on_hold", "refunded", "refund_pending"];

/// Our account behind the rail that Spanish customers are paid by, as in the default configuration.
const OUR_ACCOUNT: &str = "ES9299990001480000012345";

/// What is needed to prove it.
pub(super) struct Proof<'a> {
    pub(super) load: &'a Load,
    pub(super) listener: &'a Listener,
    pub(super) installation: &'a Installation,
    pub(super) address: String,
}

/// Everything that the ramp says of its orders and events.
#[derive(Default)]
pub(super) struct Story {
    pub(super) payments: BTreeMap<String, Value>,
    pub(super) rampoffs: BTreeMap<String, Value>,
    pub(super) events: Vec<Value>,
}

impl Proof<'_> {
    /// Waits until every order has come to rest, and compares everything. Returns what was counted.
    pub(super) async fn run(&self, limit: Duration) -> Result<String, String> {
        let faults = self.load.faults();
        if !faults.is_empty() {
            return Err(format!("answers that should not have been given:\n  {}", faults.join("\n  ")));
        }
        let mut client = Client::new(&self.address);
        let (key, secret) = self.load.credentials();
        let token = partner::authenticate(&mut client, key, secret).await?;
        let known = self.load.known();
        self.settle(&mut client, &token, &known, limit).await?;
        self.deliver(&mut client, &token, limit).await?;

        let story = Story {
            payments: list(&mut client, &token, "/api/payments").await?,
            rampoffs: list(&mut client, &token, "/api/rampoffs").await?,
            events: events(&mut client, &token).await?,
        };
        let mut faults = Vec::new();
        acknowledged_once(&known, &story, &mut faults);
        events_tell_all(&story, &mut faults);
        let sent = coins_sent_once(&mut client, &token, &known, &story, &mut faults).await?;
        let statement = books::statement(&mut client, &token, OUR_ACCOUNT).await?;
        let paid = paid_out_once(&statement, &known, &story, &mut faults);
        let taken = self.taken(&mut client, &token, &known, &story, statement).await?;
        let paid_in = payins::compare(&known, &taken, &story, &mut faults);
        if let Err(error) = self.installation.run(&["ledger", "verify"]) {
            faults.push(error);
        }
        if !faults.is_empty() {
            let more = faults.len().saturating_sub(20);
            faults.truncate(20);
            return Err(format!("{}\n  and {more} more", faults.join("\n  ")));
        }
        let acknowledged = known.values().filter(|known| known.id.is_some()).count();
        if sent == 0 || paid == 0 || paid_in == 0 {
            return Err(format!(
                "the run proves nothing: of {acknowledged} acknowledged orders {paid_in} were paid, {sent} were sent coins and {paid} were paid out"
            ));
        }
        Ok(format!(
            "{acknowledged} acknowledged orders each exist once, {paid_in} pay-ins were received to the cent, {sent} were sent coins once, {paid} were paid out once, {} events without a gap and every webhook heard, ledger verified",
            story.events.len()
        ))
    }

    /// Waits until every order whose customer has paid has come to rest, and every delivery has been made. Business time
    /// is moved on, so that what waits for a retry need not be waited for.
    async fn settle(&self, client: &mut Client, token: &str, known: &BTreeMap<String, Known>, limit: Duration) -> Result<(), String> {
        let began = Instant::now();
        let mut waiting: BTreeSet<(bool, String)> =
            known.values().filter(|known| known.paid).filter_map(|known| Some((known.buy, known.id.clone()?))).collect();
        loop {
            let mut still = BTreeSet::new();
            for (buy, id) in waiting {
                let path = if buy { format!("/api/payment/{id}") } else { format!("/api/getRampoff?id={id}") };
                let view = partner::get(client, token, &path).await?;
                if !AT_REST.contains(&view["status"].as_str().unwrap_or_default()) {
                    still.insert((buy, id));
                }
            }
            if still.is_empty() {
                return Ok(());
            }
            if began.elapsed() > limit {
                let first: Vec<_> = still.iter().take(5).map(|(_, id)| id.as_str()).collect();
                let (number, seconds) = (still.len(), limit.as_secs());
                return Err(format!("{number} orders that were paid have not come to rest in {seconds} s, such as {}", first.join(", ")));
            }
            waiting = still;
            partner::post(client, token, "/sandbox/clock", &json!({ "advance_seconds": 20 }).to_string()).await?;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

impl Proof<'_> {
    /// Waits until the listener has acknowledged every event of the types that were subscribed to, as the log has it.
    async fn deliver(&self, client: &mut Client, token: &str, limit: Duration) -> Result<(), String> {
        let began = Instant::now();
        loop {
            let heard = self.listener.heard();
            let log = events(client, token).await?;
            let told = log.iter().filter(|event| SUBSCRIBED.contains(&event["type"].as_str().unwrap_or_default()));
            let missing: Vec<&Value> = told
                .filter(|event| {
                    heard.get(event["id"].as_str().unwrap_or_default()).is_none_or(|heard| heard["sequence"] != event["sequence"])
                })
                .collect();
            let Some(first) = missing.first() else { return Ok(()) };
            if began.elapsed() > limit {
                return Err(format!("{} webhooks were never delivered, such as {first}", missing.len()));
            }
            partner::post(client, token, "/sandbox/clock", &json!({ "advance_seconds": 60 }).to_string()).await?;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

impl Proof<'_> {
    /// What the world's own books say came in for each order, by its id: amounts in major units, those of coins in minor.
    async fn taken(
        &self,
        client: &mut Client,
        token: &str,
        known: &BTreeMap<String, Known>,
        story: &Story,
        mut statement: books::Statement,
    ) -> Result<payins::Taken, String> {
        let mut taken = payins::Taken::default();
        for known in known.values() {
            let Some(id) = &known.id else { continue };
            let amounts = if !known.buy {
                match story.rampoffs.get(id).and_then(|view| view["wallet"].as_str()) {
                    Some(wallet) => books::arrivals(client, token, wallet).await?.into_iter().map(|arrival| arrival.minor).collect(),
                    None => Vec::new(),
                }
            } else if let Some(concept) = &known.concept {
                statement.credits.remove(concept).unwrap_or_default()
            } else if known.paid && books::is_captured(client, token, id).await? {
                vec![known.amount.to_string()]
            } else {
                Vec::new()
            };
            taken.orders.insert(id.clone(), amounts);
        }
        taken.of_nobody = statement.credits.into_iter().collect();
        Ok(taken)
    }
}

/// Every acknowledged order is there, under its own id and only once; and nothing is there that nobody asked for.
fn acknowledged_once(known: &BTreeMap<String, Known>, story: &Story, faults: &mut Vec<String>) {
    let mut by_external_id: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (id, view) in story.payments.iter().chain(&story.rampoffs) {
        by_external_id.entry(view["external_id"].as_str().unwrap_or_default()).or_default().push(id);
    }
    for (external_id, known) in known {
        let there = by_external_id.remove(external_id.as_str()).unwrap_or_default();
        match &known.id {
            Some(id) if there != [id.as_str()] => faults.push(format!("{external_id} was acknowledged as {id}, and there is {there:?}")),
            None if there.len() > 1 => faults.push(format!("{external_id} was never acknowledged, and there are {there:?}")),
            _ => {}
        }
    }
    for (external_id, ids) in by_external_id {
        faults.push(format!("nobody asked for {ids:?} ({external_id})"));
    }
}

/// The log has no gap, and tells each thing of each order exactly once.
fn events_tell_all(story: &Story, faults: &mut Vec<String>) {
    for (place, event) in story.events.iter().enumerate() {
        if event["sequence"].as_u64() != u64::try_from(place + 1).ok() {
            faults.push(format!("the event at place {} has the sequence {}", place + 1, event["sequence"]));
            break;
        }
    }
    let mut told: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for event in &story.events {
        let subject = event["data"]["id"].as_str().unwrap_or_default();
        *told.entry((event["type"].as_str().unwrap_or_default(), subject)).or_default() += 1;
    }
    for ((kind, subject), times) in &told {
        if ["PAY_IN", "COINS_SENT", "CRYPTO_RECEIVED", "RAMPOFF_FINISHED"].contains(kind) && *times > 1 {
            faults.push(format!("{kind} was told {times} times of {subject}"));
        }
    }
    let mut must = |kind: &'static str, id: &str| {
        if !told.contains_key(&(kind, id)) {
            faults.push(format!("{kind} was never told of {id}"));
        }
    };
    for (id, view) in &story.payments {
        if view["status"] == "coins_sent" {
            must("PAY_IN", id);
            must("COINS_SENT", id);
        }
    }
    for (id, view) in &story.rampoffs {
        if view["status"] == "finished" {
            must("CRYPTO_RECEIVED", id);
            must("RAMPOFF_FINISHED", id);
        }
    }
}

/// The chain's books show for each buy what the ramp says: coins once where it says that they were sent, and nothing
/// otherwise. Returns how many were sent.
async fn coins_sent_once(
    client: &mut Client,
    token: &str,
    known: &BTreeMap<String, Known>,
    story: &Story,
    faults: &mut Vec<String>,
) -> Result<usize, String> {
    let mut sent = 0;
    for known in known.values().filter(|known| known.buy) {
        let view = known.id.as_ref().and_then(|id| story.payments.get(id));
        let status = view.map_or("", |view| view["status"].as_str().unwrap_or_default());
        let arrived = books::arrivals(client, token, &known.wallet).await?;
        let expected = usize::from(status == "coins_sent");
        if arrived.len() != expected {
            faults.push(format!("{:?} is {status:?}, and the chain shows {} arrivals at {}", known.id, arrived.len(), known.wallet));
        }
        if let (Some(view), Some(arrival)) = (view, arrived.first()) {
            let told = view["coin_amount_decimal"].as_str().and_then(|amount| minor_units(amount, arrival.decimals));
            if view["txid"].as_str() != Some(&arrival.txid) || told.as_deref() != Some(&arrival.minor) {
                let (txid, amount) = (&view["txid"], &view["coin_amount_decimal"]);
                faults.push(format!("{:?} says {txid} {amount}, and the chain says {} {}", known.id, arrival.txid, arrival.minor));
            }
            sent += 1;
        }
    }
    Ok(sent)
}

/// The bank's books show for each sell what the ramp says. Returns how many were paid out.
fn paid_out_once(statement: &books::Statement, known: &BTreeMap<String, Known>, story: &Story, faults: &mut Vec<String>) -> usize {
    let payouts = &statement.payouts;
    let mut paid = 0;
    for id in known.values().filter(|known| !known.buy).filter_map(|known| known.id.as_ref()) {
        let Some(view) = story.rampoffs.get(id) else { continue };
        let reference = view["bank_reference"].as_str().unwrap_or_default();
        let lines = payouts.get(books::own_part(reference)).cloned().unwrap_or_default();
        let finished = view["status"] == "finished";
        if lines.len() != usize::from(finished) {
            faults.push(format!("{id} is {}, and the bank shows {} payouts of {reference:?}", view["status"], lines.len()));
        }
        if let Some(amount) = lines.first() {
            if view["fiat_amount"].as_str().is_none_or(|told| !same_number(told, amount)) {
                faults.push(format!("{id} says {}, and the bank paid {amount}", view["fiat_amount"]));
            }
            paid += 1;
        }
    }
    let lines: usize = payouts.values().map(Vec::len).sum();
    if lines != paid {
        faults.push(format!("the bank shows {lines} payouts, of which {paid} belong to orders"));
    }
    paid
}

/// Whether two decimal texts are the same number.
fn same_number(one: &str, other: &str) -> bool {
    fn short(text: &str) -> &str {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
    }
    short(one) == short(other)
}

/// A decimal text in minor units, if it has no more decimals than these.
pub(super) fn minor_units(amount: &str, decimals: usize) -> Option<String> {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let fraction = fraction.trim_end_matches('0');
    (fraction.len() <= decimals).then(|| format!("{whole}{fraction:0<decimals$}").trim_start_matches('0').to_owned())
}

/// A whole list by its cursors, by id.
async fn list(client: &mut Client, token: &str, path: &str) -> Result<BTreeMap<String, Value>, String> {
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
        let next = page["pagination"]["next_cursor"].as_str().ok_or_else(|| format!("{path}: more, and no cursor"))?;
        cursor = format!("&cursor={next}");
    }
}

/// The whole log.
async fn events(client: &mut Client, token: &str) -> Result<Vec<Value>, String> {
    let mut events: Vec<Value> = Vec::new();
    loop {
        let after = events.last().and_then(|event| event["sequence"].as_u64()).unwrap_or(0);
        let mut page = partner::page(client, token, &format!("/api/events?after={after}&limit=100")).await?;
        let more = page["pagination"]["has_more"] == json!(true) || page["has_more"] == json!(true);
        let data = page["data"].take();
        let rows = data.as_array().ok_or("no list of events")?;
        if rows.is_empty() && more {
            return Err("there are more events, and none is shown".to_owned());
        }
        events.extend(rows.iter().cloned());
        if !more {
            return Ok(events);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{minor_units, same_number};

    #[test]
    fn major_units_become_minor_ones() {
        assert_eq!(minor_units("10.5", 6).as_deref(), Some("10500000"));
        assert_eq!(minor_units("0.000001", 6).as_deref(), Some("1"));
        assert_eq!(minor_units("0.0000001", 6), None);
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(same_number("10", "10.00"));
        assert!(same_number("0.50", "0.5"));
        assert!(!same_number("100", "10"));
    }
}
