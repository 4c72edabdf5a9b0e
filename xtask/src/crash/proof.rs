//! The proof: acknowledgements, lists, events, webhooks and the records of the simulated world must agree.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::listener::WebhookListener;
use super::load::{KnownOrder, Load};
use super::records::{FINAL_STATUSES, RampRecords, events, minor_units};
use super::{SUBSCRIBED_EVENTS, books, pay_ins};
use crate::http::HttpClient;
use crate::partner;
use crate::server::TestInstallation;

/// Our account on the rail sepa in the default configuration.
const OUR_ACCOUNT: &str = "ES9299990001480000012345";

const MAX_PRINTED_FAULTS: usize = 20;

pub(super) struct Proof<'a> {
    pub(super) load: &'a Load,
    pub(super) listener: &'a WebhookListener,
    pub(super) installation: &'a TestInstallation,
    pub(super) address: String,
}

impl Proof<'_> {
    /// Waits until every order is final, and compares everything. Returns a summary.
    pub(super) async fn run(&self, timeout: Duration) -> Result<String, String> {
        let faults = self.load.faults();
        if !faults.is_empty() {
            return Err(format!("unexpected answers:\n  {}", faults.join("\n  ")));
        }
        let mut client = HttpClient::new(&self.address);
        let (key, secret) = self.load.credentials();
        let token = partner::authenticate(&mut client, key, secret).await?;
        let known = self.load.known();
        self.settle(&mut client, &token, &known, timeout).await?;
        self.deliver(&mut client, &token, timeout).await?;

        let records = RampRecords::read(&mut client, &token).await?;
        let mut faults = Vec::new();
        acknowledged_once(&known, &records, &mut faults);
        check_events(&records, &mut faults);
        let sent = coins_sent_once(&mut client, &token, &known, &records, &mut faults).await?;
        let statement = books::statement(&mut client, &token, OUR_ACCOUNT).await?;
        let paid = paid_out_once(&statement, &known, &records, &mut faults);
        let world = self.pay_ins_of_world(&mut client, &token, &known, &records, statement).await?;
        let paid_in = pay_ins::compare(&known, &world, &records, &mut faults);
        if let Err(error) = self.installation.run(&["ledger", "verify"]) {
            faults.push(error);
        }
        if !faults.is_empty() {
            let more = faults.len().saturating_sub(MAX_PRINTED_FAULTS);
            faults.truncate(MAX_PRINTED_FAULTS);
            return Err(format!("{}\n  and {more} more", faults.join("\n  ")));
        }
        let acknowledged = known.values().filter(|known| known.id.is_some()).count();
        if sent == 0 || paid == 0 || paid_in == 0 {
            return Err(format!(
                "the run proves nothing: of {acknowledged} acknowledged orders {paid_in} were paid, {sent} were sent coins and {paid} were paid out"
            ));
        }
        Ok(format!(
            "{acknowledged} acknowledged orders each exist once, {paid_in} pay-ins were received to the cent, {sent} were sent coins once, {paid} were paid out once, {} events without a gap and every webhook acknowledged, ledger verified",
            records.events.len()
        ))
    }

    /// Waits until every paid order is final. Business time is advanced, so that retries come sooner.
    async fn settle(
        &self,
        client: &mut HttpClient,
        token: &str,
        known: &BTreeMap<String, KnownOrder>,
        timeout: Duration,
    ) -> Result<(), String> {
        let began = Instant::now();
        let mut waiting: BTreeSet<(bool, String)> =
            known.values().filter(|known| known.paid).filter_map(|known| Some((known.buy, known.id.clone()?))).collect();
        loop {
            let mut still = BTreeSet::new();
            for (buy, id) in waiting {
                let path = if buy { format!("/api/payment/{id}") } else { format!("/api/getRampoff?id={id}") };
                let view = partner::get(client, token, &path).await?;
                if !FINAL_STATUSES.contains(&view["status"].as_str().unwrap_or_default()) {
                    still.insert((buy, id));
                }
            }
            if still.is_empty() {
                return Ok(());
            }
            if began.elapsed() > timeout {
                let first: Vec<_> = still.iter().take(5).map(|(_, id)| id.as_str()).collect();
                let (number, seconds) = (still.len(), timeout.as_secs());
                return Err(format!("{number} paid orders are not final after {seconds} s, such as {}", first.join(", ")));
            }
            waiting = still;
            partner::post(client, token, "/sandbox/clock", &json!({ "advance_seconds": 20 }).to_string()).await?;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

impl Proof<'_> {
    /// Waits until the listener has acknowledged every event of the log that has a subscription.
    async fn deliver(&self, client: &mut HttpClient, token: &str, timeout: Duration) -> Result<(), String> {
        let began = Instant::now();
        loop {
            let acknowledged = self.listener.acknowledged();
            let log = events(client, token).await?;
            let subscribed = log.iter().filter(|event| SUBSCRIBED_EVENTS.contains(&event["type"].as_str().unwrap_or_default()));
            let missing: Vec<&Value> = subscribed
                .filter(|event| {
                    acknowledged
                        .get(event["id"].as_str().unwrap_or_default())
                        .is_none_or(|acknowledged| acknowledged["sequence"] != event["sequence"])
                })
                .collect();
            let Some(first) = missing.first() else { return Ok(()) };
            if began.elapsed() > timeout {
                return Err(format!("{} webhooks were never delivered, such as {first}", missing.len()));
            }
            partner::post(client, token, "/sandbox/clock", &json!({ "advance_seconds": 60 }).to_string()).await?;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

impl Proof<'_> {
    /// The pay-ins of each order according to the simulated world.
    async fn pay_ins_of_world(
        &self,
        client: &mut HttpClient,
        token: &str,
        known: &BTreeMap<String, KnownOrder>,
        records: &RampRecords,
        mut statement: books::BankStatement,
    ) -> Result<pay_ins::WorldReceipts, String> {
        let mut world = pay_ins::WorldReceipts::default();
        for known in known.values() {
            let Some(id) = &known.id else { continue };
            let amounts = if !known.buy {
                match records.rampoffs.get(id).and_then(|view| view["wallet"].as_str()) {
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
            world.orders.insert(id.clone(), amounts);
        }
        world.unassigned = statement.credits.into_iter().collect();
        Ok(world)
    }
}

/// Every acknowledged order exists once, under its id, and no other order exists.
fn acknowledged_once(known: &BTreeMap<String, KnownOrder>, records: &RampRecords, faults: &mut Vec<String>) {
    let mut by_external_id: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (id, view) in records.payments.iter().chain(&records.rampoffs) {
        by_external_id.entry(view["external_id"].as_str().unwrap_or_default()).or_default().push(id);
    }
    for (external_id, known) in known {
        let existing = by_external_id.remove(external_id.as_str()).unwrap_or_default();
        match &known.id {
            Some(id) if existing != [id.as_str()] => faults.push(format!("{external_id} was acknowledged as {id}, but {existing:?} exist")),
            None if existing.len() > 1 => faults.push(format!("{external_id} was never acknowledged, but {existing:?} exist")),
            _ => {}
        }
    }
    for (external_id, ids) in by_external_id {
        faults.push(format!("{ids:?} ({external_id}) were not requested"));
    }
}

/// The log has no gap and has each event of each order exactly once.
fn check_events(records: &RampRecords, faults: &mut Vec<String>) {
    for (index, event) in records.events.iter().enumerate() {
        if event["sequence"].as_u64() != u64::try_from(index + 1).ok() {
            faults.push(format!("event {} of the log has the sequence {}", index + 1, event["sequence"]));
            break;
        }
    }
    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for event in &records.events {
        let subject = event["data"]["id"].as_str().unwrap_or_default();
        *counts.entry((event["type"].as_str().unwrap_or_default(), subject)).or_default() += 1;
    }
    for ((kind, subject), times) in &counts {
        if ["PAY_IN", "COINS_SENT", "CRYPTO_RECEIVED", "RAMPOFF_FINISHED"].contains(kind) && *times > 1 {
            faults.push(format!("{subject} has {times} events {kind}"));
        }
    }
    let mut expect = |kind: &'static str, id: &str| {
        if !counts.contains_key(&(kind, id)) {
            faults.push(format!("{id} has no event {kind}"));
        }
    };
    for (id, view) in &records.payments {
        if view["status"] == "coins_sent" {
            expect("PAY_IN", id);
            expect("COINS_SENT", id);
        }
    }
    for (id, view) in &records.rampoffs {
        if view["status"] == "finished" {
            expect("CRYPTO_RECEIVED", id);
            expect("RAMPOFF_FINISHED", id);
        }
    }
}

/// The chain agrees with the ramp about each buy: one transaction if the coins were sent, none otherwise. Returns the number of
/// transactions.
async fn coins_sent_once(
    client: &mut HttpClient,
    token: &str,
    known: &BTreeMap<String, KnownOrder>,
    records: &RampRecords,
    faults: &mut Vec<String>,
) -> Result<usize, String> {
    let mut sent = 0;
    for known in known.values().filter(|known| known.buy) {
        let view = known.id.as_ref().and_then(|id| records.payments.get(id));
        let status = view.map_or("", |view| view["status"].as_str().unwrap_or_default());
        let arrived = books::arrivals(client, token, &known.wallet).await?;
        let expected = usize::from(status == "coins_sent");
        if arrived.len() != expected {
            faults.push(format!("{:?} is {status:?}, but the chain shows {} transactions to {}", known.id, arrived.len(), known.wallet));
        }
        if let (Some(view), Some(arrival)) = (view, arrived.first()) {
            let amount = view["coin_amount_decimal"].as_str().and_then(|amount| minor_units(amount, arrival.decimals));
            if view["txid"].as_str() != Some(&arrival.txid) || amount.as_deref() != Some(&arrival.minor) {
                let (txid, amount) = (&view["txid"], &view["coin_amount_decimal"]);
                faults.push(format!("{:?} says {txid} {amount}, but the chain says {} {}", known.id, arrival.txid, arrival.minor));
            }
            sent += 1;
        }
    }
    Ok(sent)
}

/// The bank agrees with the ramp about each sell. Returns the number of payouts.
fn paid_out_once(
    statement: &books::BankStatement,
    known: &BTreeMap<String, KnownOrder>,
    records: &RampRecords,
    faults: &mut Vec<String>,
) -> usize {
    let payouts = &statement.payouts;
    let mut paid = 0;
    for id in known.values().filter(|known| !known.buy).filter_map(|known| known.id.as_ref()) {
        let Some(view) = records.rampoffs.get(id) else { continue };
        let reference = view["bank_reference"].as_str().unwrap_or_default();
        let lines = payouts.get(books::without_prefix(reference)).cloned().unwrap_or_default();
        let finished = view["status"] == "finished";
        if lines.len() != usize::from(finished) {
            faults.push(format!("{id} is {}, but the bank shows {} payouts {reference:?}", view["status"], lines.len()));
        }
        if let Some(amount) = lines.first() {
            if view["fiat_amount"].as_str().is_none_or(|paid| !same_number(paid, amount)) {
                faults.push(format!("{id} says {}, but the bank paid {amount}", view["fiat_amount"]));
            }
            paid += 1;
        }
    }
    let lines: usize = payouts.values().map(Vec::len).sum();
    if lines != paid {
        faults.push(format!("the bank shows {lines} payouts, of which only {paid} belong to orders"));
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

#[cfg(test)]
mod tests {
    use super::same_number;

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(same_number("10", "10.00"));
        assert!(same_number("0.50", "0.5"));
        assert!(!same_number("100", "10"));
    }
}
