//! Ledger accounts that are not in the configuration: their balances are real, or were booked by mistake.

use rampart_core::catalogue::AccountNotConfigured;
use rampart_core::ledger::{Account, PostingKind};
use rampart_core::money::asset::Asset;
use rampart_store::{AccountBalance, Inconsistency, VerifyReport};

use crate::app::App;
use crate::error::AppResult;

const PAGE_ROWS: u32 = 1_000;

/// Adds a warning to the report for each own account with a balance that is not in the configuration: a rail that was
/// removed leaves its money behind, and money may arrive in unexpected currencies. Capital in a currency that the
/// rail's account cannot have is a finding: only a mistake can have booked it.
pub(super) async fn examine(app: &App, report: &mut VerifyReport) -> AppResult<()> {
    for balance in app.store.own_balances().await? {
        let Err(reason) = app.catalogue.has_account(balance.account, balance.asset) else { continue };
        if balance.posted.is_zero() && balance.held.is_zero() {
            continue;
        }
        let subject = format!("{} {}", balance.account, balance.asset);
        match reason {
            // Reported by the store's own check.
            AccountNotConfigured::Never(..) => {}
            AccountNotConfigured::Currency { .. } if has_capital(app, &balance).await? => {
                let fault = format!("capital was booked there, and {reason}; `rampart treasury withdraw` books it back");
                report.findings.push(Inconsistency { check: "account", subject, fault });
            }
            _ => {
                let fault = format!("{reason}, and it has a balance");
                report.warnings.push(Inconsistency { check: "account", subject, fault });
            }
        }
    }
    Ok(())
}

/// Whether capital was ever booked on an account.
async fn has_capital(app: &App, balance: &AccountBalance) -> AppResult<bool> {
    let mut below = None;
    loop {
        let lines = app.store.entries(balance.account, balance.asset, below, PAGE_ROWS).await?;
        if lines.iter().any(|line| line.kind == PostingKind::CapitalFunded) {
            return Ok(true);
        }
        match lines.last() {
            Some(last) => below = Some(last.number),
            None => return Ok(false),
        }
    }
}

/// Checks that capital can be booked on an account: a configured bank, processor or hot wallet.
pub(super) fn takes_capital(app: &App, account: Account, asset: Asset) -> Result<(), String> {
    match account {
        Account::Bank(_) | Account::Card(_) | Account::ChainHot(_) => {
            app.catalogue.has_account(account, asset).map_err(|reason| reason.to_string())
        }
        _ => Err(format!("{account} is no account that money or coins are put in or taken out")),
    }
}
