//! What is sent for transfers, under random sequences of facts and decisions.

use proptest::prelude::*;
use rampart_core::catalogue::fees::FeeTerms;
use rampart_core::example;
use rampart_core::id::TransferId;
use rampart_core::ledger::{Account, Side};
use rampart_core::money::amount::Amount;
use rampart_core::outgoing::{
    Carried, FeeBooking, Lane, Outgoing, Screening, Slot, SpentSlot, Transfer, TransferFact, TransferPurpose, TransferState, Transmission,
    TransmissionFact, TransmissionState, Unsigned,
};
use rampart_core::step::Step;
use rampart_core::step::record::Record;

use crate::support::Scene;

const RECEIVER: &str = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55";

/// A transmission with two withdrawals, and what its postings said of the network fee.
struct Play<'a> {
    scene: &'a Scene,
    transmission: Transmission,
    transfers: Vec<Transfer>,
    /// In minor units of the native coin.
    fees_booked: i128,
    next_txid: u32,
}

impl<'a> Play<'a> {
    fn new(scene: &'a Scene) -> Self {
        let mint = scene.mint();
        let coin = example::USDC;
        let transfer = || Transfer {
            screening: Screening::Exempt,
            ..Transfer::new(&mint, TransferPurpose::Withdrawal, coin, Amount::from_minor(500), RECEIVER.to_owned())
        };
        let transfers = vec![transfer(), transfer()];
        let slot = Slot::Nonce { lane: Lane::FIRST, nonce: 3 };
        let transmission = Transmission::free(&mint, coin.chain, slot);
        let mut play = Self { scene, transmission, transfers, fees_booked: 0, next_txid: 0 };
        play.reserve();
        play
    }

    fn unsigned(&self) -> Unsigned {
        Unsigned { body: "00".to_owned(), fee: FeeTerms::default(), cancels: self.transmission.cancel.is_some() }
    }

    /// As the sender does: slot, unsigned bytes and the transfers' new state in one step.
    fn reserve(&mut self) {
        let ids: Vec<TransferId> = self.transfers.iter().map(|transfer| transfer.id).collect();
        let reserved = self.transmission.clone().reserved(ids, self.unsigned());
        for index in 0..self.transfers.len() {
            let (transfer, fact) = (self.transfers[index].clone(), TransferFact::Signed(reserved.id));
            self.apply(transfer.observe(fact, Outgoing::default(), &self.scene.context()));
        }
        self.transmission = reserved;
    }

    fn carried(&self) -> Vec<Carried> {
        let ids = &self.transmission.transfers;
        let carried = self.transfers.iter().filter(|transfer| ids.contains(&transfer.id));
        carried.map(|transfer| Carried { transfer: transfer.clone(), outgoing: Outgoing::default(), price: None }).collect()
    }

    fn apply(&mut self, step: Step) {
        for posting in &step.postings {
            let fees = posting.entries().iter().filter(|entry| entry.account == Account::NetworkFees);
            self.fees_booked +=
                fees.map(|entry| if entry.side == Side::Debit { entry.amount.minor() } else { -entry.amount.minor() }).sum::<i128>();
        }
        for record in step.writes {
            match record {
                Record::Transmission(transmission) => self.transmission = *transmission,
                Record::Transfer(transfer) => {
                    let known = self.transfers.iter_mut().find(|known| known.id == transfer.id);
                    *known.expect("a known transfer") = *transfer;
                }
                _ => {}
            }
        }
    }

    fn spent(&self, txid: String, choice: u16) -> TransmissionFact {
        let network_fee = Amount::from_minor(i128::from(choice % 97));
        let spent = SpentSlot { txid, height: 7, block: "0x07".to_owned(), succeeded: !choice.is_multiple_of(3), network_fee };
        TransmissionFact::Spent { spent, confirmations: 12 }
    }

    fn happen(&mut self, choice: u16) {
        let attempts = self.transmission.attempts.clone();
        let attempt = attempts.get(usize::from(choice / 16) % attempts.len().max(1)).cloned();
        let fact = match (choice % 9, attempt) {
            (0, _) => {
                self.next_txid += 1;
                TransmissionFact::Signed { txid: format!("0x{}", self.next_txid), bytes: "00".to_owned() }
            }
            (1, _) => TransmissionFact::SignerRefused,
            (2, Some(attempt)) => TransmissionFact::Taken { txid: attempt.txid },
            // The watcher says first that a node had it.
            (3 | 4, Some(attempt)) => {
                self.observe(TransmissionFact::Taken { txid: attempt.txid.clone() });
                self.spent(attempt.txid, choice)
            }
            (5, _) => TransmissionFact::SpentByOther { height: 7 },
            (6, _) => TransmissionFact::Reopened,
            (7, _) => return self.apply(self.transmission.clone().replaced(self.unsigned())),
            (8, _) => return self.apply(self.transmission.clone().cancelled("a person asks for it".to_owned())),
            _ => return,
        };
        self.observe(fact);
    }

    fn observe(&mut self, fact: TransmissionFact) {
        let step = self.transmission.clone().observe(fact, self.carried(), &self.scene.context());
        self.apply(step);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_what_is_sent(choices in proptest::collection::vec(any::<u16>(), 1..40)) {
        let scene = Scene::new(example::HOLD);
        let mut play = Play::new(&scene);
        for choice in choices {
            let before = play.transmission.clone();
            let failed_before: Vec<_> = play.transfers.iter().map(|transfer| transfer.state.status()).collect();
            play.happen(choice);
            let after = &play.transmission;
            prop_assert_eq!(&after.slot, &before.slot);
            prop_assert!(after.attempts.len() >= before.attempts.len(), "what was signed is never forgotten");
            prop_assert!(after.orders >= before.orders, "a number is never used twice");
            prop_assert!(after.state != TransmissionState::Free || after.attempts.is_empty(), "a slot with a signature is not free");
            for (transfer, status) in play.transfers.iter().zip(failed_before) {
                let has_failed = matches!(transfer.state, TransferState::Failed { .. });
                let newly = has_failed && status != transfer.state.status();
                if newly {
                    let is_over = after.state.height().is_some();
                    prop_assert!(is_over, "only a final slot fails a transfer: {after:?}");
                    prop_assert_eq!(transfer.state.transmission(), Some(after.id));
                }
                if let (TransferState::Confirmed(_), TransmissionState::Settled { txid, .. }) = (&transfer.state, &after.state) {
                    prop_assert!(after.attempt(txid).is_some_and(|attempt| !attempt.cancels), "delivered by what delivers");
                }
                if has_failed && after.state == TransmissionState::Open {
                    let offers_delivery = after.offered().any(|attempt| !attempt.cancels);
                    prop_assert!(!offers_delivery, "what has failed is not offered again: {after:?}");
                }
            }
            if let FeeBooking::Booked(fee) = play.transmission.network_fee {
                prop_assert_eq!(play.fees_booked, fee.minor(), "the fee is booked once, whatever is undone");
            } else {
                prop_assert_eq!(play.fees_booked, 0);
            }
        }
    }
}
