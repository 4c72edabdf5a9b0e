//! Applies facts to a transmission, the transfers that it carries, and the ledger. Facts are never refused; a repeated one, or one that
//! does not fit the state, yields an empty step.

use super::{FeeBooking, SignedAttempt, SpentSlot, Transmission, TransmissionState, Unsigned};
use crate::id::{Mint, OrderId};
use crate::ledger::{Account, Movement, Origin, Posting, PostingKind};
use crate::money::amount::Amount;
use crate::money::rate::Rate;
use crate::order::Context;
use crate::outgoing::{Outgoing, Transfer, TransferFact, TransferState};
use crate::review::{ReviewItem, ReviewSubject};
use crate::step::Step;

/// A transfer that a transmission carries, with what a decision about it needs.
#[derive(Debug, Clone)]
pub struct Carried {
    pub transfer: Transfer,
    pub outgoing: Outgoing,
    /// Current price of its order's pair and direction, if known.
    pub price: Option<Rate>,
}

impl Carried {
    fn observe(self, fact: TransferFact, context: &Context<'_>) -> Step {
        self.transfer.observe(fact, self.outgoing, &Context { price: self.price, ..*context })
    }
}

/// A fact about a transmission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransmissionFact {
    /// The signature of what waited for it was checked.
    Signed { txid: String, bytes: String },
    /// The signer did not sign it and never will.
    SignerRefused,
    /// A node took an attempt, or a block has it.
    Taken { txid: String },
    /// A block with enough confirmations has spent the slot with one of the attempts.
    Spent { spent: SpentSlot, confirmations: u32 },
    /// A block with enough confirmations has spent the slot with something else.
    SpentByOther { height: u64 },
    /// A reorganisation removed the block that had spent the slot, with what attempt or other transaction ever.
    Reopened,
}

impl Transmission {
    /// Applies a fact. `carried` are its transfers.
    #[must_use]
    pub fn observe(self, fact: TransmissionFact, carried: Vec<Carried>, context: &Context<'_>) -> Step {
        match fact {
            TransmissionFact::Signed { txid, bytes } => self.signed(txid, bytes, &context.mint),
            TransmissionFact::SignerRefused => self.signer_refused(carried, context),
            TransmissionFact::Taken { txid } => self.taken(&txid, carried, context),
            TransmissionFact::Spent { spent, confirmations } => self.spent(spent, confirmations, carried, context),
            TransmissionFact::SpentByOther { height } => self.spent_by_other(height, carried, context),
            TransmissionFact::Reopened => self.reopened(carried, context),
        }
    }

    /// Waits for the signature of a further attempt; empty if it is not open.
    #[must_use]
    pub fn replaced(self, unsigned: Unsigned) -> Step {
        let mut step = Step::new();
        if self.state == TransmissionState::Open {
            step.write(self.awaiting(unsigned));
        }
        step
    }

    /// Its slot is to be spent for nothing; empty if it is not open, or is to be already. It fails no transfer: whichever attempt
    /// spends the slot decides.
    #[must_use]
    pub fn cancelled(self, reason: String) -> Step {
        let mut step = Step::new();
        if self.state == TransmissionState::Open && self.cancel.is_none() {
            step.write(Self { cancel: Some(reason), ..self });
        }
        step
    }

    fn signed(mut self, txid: String, bytes: String, mint: &Mint<'_>) -> Step {
        let mut step = Step::new();
        if self.state != TransmissionState::Open || self.attempt(&txid).is_some() {
            return step;
        }
        if let Some(unsigned) = self.unsigned.take() {
            let Unsigned { fee, cancels, .. } = unsigned;
            self.attempts.push(SignedAttempt { txid, bytes, fee, cancels, taken: false, signed_at: mint.now });
            step.write(self);
        }
        step
    }

    /// With nothing ever signed, its transfers wait anew and the slot is free. Else the earlier attempts stay.
    fn signer_refused(self, carried: Vec<Carried>, context: &Context<'_>) -> Step {
        let mut step = Step::new();
        if self.state != TransmissionState::Open || self.unsigned.is_none() {
            return step;
        }
        if !self.attempts.is_empty() || self.cancel.is_some() {
            step.write(Self { unsigned: None, ..self });
            return step;
        }
        let fact = |transfer: &Transfer| match transfer.state {
            TransferState::Recalled(_) => TransferFact::NotDelivered { reason: "it was recalled before it was signed".to_owned() },
            _ => TransferFact::NotSigned,
        };
        for each in carried {
            let fact = fact(&each.transfer);
            step.extend(each.observe(fact, context));
        }
        step.write(Self { unsigned: None, transfers: Vec::new(), state: TransmissionState::Free, ..self });
        step
    }

    fn taken(mut self, txid: &str, carried: Vec<Carried>, context: &Context<'_>) -> Step {
        let mut step = Step::new();
        let Some(attempt) = self.attempts.iter_mut().find(|attempt| attempt.txid == txid) else { return step };
        let (cancels, is_known) = (attempt.cancels, std::mem::replace(&mut attempt.taken, true));
        if !cancels {
            for each in carried {
                step.extend(each.observe(TransferFact::Broadcast { txid: txid.to_owned() }, context));
            }
        }
        if !is_known {
            step.write(self);
        }
        step
    }

    fn spent(self, spent: SpentSlot, confirmations: u32, carried: Vec<Carried>, context: &Context<'_>) -> Step {
        let Some(attempt) = self.attempt(&spent.txid).filter(|_| self.state == TransmissionState::Open) else { return Step::new() };
        let cancels = attempt.cancels;
        let mut step = Step::new();
        // What several transfers share is no single order's.
        let order = carried.first().filter(|_| carried.len() == 1).and_then(|carried| carried.transfer.order);
        for each in carried {
            let fact = match (cancels, spent.succeeded) {
                (true, _) => {
                    let why = self.cancel.as_deref().unwrap_or("its nonce was spent for nothing");
                    TransferFact::NotDelivered { reason: format!("it was cancelled: {why}") }
                }
                (false, true) if matches!(each.transfer.state, TransferState::Failed { .. }) => {
                    step.write(left_after_all(&each.transfer, &spent.txid, &context.mint));
                    continue;
                }
                (false, true) => TransferFact::Confirmed { txid: spent.txid.clone(), confirmations },
                (false, false) => TransferFact::Reverted,
            };
            step.extend(each.observe(fact, context));
        }
        let booked = self.book_fee(spent.network_fee, order, context, &mut step);
        step.write(Self { state: TransmissionState::Settled { txid: spent.txid, height: spent.height }, network_fee: booked, ..self });
        step
    }

    fn spent_by_other(self, height: u64, carried: Vec<Carried>, context: &Context<'_>) -> Step {
        let mut step = Step::new();
        if !matches!(self.state, TransmissionState::Open | TransmissionState::Free) {
            return step;
        }
        let reason = format!("{} was spent by a transaction that is not ours", self.slot);
        for each in carried {
            step.extend(each.observe(TransferFact::NotDelivered { reason: reason.clone() }, context));
        }
        step.write(Self { state: TransmissionState::SpentByOther { height }, unsigned: None, ..self });
        step
    }

    /// Its attempts wait again, or its slot is free. Transfers that had failed because the slot was spent for nothing, by somebody else or
    /// by a reverted transaction stay failed: what may have replaced them has to be the only one, so only attempts that do nothing else
    /// than spending the slot are offered.
    fn reopened(self, carried: Vec<Carried>, context: &Context<'_>) -> Step {
        let mut step = Step::new();
        if self.state.height().is_none() {
            return step;
        }
        let has_failed = carried.iter().any(|each| matches!(each.transfer.state, TransferState::Failed { .. }));
        for each in carried {
            step.extend(each.observe(TransferFact::Unconfirmed, context));
        }
        step.write(match self.attempts.is_empty() {
            true => Self { transfers: Vec::new(), cancel: None, state: TransmissionState::Free, ..self },
            false => {
                let cancel = self.cancel.or_else(|| has_failed.then(|| "what it was for had failed".to_owned()));
                Self { cancel, state: TransmissionState::Open, ..self }
            }
        });
        step
    }

    /// Books the network fee on the wallet that paid it, once; after a reorganisation, what another attempt cost more or less.
    fn book_fee(&self, fee: Amount, order: Option<OrderId>, context: &Context<'_>, step: &mut Step) -> FeeBooking {
        let before = match self.network_fee {
            FeeBooking::None => Amount::ZERO,
            FeeBooking::Booked(before) => before,
            FeeBooking::BookedEarlier => return FeeBooking::BookedEarlier,
        };
        let Some(chain) = context.catalogue.chain(self.chain) else { return self.network_fee };
        let (fees, wallet, change) = (Account::NetworkFees, self.slot.lane().account(self.chain), fee.minor() - before.minor());
        let (debit, credit) = if change < 0 { (wallet, fees) } else { (fees, wallet) };
        let movement = Movement::new(debit, credit, chain.native, Amount::from_minor(change.abs()));
        step.post(Posting::moving(&context.mint, PostingKind::NetworkFee, Origin::Fact, order, &[movement]));
        FeeBooking::Booked(fee)
    }
}

/// A transfer that had failed, and may have been replaced, was delivered after a deep reorganisation.
fn left_after_all(transfer: &Transfer, txid: &str, mint: &Mint<'_>) -> ReviewItem {
    let reason = format!(
        "transfer {} had failed, and after a reorganisation its transaction {txid} was included all the same: the coins have left, \
         and what replaced it may have been sent too",
        transfer.id
    );
    let item = ReviewItem::new(mint, ReviewSubject::Contradiction(()), reason);
    ReviewItem { order: transfer.order, asset: Some(transfer.coin.into()), amount: transfer.amount, ..item }
}
