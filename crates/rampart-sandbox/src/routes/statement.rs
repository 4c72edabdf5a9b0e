//! The statement lines that a partner may see. Partners share the accounts of the ramp and must not see each other's
//! payers and payees.

use rampart_core::id::PartnerId;
use rampart_core::ledger::Rail;
use rampart_http::CallFailure;

use super::SandboxState;
use crate::bank::StatementEntry;

/// Limits one call: the payouts of other partners are skipped one by one.
const MAX_SCANNED_LINES: usize = 10_000;

/// The newest lines of an account that the partner may see, newest first. Its own lines are complete. Lines of no partner
/// (refunds of transfers that matched no order, lines of an earlier version) come without the other side's data.
pub(super) async fn entries(
    state: &SandboxState,
    partner: PartnerId,
    rail: Rail,
    account: &str,
    before: Option<&str>,
    limit: usize,
) -> Result<Vec<StatementEntry>, CallFailure> {
    let mut found = Vec::with_capacity(limit);
    let mut scanned = 0;
    let mut before = before.map(str::to_owned);
    while scanned < MAX_SCANNED_LINES {
        let page = state.world.account_statement(Some(partner), rail, account, before.as_deref(), limit).await?;
        let is_last = page.len() < limit;
        scanned += page.len();
        before = page.last().map(|entry| entry.line.clone());
        for entry in page {
            let owner = match &entry.payout {
                Some(payout) => state.engine.partner_of_payout(payout).await?,
                None => entry.owner,
            };
            match owner {
                Some(owner) if owner == partner => found.push(entry),
                Some(_) => {}
                None => found.push(StatementEntry {
                    account: None,
                    concept: None,
                    counterparty_name: None,
                    counterparty_account: None,
                    ..entry
                }),
            }
            if found.len() == limit {
                return Ok(found);
            }
        }
        if is_last {
            break;
        }
    }
    Ok(found)
}
