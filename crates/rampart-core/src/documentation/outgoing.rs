//! The transition tables of transfers and payouts, for the documentation and its snapshot.

use super::{Transition, payments, rampoffs};
use crate::catalogue::Catalogue;
use crate::example;
use crate::id::{Mint, PayoutId, ReviewId, TransferId, TransmissionId};
use crate::money::amount::Amount;
use crate::money::asset::{Asset, Chain};
use crate::order::payment::{PaymentState, Refund};
use crate::order::rampoff::RampoffState;
use crate::order::{Context, HoldReason, Order, StoppedBy};
use crate::outgoing::ScreeningResult;
use crate::outgoing::{
    Outgoing, Payout, PayoutFact, PayoutPurpose, PayoutRoute, PayoutState, Screening, SentIn, Transfer, TransferFact, TransferPurpose,
    TransferSource, TransferState,
};
use crate::review::{ReviewItem, ReviewSubject};
use crate::step::Step;
use crate::step::fact::PayoutReport;
use crate::step::record::Record;
use crate::step::watch::{Deposit, DepositState};
use crate::text::code::Code;

/// Purposes of transfers, with their description in the documentation.
pub const TRANSFERS: [(TransferPurpose, &str); 5] = [
    (TransferPurpose::Buy, "the coins of a purchase"),
    (TransferPurpose::Refund, "refunded coins of a sale"),
    (TransferPurpose::SuspenseReturn, "coins returned from suspense"),
    (TransferPurpose::Sweep, "deposits being swept"),
    (TransferPurpose::Withdrawal, "withdrawals of the company"),
];

/// Purposes of payouts, with their description in the documentation.
pub const PAYOUTS: [(PayoutPurpose, &str); 3] = [
    (PayoutPurpose::Rampoff, "the money of a sale"),
    (PayoutPurpose::Refund, "refunded money of a purchase"),
    (PayoutPurpose::SuspenseReturn, "money returned from suspense"),
];

/// Fixtures of both tables.
struct OutgoingSample<'a> {
    catalogue: &'a Catalogue,
    mint: Mint<'a>,
}

impl OutgoingSample<'_> {
    fn context(&self) -> Context<'_> {
        Context::new(self.mint, self.catalogue, Some(example::price()))
    }

    fn item(&self, asset: impl Into<Asset>) -> ReviewItem {
        let item = ReviewItem::new(&self.mint, ReviewSubject::Suspense(Some("0x03".to_owned())), "it carries no reference".to_owned());
        ReviewItem { version: 1, asset: Some(asset.into()), amount: AMOUNT, ..item }
    }
}

const AMOUNT: Amount = Amount::from_minor(10_000);
const TXID: &str = "0x01";
const BEING_SCREENED: &str = "queued, being screened";

/// Applies every fact in every state.
fn rows<M: Clone, F>(
    states: &[(&'static str, M)],
    facts: impl Fn() -> Vec<(&'static str, F)>,
    observe: impl Fn(M, F) -> Step,
    name: impl Fn(&Record) -> Option<String>,
) -> Vec<Transition> {
    let mut rows = Vec::new();
    for (from, machine) in states {
        for (on, fact) in facts() {
            let step = observe(machine.clone(), fact);
            let to = step.writes.iter().find_map(&name);
            let mut row = Transition::of(from, on, to, &step);
            row.effects.extend(step.writes.iter().filter_map(beside));
            rows.push(row);
        }
    }
    rows
}

/// Effects on other records.
pub(super) fn beside(record: &Record) -> Option<String> {
    match record {
        Record::Payment(payment) => Some(format!("its payment is {}", payments::state_name(&payment.state))),
        Record::Rampoff(rampoff) => Some(format!("its ramp-off is {}", rampoffs::state_name(&rampoff.state))),
        Record::Deposit(deposit) if !deposit.swept => Some("its deposits are to be swept again".to_owned()),
        _ => None,
    }
}

/// Every state of a transfer for this purpose with every fact.
#[must_use]
pub fn transfers(purpose: TransferPurpose) -> Vec<Transition> {
    let catalogue = example::catalogue(example::HOLD);
    let randomness = example::CountingRandomness::default();
    let sample = OutgoingSample { catalogue: &catalogue, mint: Mint { now: example::START, randomness: &randomness } };
    let id: TransferId = sample.mint.id();
    let transmission: TransmissionId = sample.mint.id();
    let reserved = || SentIn::reserved(transmission);
    let sent = || SentIn { txid: Some(TXID.to_owned()), ..reserved() };
    let states = [
        (BEING_SCREENED, TransferState::Queued),
        ("queued", TransferState::Queued),
        ("signed", TransferState::Signed(reserved())),
        ("recalled", TransferState::Recalled(reserved())),
        ("broadcast", TransferState::Broadcast(sent())),
        ("confirmed", TransferState::Confirmed(sent())),
        ("failed", TransferState::Failed { reason: "refused".to_owned(), transmission: None }),
    ];
    let states = states.map(|(name, state)| (name, sample.transfer(id, purpose, name, state)));
    let facts = || {
        let (reason, txid) = ("refused".to_owned(), TXID.to_owned());
        vec![
            ("screened clear", TransferFact::Screened(ScreeningResult::Clear)),
            ("screened hit", TransferFact::Screened(ScreeningResult::Hit { reason: "listed".to_owned() })),
            (
                "stopped for the identity",
                TransferFact::Stopped { by: StoppedBy::Standing(HoldReason::Identity), reason: "withdrawn".to_owned() },
            ),
            ("signed", TransferFact::Signed(transmission)),
            ("not signed", TransferFact::NotSigned),
            ("recalled", TransferFact::Recalled),
            ("broadcast", TransferFact::Broadcast { txid: txid.clone() }),
            ("refused", TransferFact::Refused { reason: reason.clone() }),
            ("confirmed", TransferFact::Confirmed { txid, confirmations: 12 }),
            ("unconfirmed", TransferFact::Unconfirmed),
            ("reverted", TransferFact::Reverted),
            ("vanished", TransferFact::Vanished { reason: reason.clone() }),
            ("not delivered", TransferFact::NotDelivered { reason }),
        ]
    };
    let observe = |transfer: Transfer, fact| {
        let outgoing = sample.named_by_transfer(&transfer).unwrap_or_default();
        transfer.observe(fact, outgoing, &sample.context())
    };
    rows(&states, facts, observe, |record| match record {
        Record::Transfer(transfer) => Some(transfer_state(transfer).to_owned()),
        _ => None,
    })
}

fn transfer_state(transfer: &Transfer) -> &'static str {
    match &transfer.state {
        TransferState::Queued if transfer.screening == Screening::Due => BEING_SCREENED,
        state => state.status().as_str(),
    }
}

impl OutgoingSample<'_> {
    fn transfer(&self, id: TransferId, purpose: TransferPurpose, name: &str, state: TransferState) -> Transfer {
        let own = matches!(purpose, TransferPurpose::Sweep | TransferPurpose::Withdrawal);
        let of_order = matches!(purpose, TransferPurpose::Buy | TransferPurpose::Refund);
        let order = of_order.then(|| self.mint.id());
        let resolves = (purpose == TransferPurpose::SuspenseReturn).then(|| self.mint.id::<ReviewId>());
        let source = if purpose == TransferPurpose::Sweep { TransferSource::Deposit(0) } else { TransferSource::Hot };
        let screening = match name {
            BEING_SCREENED => Screening::Due,
            _ if own => Screening::Exempt,
            _ => Screening::Cleared,
        };
        let to = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55".to_owned();
        let customer = of_order.then_some(crate::id::CustomerId(1));
        Transfer {
            id,
            version: 1,
            order,
            customer,
            source,
            screening,
            resolves,
            state,
            ..Transfer::new(&self.mint, purpose, example::USDC, AMOUNT, to)
        }
    }

    /// The order of a transfer in a state, or its review item or deposits.
    fn named_by_transfer(&self, transfer: &Transfer) -> Option<Outgoing> {
        let (id, coins, fiat) = (transfer.id, transfer.amount, AMOUNT);
        let signed = TXID.to_owned();
        let was_sent = matches!(transfer.state, TransferState::Broadcast(_) | TransferState::Confirmed(_));
        let is_final = matches!(transfer.state, TransferState::Confirmed(_));
        let mut outgoing = Outgoing::default();
        match transfer.purpose {
            TransferPurpose::Buy => {
                let state = match was_sent {
                    true => {
                        let confirmations = if is_final { 12 } else { 0 };
                        PaymentState::CoinsSent { transfer: id, txid: signed, coins, fiat, confirmations }
                    }
                    false => PaymentState::Sending { transfer: id, coins, fiat },
                };
                let mut payment = example::payment(self.catalogue, &self.mint, true, state)?;
                payment.reserved = if was_sent { Amount::ZERO } else { coins };
                outgoing.order = Some(Order::from(payment));
            }
            TransferPurpose::Refund => {
                let state = match is_final {
                    true => RampoffState::Refunded { transfer: id, txid: signed, is_final },
                    false => RampoffState::RefundPending { transfer: id, txid: was_sent.then_some(signed) },
                };
                let mut rampoff = example::rampoff(self.catalogue, &self.mint, state)?;
                (rampoff.coin_balance, rampoff.reserved) = (if is_final { Amount::ZERO } else { coins }, Amount::ZERO);
                outgoing.order = Some(Order::from(rampoff));
            }
            TransferPurpose::SuspenseReturn => outgoing.review = Some(self.item(transfer.coin)),
            TransferPurpose::Sweep => outgoing.deposits = vec![self.deposit(transfer.coin.chain)],
            TransferPurpose::Withdrawal => {}
        }
        Some(outgoing)
    }

    /// A deposit being swept.
    fn deposit(&self, chain: Chain) -> Deposit {
        Deposit {
            id: self.mint.id(),
            version: 1,
            txid: "0x02".to_owned(),
            index: 0,
            coin: crate::money::asset::CoinId { chain, ..example::USDC },
            amount: AMOUNT,
            from: "0x03".to_owned(),
            to: "0x04".to_owned(),
            height: 1,
            block: "0x05".to_owned(),
            state: DepositState::Confirmed,
            order: None,
            swept: true,
            seen_at: self.mint.now,
            block_time: None,
            read_before: None,
        }
    }
}

/// Every state of a payout for this purpose with every fact.
#[must_use]
pub fn payouts(purpose: PayoutPurpose) -> Vec<Transition> {
    let catalogue = example::catalogue(example::HOLD);
    let randomness = example::CountingRandomness::default();
    let sample = OutgoingSample { catalogue: &catalogue, mint: Mint { now: example::START, randomness: &randomness } };
    let id: PayoutId = sample.mint.id();
    let (reference, reason) = (|| "R1".to_owned(), || "closed account".to_owned());
    let said = |word| PayoutFact::Said { by: "luis".to_owned(), word };
    let states = [
        (BEING_SCREENED, PayoutState::Queued),
        ("queued", PayoutState::Queued),
        ("unknown", PayoutState::Unknown),
        ("accepted", PayoutState::Accepted { reference: reference() }),
        ("settled", PayoutState::Settled { reference: reference() }),
        ("failed", PayoutState::Failed { reason: reason() }),
        ("returned", PayoutState::Returned { reason: reason() }),
    ];
    let states = states.map(|(name, state)| (name, sample.payout(id, purpose, name, state)));
    let facts = || {
        vec![
            ("screened clear", PayoutFact::Screened(ScreeningResult::Clear)),
            ("screened hit", PayoutFact::Screened(ScreeningResult::Hit { reason: "listed".to_owned() })),
            ("stopped by an operator", PayoutFact::Stopped { by: StoppedBy::Operator, reason: "a doubt".to_owned() }),
            ("outcome unknown", PayoutFact::Unknown),
            ("never arrived at the rail", PayoutFact::NeverArrived),
            ("accepted", PayoutFact::Accepted { reference: reference() }),
            ("refused", PayoutFact::Refused { reason: reason() }),
            ("settled", PayoutFact::Settled { reference: reference() }),
            ("failed or returned", PayoutFact::Failed { reason: reason() }),
            ("reported as settled by an operator", said(PayoutReport::Settled { reference: reference() })),
            ("reported as failed by an operator", said(PayoutReport::Failed { reason: reason() })),
        ]
    };
    let observe = |payout: Payout, fact| {
        let outgoing = sample.named_by_payout(&payout).unwrap_or_default();
        payout.observe(fact, outgoing, &sample.context())
    };
    rows(&states, facts, observe, |record| match record {
        Record::Payout(payout) => Some(payout_state(payout).to_owned()),
        _ => None,
    })
}

fn payout_state(payout: &Payout) -> &'static str {
    match &payout.state {
        PayoutState::Queued if payout.screening == Screening::Due => BEING_SCREENED,
        state => state.status().as_str(),
    }
}

impl OutgoingSample<'_> {
    fn payout(&self, id: PayoutId, purpose: PayoutPurpose, name: &str, state: PayoutState) -> Payout {
        let of_order = purpose != PayoutPurpose::SuspenseReturn;
        Payout {
            id,
            version: 1,
            order: of_order.then(|| self.mint.id()),
            customer: of_order.then_some(crate::id::CustomerId(1)),
            screening: if name == BEING_SCREENED { Screening::Due } else { Screening::Cleared },
            resolves: (!of_order).then(|| self.mint.id()),
            state,
            ..Payout::new(&self.mint, purpose, PayoutRoute::Bank(Code::literal("sepa")), example::EUR, AMOUNT, example::destination())
        }
    }

    /// The order of a payout in a state, or its review item.
    fn named_by_payout(&self, payout: &Payout) -> Option<Outgoing> {
        let (id, fiat, reference) = (payout.id, payout.amount, "R1".to_owned());
        let arrived = matches!(payout.state, PayoutState::Settled { .. } | PayoutState::Returned { .. });
        let failed = matches!(payout.state, PayoutState::Failed { .. });
        let balance = if arrived { Amount::ZERO } else { fiat };
        let mut outgoing = Outgoing::default();
        match payout.purpose {
            PayoutPurpose::Rampoff => {
                let state = match arrived {
                    true => RampoffState::Finished { payout: id, fiat, reference },
                    false if failed => RampoffState::OnHold { reason: HoldReason::PayoutFailed, since: self.mint.now },
                    false => RampoffState::PayingOut { payout: id, fiat },
                };
                let mut rampoff = example::rampoff(self.catalogue, &self.mint, state)?;
                (rampoff.fiat_balance, rampoff.reserved) = (balance, balance);
                rampoff.converted = if arrived { Amount::ZERO } else { rampoff.terms.coin_amount };
                outgoing.order = Some(Order::from(rampoff));
            }
            PayoutPurpose::Refund => {
                let state = match arrived {
                    true => PaymentState::Refunded { payout: id, reference },
                    false if failed => PaymentState::OnHold { reason: HoldReason::RefundFailed, since: self.mint.now },
                    false => PaymentState::RefundPending { payouts: vec![Refund { payout: id, amount: fiat, rounding: Amount::ZERO }] },
                };
                let mut payment = example::payment(self.catalogue, &self.mint, false, state)?;
                (payment.fiat_balance, payment.reserved) = (balance, Amount::ZERO);
                outgoing.order = Some(Order::from(payment));
            }
            PayoutPurpose::SuspenseReturn => outgoing.review = Some(self.item(payout.currency)),
        }
        Some(outgoing)
    }
}
