//! The transition table of transmissions, for the documentation and its snapshot.

use super::Transition;
use super::outgoing::beside;
use crate::catalogue::Catalogue;
use crate::catalogue::fees::FeeTerms;
use crate::example;
use crate::id::{Mint, TransferId};
use crate::money::amount::Amount;
use crate::order::payment::PaymentState;
use crate::order::{Context, Order};
use crate::outgoing::{
    Carried, Lane, Outgoing, Screening, SentIn, SignedAttempt, Slot, SpentSlot, Transfer, TransferPurpose, TransferState, Transmission,
    TransmissionFact, TransmissionState, Unsigned,
};
use crate::step::Step;
use crate::step::record::Record;

const AMOUNT: Amount = Amount::from_minor(10_000);
const DELIVERS: &str = "0x01";
const CANCELS: &str = "0x02";

/// What happens to a transmission: a fact, or what the ramp or a person decides.
#[derive(Clone)]
enum Happening {
    Fact(TransmissionFact),
    Replaced,
    Cancelled,
}

struct TransmissionSample<'a> {
    catalogue: &'a Catalogue,
    mint: Mint<'a>,
    transfer: TransferId,
}

/// Every state of the transmission of a purchase's coins with every fact and decision.
#[must_use]
pub fn transitions() -> Vec<Transition> {
    let catalogue = example::catalogue(example::HOLD);
    let randomness = example::CountingRandomness::default();
    let mint = Mint { now: example::START, randomness: &randomness };
    let sample = TransmissionSample { catalogue: &catalogue, mint, transfer: mint.id() };
    let mut rows = Vec::new();
    for (from, transmission) in sample.states() {
        for (on, happening) in happenings() {
            let carried = sample.carried(&transmission);
            let context = Context::new(sample.mint, sample.catalogue, Some(example::price()));
            let step = match happening {
                Happening::Fact(fact) => transmission.clone().observe(fact, carried, &context),
                Happening::Replaced => transmission.clone().replaced(unsigned(transmission.cancel.is_some())),
                Happening::Cancelled => transmission.clone().cancelled("a person asks for it".to_owned()),
            };
            rows.push(row(from, on, &step));
        }
    }
    rows
}

fn row(from: &'static str, on: &'static str, step: &Step) -> Transition {
    let to = step.writes.iter().find_map(|record| match record {
        Record::Transmission(transmission) => Some(name(transmission)),
        _ => None,
    });
    let mut row = Transition::of(from, on, to.map(str::to_owned), step);
    row.effects.extend(step.writes.iter().filter_map(|record| match record {
        Record::Transfer(transfer) => Some(format!("its transfer is {}", transfer.state.status())),
        record => beside(record),
    }));
    row
}

/// The state, and what it waits for.
fn name(transmission: &Transmission) -> &'static str {
    match &transmission.state {
        TransmissionState::Free => "free",
        TransmissionState::Settled { txid, .. } if txid == CANCELS => "settled, cancelled",
        TransmissionState::Settled { .. } => "settled",
        TransmissionState::SpentByOther { .. } => "spent by other",
        TransmissionState::Open => match (&transmission.unsigned, transmission.cancel.is_some(), transmission.attempts.len()) {
            (Some(unsigned), true, _) if unsigned.cancels => "open, its cancellation being signed",
            (Some(_), false, 0) => "open, being signed",
            (Some(_), false, _) => "open, its replacement being signed",
            (_, true, _) => "open, to be cancelled",
            (None, false, _) => "open, signed",
        },
    }
}

fn unsigned(cancels: bool) -> Unsigned {
    Unsigned { body: "00".to_owned(), fee: FeeTerms::default(), cancels }
}

fn happenings() -> Vec<(&'static str, Happening)> {
    let spent = |txid: &str, succeeded| TransmissionFact::Spent {
        spent: SpentSlot { txid: txid.to_owned(), height: 7, block: "0x07".to_owned(), succeeded, network_fee: Amount::from_minor(21) },
        confirmations: 12,
    };
    let signed = |txid: &str| TransmissionFact::Signed { txid: txid.to_owned(), bytes: "00".to_owned() };
    let facts = [
        ("signed", signed("0x03")),
        ("signer refused", TransmissionFact::SignerRefused),
        ("a node took it", TransmissionFact::Taken { txid: DELIVERS.to_owned() }),
        ("a node took its cancellation", TransmissionFact::Taken { txid: CANCELS.to_owned() }),
        ("final: delivered", spent(DELIVERS, true)),
        ("final: reverted", spent(DELIVERS, false)),
        ("final: cancelled", spent(CANCELS, true)),
        ("final: spent by other", TransmissionFact::SpentByOther { height: 7 }),
        ("its block undone", TransmissionFact::Reopened),
    ];
    let facts = facts.map(|(name, fact)| (name, Happening::Fact(fact)));
    let decisions = [("replaced", Happening::Replaced), ("cancelled", Happening::Cancelled)];
    facts.into_iter().chain(decisions).collect()
}

impl TransmissionSample<'_> {
    fn states(&self) -> Vec<(&'static str, Transmission)> {
        let slot = Slot::Nonce { lane: Lane::FIRST, nonce: 3 };
        let free = Transmission::free(&self.mint, example::USDC.chain, slot);
        let being_signed = free.clone().reserved(vec![self.transfer], unsigned(false));
        let signed = Transmission { unsigned: None, attempts: vec![self.attempt(DELIVERS)], ..being_signed.clone() };
        let replaced = Transmission { unsigned: Some(unsigned(false)), ..signed.clone() };
        let cancel = Some("a person asks for it".to_owned());
        let to_be_cancelled = Transmission { cancel: cancel.clone(), ..signed.clone() };
        let being_cancelled = Transmission { unsigned: Some(unsigned(true)), ..to_be_cancelled.clone() };
        let both = vec![self.attempt(DELIVERS), self.attempt(CANCELS)];
        let cancelling = Transmission { attempts: both, ..to_be_cancelled.clone() };
        let settled_by = |txid: &str| TransmissionState::Settled { txid: txid.to_owned(), height: 7 };
        let settled = Transmission { state: settled_by(DELIVERS), ..signed.clone() };
        let cancelled = Transmission { state: settled_by(CANCELS), ..cancelling.clone() };
        let spent_by_other = Transmission { state: TransmissionState::SpentByOther { height: 7 }, ..signed.clone() };
        let lost_unsigned = Transmission { state: TransmissionState::SpentByOther { height: 7 }, ..free.clone() };
        vec![
            ("free", free),
            ("open, being signed", being_signed),
            ("open, signed", signed),
            ("open, its replacement being signed", replaced),
            ("open, to be cancelled", to_be_cancelled),
            ("open, its cancellation being signed", being_cancelled),
            ("open, its cancellation signed", cancelling),
            ("settled", settled),
            ("settled, cancelled", cancelled),
            ("spent by other", spent_by_other),
            ("spent by other, nothing signed", lost_unsigned),
        ]
    }

    fn attempt(&self, txid: &str) -> SignedAttempt {
        SignedAttempt {
            txid: txid.to_owned(),
            bytes: "00".to_owned(),
            fee: FeeTerms::default(),
            cancels: txid == CANCELS,
            taken: false,
            signed_at: self.mint.now,
        }
    }

    /// Its transfer, in the state that fits.
    fn carried(&self, transmission: &Transmission) -> Vec<Carried> {
        let reserved = SentIn::reserved(transmission.id);
        let sent = SentIn { txid: Some(DELIVERS.to_owned()), ..reserved.clone() };
        let failed = || TransferState::Failed { reason: "not delivered".to_owned(), transmission: Some(transmission.id) };
        let state = match &transmission.state {
            _ if transmission.transfers.is_empty() => return Vec::new(),
            TransmissionState::Open | TransmissionState::Free if transmission.attempts.is_empty() => TransferState::Signed(reserved),
            TransmissionState::Open | TransmissionState::Free => TransferState::Broadcast(sent),
            TransmissionState::Settled { txid, .. } if txid == DELIVERS => TransferState::Confirmed(sent),
            TransmissionState::Settled { .. } | TransmissionState::SpentByOther { .. } => failed(),
        };
        let to = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55".to_owned();
        let order = self.order(&state);
        let transfer = Transfer {
            id: self.transfer,
            version: 1,
            order: order.as_ref().map(Order::id),
            customer: Some(crate::id::CustomerId(1)),
            screening: Screening::Cleared,
            state,
            ..Transfer::new(&self.mint, TransferPurpose::Buy, example::USDC, AMOUNT, to)
        };
        vec![Carried { transfer, outgoing: Outgoing { order, ..Outgoing::default() }, price: Some(example::price()) }]
    }

    /// The purchase that the transfer is of.
    fn order(&self, state: &TransferState) -> Option<Order> {
        let (id, coins, fiat, txid) = (self.transfer, AMOUNT, AMOUNT, DELIVERS.to_owned());
        let (state, reserved) = match state {
            TransferState::Broadcast(_) => (PaymentState::CoinsSent { transfer: id, txid, coins, fiat, confirmations: 0 }, Amount::ZERO),
            TransferState::Confirmed(_) => (PaymentState::CoinsSent { transfer: id, txid, coins, fiat, confirmations: 12 }, Amount::ZERO),
            TransferState::Signed(_) => (PaymentState::Sending { transfer: id, coins, fiat }, coins),
            _ => return None,
        };
        let mut payment = example::payment(self.catalogue, &self.mint, true, state)?;
        payment.reserved = reserved;
        Some(Order::from(payment))
    }
}
