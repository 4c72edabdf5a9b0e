//! Confirms deposits that are final.

use rampart_core::catalogue::finality::ChainProgress;
use rampart_core::step::Step;
use rampart_core::step::fact::DepositChange;
use rampart_core::step::watch::{Deposit, DepositState};
use rampart_store::CommitError;

use super::deposits::write_changes;
use super::following::BlockHashes;
use super::{ChainWatcher, PAGE_ROWS};
use crate::error::AppResult;

impl ChainWatcher {
    /// Confirms deposits that are final by the rule of their coin, and whose block the chain has at this moment.
    pub(super) async fn confirm_deposits(&self, progress: &ChainProgress) -> AppResult<()> {
        let (mut after, mut hashes) = (None, BlockHashes::default());
        loop {
            let page = self.app.store.deposits_in_state(self.chain(), DepositState::Pending, after, PAGE_ROWS).await?;
            let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
            after = page.last().map(|deposit| deposit.id);
            let mut confirmed = Vec::new();
            for deposit in page {
                let rule = self.app.catalogue.coin(deposit.coin).map(|coin| &coin.finality);
                if !rule.is_some_and(|rule| rule.is_final(deposit.amount, deposit.height, progress)) {
                    continue;
                }
                if hashes.has(&self.app, &*self.ports.reader, &deposit).await? {
                    confirmed.push(Deposit { state: DepositState::Confirmed, ..deposit });
                } else {
                    tracing::warn!(deposit = %deposit.id, height = deposit.height, "the block of a deposit is not the chain's: it stays pending");
                }
            }
            self.commit_confirmed(confirmed).await?;
            if is_last {
                return Ok(());
            }
        }
    }

    async fn commit_confirmed(&self, confirmed: Vec<Deposit>) -> AppResult<()> {
        if confirmed.is_empty() {
            return Ok(());
        }
        let mut step = Step::new();
        write_changes(&self.app, &mut step, confirmed, DepositChange::Confirmed);
        match self.app.commit(step).await {
            // Another process was faster, or there was a reorganisation: the next turn looks again.
            Ok(_) | Err(CommitError::Conflict(_) | CommitError::AlreadyClaimed(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
