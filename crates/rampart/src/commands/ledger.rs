//! `rampart ledger`: verifies and prints the ledger.

use clap::Subcommand;
use rampart_core::id::OrderId;
use rampart_core::ledger::{Account, Side};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_store::{AccountBalance, Inconsistency, LedgerPosting, VerifyReport};
use serde::Serialize;

use super::context::CommandContext;
use crate::error::CommandError;
use crate::output;

/// Balances per database query.
const PAGE_ROWS: u32 = 1_000;

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Recompute every balance from its entries and check that debits equal credits. Exit code 1 if the ledger is inconsistent
    Verify,
    /// Print the balances of the accounts
    Accounts {
        /// Include the accounts of customers, one or more per customer
        #[arg(long)]
        customers: bool,
        /// Print only this account, such as bank:sepa
        account: Option<Account>,
    },
    /// Print every entry of an order
    Order {
        /// Identifier of the order
        id: OrderId,
    },
}

#[derive(Serialize)]
struct VerifyOutput {
    holds: bool,
    #[serde(flatten)]
    report: VerifyReport,
}

#[derive(Serialize)]
struct BalanceRow {
    account: Account,
    asset: Asset,
    side: Side,
    posted: String,
    held: String,
    available: String,
    entries: i64,
}

#[derive(Serialize)]
struct EntryRow {
    posting: String,
    kind: &'static str,
    at: String,
    account: Account,
    asset: Asset,
    side: Side,
    amount: String,
}

pub(crate) async fn run(context: &CommandContext, command: LedgerCommand) -> Result<(), CommandError> {
    match command {
        LedgerCommand::Verify => {
            let report = rampart_app::ledger_check::verify(&context.installation.app).await?;
            let verified = VerifyOutput { holds: report.holds(), report };
            context.printer.show(&verified, verify_text)?;
            if verified.holds { Ok(()) } else { Err(CommandError::ProblemFound) }
        }
        LedgerCommand::Accounts { customers, account } => accounts(context, customers, account).await,
        LedgerCommand::Order { id } => {
            let postings = context.installation.app.store.postings_of_order(id).await?;
            if postings.is_empty() && !exists(context, id).await? {
                return Err(CommandError::Refused(format!("there is no order {id}")));
            }
            let entries: Vec<EntryRow> =
                postings.iter().flat_map(|posting| entries_of(posting, |amount, asset| context.major(amount, asset))).collect();
            context.printer.show(&entries, |entries| table_of(entries))
        }
    }
}

async fn exists(context: &CommandContext, id: OrderId) -> Result<bool, CommandError> {
    let store = &context.installation.app.store;
    Ok(store.payment(id).await?.is_some() || store.rampoff(id).await?.is_some())
}

fn verify_text(verified: &VerifyOutput) -> String {
    let VerifyReport { entries, postings, balances, orders, events, findings, warnings } = &verified.report;
    let checked = format!("{entries} entries in {postings} postings, {balances} balances, {orders} orders, {events} events");
    let verdict = if verified.holds { "The books hold" } else { "THE BOOKS DO NOT HOLD" };
    let line = |kind: &str, finding: &Inconsistency| format!("\n{kind}{} {}: {}", finding.check, finding.subject, finding.fault);
    let faults = findings.iter().map(|finding| line("", finding));
    let warnings = warnings.iter().map(|finding| line("warning: ", finding));
    format!("{verdict}: {checked}.{}", faults.chain(warnings).collect::<String>())
}

async fn accounts(context: &CommandContext, customers: bool, account: Option<Account>) -> Result<(), CommandError> {
    let store = &context.installation.app.store;
    let balances = match account {
        Some(account) => store.balances_of(account).await?,
        None if !customers => store.own_balances().await?,
        None => {
            let mut all: Vec<AccountBalance> = Vec::new();
            loop {
                let page = store.balances(all.last().map(|last| (last.account, last.asset)), PAGE_ROWS).await?;
                let is_full = page.len() == usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
                all.extend(page);
                if !is_full {
                    break all;
                }
            }
        }
    };
    let shown: Vec<BalanceRow> = balances.iter().map(|balance| balance_of(context, balance)).collect();
    context.printer.show(&shown, |shown| {
        let rows = shown.iter().map(|balance| {
            let BalanceRow { account, asset, posted, held, available, entries, .. } = balance;
            vec![account.to_string(), asset.to_string(), posted.clone(), held.clone(), available.clone(), entries.to_string()]
        });
        output::table(&["account", "asset", "posted", "held", "available", "entries"], &rows.collect::<Vec<_>>())
    })
}

fn balance_of(context: &CommandContext, balance: &AccountBalance) -> BalanceRow {
    let major = |amount| context.major(amount, balance.asset);
    BalanceRow {
        account: balance.account,
        asset: balance.asset,
        side: balance.account.side(),
        posted: major(balance.posted),
        held: major(balance.held),
        available: balance.available().map_or_else(|_| "too large".to_owned(), major),
        entries: balance.entries,
    }
}

fn entries_of(posting: &LedgerPosting, major: impl Fn(Amount, Asset) -> String) -> Vec<EntryRow> {
    let entries = posting.entries.iter().map(|entry| EntryRow {
        posting: posting.id.to_string(),
        kind: posting.kind.as_str(),
        at: posting.posted_at.to_string(),
        account: entry.account,
        asset: entry.asset,
        side: entry.side,
        amount: major(entry.amount, entry.asset),
    });
    entries.collect()
}

fn table_of(entries: &[EntryRow]) -> String {
    let rows = entries.iter().map(|entry| {
        let (debit, credit) = match entry.side {
            Side::Debit => (entry.amount.clone(), String::new()),
            Side::Credit => (String::new(), entry.amount.clone()),
        };
        vec![entry.at.clone(), entry.kind.to_owned(), entry.account.to_string(), entry.asset.to_string(), debit, credit]
    });
    output::table(&["at", "movement", "account", "asset", "debit", "credit"], &rows.collect::<Vec<_>>())
}
