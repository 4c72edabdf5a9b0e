//! Our own transactions: confirmed, undone by the chain's rules, or vanished and sent again with the same bytes.

use std::time::Duration;

use futures::StreamExt as _;
use rampart_core::id::TransferId;
use rampart_core::outgoing::{Transfer, TransferFact, TransferSource, TransferState};
use rampart_core::ports::{BlockHead, CallOutcome, TransactionStatus};
use rampart_core::text;
use rampart_store::CommitError;

use super::{PAGE, Watcher, confirmations};
use crate::error::AppResult;
use crate::workers::jobs::in_time;
use crate::workers::settle::settle;
use crate::workers::transfers;

/// How many transactions are asked for at the same time.
const TOGETHER: usize = 16;
/// How far back the transfer is looked for that took the nonce of a recalled one (business time).
const RECALLED: Duration = Duration::from_secs(31 * 24 * 60 * 60);
/// How far back confirmed transfers are looked at after a reorganisation that is deep enough to touch them (business time).
const DOUBTED: Duration = Duration::from_secs(24 * 60 * 60);

impl Watcher {
    /// Asks for every transaction that was taken by the chain and is not final.
    pub(super) async fn ask_for_ours(&self, head: &BlockHead) -> AppResult<()> {
        let mut behind = None;
        // Those that nobody waits for any more are forgotten.
        self.final_at.lock().retain(|_, height| *height + 1_000 > head.height);
        loop {
            let mut page = self.app.store().transfers_in_state(self.port.chain(), "broadcast", behind, PAGE).await?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            behind = page.last().map(|transfer| transfer.id);
            {
                let final_at = self.final_at.lock();
                page.retain(|transfer| final_at.get(&transfer.id).is_none_or(|height| *height <= head.height));
            }
            let results: Vec<AppResult<()>> =
                futures::stream::iter(page).map(|transfer| self.ask_for(head, transfer)).buffer_unordered(TOGETHER).collect().await;
            results.into_iter().collect::<AppResult<()>>()?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Asks what became of recalled transfers. One that the chain knows has left after all; one whose nonce another transfer of
    /// ours has finally used up never did.
    pub(super) async fn ask_for_recalled(&self) -> AppResult<()> {
        let chain = self.port.chain();
        let mut behind = None;
        loop {
            let page = self.app.store().transfers_in_state(chain, "recalled", behind, PAGE).await?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            behind = page.last().map(|transfer| transfer.id);
            for transfer in page {
                let Some(signed) = transfer.state.signed() else { continue };
                match self.answer(self.port.transaction(&signed.txid)).await? {
                    TransactionStatus::Unknown if self.is_used_up(signed.nonce).await? => {
                        let reason = "it was recalled, and its nonce went to a transfer to ourselves".to_owned();
                        self.tell(transfer.id, TransferFact::Refused { reason }).await?;
                    }
                    TransactionStatus::Unknown => {}
                    TransactionStatus::Waiting | TransactionStatus::InBlock { .. } | TransactionStatus::Reverted { .. } => {
                        self.tell(transfer.id, TransferFact::Broadcast).await?;
                    }
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Whether a confirmed transfer of the hot wallet carries a nonce.
    async fn is_used_up(&self, nonce: u64) -> AppResult<bool> {
        let mut behind = Some(TransferId::first_at(self.app.business().now().before(RECALLED)));
        loop {
            let page = self.app.store().transfers_in_state(self.port.chain(), "confirmed", behind, PAGE).await?;
            let carries = |transfer: &Transfer| {
                transfer.source == TransferSource::Hot && transfer.state.signed().is_some_and(|signed| signed.nonce == nonce)
            };
            if page.iter().any(carries) {
                return Ok(true);
            }
            if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                return Ok(false);
            }
            behind = page.last().map(|transfer| transfer.id);
        }
    }

    async fn ask_for(&self, head: &BlockHead, transfer: Transfer) -> AppResult<()> {
        let Some(signed) = transfer.state.signed() else { return Ok(()) };
        let needed = self.app.catalogue().coin(transfer.coin).map_or(1, |coin| coin.confirmations);
        let id = transfer.id;
        match self.answer(self.port.transaction(&signed.txid)).await? {
            TransactionStatus::Waiting => {}
            TransactionStatus::Unknown => self.send_again(&transfer).await?,
            TransactionStatus::InBlock { height, network_fee } if confirmations(head, height) >= needed => {
                self.tell(id, TransferFact::Confirmed { confirmations: needed, network_fee }).await?;
            }
            TransactionStatus::Reverted { height, network_fee } if confirmations(head, height) >= needed => {
                self.tell(id, TransferFact::Reverted { network_fee }).await?;
            }
            TransactionStatus::InBlock { height, .. } | TransactionStatus::Reverted { height, .. } => {
                self.final_at.lock().insert(id, height.saturating_add(u64::from(needed)).saturating_sub(1));
            }
        }
        Ok(())
    }

    /// The chain has forgotten it. Only the committed bytes are ever sent, so sending them again cannot pay twice.
    async fn send_again(&self, transfer: &Transfer) -> AppResult<()> {
        let Some(signed) = transfer.state.signed() else { return Ok(()) };
        match in_time(&self.app, self.port.broadcast(signed)).await {
            Some(CallOutcome::Accepted(())) => tracing::info!(transfer = %transfer.id, "a vanished transaction was sent again"),
            // A node refuses bytes it has had before, too: only what the chain still does not know was refused.
            Some(CallOutcome::Refused { reason }) => {
                if self.answer(self.port.transaction(&signed.txid)).await? == TransactionStatus::Unknown {
                    self.tell_of_vanished(transfer, &reason).await?;
                }
            }
            Some(CallOutcome::NotSent { reason } | CallOutcome::Unknown { reason }) => {
                tracing::warn!(transfer = %transfer.id, reason, "a vanished transaction could not be sent again yet");
            }
            None => tracing::warn!(transfer = %transfer.id, "a vanished transaction could not be sent again in time"),
        }
        Ok(())
    }

    /// Puts a transfer on a person's list, once; it goes on being offered to the chain with every block.
    async fn tell_of_vanished(&self, transfer: &Transfer, reason: &str) -> AppResult<()> {
        let fact = TransferFact::Vanished { reason: text::reason(reason) };
        match self.app.commit(transfers::observe(&self.app, transfer.clone(), fact).await?).await {
            Ok(_) => {
                tracing::error!(transfer = %transfer.id, reason, "a vanished transaction is refused by the chain; a person has to look");
                Ok(())
            }
            Err(CommitError::AlreadyClaimed(_) | CommitError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// After a reorganisation: transfers that were final and may not be any more.
    pub(super) async fn doubt_confirmed(&self, undone: usize) -> AppResult<()> {
        let chain = self.port.chain();
        let coins = self.app.catalogue().coins.iter().filter(|coin| coin.id.chain == chain);
        let least = coins.map(|coin| coin.confirmations).min().unwrap_or(1);
        if undone < usize::try_from(least).unwrap_or(usize::MAX) {
            return Ok(());
        }
        let head = self.answer(self.port.head()).await?;
        let mut behind = Some(TransferId::first_at(self.app.business().now().before(DOUBTED)));
        loop {
            let page = self.app.store().transfers_in_state(chain, "confirmed", behind, PAGE).await?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            behind = page.last().map(|transfer| transfer.id);
            for transfer in page {
                self.doubt(&head, transfer).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn doubt(&self, head: &BlockHead, transfer: Transfer) -> AppResult<()> {
        let TransferState::Confirmed(signed) = &transfer.state else { return Ok(()) };
        let needed = self.app.catalogue().coin(transfer.coin).map_or(1, |coin| coin.confirmations);
        let is_final = match self.answer(self.port.transaction(&signed.txid)).await? {
            TransactionStatus::InBlock { height, .. } => confirmations(head, height) >= needed,
            // In another block it may have come to nothing: then the coins never left, and it is taken back in two moves.
            TransactionStatus::Reverted { .. } | TransactionStatus::Unknown | TransactionStatus::Waiting => false,
        };
        if is_final {
            return Ok(());
        }
        self.tell(transfer.id, TransferFact::Unconfirmed).await
    }

    /// Commits what follows for a transfer from what the chain says of it, decided on what is stored now.
    async fn tell(&self, id: TransferId, fact: TransferFact) -> AppResult<()> {
        let (app, fact) = (&self.app, &fact);
        settle(app, None, || async move {
            let step = transfers::observe(app, transfers::load(app, id).await?, fact.clone()).await?;
            Ok(Some(step).filter(|step| !step.is_empty()))
        })
        .await?;
        Ok(())
    }
}
