//! `rampart ledger`: the books.

use clap::Subcommand;
use rampart_core::amount::Amount;
use rampart_core::asset::Asset;
use rampart_core::id::OrderId;
use rampart_core::ledger::{Account, Side};
use rampart_store::{AccountBalance, LedgerPosting, VerifyReport};
use serde::Serialize;

use super::office::Office;
use crate::failure::Failure;
use crate::output;

/// How many customers' balances are read at once.
const PAGE: u32 = 1_000;

/// `rampart ledger …`
#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Recompute every balance from the entries and check every sum
    Verify,
    /// Print the balances
    Accounts {
        /// The customers' accounts too, of which there are as many as customers
        #[arg(long)]
        customers: bool,
        /// Only this account, such as bank:sepa
        account: Option<Account>,
    },
    /// Print every entry of an order
    Order {
        /// The order
        id: OrderId,
    },
}

#[derive(Serialize)]
struct Verified {
    holds: bool,
    entries: u64,
    postings: u64,
    balances: u64,
    orders: u64,
    events: u64,
    findings: Vec<Finding>,
    warnings: Vec<Finding>,
}

#[derive(Serialize)]
struct Finding {
    check: &'static str,
    subject: String,
    fault: String,
}

#[derive(Serialize)]
struct Balance {
    account: Account,
    asset: Asset,
    side: Side,
    posted: String,
    held: String,
    available: String,
    entries: i64,
}

#[derive(Serialize)]
struct Entry {
    posting: String,
    kind: &'static str,
    at: String,
    account: Account,
    asset: Asset,
    side: Side,
    amount: String,
}

/// Runs the command.
///
/// # Errors
/// When the books do not hold, or cannot be read.
pub(crate) async fn run(office: &Office, command: LedgerCommand) -> Result<(), Failure> {
    match command {
        LedgerCommand::Verify => {
            let report = rampart_app::operate::ledger::verify(&office.installation.app).await?;
            let verified = verified(&report);
            office.printer.show(&verified, text_of_verified)?;
            if verified.holds { Ok(()) } else { Err(Failure::ProblemFound) }
        }
        LedgerCommand::Accounts { customers, account } => accounts(office, customers, account).await,
        LedgerCommand::Order { id } => {
            let postings = office.installation.app.store().postings_of_order(id).await?;
            if postings.is_empty() && !exists(office, id).await? {
                return Err(Failure::Refused(format!("there is no order {id}")));
            }
            let entries: Vec<Entry> =
                postings.iter().flat_map(|posting| entries_of(posting, |amount, asset| office.major(amount, asset))).collect();
            office.printer.show(&entries, |entries| table_of(entries))
        }
    }
}

async fn exists(office: &Office, id: OrderId) -> Result<bool, Failure> {
    let store = office.installation.app.store();
    Ok(store.payment(id).await?.is_some() || store.rampoff(id).await?.is_some())
}

fn verified(report: &VerifyReport) -> Verified {
    let shown = |found: &[rampart_store::Inconsistency]| {
        let found = found.iter();
        found.map(|finding| Finding { check: finding.check, subject: finding.subject.clone(), fault: finding.fault.clone() }).collect()
    };
    Verified {
        holds: report.holds(),
        entries: report.entries,
        postings: report.postings,
        balances: report.balances,
        orders: report.orders,
        events: report.events,
        findings: shown(&report.findings),
        warnings: shown(&report.warnings),
    }
}

fn text_of_verified(verified: &Verified) -> String {
    let Verified { entries, postings, balances, orders, events, .. } = verified;
    let looked_at = format!("{entries} entries in {postings} postings, {balances} balances, {orders} orders, {events} events");
    let verdict = if verified.holds { "The books hold" } else { "THE BOOKS DO NOT HOLD" };
    let line = |kind: &str, finding: &Finding| format!("\n{kind}{} {}: {}", finding.check, finding.subject, finding.fault);
    let faults = verified.findings.iter().map(|finding| line("", finding));
    let warnings = verified.warnings.iter().map(|finding| line("warning: ", finding));
    format!("{verdict}: {looked_at}.{}", faults.chain(warnings).collect::<String>())
}

async fn accounts(office: &Office, customers: bool, account: Option<Account>) -> Result<(), Failure> {
    let store = office.installation.app.store();
    let balances = match account {
        Some(account) => store.balances_of(account).await?,
        None if !customers => store.balances_of_house().await?,
        None => {
            let mut all: Vec<AccountBalance> = Vec::new();
            loop {
                let page = store.balances(all.last().map(|last| (last.account, last.asset)), PAGE).await?;
                let full = page.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
                all.extend(page);
                if !full {
                    break all;
                }
            }
        }
    };
    let shown: Vec<Balance> = balances.iter().map(|balance| balance_of(office, balance)).collect();
    office.printer.show(&shown, |shown| {
        let rows = shown.iter().map(|balance| {
            let Balance { account, asset, posted, held, available, entries, .. } = balance;
            vec![account.to_string(), asset.to_string(), posted.clone(), held.clone(), available.clone(), entries.to_string()]
        });
        output::table(&["account", "asset", "posted", "held", "available", "entries"], &rows.collect::<Vec<_>>())
    })
}

fn balance_of(office: &Office, balance: &AccountBalance) -> Balance {
    let major = |amount| office.major(amount, balance.asset);
    Balance {
        account: balance.account,
        asset: balance.asset,
        side: balance.account.side(),
        posted: major(balance.posted),
        held: major(balance.held),
        available: balance.available().map_or_else(|_| "too large".to_owned(), major),
        entries: balance.entries,
    }
}

fn entries_of(posting: &LedgerPosting, major: impl Fn(Amount, Asset) -> String) -> Vec<Entry> {
    let entries = posting.entries.iter().map(|entry| Entry {
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

fn table_of(entries: &[Entry]) -> String {
    let rows = entries.iter().map(|entry| {
        let (debit, credit) = match entry.side {
            Side::Debit => (entry.amount.clone(), String::new()),
            Side::Credit => (String::new(), entry.amount.clone()),
        };
        vec![entry.at.clone(), entry.kind.to_owned(), entry.account.to_string(), entry.asset.to_string(), debit, credit]
    });
    output::table(&["at", "movement", "account", "asset", "debit", "credit"], &rows.collect::<Vec<_>>())
}
