//! Our own transactions: what became of their slots, what is offered again, and what is replaced by a dearer attempt.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use rampart_core::catalogue::finality::{ChainProgress, FinalityRule};
use rampart_core::id::TransmissionId;
use rampart_core::outgoing::{
    FeeTerms, Lane, SignedAttempt, Transfer, TransferFact, TransferState, Transmission, TransmissionFact, TransmissionState,
    TransmissionStatus,
};
use rampart_core::ports::{SlotStatus, SpentSlot};
use rampart_core::text;
use rampart_store::CommitError;

use super::{ChainWatcher, PAGE_ROWS};
use crate::error::AppResult;
use crate::workers::sending::replacing::{self, Ceiling};
use crate::workers::sending::transmit::{self, Sent};
use crate::workers::{stops, transfers};

/// Most calls of a chain at a time.
const CONCURRENT_CALLS: usize = 16;
/// Most transmissions that are offered again for one block, lowest nonces first.
const MAX_OFFERED_TRANSMISSIONS: usize = 64;

/// A transmission whose slot nothing has spent.
struct OpenTransmission {
    transmission: Transmission,
    /// Whether the node has one of its attempts.
    is_pending: bool,
}

impl ChainWatcher {
    /// Looks up the slot of every open transmission, settles what is final, and attends to what is not in a block.
    pub(super) async fn check_own_transactions(&self, progress: &ChainProgress) -> AppResult<()> {
        let (mut after, mut open) = (None, BTreeMap::new());
        // Drops entries of transmissions that are settled by now.
        self.settling.lock().retain(|_, height| *height + 1_000 > progress.newest);
        loop {
            let mut page = self.app.store.transmissions_in_state(self.chain(), TransmissionStatus::Open, after, PAGE_ROWS).await?;
            let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
            after = page.last().map(|transmission| transmission.id);
            {
                let settling = self.settling.lock();
                page.retain(|transmission| settling.get(&transmission.id).is_none_or(|height| *height <= progress.newest));
            }
            let results: Vec<AppResult<Option<OpenTransmission>>> = futures::stream::iter(page)
                .map(|transmission| self.check_slot(progress, transmission))
                .buffer_unordered(CONCURRENT_CALLS.min(self.app.config.workers.concurrency))
                .collect()
                .await;
            for result in results {
                if let Some(found) = result? {
                    open.insert((found.transmission.slot.lane(), found.transmission.slot.nonce()), found);
                }
            }
            if is_last {
                break;
            }
        }
        self.attend(open).await
    }

    /// Settles a transmission whose slot is spent; returns it if nothing has spent it.
    async fn check_slot(&self, progress: &ChainProgress, transmission: Transmission) -> AppResult<Option<OpenTransmission>> {
        if transmission.attempts.is_empty() {
            return Ok(Some(OpenTransmission { transmission, is_pending: false }));
        }
        match self.answer(self.ports.reader.slot(&transmission.slot, &transmission.attempts)).await? {
            SlotStatus::Open { is_pending } => Ok(Some(OpenTransmission { transmission, is_pending })),
            SlotStatus::Spent(spent) => self.spent(progress, transmission, spent).await.map(|()| None),
            SlotStatus::SpentByOther { height } => {
                tracing::error!(chain = %self.chain(), slot = %transmission.slot, height, "a nonce of ours was spent by somebody else");
                let native = self.app.catalogue.chain(self.chain()).and_then(|chain| self.app.catalogue.coin(chain.native));
                if native.is_some_and(|coin| coin.finality.is_final(coin.maximum, height, progress)) {
                    let spent = self.answer(self.ports.reader.spent_nonces(Lane::FIRST)).await?;
                    stops::stop_chain(&self.app, self.chain(), spent, transmission.slot.nonce()).await?;
                    let transfers = transmit::transfers_of(&self.app, &transmission).await?;
                    transmit::record(&self.app, transmission, transfers, TransmissionFact::SpentByOther { height }, None).await?;
                }
                Ok(None)
            }
        }
    }

    async fn spent(&self, progress: &ChainProgress, transmission: Transmission, spent: SpentSlot) -> AppResult<()> {
        let transfers = transmit::transfers_of(&self.app, &transmission).await?;
        let Some(attempt) = transmission.attempt(&spent.txid) else { return Ok(()) };
        // A node had it, although none has ever said so.
        let is_unheard = |transfer: &Transfer| matches!(transfer.state, TransferState::Signed(_) | TransferState::Recalled(_));
        if !attempt.taken || (!attempt.cancels && transfers.iter().any(is_unheard)) {
            let (id, txid) = (transmission.id, spent.txid.clone());
            transmit::record(&self.app, transmission, transfers, TransmissionFact::Taken { txid }, None).await?;
            let transmission = transmit::load(&self.app, id).await?;
            let transfers = transmit::transfers_of(&self.app, &transmission).await?;
            return self.settle(progress, transmission, transfers, spent).await;
        }
        self.settle(progress, transmission, transfers, spent).await
    }

    /// Settles the transmission if the block is final for everything that it carries.
    async fn settle(
        &self,
        progress: &ChainProgress,
        transmission: Transmission,
        transfers: Vec<Transfer>,
        spent: SpentSlot,
    ) -> AppResult<()> {
        let rules = self.rules(&transfers);
        if rules.iter().all(|(rule, amount)| rule.is_final(*amount, spent.height, progress)) {
            let needed = rules.iter().map(|(rule, amount)| rule.needed(*amount).blocks).max().unwrap_or(1);
            let confirmations = progress.confirmations(spent.height).min(needed);
            return transmit::record(&self.app, transmission, transfers, TransmissionFact::Spent { spent, confirmations }, None).await;
        }
        let earliest = rules.iter().map(|(rule, amount)| rule.earliest_final(*amount, spent.height)).max().unwrap_or(spent.height);
        if earliest > progress.newest {
            self.settling.lock().insert(transmission.id, earliest);
        }
        Ok(())
    }

    /// The rule of each transfer with its amount; of the native coin where nothing is carried.
    fn rules(&self, transfers: &[Transfer]) -> Vec<(FinalityRule, rampart_core::money::amount::Amount)> {
        let catalogue = &self.app.catalogue;
        let of_transfer = |transfer: &Transfer| Some((catalogue.coin(transfer.coin)?.finality.clone(), transfer.amount));
        let mut rules: Vec<_> = transfers.iter().filter_map(of_transfer).collect();
        if rules.is_empty() {
            let native = catalogue.chain(self.chain()).and_then(|chain| catalogue.coin(chain.native));
            rules.extend(native.map(|coin| (coin.finality.clone(), coin.minimum)));
        }
        rules
    }

    /// Offers again what no node has, lowest nonces first, and replaces the lowest of each wallet where it has waited too long: those
    /// behind it cannot be in a block before.
    async fn attend(&self, open: BTreeMap<(Lane, u64), OpenTransmission>) -> AppResult<()> {
        let mut lowest: Option<Lane> = None;
        let mut offered = 0;
        for ((lane, _), OpenTransmission { transmission, is_pending }) in open {
            let is_lowest = lowest.replace(lane) != Some(lane);
            let is_alone = transmission.transfers.is_empty() || transmission.cancel.is_some();
            let has_been_taken = transmission.offered().any(|attempt| attempt.taken);
            // What replaces or cancels an attempt that a node still has is not signed yet, or was never offered.
            let is_unfinished = !transmission.attempts.is_empty() && (transmission.lacks_attempt() || transmission.unsigned.is_some())
                || transmission.cancel.is_some() && !has_been_taken;
            if is_lowest && let Some(fee) = self.replacement(&transmission).await? {
                self.replace(transmission, fee).await?;
            } else if (is_unfinished || !is_pending && (has_been_taken || is_alone)) && offered < MAX_OFFERED_TRANSMISSIONS {
                // What no node has ever taken is offered by the job of its transfer.
                offered += 1;
                self.offer_again(transmission).await?;
            }
        }
        Ok(())
    }

    async fn offer_again(&self, transmission: Transmission) -> AppResult<()> {
        let transfers = transmit::transfers_of(&self.app, &transmission).await?;
        let id = transmission.id;
        match transmit::transmit(&self.app, &self.ports, transmission, transfers.clone(), None).await? {
            Sent::Taken => tracing::info!(transmission = %id, "it was offered to the chain again"),
            Sent::Waits(reason) | Sent::NotSigned(reason) => {
                tracing::warn!(transmission = %id, reason, "the chain does not take it");
                for transfer in transfers {
                    self.report_vanished(transfer, &reason).await?;
                }
            }
        }
        Ok(())
    }

    /// What to offer instead of the newest attempt, if that has waited too long. At the ceiling a person hears of it once.
    async fn replacement(&self, transmission: &Transmission) -> AppResult<Option<FeeTerms>> {
        let (Some(chain), Some(last)) = (self.app.catalogue.chain(self.chain()), transmission.offered().next()) else { return Ok(None) };
        let patience = chain.fees.patience(transmission.attempts.len());
        let is_due = patience.is_some_and(|patience| last.signed_at.until(self.app.business.now()) >= patience);
        if !is_due || transmission.unsigned.is_some() {
            return Ok(None);
        }
        let transfers = transmit::transfers_of(&self.app, transmission).await?;
        match replacing::dearer(&self.app, &self.ports, transmission, &transfers, Ceiling::Binds).await? {
            Ok(fee) => Ok(Some(fee)),
            Err(reason) => {
                for transfer in transfers {
                    self.report_vanished(transfer, &format!("it waits, and {reason}")).await?;
                }
                Ok(None)
            }
        }
    }

    async fn replace(&self, transmission: Transmission, fee: FeeTerms) -> AppResult<()> {
        let id = transmission.id;
        let transfers = transmit::transfers_of(&self.app, &transmission).await?;
        let unsigned = match replacing::compose(&self.ports, &transmission, &transfers, fee) {
            Ok(unsigned) => unsigned,
            Err(fault) => {
                tracing::error!(transmission = %id, fault, "it cannot be written anew");
                return Ok(());
            }
        };
        match transmit::commit_replacement(&self.app, transmission, unsigned).await? {
            Ok(replaced) => {
                let sent = transmit::transmit(&self.app, &self.ports, replaced, transfers, None).await?;
                tracing::info!(transmission = %id, ?sent, "it has waited too long, and was replaced by a dearer attempt");
            }
            Err(reason) => tracing::info!(transmission = %id, reason, "it was not replaced"),
        }
        Ok(())
    }

    /// Puts a transfer into the review queue, once. It is still offered to the chain with every block.
    async fn report_vanished(&self, transfer: Transfer, reason: &str) -> AppResult<()> {
        let id = transfer.id;
        let fact = TransferFact::Vanished { reason: text::reason(reason) };
        match self.app.commit(transfers::observe(&self.app, transfer, fact).await?).await {
            Ok(_) => {
                tracing::error!(transfer = %id, reason, "a transfer does not get into a block; it waits in the review queue");
                Ok(())
            }
            Err(CommitError::AlreadyClaimed(_) | CommitError::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// After a reorganisation from this height on, looks again at what was settled there. What is no longer in the same block is open
    /// again.
    pub(super) async fn recheck_settled(&self, from_height: u64) -> AppResult<()> {
        let mut after: Option<(u64, TransmissionId)> = None;
        loop {
            let page = self.app.store.transmissions_from_height(self.chain(), from_height, after, PAGE_ROWS).await?;
            let is_last = page.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
            after = page.last().and_then(|transmission| Some((transmission.state.height()?, transmission.id)));
            for transmission in page {
                self.recheck(transmission).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn recheck(&self, transmission: Transmission) -> AppResult<()> {
        let attempts: &[SignedAttempt] = &transmission.attempts;
        let found = self.answer(self.ports.reader.slot(&transmission.slot, attempts)).await?;
        let stands = match (&transmission.state, found) {
            (TransmissionState::Settled { txid, height }, SlotStatus::Spent(spent)) => spent.txid == *txid && spent.height == *height,
            (TransmissionState::SpentByOther { .. }, SlotStatus::SpentByOther { .. }) => true,
            _ => false,
        };
        if stands {
            return Ok(());
        }
        let transfers = transmit::transfers_of(&self.app, &transmission).await?;
        transmit::record(&self.app, transmission, transfers, TransmissionFact::Reopened, None).await
    }
}
