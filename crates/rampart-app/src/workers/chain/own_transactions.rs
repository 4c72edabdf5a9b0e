//! Checks our own transactions: confirmed, reverted, or vanished and broadcast again with the same bytes.

use std::time::Duration;

use futures::StreamExt as _;
use rampart_core::id::TransferId;
use rampart_core::outgoing::{Transfer, TransferFact, TransferSource, TransferState, TransferStatus};
use rampart_core::ports::{BlockHead, CallOutcome, TransactionStatus};
use rampart_core::text;
use rampart_store::CommitError;

use super::{ChainWatcher, PAGE_ROWS, confirmations};
use crate::error::AppResult;
use crate::retry::{InHand, retry_with_grade};
use crate::workers::outgoing;
use crate::workers::timeouts::in_time;
use crate::workers::transfers;

/// Most calls of a chain at a time.
const CONCURRENT_CALLS: usize = 16;
/// How far back to look for the transfer that took the nonce of a recalled one (business time).
const RECALLED_LOOKBACK: Duration = Duration::from_secs(31 * 24 * 60 * 60);
/// How far back confirmed transfers are rechecked after a deep reorganisation (business time).
const CONFIRMED_LOOKBACK: Duration = Duration::from_secs(24 * 60 * 60);

impl ChainWatcher {
    /// Checks every transaction that was broadcast and is not final.
    pub(super) async fn check_own_transactions(&self, head: &BlockHead) -> AppResult<()> {
        let mut after = None;
        // Drops entries of transfers that are final by now.
        self.final_at.lock().retain(|_, height| *height + 1_000 > head.height);
        loop {
            let mut page = self.app.store.transfers_in_state(self.port.chain(), TransferStatus::Broadcast, after, PAGE_ROWS).await?;
            let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
            after = page.last().map(|transfer| transfer.id);
            {
                let final_at = self.final_at.lock();
                page.retain(|transfer| final_at.get(&transfer.id).is_none_or(|height| *height <= head.height));
            }
            let results: Vec<AppResult<()>> = futures::stream::iter(page)
                .map(|transfer| self.check_transaction(head, transfer))
                .buffer_unordered(CONCURRENT_CALLS.min(self.app.config.workers.concurrency))
                .collect()
                .await;
            results.into_iter().collect::<AppResult<()>>()?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Checks recalled transfers. One that the chain knows has left after all; one whose nonce another confirmed transfer of ours carries
    /// never will.
    pub(super) async fn check_recalled(&self) -> AppResult<()> {
        let chain = self.port.chain();
        let mut after = None;
        loop {
            let page = self.app.store.transfers_in_state(chain, TransferStatus::Recalled, after, PAGE_ROWS).await?;
            let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
            after = page.last().map(|transfer| transfer.id);
            for transfer in page {
                let Some(signed) = transfer.state.signed() else { continue };
                match self.answer(self.port.transaction(&signed.txid)).await? {
                    TransactionStatus::Unknown if self.is_nonce_used(signed.nonce).await? => {
                        let reason = "it was recalled, and its nonce went to a transfer to ourselves".to_owned();
                        self.commit_fact(transfer, TransferFact::Refused { reason }).await?;
                    }
                    TransactionStatus::Unknown => {}
                    TransactionStatus::Waiting | TransactionStatus::InBlock { .. } | TransactionStatus::Reverted { .. } => {
                        self.commit_fact(transfer, TransferFact::Broadcast).await?;
                    }
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Whether a confirmed transfer of the hot wallet carries this nonce.
    async fn is_nonce_used(&self, nonce: u64) -> AppResult<bool> {
        let mut after = Some(TransferId::first_at(self.app.business.now().before(RECALLED_LOOKBACK)));
        loop {
            let page = self.app.store.transfers_in_state(self.port.chain(), TransferStatus::Confirmed, after, PAGE_ROWS).await?;
            let carries = |transfer: &Transfer| {
                transfer.source == TransferSource::Hot && transfer.state.signed().is_some_and(|signed| signed.nonce == nonce)
            };
            if page.iter().any(carries) {
                return Ok(true);
            }
            if page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX) {
                return Ok(false);
            }
            after = page.last().map(|transfer| transfer.id);
        }
    }

    async fn check_transaction(&self, head: &BlockHead, transfer: Transfer) -> AppResult<()> {
        let Some(signed) = transfer.state.signed() else { return Ok(()) };
        let needed = self.app.catalogue.coin(transfer.coin).map_or(1, |coin| coin.confirmations);
        let id = transfer.id;
        match self.answer(self.port.transaction(&signed.txid)).await? {
            TransactionStatus::Waiting => {}
            TransactionStatus::Unknown => self.rebroadcast(&transfer).await?,
            TransactionStatus::InBlock { height, network_fee } if confirmations(head, height) >= needed => {
                self.commit_fact(transfer, TransferFact::Confirmed { confirmations: needed, network_fee }).await?;
            }
            TransactionStatus::Reverted { height, network_fee } if confirmations(head, height) >= needed => {
                self.commit_fact(transfer, TransferFact::Reverted { network_fee }).await?;
            }
            TransactionStatus::InBlock { height, .. } | TransactionStatus::Reverted { height, .. } => {
                self.final_at.lock().insert(id, height.saturating_add(u64::from(needed)).saturating_sub(1));
            }
        }
        Ok(())
    }

    /// The chain no longer knows the transaction. Only the committed bytes are ever sent, so sending them again cannot pay twice.
    async fn rebroadcast(&self, transfer: &Transfer) -> AppResult<()> {
        let Some(signed) = transfer.state.signed() else { return Ok(()) };
        match in_time(&self.app, self.port.broadcast(signed)).await {
            Some(CallOutcome::Accepted(())) => tracing::info!(transfer = %transfer.id, "a vanished transaction was sent again"),
            // A node also refuses bytes that it has already accepted. Only what the chain still does not know was refused.
            Some(CallOutcome::Refused { reason }) => {
                if self.answer(self.port.transaction(&signed.txid)).await? == TransactionStatus::Unknown {
                    self.report_vanished(transfer, &reason).await?;
                }
            }
            Some(CallOutcome::NotSent { reason } | CallOutcome::Unknown { reason }) => {
                tracing::warn!(transfer = %transfer.id, reason, "a vanished transaction could not be sent again yet");
            }
            None => tracing::warn!(transfer = %transfer.id, "a vanished transaction could not be sent again in time"),
        }
        Ok(())
    }

    /// Puts a transfer into the review queue, once. It is still offered to the chain with every block.
    async fn report_vanished(&self, transfer: &Transfer, reason: &str) -> AppResult<()> {
        let fact = TransferFact::Vanished { reason: text::reason(reason) };
        match self.app.commit(transfers::observe(&self.app, transfer.clone(), fact).await?).await {
            Ok(_) => {
                tracing::error!(transfer = %transfer.id, reason, "the chain refuses a vanished transaction; it waits in the review queue");
                Ok(())
            }
            Err(CommitError::AlreadyClaimed(_) | CommitError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// After a reorganisation, rechecks transfers that were final.
    pub(super) async fn recheck_confirmed(&self, undone: usize) -> AppResult<()> {
        let chain = self.port.chain();
        let coins = self.app.catalogue.coins.iter().filter(|coin| coin.id.chain == chain);
        let least = coins.map(|coin| coin.confirmations).min().unwrap_or(1);
        if undone < usize::try_from(least).unwrap_or(usize::MAX) {
            return Ok(());
        }
        let head = self.answer(self.port.head()).await?;
        let mut after = Some(TransferId::first_at(self.app.business.now().before(CONFIRMED_LOOKBACK)));
        loop {
            let page = self.app.store.transfers_in_state(chain, TransferStatus::Confirmed, after, PAGE_ROWS).await?;
            let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
            after = page.last().map(|transfer| transfer.id);
            for transfer in page {
                self.recheck(&head, transfer).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn recheck(&self, head: &BlockHead, transfer: Transfer) -> AppResult<()> {
        let TransferState::Confirmed(signed) = &transfer.state else { return Ok(()) };
        let needed = self.app.catalogue.coin(transfer.coin).map_or(1, |coin| coin.confirmations);
        let is_final = match self.answer(self.port.transaction(&signed.txid)).await? {
            TransactionStatus::InBlock { height, .. } => confirmations(head, height) >= needed,
            // Included in another block it may have been reverted there: then the coins never left, and it is first set to unconfirmed,
            // then to reverted.
            TransactionStatus::Reverted { .. } | TransactionStatus::Unknown | TransactionStatus::Waiting => false,
        };
        if is_final {
            return Ok(());
        }
        self.commit_fact(transfer, TransferFact::Unconfirmed).await
    }

    /// Commits a fact about a transfer in the state in which the chain was asked about it.
    async fn commit_fact(&self, transfer: Transfer, fact: TransferFact) -> AppResult<()> {
        let (app, fact, id) = (&self.app, &fact, transfer.id);
        let known = &InHand::new(transfer);
        retry_with_grade(app, None, |_| async move {
            let transfer = known.or_load(|| outgoing::load_transfer(app, id)).await?;
            transfers::observe(app, transfer, fact.clone()).await
        })
        .await
    }
}
