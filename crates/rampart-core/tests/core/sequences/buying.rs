//! Purchases: money comes in, coins or money go out.

use std::time::Duration;

use proptest::prelude::*;
use rampart_core::amount::Amount;
use rampart_core::catalogue::Catalogue;
use rampart_core::example::{self, Counting};
use rampart_core::id::{FactId, Mint};
use rampart_core::ledger::{Account, LossKind};
use rampart_core::order::{Context, StoppedBy};
use rampart_core::outgoing::{Payout, PayoutState, Route, Screening, Signed, Transfer, TransferState};
use rampart_core::payment::{Payment, PaymentCommand, PaymentFact, PaymentState, Receipt};
use rampart_core::policy::Beyond;
use rampart_core::ports::Verdict;
use rampart_core::quote::BuyTerms;
use rampart_core::record::Record;
use rampart_core::review::ReviewKind;
use rampart_core::step::Step;
use rampart_core::time::Timestamp;
use rampart_core::treasury;

use super::{Books, Checked, EUR, Tally, USDC, minor, pick};

/// What can happen next. Transfers and payouts are named by their place in the order they were made in.
#[derive(Debug, Clone)]
enum Next {
    Paid {
        minor: i128,
        is_customer: bool,
    },
    TakenBack(i128),
    Screened(Verdict),
    Time,
    Broadcast(usize),
    Refused(usize),
    Confirmed(usize),
    Unconfirmed(usize),
    Reverted(usize),
    Accepted(usize),
    Settled(usize),
    Failed(usize),
    /// The screening provider found something about who would receive it, or a person stopped it.
    Stopped(usize),
    /// It found nothing.
    Cleared(usize),
    Returned(usize),
    /// What lies in suspense is assigned to the order.
    Assigned(usize),
    Asked(PaymentCommand),
}

struct Scene {
    catalogue: Catalogue,
    randomness: Counting,
    now: Timestamp,
    order: Payment,
    quoted: BuyTerms,
    books: Books,
    transfers: Vec<(Transfer, i128)>,
    payouts: Vec<Payout>,
    suspense: Vec<(FactId, i128)>,
    paid: i128,
    taken_back: i128,
}

pub(super) fn play(beyond: Beyond, by_card: bool, choices: &[u16]) -> Checked {
    let catalogue = example::catalogue(example::policy(beyond));
    let randomness = Counting::default();
    let mint = Mint { now: example::START, randomness: &randomness };
    let mut order = example::payment(&catalogue, &mint, by_card, PaymentState::Started).expect("the example has both methods");
    order.version = 0;
    let created = order.clone().create(&Context { mint, catalogue: &catalogue, price: None }).expect("within the limits");
    let mut scene = Scene {
        catalogue,
        randomness,
        now: example::START,
        quoted: order.terms,
        order,
        books: Books::default(),
        transfers: Vec::new(),
        payouts: Vec::new(),
        suspense: Vec::new(),
        paid: 0,
        taken_back: 0,
    };
    scene.books.take(&created)?;
    let mut course = Vec::new();
    for choice in choices {
        let next = pick(&scene.possible(), *choice);
        course.push(format!("{next:?}"));
        let checked = scene.happens(next, *choice).and_then(|()| scene.check());
        checked.map_err(|fault| TestCaseError::fail(format!("{fault}\nafter {course:#?}\nit is {:?}", scene.order)))?;
    }
    Ok(())
}

impl Scene {
    fn possible(&self) -> Vec<Next> {
        let mut possible = vec![
            Next::Paid { minor: 10_000, is_customer: true },
            Next::Paid { minor: 10_000, is_customer: true },
            Next::Paid { minor: 5_000, is_customer: true },
            Next::Paid { minor: 12_000, is_customer: true },
            Next::Paid { minor: 10_000, is_customer: false },
            Next::TakenBack(10_000),
            Next::TakenBack(4_000),
            Next::Time,
        ];
        if matches!(self.order.state, PaymentState::PaymentReceived { .. }) {
            possible.extend([Next::Screened(Verdict::Clear), Next::Screened(Verdict::Clear)]);
            possible.push(Next::Screened(Verdict::Hit { reason: "listed".to_owned() }));
        }
        for (index, (transfer, _)) in self.transfers.iter().enumerate() {
            match transfer.state {
                TransferState::Queued => possible.extend([Next::Broadcast(index), Next::Broadcast(index), Next::Refused(index)]),
                TransferState::Broadcast(_) => possible.extend([Next::Confirmed(index), Next::Reverted(index)]),
                TransferState::Confirmed(_) => possible.push(Next::Unconfirmed(index)),
                _ => {}
            }
        }
        for (index, payout) in self.payouts.iter().enumerate() {
            match payout.state {
                PayoutState::Queued if payout.screening == Screening::Due => {
                    possible.extend([Next::Cleared(index), Next::Cleared(index), Next::Stopped(index)]);
                }
                PayoutState::Queued => {
                    possible.extend([Next::Accepted(index), Next::Settled(index), Next::Failed(index), Next::Stopped(index)])
                }
                PayoutState::Accepted { .. } => possible.extend([Next::Settled(index), Next::Failed(index)]),
                PayoutState::Settled { .. } => possible.push(Next::Returned(index)),
                _ => {}
            }
        }
        possible.extend((0..self.suspense.len()).map(Next::Assigned));
        let commands = [
            PaymentCommand::DeclareSent,
            PaymentCommand::Cancel,
            PaymentCommand::GiveRefundAccount(example::destination()),
            PaymentCommand::Hold,
            PaymentCommand::Release,
            PaymentCommand::Refund,
        ];
        // What would be refused changes nothing and is not worth a turn.
        let allowed = |command: &PaymentCommand| self.order.clone().request(command.clone(), &self.context(0)).is_ok();
        possible.extend(commands.into_iter().filter(allowed).map(Next::Asked));
        possible
    }

    fn context(&self, choice: u16) -> Context<'_> {
        let price = (!choice.is_multiple_of(7)).then(example::price);
        Context { mint: Mint { now: self.now, randomness: &self.randomness }, catalogue: &self.catalogue, price }
    }

    /// Plays one happening as the workers do: what the order decides and what its transfer or payout posts are one step.
    fn happens(&mut self, next: Next, choice: u16) -> Checked {
        match next {
            Next::Time => {
                self.now = self.now.after(Duration::from_secs(2_000));
                self.observe(PaymentFact::TimePassed, choice, Step::new(), |_, _| {})
            }
            Next::Paid { minor, is_customer } => {
                self.paid += minor;
                let receipt = self.receipt(minor);
                self.observe(PaymentFact::Paid { receipt, is_customer }, choice, Step::new(), |_, _| {})
            }
            Next::Assigned(index) => self.assign(index, choice),
            Next::TakenBack(minor) => {
                self.taken_back += minor;
                let fact = PaymentFact::Reversed { amount: Amount::from_minor(minor), reason: "stolen card".to_owned() };
                self.observe(fact, choice, Step::new(), |_, _| {})
            }
            Next::Screened(verdict) => {
                self.observe(PaymentFact::Screened { verdict, about_refund: choice.is_multiple_of(2) }, choice, Step::new(), |_, _| {})
            }
            Next::Asked(command) => match self.order.clone().request(command, &self.context(choice)) {
                Ok(step) => self.commit(step),
                Err(_) => Ok(()),
            },
            Next::Broadcast(index) | Next::Refused(index) | Next::Confirmed(index) | Next::Unconfirmed(index) | Next::Reverted(index) => {
                self.transfer(&next, index, choice)
            }
            Next::Accepted(index) | Next::Settled(index) | Next::Failed(index) | Next::Stopped(index) | Next::Returned(index) => {
                self.payout(&next, index, choice)
            }
            Next::Cleared(index) => {
                self.payouts[index].screening = Screening::Cleared;
                Ok(())
            }
        }
    }

    fn receipt(&self, minor: i128) -> Receipt {
        let fact = self.context(0).mint.id();
        Receipt { fact, amount: Amount::from_minor(minor), at: self.now, holder: None, source: Some("ch_1".into()) }
    }

    fn transfer(&mut self, next: &Next, index: usize, choice: u16) -> Checked {
        let before = self.transfers[index].0.clone();
        let (transfer, reason) = (before.id, "refused".to_owned());
        let signed = Signed { nonce: 0, txid: before.id.to_string(), bytes: String::new() };
        match next {
            Next::Broadcast(_) => {
                self.transfers[index].0.state = TransferState::Broadcast(signed.clone());
                let fact = PaymentFact::CoinsBroadcast { transfer, txid: signed.txid };
                self.observe(fact, choice, Step::new(), |step, mint| step.post(before.post_broadcast(mint)))
            }
            Next::Confirmed(_) => {
                self.transfers[index].0.state = TransferState::Confirmed(signed);
                let fact = PaymentFact::CoinsConfirmed { transfer, confirmations: 12 };
                self.observe(fact, choice, Step::new(), |step, mint| step.post(before.post_confirmed(mint)))
            }
            Next::Unconfirmed(_) => {
                self.transfers[index].0.state = TransferState::Broadcast(signed);
                let fact = PaymentFact::CoinsUnconfirmed { transfer };
                self.observe(fact, choice, Step::new(), |step, mint| step.post(before.post_unconfirmed(mint)))
            }
            Next::Reverted(_) => {
                self.transfers[index].0.state = TransferState::Failed { reason: reason.clone() };
                let fact = PaymentFact::TransferFailed { transfer, reason };
                self.observe(fact, choice, Step::new(), |step, mint| step.post(before.post_returned(mint)))
            }
            _ => {
                self.transfers[index].0.state = TransferState::Failed { reason: reason.clone() };
                self.observe(PaymentFact::TransferFailed { transfer, reason }, choice, Step::new(), |_, _| {})
            }
        }
    }

    fn payout(&mut self, next: &Next, index: usize, choice: u16) -> Checked {
        let before = self.payouts[index].clone();
        let was_taken = matches!(before.state, PayoutState::Accepted { .. });
        let (payout, reference, reason) = (before.id, "R1".to_owned(), "closed account".to_owned());
        let mut step = Step::new();
        match next {
            Next::Accepted(_) => {
                self.payouts[index].state = PayoutState::Accepted { reference };
                step.post(before.post_accepted(&self.context(choice).mint));
                self.commit(step)
            }
            Next::Settled(_) => {
                self.payouts[index].state = PayoutState::Settled { reference: reference.clone() };
                self.observe(PaymentFact::RefundSettled { payout, reference }, choice, step, |step, mint| {
                    if !was_taken {
                        step.post(before.post_accepted(mint));
                    }
                    step.post(before.post_settled(mint));
                })
            }
            Next::Failed(_) => {
                self.payouts[index].state = PayoutState::Failed { reason: reason.clone() };
                self.observe(PaymentFact::RefundFailed { payout, reason }, choice, step, |step, mint| {
                    if was_taken {
                        step.post(before.post_failed(mint));
                    }
                })
            }
            Next::Stopped(_) => {
                self.payouts[index].state = PayoutState::Failed { reason: reason.clone() };
                let by = if choice.is_multiple_of(2) { StoppedBy::Screening } else { StoppedBy::Operator };
                self.observe(PaymentFact::RefundStopped { payout, by, reason }, choice, step, |_, _| {})
            }
            _ => {
                self.payouts[index].state = PayoutState::Returned { reason: reason.clone() };
                step.post(before.post_returned(&self.context(choice).mint));
                self.observe(PaymentFact::RefundReturned { payout, amount: before.amount, reason }, choice, step, |_, _| {})
            }
        }
    }

    /// A person says that what lies in suspense is for the order, which must be able to use it.
    fn assign(&mut self, index: usize, choice: u16) -> Checked {
        let (fact, amount) = self.suspense[index];
        let receipt = Receipt { fact, ..self.receipt(amount) };
        let context = self.context(choice);
        let mut step = Step::new();
        let asset = self.order.terms.fiat.into();
        step.post(treasury::suspense_assigned(&context.mint, self.order.pay_in.account(), asset, receipt.amount, Some(self.order.id)));
        let received = self.order.clone().observe(PaymentFact::Paid { receipt, is_customer: true }, &context);
        let unusable = |record: &Record| matches!(record, Record::Review(item) if item.kind == ReviewKind::Suspense);
        if received.writes.iter().any(unusable) {
            return Ok(());
        }
        step.extend(received);
        self.suspense.remove(index);
        self.commit(step)
    }

    fn observe(&mut self, fact: PaymentFact, choice: u16, mut step: Step, beside: impl FnOnce(&mut Step, &Mint<'_>)) -> Checked {
        let context = self.context(choice);
        step.extend(self.order.clone().observe(fact, &context));
        beside(&mut step, &context.mint);
        self.commit(step)
    }

    fn commit(&mut self, step: Step) -> Checked {
        let before = self.books.customer(EUR);
        self.books.take(&step)?;
        for record in step.writes {
            match record {
                Record::Payment(payment) => self.order = *payment,
                Record::Transfer(transfer) => self.transfers.push((*transfer, before - self.books.customer(EUR))),
                Record::Payout(payout) => self.payouts.push(*payout),
                Record::Review(item) if item.kind == ReviewKind::Suspense => {
                    let fact = item.fact.expect("money that came is told by a fact");
                    self.suspense.push((fact, minor(item.amount)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check(&self) -> Checked {
        let (order, books) = (&self.order, &self.books);
        let sent: Vec<_> = self.transfers.iter().filter(|(transfer, _)| !matches!(transfer.state, TransferState::Failed { .. })).collect();
        let back: Vec<_> = self
            .payouts
            .iter()
            .filter(|payout| !matches!(payout.state, PayoutState::Failed { .. } | PayoutState::Returned { .. }))
            .collect();
        prop_assert!(sent.len() + back.len() <= 1, "it has left, or is leaving, more than once");
        let by_processor = |payout: &&&Payout| matches!(payout.route, Route::Processor(_));
        prop_assert!(
            !order.refused_by_processor || back.iter().find(by_processor).is_none(),
            "what refused it for good is not asked again"
        );
        let leaving: i128 =
            back.iter().filter(|payout| !matches!(payout.state, PayoutState::Settled { .. })).map(|payout| minor(payout.amount)).sum();
        let tally = Tally {
            came: self.paid - self.taken_back - books.of(Account::Suspense, EUR),
            gone: sent.iter().map(|(_, fiat)| fiat).sum::<i128>() + back.iter().map(|payout| minor(payout.amount)).sum::<i128>(),
            free: books.customer(EUR) - leaving,
            lost: books.of(Account::Losses(LossKind::Chargeback), EUR),
        };
        tally.check()?;
        prop_assert_eq!(books.customer(EUR), minor(order.fiat_balance), "what the order says lies on the account");
        let waiting: i128 = sent
            .iter()
            .filter(|(transfer, _)| !matches!(transfer.state, TransferState::Confirmed(_)))
            .map(|(transfer, _)| minor(transfer.amount))
            .sum();
        prop_assert_eq!(books.customer(USDC), waiting, "coins lie on the account until they are confirmed");
        prop_assert_eq!(books.held, minor(order.reserved), "what is held");
        prop_assert_eq!(books.open, i128::from(order.is_unpaid()), "the place among open orders");
        // What was taken back goes on counting, and counts again when it is paid again.
        let goes_on =
            matches!(order.state, PaymentState::PaymentReceived { .. } | PaymentState::Sending { .. } | PaymentState::CoinsSent { .. });
        if goes_on && order.reversal.is_none() {
            prop_assert_eq!(books.counted, minor(order.terms.fiat_amount) + minor(order.counted_beyond), "what counts in the limits");
        }
        if matches!(order.state, PaymentState::PaymentReceived { coins } if coins == self.quoted.coin_amount)
            && order.fiat_balance == self.quoted.fiat_amount
        {
            prop_assert_eq!((order.terms.fees(), order.counted_beyond), (self.quoted.fees(), Amount::ZERO), "what was ordered, as ordered");
        }
        if order.is_settled() {
            prop_assert_eq!((books.customer(EUR), books.customer(USDC), books.held), (0, 0, 0), "settled");
        }
        Ok(())
    }
}
