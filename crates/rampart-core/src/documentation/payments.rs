//! The transition table of payments, for the documentation and its snapshot.

use super::transitions::{self, Transition};
use crate::catalogue::Catalogue;
use crate::catalogue::policy::Policy;
use crate::example;
use crate::id::{Mint, PayoutId, TransferId};
use crate::money::amount::Amount;
use crate::order::arrival::Exchange;
use crate::order::payment::{Payment, PaymentCommand, PaymentFact, PaymentState, Receipt, Refund, ReversedReceipt};
use crate::order::{HoldReason, Reversal, ScreeningHits, StoppedBy};
use crate::outgoing::ScreeningResult;
use crate::step::record::Record;
use crate::text::redacted::Redacted;
use crate::time::Timestamp;

/// The state's name, with the hold reason.
#[must_use]
pub fn state_name(state: &PaymentState) -> String {
    match state {
        PaymentState::Sending { .. } => "payment_received (sending)".to_owned(),
        PaymentState::CoinsSent { confirmations: 1.., .. } => "coins_sent (confirmed)".to_owned(),
        PaymentState::OnHold { reason, .. } => transitions::on_hold(*reason),
        other => other.status().to_string(),
    }
}

/// The state's name as the table has it. A charged-back loss and what screening was about change what follows, so they are part
/// of the name.
fn name_of(payment: &Payment) -> String {
    let name = state_name(&payment.state);
    match (payment.lost.is_positive(), &payment.state) {
        (true, _) => name + CHARGED_BACK,
        (false, PaymentState::Started | PaymentState::PendingBank { .. }) if !payment.receipts.is_empty() => name + PAID_IN_PART,
        (false, PaymentState::OnHold { reason: HoldReason::Screening, .. }) if payment.findings.order.is_none() => name + ABOUT_THE_REFUND,
        (false, _) => name,
    }
}

const PAID_IN_PART: &str = ", paid in part";
const CHARGED_BACK: &str = ", charged back";
const ABOUT_THE_REFUND: &str = ", about the refund";

struct PaymentSample<'a> {
    catalogue: &'a Catalogue,
    mint: Mint<'a>,
    transfer: TransferId,
    payout: PayoutId,
}

const STATES: [&str; 26] = [
    "started",
    "started, paid in part",
    "pending_bank",
    "payment_received",
    "payment_received (sending)",
    "coins_sent",
    "coins_sent (confirmed)",
    "on_hold (amount)",
    "on_hold (price)",
    "on_hold (screening)",
    "on_hold (screening), about the refund",
    "on_hold (destination)",
    "on_hold (transfer_failed)",
    "expired",
    "cancelled",
    "failed",
    "refund_pending",
    "refunded",
    "payment_received (sending), charged back",
    "coins_sent, charged back",
    "coins_sent (confirmed), charged back",
    "expired, charged back",
    "cancelled, charged back",
    "failed, charged back",
    "refund_pending, charged back",
    "refunded, charged back",
];

impl PaymentSample<'_> {
    fn state(&self, name: &str) -> PaymentState {
        let (transfer, payout, now) = (self.transfer, self.payout, self.mint.now);
        let (coins, fiat) = (Amount::from_minor(106_684_782), Amount::from_minor(10_000));
        let hold = |reason| PaymentState::OnHold { reason, since: now };
        let sent = |confirmations| PaymentState::CoinsSent { transfer, txid: "0x01".to_owned(), coins, fiat, confirmations };
        match name {
            "pending_bank" => PaymentState::PendingBank { declared_at: now },
            "payment_received" => PaymentState::PaymentReceived { coins },
            "payment_received (sending)" => PaymentState::Sending { transfer, coins, fiat },
            "coins_sent" => sent(0),
            "coins_sent (confirmed)" => sent(12),
            "on_hold (amount)" => hold(HoldReason::Amount),
            "on_hold (price)" => hold(HoldReason::Price),
            "on_hold (screening)" => hold(HoldReason::Screening),
            "on_hold (destination)" => hold(HoldReason::Destination),
            "on_hold (transfer_failed)" => hold(HoldReason::TransferFailed),
            "expired" => PaymentState::Expired,
            "cancelled" => PaymentState::Cancelled,
            "failed" => PaymentState::Failed { reason: "charged back".to_owned() },
            "refund_pending" => PaymentState::RefundPending { payouts: vec![Refund { payout, amount: fiat, rounding: Amount::ZERO }] },
            "refunded" => PaymentState::Refunded { payout, reference: "R1".to_owned() },
            _ => PaymentState::Started,
        }
    }

    fn receipt(&self, minor: i128, at: Timestamp) -> Receipt {
        let (holder, source) = (Some(Redacted::new("Ana Luna")), Some(Redacted::new("ES9299990002950000000001")));
        Receipt { holder, source, ..Receipt::new(self.mint.id(), Amount::from_minor(minor), at) }
    }

    /// The example payment in a state, with the balances of that state.
    fn payment(&self, name: &'static str) -> Option<Payment> {
        let (name, charged_back) = name.strip_suffix(CHARGED_BACK).map_or((name, false), |name| (name, true));
        let (name, about_the_refund) = name.strip_suffix(ABOUT_THE_REFUND).map_or((name, false), |name| (name, true));
        let (name, in_part) = name.strip_suffix(PAID_IN_PART).map_or((name, false), |name| (name, true));
        let mut payment = example::payment(self.catalogue, &self.mint, false, self.state(name))?;
        if charged_back {
            payment.reversal = Some(Reversal::Chargeback);
            payment.lost = Amount::from_minor(10_000);
        }
        if name == "on_hold (screening)" {
            let listed = || "listed".to_owned();
            payment.findings = ScreeningHits { order: (!about_the_refund).then(listed), refund: Some(listed()) };
        }
        let received = match name {
            "started" if in_part => Some(5_000),
            "started" | "pending_bank" | "expired" | "cancelled" | "failed" => None,
            "on_hold (amount)" => Some(5_000),
            _ => Some(10_000),
        };
        if let Some(minor) = received {
            payment.receipts.push(self.receipt(minor, self.mint.now));
            let gone = matches!(name, "payment_received (sending)" | "coins_sent" | "coins_sent (confirmed)" | "refunded");
            payment.fiat_balance = if gone { Amount::ZERO } else { Amount::from_minor(minor) };
        }
        if matches!(
            name,
            "payment_received"
                | "payment_received (sending)"
                | "coins_sent"
                | "coins_sent (confirmed)"
                | "on_hold (screening)"
                | "on_hold (transfer_failed)"
        ) {
            payment.taken = Some(Exchange::at_promise(
                self.mint.now,
                Amount::from_minor(10_000),
                payment.terms.coin_amount,
                [payment.terms.fee_processing, payment.terms.fee_network, Amount::ZERO],
            ));
        }
        payment.place_given_back = !payment.is_unpaid();
        payment.receipt_notified = payment.taken.is_some();
        if !matches!(
            payment.state,
            PaymentState::Started
                | PaymentState::PendingBank { .. }
                | PaymentState::PaymentReceived { .. }
                | PaymentState::Sending { .. }
                | PaymentState::OnHold { .. }
        ) {
            payment.reserved = Amount::ZERO;
        }
        if name == "on_hold (destination)" {
            payment.refund_account = None;
            payment.refund_origin = None;
            payment.receipts.iter_mut().for_each(|receipt| receipt.source = None);
        }
        Some(payment)
    }

    fn facts(&self) -> Vec<(&'static str, PaymentFact)> {
        let (transfer, payout, now) = (self.transfer, self.payout, self.mint.now);
        let (amount, reason) = (Amount::from_minor(10_000), "charged back".to_owned());
        let taken_back = ReversedReceipt { amount, receipt: None, arrived_on: None, from_suspense: Amount::ZERO, reason };
        let paid = |minor, is_customer| PaymentFact::Paid { receipt: self.receipt(minor, now), is_customer };
        vec![
            ("paid exactly", paid(10_000, true)),
            ("paid short", paid(5_000, true)),
            ("paid over", paid(12_000, true)),
            ("paid by someone else", paid(10_000, false)),
            (
                "paid late",
                PaymentFact::Paid { receipt: self.receipt(10_000, now.after(std::time::Duration::from_secs(7_200))), is_customer: true },
            ),
            ("declined", PaymentFact::Declined),
            ("reversed", PaymentFact::Reversed(taken_back)),
            ("screened clear", PaymentFact::Screened { verdict: ScreeningResult::Clear, about_refund: true }),
            ("screened hit", PaymentFact::Screened { verdict: ScreeningResult::Hit { reason: "listed".to_owned() }, about_refund: true }),
            ("coins broadcast", PaymentFact::CoinsBroadcast { transfer, txid: "0x01".to_owned() }),
            ("coins confirmed", PaymentFact::CoinsConfirmed { transfer, txid: "0x01".to_owned(), confirmations: 12 }),
            ("coins unconfirmed", PaymentFact::CoinsUnconfirmed { transfer }),
            ("transfer failed", PaymentFact::TransferFailed { transfer, reason: "reverted".to_owned() }),
            (
                "transfer stopped for the identity",
                PaymentFact::TransferStopped { transfer, by: StoppedBy::Standing(HoldReason::Identity), reason: "withdrawn".to_owned() },
            ),
            ("refund settled", PaymentFact::RefundSettled { payout, reference: "R1".to_owned() }),
            ("refund failed", PaymentFact::RefundFailed { payout, reason: "closed account".to_owned() }),
            ("refund stopped by screening", PaymentFact::RefundStopped { payout, by: StoppedBy::Screening, reason: "listed".to_owned() }),
            ("refund stopped by an operator", PaymentFact::RefundStopped { payout, by: StoppedBy::Operator, reason: "a doubt".to_owned() }),
            (
                "refund returned",
                PaymentFact::RefundReturned { payout, amount: Amount::from_minor(10_000), reason: "closed account".to_owned() },
            ),
            ("time passed", PaymentFact::TimePassed),
            ("much time passed", PaymentFact::TimePassed),
        ]
    }

    fn commands(&self) -> Vec<(&'static str, PaymentCommand)> {
        let account = example::destination();
        vec![
            ("declare sent", PaymentCommand::DeclareSent),
            ("cancel", PaymentCommand::Cancel),
            ("give refund account", PaymentCommand::GiveRefundAccount(account.clone(), example::from_partner(self.mint.now))),
            ("give refund account on the page", PaymentCommand::GiveRefundAccount(account, example::from_page(self.mint.now))),
            ("hold", PaymentCommand::Hold),
            ("release", PaymentCommand::Release),
            ("refund", PaymentCommand::Refund),
            ("put into suspense", PaymentCommand::SetAside),
        ]
    }
}

/// Every state with every fact and command, under a policy.
#[must_use]
pub fn transitions(policy: Policy) -> Vec<Transition> {
    let catalogue = example::catalogue(policy);
    let randomness = example::CountingRandomness::default();
    let mint = Mint { now: example::START, randomness: &randomness };
    let sample = PaymentSample { catalogue: &catalogue, mint, transfer: mint.id(), payout: mint.id() };
    let all = || (sample.facts(), sample.commands());
    let name = |record: &Record| match record {
        Record::Payment(payment) => Some(name_of(payment)),
        _ => None,
    };
    transitions::of_order((&catalogue, mint), &STATES, all, |name| sample.payment(name), (Payment::observe, Payment::request, name))
}
