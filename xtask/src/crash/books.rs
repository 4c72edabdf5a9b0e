//! The records of the simulated world: transactions of a chain and statements of a bank, kept by other code than the ramp's.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::http::HttpClient;
use crate::partner;

/// Maximum page size of the sandbox routes.
pub(super) const PAGE_ROWS: usize = 1_000;

/// A transaction to an address that is pending or in a block.
pub(super) struct IncomingTransaction {
    pub(super) txid: String,
    /// Amount in minor units.
    pub(super) minor: String,

    pub(super) decimals: usize,
}

/// The transactions to an address according to the chain, without those that were dropped or reverted.
pub(super) async fn arrivals(client: &mut HttpClient, token: &str, address: &str) -> Result<Vec<IncomingTransaction>, String> {
    let data = partner::get(client, token, &format!("/sandbox/chain/polygon/transactions?address={address}")).await?;
    let rows = data.as_array().ok_or_else(|| format!("not a list of transactions: {data}"))?;
    let arrived = rows.iter().filter(|row| {
        text(row, "to").eq_ignore_ascii_case(address) && ["waiting", "in_block"].contains(&row["state"].as_str().unwrap_or_default())
    });
    let arrival = |row: &Value| IncomingTransaction {
        txid: text(row, "txid"),
        minor: text(row, "amount"),
        decimals: row["decimals"].as_u64().and_then(|decimals| usize::try_from(decimals).ok()).unwrap_or_default(),
    };
    Ok(arrived.map(arrival).collect())
}

/// The bank statement of an account of ours. Amounts are in major units.
#[derive(Default)]
pub(super) struct BankStatement {
    /// Settled payouts, by the payout's identifier without prefix.
    pub(super) payouts: BTreeMap<String, Vec<String>>,
    pub(super) credits: BTreeMap<String, Vec<String>>,
}

/// The path of a page of the statement, newest line first: the first page, or the page before the line `last`.
pub(super) fn statement_page(account: &str, last: &str) -> String {
    let before = if last.is_empty() { String::new() } else { format!("&before={last}") };
    format!("/sandbox/bank/statement?account={account}&limit={PAGE_ROWS}{before}")
}

pub(super) async fn statement(client: &mut HttpClient, token: &str, account: &str) -> Result<BankStatement, String> {
    let mut statement = BankStatement::default();
    let mut last = String::new();
    loop {
        let data = partner::get(client, token, &statement_page(account, &last)).await?;
        let rows = data.as_array().ok_or_else(|| format!("not a statement: {data}"))?;
        for row in rows.iter().filter(|row| row["kind"] == "payout_settled") {
            statement.payouts.entry(without_prefix(&text(row, "payout_id")).to_owned()).or_default().push(text(row, "amount"));
        }
        for row in rows.iter().filter(|row| row["kind"] == "credit") {
            statement.credits.entry(text(row, "concept")).or_default().push(text(row, "amount"));
        }
        if rows.len() < PAGE_ROWS {
            return Ok(statement);
        }
        let line = rows.last().map(|row| text(row, "line")).unwrap_or_default();
        if line == last {
            return Err(format!("the page of the statement before {last} repeats"));
        }
        last = line;
    }
}

/// Whether a processor has captured a payment. It is paid again: a captured payment is then answered `paid_before` and not changed.
pub(super) async fn is_captured(client: &mut HttpClient, token: &str, payment: &str) -> Result<bool, String> {
    let answer = partner::post(client, token, &format!("/sandbox/payments/{payment}/pay"), "{}").await?;
    Ok(answer["outcome"] == "paid_before")
}

/// The identifier of a payout without its prefix (`pay_…`) or rail (`SEPA-…`).
pub(super) fn without_prefix(reference: &str) -> &str {
    reference.rsplit(['_', '-']).next().unwrap_or(reference)
}

fn text(row: &Value, field: &str) -> String {
    row[field].as_str().unwrap_or_default().to_owned()
}
