//! Makes transmissions of what earlier versions signed, which kept nonce and bytes in the transfer.

use super::{FeeBooking, Lane, SignedAttempt, Slot, Transmission, TransmissionState};
use crate::catalogue::fees::FeeTerms;
use crate::id::Mint;
use crate::outgoing::{SentIn, Transfer, TransferSource, TransferState};
use crate::step::Step;

impl Transfer {
    /// The transmission of what an earlier version signed, and the step that writes it; `None` if there is nothing of that kind.
    ///
    /// It is open in any case: what the chain has of it is looked up, and what was booked before is not booked again.
    #[must_use]
    pub fn with_transmission(self, mint: &Mint<'_>) -> Option<(Transmission, Step)> {
        let sent = self.state.sent_in()?;
        let (earlier, txid) = (sent.earlier.clone()?, sent.txid.clone()?);
        let lane = match self.source {
            TransferSource::Hot => Lane::FIRST,
            TransferSource::Deposit(index) => Lane::Deposit(index),
        };
        let is_taken = matches!(self.state, TransferState::Broadcast(_) | TransferState::Confirmed(_));
        let transmission = Transmission {
            id: mint.id(),
            version: 0,
            chain: self.chain(),
            slot: Slot::Nonce { lane, nonce: earlier.nonce },
            transfers: vec![self.id],
            unsigned: None,
            orders: 0,
            attempts: vec![SignedAttempt {
                txid: txid.clone(),
                bytes: earlier.bytes,
                fee: FeeTerms::default(),
                cancels: false,
                taken: is_taken,
                signed_at: self.created_at,
            }],
            cancel: matches!(self.state, TransferState::Recalled(_)).then(|| "it was recalled".to_owned()),
            state: TransmissionState::Open,
            network_fee: if self.fee_booked { FeeBooking::BookedEarlier } else { FeeBooking::None },
            created_at: self.created_at,
        };
        let sent = SentIn { transmission: Some(transmission.id), txid: is_taken.then_some(txid), earlier: None };
        let state = match self.state {
            TransferState::Signed(_) => TransferState::Signed(sent),
            TransferState::Recalled(_) => TransferState::Recalled(sent),
            TransferState::Broadcast(_) => TransferState::Broadcast(sent),
            TransferState::Confirmed(_) => TransferState::Confirmed(sent),
            TransferState::Queued | TransferState::Failed { .. } => return None,
        };
        let mut step = Step::new();
        step.write(transmission.clone());
        step.write(Self { state, fee_booked: false, ..self });
        Some((transmission, step))
    }
}
