//! The books of the simulated world: what a chain and a bank say happened, kept by other code than the ramp's.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::http::Client;
use crate::partner;

/// Coins that a chain says arrived at an address, per transaction, as decimal text.
pub(super) async fn arrivals(client: &mut Client, token: &str, address: &str) -> Result<Vec<(String, String)>, String> {
    let data = partner::get(client, token, &format!("/sandbox/chain/polygon/transactions?address={address}")).await?;
    let rows = data.as_array().ok_or_else(|| format!("no list of transactions: {data}"))?;
    let arrived = rows.iter().filter(|row| text(row, "to").eq_ignore_ascii_case(address) && text(row, "status") == "confirmed");
    Ok(arrived.map(|row| (text(row, "txid"), text(row, "amount"))).collect())
}

/// What a bank says left an account of ours: for each reference, how often and how much in all lines.
pub(super) async fn payouts(client: &mut Client, token: &str, account: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
    let data = partner::get(client, token, &format!("/sandbox/bank/statement?account={account}")).await?;
    let rows = data.as_array().ok_or_else(|| format!("no statement: {data}"))?;
    let mut payouts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows.iter().filter(|row| text(row, "direction") == "debit") {
        payouts.entry(text(row, "reference")).or_default().push(text(row, "amount"));
    }
    Ok(payouts)
}

fn text(row: &Value, field: &str) -> String {
    row[field].as_str().unwrap_or_default().to_owned()
}
