//! Accounts of the ledger that the configuration does not have: what lies there is real, or was booked by mistake.

use rampart_core::asset::Asset;
use rampart_core::catalogue::NotOurs;
use rampart_core::ledger::{Account, PostingKind};
use rampart_store::{AccountBalance, Inconsistency, VerifyReport};

use crate::app::App;
use crate::error::AppResult;

/// How many entries of an account are read at once.
const PAGE_ROWS: u32 = 1_000;

/// Adds to a report the accounts of the house that hold something and are not of the configuration: a warning each, because
/// a rail that was taken out of the configuration leaves its money behind, and money arrives in currencies that nobody
/// expects. Capital in a currency that the rail's account does not hold can only be a mistake: nobody can have put it there.
pub(super) async fn examine(app: &App, report: &mut VerifyReport) -> AppResult<()> {
    for balance in app.store().balances_of_house().await? {
        let Err(reason) = app.catalogue().has_account(balance.account, balance.asset) else { continue };
        if balance.posted.is_zero() && balance.held.is_zero() {
            continue;
        }
        let subject = format!("{} {}", balance.account, balance.asset);
        match reason {
            // The store has found it already.
            NotOurs::Never(..) => {}
            NotOurs::Currency { .. } if has_capital(app, &balance).await? => {
                let fault = format!("capital was booked there, and {reason}; `rampart treasury withdraw` takes it back");
                report.findings.push(Inconsistency { check: "account", subject, fault });
            }
            _ => {
                let fault = format!("{reason}, and there is something on it");
                report.warnings.push(Inconsistency { check: "account", subject, fault });
            }
        }
    }
    Ok(())
}

/// Whether the company is said to have put something in.
async fn has_capital(app: &App, balance: &AccountBalance) -> AppResult<bool> {
    let mut below = None;
    loop {
        let lines = app.store().entries(balance.account, balance.asset, below, PAGE_ROWS).await?;
        if lines.iter().any(|line| line.kind == PostingKind::CapitalFunded) {
            return Ok(true);
        }
        match lines.last() {
            Some(last) => below = Some(last.number),
            None => return Ok(false),
        }
    }
}

/// Whether the company can put something in here: an account of a bank, a processor or a hot wallet that is configured.
pub(super) fn takes_capital(app: &App, account: Account, asset: Asset) -> Result<(), String> {
    match account {
        Account::Bank(_) | Account::Card(_) | Account::ChainHot(_) => {
            app.catalogue().has_account(account, asset).map_err(|reason| reason.to_string())
        }
        _ => Err(format!("{account} is no account that money or coins are put in or taken out")),
    }
}
