//! The books of the simulated world: what a chain and a bank say happened, kept by other code than the ramp's.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::http::Client;
use crate::partner;

/// The most rows that the world shows at once.
pub(super) const PAGE: usize = 1_000;

/// A transaction that brought coins to an address and stands, or is still on its way.
pub(super) struct Arrival {
    /// Its id.
    pub(super) txid: String,
    /// How much, in minor units.
    pub(super) minor: String,
    /// The coin's decimals.
    pub(super) decimals: usize,
}

/// Coins that a chain says went to an address; what was dropped or reverted never did.
pub(super) async fn arrivals(client: &mut Client, token: &str, address: &str) -> Result<Vec<Arrival>, String> {
    let data = partner::get(client, token, &format!("/sandbox/chain/polygon/transactions?address={address}")).await?;
    let rows = data.as_array().ok_or_else(|| format!("no list of transactions: {data}"))?;
    let arrived = rows.iter().filter(|row| {
        text(row, "to").eq_ignore_ascii_case(address) && ["waiting", "in_block"].contains(&row["state"].as_str().unwrap_or_default())
    });
    let arrival = |row: &Value| Arrival {
        txid: text(row, "txid"),
        minor: text(row, "amount"),
        decimals: row["decimals"].as_u64().and_then(|decimals| usize::try_from(decimals).ok()).unwrap_or_default(),
    };
    Ok(arrived.map(arrival).collect())
}

/// What a bank says of an account of ours; amounts are in major units.
#[derive(Default)]
pub(super) struct Statement {
    /// What was paid out, by the payout's own part of the reference.
    pub(super) payouts: BTreeMap<String, Vec<String>>,
    /// What came in, by the reference it quoted.
    pub(super) credits: BTreeMap<String, Vec<String>>,
}

/// Where a page of the statement of an account of ours is, newest first: the first one, or the one before this line.
pub(super) fn statement_page(account: &str, last: &str) -> String {
    let before = if last.is_empty() { String::new() } else { format!("&before={last}") };
    format!("/sandbox/bank/statement?account={account}&limit={PAGE}{before}")
}

/// The whole statement of an account of ours.
pub(super) async fn statement(client: &mut Client, token: &str, account: &str) -> Result<Statement, String> {
    let mut statement = Statement::default();
    let mut last = String::new();
    loop {
        let data = partner::get(client, token, &statement_page(account, &last)).await?;
        let rows = data.as_array().ok_or_else(|| format!("no statement: {data}"))?;
        for row in rows.iter().filter(|row| row["kind"] == "payout_settled") {
            statement.payouts.entry(own_part(&text(row, "payout_id")).to_owned()).or_default().push(text(row, "amount"));
        }
        for row in rows.iter().filter(|row| row["kind"] == "credit") {
            statement.credits.entry(text(row, "concept")).or_default().push(text(row, "amount"));
        }
        if rows.len() < PAGE {
            return Ok(statement);
        }
        let line = rows.last().map(|row| text(row, "line")).unwrap_or_default();
        if line == last {
            return Err(format!("the statement shows the same page before {last}"));
        }
        last = line;
    }
}

/// Whether a processor says that it has captured a payment. It is asked by paying once more, which changes nothing where
/// it has: it says so, and names the first time.
pub(super) async fn is_captured(client: &mut Client, token: &str, payment: &str) -> Result<bool, String> {
    let answer = partner::post(client, token, &format!("/sandbox/payments/{payment}/pay"), "{}").await?;
    Ok(answer["outcome"] == "paid_before")
}

/// A payout's identifier without what names its kind (`pay_…`) or its rail (`SEPA-…`).
pub(super) fn own_part(reference: &str) -> &str {
    reference.rsplit(['_', '-']).next().unwrap_or(reference)
}

fn text(row: &Value, field: &str) -> String {
    row[field].as_str().unwrap_or_default().to_owned()
}
