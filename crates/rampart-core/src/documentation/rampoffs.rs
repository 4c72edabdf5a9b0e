//! The transition table of ramp-offs, for the documentation and its snapshot.

use super::transitions::{self, Transition};
use crate::catalogue::Catalogue;
use crate::catalogue::policy::Policy;
use crate::example;
use crate::id::{DepositId, Mint, PayoutId, TransferId};
use crate::money::amount::Amount;
use crate::order::arrival::Exchange;
use crate::order::rampoff::{DepositReceipt, Rampoff, RampoffCommand, RampoffFact, RampoffState};
use crate::order::{HoldReason, Reversal, ScreeningHits, StoppedBy};
use crate::outgoing::ScreeningResult;
use crate::step::record::Record;

/// The state's name, with the hold reason.
#[must_use]
pub fn state_name(state: &RampoffState) -> String {
    match state {
        RampoffState::OnHold { reason, .. } => transitions::on_hold(*reason),
        RampoffState::Refunded { is_final: false, .. } => "refunded (unconfirmed)".to_owned(),
        other => other.status().to_string(),
    }
}

const COIN_MINOR_UNITS: i128 = 100_000_000;
const FIAT_MINOR_UNITS: i128 = 9_094;

/// The state's name as the table has it. A lost deposit, a returned payout and what screening was about change what follows, so
/// they are part of the name.
fn name_of(rampoff: &Rampoff) -> String {
    let name = state_name(&rampoff.state);
    match (rampoff.deposits.iter().any(|deposit| deposit.lost), &rampoff.state) {
        (true, _) => name + LOST,
        (false, RampoffState::Confirming) if rampoff.coin_balance.is_positive() => name + PAID_IN_PART,
        (false, RampoffState::Finished { .. }) if rampoff.was_payout_returned() => name + RETURNED,
        (false, RampoffState::OnHold { reason: HoldReason::Screening, .. }) if rampoff.findings.order.is_none() => name + ABOUT_THE_REFUND,
        (false, _) => name,
    }
}

const PAID_IN_PART: &str = ", paid in part";
const LOST: &str = ", deposit undone";
const RETURNED: &str = ", payout returned";
const ABOUT_THE_REFUND: &str = ", about the refund";

struct RampoffSample<'a> {
    catalogue: &'a Catalogue,
    mint: Mint<'a>,
    transfer: TransferId,
    payout: PayoutId,
    deposit: DepositId,
}

const STATES: [&str; 25] = [
    "created",
    "confirming",
    "confirming, paid in part",
    "crypto_received",
    "paying_out",
    "finished",
    "on_hold (amount)",
    "on_hold (price)",
    "on_hold (screening)",
    "on_hold (screening), about the refund",
    "on_hold (payout_failed)",
    "on_hold (reorganised)",
    "on_hold (destination)",
    "expired",
    "cancelled",
    "failed",
    "refund_pending",
    "refunded",
    "refunded (unconfirmed)",
    "finished, payout returned",
    "paying_out, deposit undone",
    "finished, deposit undone",
    "refund_pending, deposit undone",
    "refunded, deposit undone",
    "refunded (unconfirmed), deposit undone",
];

impl RampoffSample<'_> {
    fn state(&self, name: &str) -> RampoffState {
        let (transfer, payout, now, fiat) = (self.transfer, self.payout, self.mint.now, Amount::from_minor(FIAT_MINOR_UNITS));
        let hold = |reason| RampoffState::OnHold { reason, since: now };
        match name {
            "confirming" => RampoffState::Confirming,
            "crypto_received" => RampoffState::CryptoReceived { fiat },
            "paying_out" => RampoffState::PayingOut { payout, fiat },
            "finished" => RampoffState::Finished { payout, fiat, reference: "B1".to_owned() },
            "on_hold (amount)" => hold(HoldReason::Amount),
            "on_hold (price)" => hold(HoldReason::Price),
            "on_hold (screening)" => hold(HoldReason::Screening),
            "on_hold (payout_failed)" => hold(HoldReason::PayoutFailed),
            "on_hold (reorganised)" => hold(HoldReason::Reorganised),
            "on_hold (destination)" => hold(HoldReason::Destination),
            "expired" => RampoffState::Expired,
            "cancelled" => RampoffState::Cancelled,
            "failed" => RampoffState::Failed { reason: "called off".to_owned() },
            "refund_pending" => RampoffState::RefundPending { transfer, txid: Some("0x02".to_owned()) },
            "refunded" => RampoffState::Refunded { transfer, txid: "0x02".to_owned(), is_final: true },
            "refunded (unconfirmed)" => RampoffState::Refunded { transfer, txid: "0x02".to_owned(), is_final: false },
            _ => RampoffState::Created,
        }
    }

    fn receipt(&self, deposit: DepositId, minor: i128, confirmations: u32) -> DepositReceipt {
        DepositReceipt {
            deposit,
            txid: deposit.to_string(),
            index: 0,
            amount: Amount::from_minor(minor),
            at: self.mint.now,
            from: "0x03".to_owned(),
            confirmations,
            lost: false,
            assigned: false,
            set_aside: Amount::ZERO,
        }
    }

    /// The example ramp-off in a state, with the balances of that state.
    fn rampoff(&self, name: &'static str) -> Option<Rampoff> {
        let (name, lost) = name.strip_suffix(LOST).map_or((name, false), |name| (name, true));
        let (name, returned) = name.strip_suffix(RETURNED).map_or((name, false), |name| (name, true));
        let (name, about_the_refund) = name.strip_suffix(ABOUT_THE_REFUND).map_or((name, false), |name| (name, true));
        let (name, in_part) = name.strip_suffix(PAID_IN_PART).map_or((name, false), |name| (name, true));
        let mut rampoff = example::rampoff(self.catalogue, &self.mint, self.state(name))?;
        let has_none = matches!(name, "created" | "confirming" | "expired" | "cancelled" | "failed" | "on_hold (reorganised)");
        let confirmed = in_part || !has_none;
        let arrived = if in_part || name == "on_hold (amount)" { COIN_MINOR_UNITS / 2 } else { COIN_MINOR_UNITS };
        if confirmed || name == "confirming" {
            rampoff.deposits.push(self.receipt(self.deposit, arrived, if confirmed { 12 } else { 0 }));
        }
        match name {
            "paying_out" | "on_hold (payout_failed)" => {
                rampoff.converted = Amount::from_minor(COIN_MINOR_UNITS);
                rampoff.fiat_balance = Amount::from_minor(FIAT_MINOR_UNITS);
            }
            "finished" | "refunded" => {}
            _ if confirmed => rampoff.coin_balance = Amount::from_minor(arrived),
            _ => {}
        }
        if matches!(name, "crypto_received" | "paying_out" | "finished" | "on_hold (screening)" | "on_hold (payout_failed)") {
            rampoff.taken = Some(Exchange::at_promise(
                self.mint.now,
                Amount::from_minor(COIN_MINOR_UNITS),
                Amount::from_minor(FIAT_MINOR_UNITS),
                [rampoff.terms.fee_processing, rampoff.terms.fee_network, Amount::ZERO],
            ));
        }
        rampoff.place_given_back = !rampoff.is_unpaid();
        rampoff.receipt_notified = rampoff.taken.is_some();
        if name == "on_hold (screening)" {
            let listed = || "listed".to_owned();
            rampoff.findings = ScreeningHits { order: (!about_the_refund).then(listed), refund: Some(listed()) };
        }
        if returned {
            rampoff.reversal = Some(Reversal::BankReturn);
        }
        if lost {
            rampoff.reversal = Some(Reversal::Reorganisation);
            rampoff.deposits.iter_mut().for_each(|deposit| deposit.lost = true);
        }
        if rampoff.is_settled() || matches!(name, "refund_pending" | "refunded (unconfirmed)") {
            rampoff.reserved = Amount::ZERO;
        }
        if name == "on_hold (destination)" {
            rampoff.refund_wallet = None;
            rampoff.refund_origin = None;
        }
        Some(rampoff)
    }

    fn facts(&self) -> Vec<(&'static str, RampoffFact)> {
        let (transfer, payout) = (self.transfer, self.payout);
        let another: DepositId = self.mint.id();
        let other_coin = self.catalogue.chains[0].native;
        vec![
            ("deposit seen", RampoffFact::DepositSeen(self.receipt(another, COIN_MINOR_UNITS, 0))),
            ("deposit confirmed", RampoffFact::DepositConfirmed(self.receipt(self.deposit, COIN_MINOR_UNITS, 12))),
            ("another deposit confirmed", RampoffFact::DepositConfirmed(self.receipt(another, COIN_MINOR_UNITS, 12))),
            ("short deposit confirmed", RampoffFact::DepositConfirmed(self.receipt(self.deposit, COIN_MINOR_UNITS / 2, 12))),
            ("deposit dropped", RampoffFact::DepositDropped { deposit: self.deposit }),
            (
                "wrong asset",
                RampoffFact::WrongAsset {
                    coin: other_coin,
                    deposit: another,
                    amount: self.catalogue.coins[1].minimum,
                    from: "0x03".to_owned(),
                    price: None,
                },
            ),
            ("screened clear", RampoffFact::Screened { verdict: ScreeningResult::Clear, about_refund: true }),
            ("screened hit", RampoffFact::Screened { verdict: ScreeningResult::Hit { reason: "listed".to_owned() }, about_refund: true }),
            ("payout accepted", RampoffFact::PayoutAccepted { payout }),
            ("payout settled", RampoffFact::PayoutSettled { payout, reference: "B1".to_owned() }),
            ("payout failed", RampoffFact::PayoutFailed { payout, reason: "closed account".to_owned() }),
            ("payout stopped by screening", RampoffFact::PayoutStopped { payout, by: StoppedBy::Screening, reason: "listed".to_owned() }),
            ("payout stopped by an operator", RampoffFact::PayoutStopped { payout, by: StoppedBy::Operator, reason: "a doubt".to_owned() }),
            ("payout returned", RampoffFact::PayoutReturned { payout, reason: "closed account".to_owned() }),
            ("refund broadcast", RampoffFact::RefundBroadcast { transfer, txid: "0x02".to_owned() }),
            (
                "refund confirmed",
                RampoffFact::RefundConfirmed { transfer, txid: "0x01".to_owned(), amount: Amount::from_minor(COIN_MINOR_UNITS) },
            ),
            (
                "refund unconfirmed",
                RampoffFact::RefundUnconfirmed { transfer, amount: Amount::from_minor(COIN_MINOR_UNITS), withheld: Amount::ZERO },
            ),
            ("refund failed", RampoffFact::RefundFailed { transfer, reason: "reverted".to_owned() }),
            ("refund stopped by screening", RampoffFact::RefundStopped { transfer, by: StoppedBy::Screening, reason: "listed".to_owned() }),
            ("time passed", RampoffFact::TimePassed),
            ("much time passed", RampoffFact::TimePassed),
        ]
    }

    fn commands(&self) -> Option<Vec<(&'static str, RampoffCommand)>> {
        let destination = self.rampoff("created")?.destination;
        let (partner, page) = (example::from_partner(self.mint.now), example::from_page(self.mint.now));
        Some(vec![
            ("cancel", RampoffCommand::Cancel),
            ("give refund wallet", RampoffCommand::GiveRefundWallet("0x03".to_owned(), partner)),
            ("give refund wallet on the page", RampoffCommand::GiveRefundWallet("0x03".to_owned(), page)),
            ("give payout destination", RampoffCommand::GivePayoutDestination(destination, partner)),
            ("hold", RampoffCommand::Hold),
            ("release", RampoffCommand::Release),
            ("refund", RampoffCommand::Refund),
            ("put into suspense", RampoffCommand::SetAside),
        ])
    }
}

/// Every state with every fact and command, under a policy.
#[must_use]
pub fn transitions(policy: Policy) -> Vec<Transition> {
    let catalogue = example::catalogue(policy);
    let randomness = example::CountingRandomness::default();
    let mint = Mint { now: example::START, randomness: &randomness };
    let sample = RampoffSample { catalogue: &catalogue, mint, transfer: mint.id(), payout: mint.id(), deposit: mint.id() };
    let all = || (sample.facts(), sample.commands().unwrap_or_default());
    let name = |record: &Record| match record {
        Record::Rampoff(rampoff) => Some(name_of(rampoff)),
        _ => None,
    };
    transitions::of_order((&catalogue, mint), &STATES, all, |name| sample.rampoff(name), (Rampoff::observe, Rampoff::request, name))
}
