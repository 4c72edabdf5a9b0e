//! The transition table of payments, for the documentation and its snapshot.

use super::{Payment, PaymentCommand, PaymentFact, PaymentState, Receipt};
use crate::amount::Amount;
use crate::catalogue::Catalogue;
use crate::example;
use crate::id::{Mint, PayoutId, TransferId};
use crate::order::{Context, Findings, HoldReason, Reversal, StoppedBy};
use crate::policy::Beyond;
use crate::ports::Verdict;
use crate::record::Record;
use crate::redacted::Redacted;
use crate::step::Step;
use crate::time::Timestamp;
use crate::transitions::Transition;

/// The name of a state, with the reason where it has one.
#[must_use]
pub fn state_name(state: &PaymentState) -> String {
    match state {
        PaymentState::Sending { .. } => "payment_received (sending)".to_owned(),
        PaymentState::CoinsSent { confirmations: 1.., .. } => "coins_sent (confirmed)".to_owned(),
        PaymentState::OnHold { reason, .. } => {
            format!("on_hold ({})", serde_json::to_value(reason).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default())
        }
        other => other.status().to_owned(),
    }
}

/// The name of a payment's state; what was charged back and is lost changes what follows, and so does what the screening
/// provider has found something about.
fn name_of(payment: &Payment) -> String {
    let name = state_name(&payment.state);
    match (payment.lost.is_positive(), &payment.state) {
        (true, _) => name + CHARGED_BACK,
        (false, PaymentState::OnHold { reason: HoldReason::Screening, .. }) if payment.findings.order.is_none() => name + ABOUT_THE_REFUND,
        (false, _) => name,
    }
}

const CHARGED_BACK: &str = ", charged back";
const ABOUT_THE_REFUND: &str = ", about the refund";

struct Sample<'a> {
    catalogue: &'a Catalogue,
    mint: Mint<'a>,
    transfer: TransferId,
    payout: PayoutId,
}

const STATES: [&str; 24] = [
    "started",
    "pending_bank",
    "payment_received",
    "payment_received (sending)",
    "coins_sent",
    "coins_sent (confirmed)",
    "on_hold (short)",
    "on_hold (screening)",
    "on_hold (screening), about the refund",
    "on_hold (refund_destination_needed)",
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

impl Sample<'_> {
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
            "on_hold (short)" => hold(HoldReason::Short),
            "on_hold (screening)" => hold(HoldReason::Screening),
            "on_hold (refund_destination_needed)" => hold(HoldReason::RefundDestinationNeeded),
            "on_hold (transfer_failed)" => hold(HoldReason::TransferFailed),
            "expired" => PaymentState::Expired,
            "cancelled" => PaymentState::Cancelled,
            "failed" => PaymentState::Failed { reason: "charged back".to_owned() },
            "refund_pending" => PaymentState::RefundPending { payout },
            "refunded" => PaymentState::Refunded { payout, reference: "R1".to_owned() },
            _ => PaymentState::Started,
        }
    }

    fn receipt(&self, minor: i128, at: Timestamp) -> Receipt {
        Receipt {
            fact: self.mint.id(),
            amount: Amount::from_minor(minor),
            at,
            holder: Some(Redacted::new("Ana Luna")),
            source: Some(Redacted::new("ES9299990002950000000001")),
        }
    }

    /// The example payment in a state, with what has to lie on the customer's account then.
    fn payment(&self, name: &'static str) -> Option<Payment> {
        let (name, charged_back) = name.strip_suffix(CHARGED_BACK).map_or((name, false), |name| (name, true));
        let (name, about_the_refund) = name.strip_suffix(ABOUT_THE_REFUND).map_or((name, false), |name| (name, true));
        let mut payment = example::payment(self.catalogue, &self.mint, false, self.state(name))?;
        if charged_back {
            payment.reversal = Some(Reversal::Chargeback);
            payment.lost = Amount::from_minor(10_000);
        }
        if name == "on_hold (screening)" {
            let listed = || "listed".to_owned();
            payment.findings = Findings { order: (!about_the_refund).then(listed), refund: Some(listed()) };
        }
        let received = match name {
            "started" | "pending_bank" | "expired" | "cancelled" | "failed" => None,
            "on_hold (short)" => Some(5_000),
            _ => Some(10_000),
        };
        if let Some(minor) = received {
            payment.receipts.push(self.receipt(minor, self.mint.now));
            let gone = matches!(name, "payment_received (sending)" | "coins_sent" | "coins_sent (confirmed)" | "refunded");
            payment.fiat_balance = if gone { Amount::ZERO } else { Amount::from_minor(minor) };
        }
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
        if name == "on_hold (refund_destination_needed)" {
            payment.refund_account = None;
        }
        Some(payment)
    }

    fn facts(&self) -> Vec<(&'static str, PaymentFact)> {
        let (transfer, payout, now) = (self.transfer, self.payout, self.mint.now);
        let paid = |minor, is_customer| PaymentFact::Paid { receipt: self.receipt(minor, now), is_customer };
        vec![
            ("paid exactly", paid(10_000, true)),
            ("paid short", paid(5_000, true)),
            ("paid over", paid(12_000, true)),
            ("paid by a stranger", paid(10_000, false)),
            (
                "paid late",
                PaymentFact::Paid { receipt: self.receipt(10_000, now.after(std::time::Duration::from_secs(7_200))), is_customer: true },
            ),
            ("declined", PaymentFact::Declined),
            ("reversed", PaymentFact::Reversed { amount: Amount::from_minor(10_000), reason: "charged back".to_owned() }),
            ("screened clear", PaymentFact::Screened { verdict: Verdict::Clear, about_refund: true }),
            ("screened hit", PaymentFact::Screened { verdict: Verdict::Hit { reason: "listed".to_owned() }, about_refund: true }),
            ("coins broadcast", PaymentFact::CoinsBroadcast { transfer, txid: "0x01".to_owned() }),
            ("coins confirmed", PaymentFact::CoinsConfirmed { transfer, confirmations: 12 }),
            ("coins unconfirmed", PaymentFact::CoinsUnconfirmed { transfer }),
            ("transfer failed", PaymentFact::TransferFailed { transfer, reason: "reverted".to_owned() }),
            ("refund settled", PaymentFact::RefundSettled { payout, reference: "R1".to_owned() }),
            ("refund failed", PaymentFact::RefundFailed { payout, reason: "closed account".to_owned() }),
            ("refund stopped by screening", PaymentFact::RefundStopped { payout, by: StoppedBy::Screening, reason: "listed".to_owned() }),
            ("refund stopped by a person", PaymentFact::RefundStopped { payout, by: StoppedBy::Operator, reason: "a doubt".to_owned() }),
            (
                "refund returned",
                PaymentFact::RefundReturned { payout, amount: Amount::from_minor(10_000), reason: "closed account".to_owned() },
            ),
            ("time passed", PaymentFact::TimePassed),
        ]
    }

    fn commands() -> Vec<(&'static str, PaymentCommand)> {
        let account = example::destination();
        vec![
            ("declare sent", PaymentCommand::DeclareSent),
            ("cancel", PaymentCommand::Cancel),
            ("give refund account", PaymentCommand::GiveRefundAccount(account)),
            ("hold", PaymentCommand::Hold),
            ("release", PaymentCommand::Release),
            ("refund", PaymentCommand::Refund),
            ("put into suspense", PaymentCommand::SetAside),
        ]
    }
}

fn state_after(step: &Step) -> String {
    let payment = step.writes.iter().find_map(|record| match record {
        Record::Payment(payment) => Some(payment),
        _ => None,
    });
    payment.map(|payment| name_of(payment)).unwrap_or_default()
}

/// Every state with every fact and every command, under a policy that treats deviations as `beyond` says, two hours
/// after the order was made when `late`.
#[must_use]
pub fn transitions(beyond: Beyond) -> Vec<Transition> {
    let catalogue = example::catalogue(example::policy(beyond));
    let randomness = example::Counting::default();
    let mint = Mint { now: example::START, randomness: &randomness };
    let sample = Sample { catalogue: &catalogue, mint, transfer: mint.id(), payout: mint.id() };
    let mut rows = Vec::new();
    for from in STATES {
        let facts = sample.facts().into_iter().map(|(on, fact)| (on, Ok(fact)));
        let commands = Sample::commands().into_iter().map(|(on, command)| (on, Err(command)));
        for (on, what) in facts.chain(commands) {
            let Some(payment) = sample.payment(from) else { continue };
            let now =
                if matches!(on, "time passed" | "paid late") { mint.now.after(std::time::Duration::from_secs(7_200)) } else { mint.now };
            let context = Context { mint: Mint { now, ..mint }, catalogue: &catalogue, price: Some(example::price()) };
            rows.push(match what {
                Ok(fact) => {
                    let step = payment.observe(fact, &context);
                    Transition::of(from, on, state_after(&step), &step)
                }
                Err(command) => match payment.request(command, &context) {
                    Ok(step) => Transition::of(from, on, state_after(&step), &step),
                    Err(refusal) => Transition::refused(from, on, &refusal),
                },
            });
        }
    }
    rows
}
