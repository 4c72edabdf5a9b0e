//! Purchases: money comes in, coins or money go out.

use std::time::Duration;

use proptest::prelude::*;
use rampart_core::catalogue::Catalogue;
use rampart_core::catalogue::policy::Policy;
use rampart_core::example::{self, CountingRandomness};
use rampart_core::id::Mint;
use rampart_core::ledger::{Account, LossKind};
use rampart_core::money::amount::Amount;
use rampart_core::order::payment::{Payment, PaymentCommand, PaymentFact, PaymentState, Receipt};
use rampart_core::order::{Context, Order};
use rampart_core::outgoing::{
    Outgoing, Payout, PayoutFact, PayoutPurpose, PayoutRoute, PayoutState, Transfer, TransferFact, TransferState, stopped_by,
};
use rampart_core::ports::ScreeningResult;
use rampart_core::quote::BuyTerms;
use rampart_core::review::{ReviewDecision, ReviewItem, ReviewKind, ReviewRecords};
use rampart_core::step::Step;
use rampart_core::step::record::Record;
use rampart_core::time::Timestamp;

use super::{
    CheckResult, EUR, FlowTotals, LedgerModel, OutsideModel, USDC, context, instead, minor, operator, payout_facts, pick, put,
    transfer_facts,
};
use crate::support;

/// The next event. Transfers and payouts are identified by their index in order of creation.
#[derive(Debug, Clone)]
enum PurchaseEvent {
    Paid {
        minor: i128,
        is_customer: bool,
    },
    ReversedReceipt(i128),
    Screened(ScreeningResult),
    Time,
    Coins(usize, TransferFact),
    Money(usize, PayoutFact),
    /// A suspense item is assigned to the order.
    Assigned(usize),
    Asked(PaymentCommand),
}

struct PurchaseScenario {
    catalogue: Catalogue,
    randomness: CountingRandomness,
    now: Timestamp,
    order: Payment,
    quoted: BuyTerms,
    books: LedgerModel,
    outside: OutsideModel,
    transfers: Vec<(Transfer, i128)>,
    payouts: Vec<Payout>,
    suspense: Vec<ReviewItem>,
    paid: i128,
    taken_back: i128,
}

pub(super) fn play(policy: Policy, by_card: bool, choices: &[u16]) -> CheckResult {
    let catalogue = example::catalogue(policy);
    let randomness = CountingRandomness::default();
    let mint = Mint { now: example::START, randomness: &randomness };
    let mut order = example::payment(&catalogue, &mint, by_card, PaymentState::Started).expect("the example has both methods");
    order.version = 0;
    let created = order.clone().create(&Context::new(mint, &catalogue, None)).expect("within the limits");
    let mut scene = PurchaseScenario {
        catalogue,
        randomness,
        now: example::START,
        quoted: order.terms,
        order,
        books: LedgerModel::default(),
        outside: OutsideModel::default(),
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

impl PurchaseScenario {
    fn possible(&self) -> Vec<PurchaseEvent> {
        let mut possible = vec![
            PurchaseEvent::Paid { minor: 10_000, is_customer: true },
            PurchaseEvent::Paid { minor: 10_000, is_customer: true },
            PurchaseEvent::Paid { minor: 5_000, is_customer: true },
            PurchaseEvent::Paid { minor: 12_000, is_customer: true },
            PurchaseEvent::Paid { minor: 10_000, is_customer: false },
            PurchaseEvent::Paid { minor: 50, is_customer: true },
            PurchaseEvent::ReversedReceipt(10_000),
            PurchaseEvent::ReversedReceipt(4_000),
            PurchaseEvent::Time,
        ];
        if matches!(self.order.state, PaymentState::PaymentReceived { .. }) {
            possible.extend([PurchaseEvent::Screened(ScreeningResult::Clear), PurchaseEvent::Screened(ScreeningResult::Clear)]);
            possible.push(PurchaseEvent::Screened(ScreeningResult::Hit { reason: "listed".to_owned() }));
        }
        for (index, (transfer, _)) in self.transfers.iter().enumerate() {
            possible.extend(transfer_facts(transfer).into_iter().map(|fact| PurchaseEvent::Coins(index, fact)));
        }
        for (index, payout) in self.payouts.iter().enumerate() {
            possible.extend(payout_facts(payout).into_iter().map(|fact| PurchaseEvent::Money(index, fact)));
        }
        possible.extend((0..self.suspense.len()).map(PurchaseEvent::Assigned));
        let commands = [
            PaymentCommand::DeclareSent,
            PaymentCommand::Cancel,
            PaymentCommand::GiveRefundAccount(example::destination(), example::from_partner(self.now)),
            PaymentCommand::GiveRefundAccount(example::destination(), example::from_page(self.now)),
            PaymentCommand::Hold,
            PaymentCommand::Release,
            PaymentCommand::Refund,
            PaymentCommand::SetAside,
        ];
        // Commands that would be refused change nothing and are skipped.
        let allowed = |command: &PaymentCommand| self.order.clone().request(command.clone(), &self.context(0)).is_ok();
        possible.extend(commands.into_iter().filter(allowed).map(PurchaseEvent::Asked));
        possible
    }

    fn context(&self, choice: u16) -> Context<'_> {
        context(Mint { now: self.now, randomness: &self.randomness }, &self.catalogue, &self.suspense, choice)
    }

    /// Applies an event as the workers do.
    fn happens(&mut self, next: PurchaseEvent, choice: u16) -> CheckResult {
        match next {
            PurchaseEvent::Time => {
                self.now = self.now.after(Duration::from_secs(2_000));
                self.observe(PaymentFact::TimePassed, choice)
            }
            PurchaseEvent::Paid { minor, is_customer } => {
                self.paid += minor;
                let receipt = self.receipt(minor);
                self.observe(PaymentFact::Paid { receipt, is_customer }, choice)
            }
            PurchaseEvent::Assigned(index) => self.assign(index, choice),
            PurchaseEvent::ReversedReceipt(minor) => {
                self.taken_back += minor;
                let fact = PaymentFact::Reversed(rampart_core::order::payment::ReversedReceipt {
                    amount: Amount::from_minor(minor),
                    receipt: None,
                    arrived_on: None,
                    from_suspense: Amount::ZERO,
                    reason: "stolen card".to_owned(),
                });
                let context = self.context(choice);
                let order = Order::from(self.order.clone());
                let on_its_way = instead(&order, &self.payouts, &self.transfers_alone(), choice.is_multiple_of(3), &context.mint);
                let step = stopped_by(order, on_its_way.into_iter().collect(), "taken back", &context, |order| match order {
                    Order::Payment(payment) => payment.observe(fact, &context),
                    Order::Rampoff(_) => Step::new(),
                });
                self.commit(step)
            }
            PurchaseEvent::Screened(verdict) => {
                self.observe(PaymentFact::Screened { verdict, about_refund: choice.is_multiple_of(2) }, choice)
            }
            PurchaseEvent::Asked(command) => match self.order.clone().request(command, &self.context(choice)) {
                Ok(step) => self.commit(step),
                Err(_) => Ok(()),
            },
            PurchaseEvent::Coins(index, fact) => {
                let transfer = self.transfers[index].0.clone();
                self.outside.report_transfer(&transfer, &fact);
                self.commit(transfer.observe(fact, self.named(choice), &self.context(choice)))
            }
            PurchaseEvent::Money(index, fact) => {
                let payout = self.payouts[index].clone();
                self.outside.report_payout(&payout, &fact);
                self.commit(payout.observe(fact, self.named(choice), &self.context(choice)))
            }
        }
    }

    fn transfers_alone(&self) -> Vec<Transfer> {
        self.transfers.iter().map(|(transfer, _)| transfer.clone()).collect()
    }

    /// What the facts about its transfers and payouts are applied to.
    fn named(&self, choice: u16) -> Outgoing {
        let order = self.order.clone().into();
        let instead = instead(&order, &self.payouts, &self.transfers_alone(), choice.is_multiple_of(3), &self.context(choice).mint);
        let lost = self.payouts.iter().find(|payout| payout.lost).cloned();
        Outgoing { order: Some(order), instead, lost, ..Outgoing::default() }
    }

    fn receipt(&self, minor: i128) -> Receipt {
        support::receipt(&self.context(0).mint, minor, Some("ch_1"))
    }

    /// An operator assigns a suspense item to the order, which must be able to use it.
    fn assign(&mut self, index: usize, choice: u16) -> CheckResult {
        let about = ReviewRecords { order: Some(self.order.clone().into()), ..ReviewRecords::default() };
        let item = self.suspense[index].clone();
        match item.decide(ReviewDecision::Assign, &operator(), about, &self.context(choice)) {
            Ok(step) => self.commit(step),
            Err(_) => Ok(()),
        }
    }

    fn observe(&mut self, fact: PaymentFact, choice: u16) -> CheckResult {
        self.commit(self.order.clone().observe(fact, &self.context(choice)))
    }

    fn commit(&mut self, step: Step) -> CheckResult {
        let before = self.books.customer(EUR);
        self.books.take(&step)?;
        for record in step.writes {
            match record {
                Record::Payment(payment) => self.order = *payment,
                Record::Transfer(transfer) => match self.transfers.iter_mut().find(|(known, _)| known.id == transfer.id) {
                    Some((known, _)) => *known = *transfer,
                    None => self.transfers.push((*transfer, before - self.books.customer(EUR))),
                },
                // A return from suspense no longer concerns the order.
                Record::Payout(payout) if payout.purpose == PayoutPurpose::SuspenseReturn => {}
                Record::Payout(payout) => put(&mut self.payouts, *payout, |one, other| one.id == other.id),
                Record::Review(item) if item.subject.kind() == ReviewKind::Suspense && item.resolution.is_none() => {
                    put(&mut self.suspense, *item, |one, other| one.id == other.id);
                }
                Record::Review(item) => self.suspense.retain(|waiting| waiting.id != item.id),
                _ => {}
            }
        }
        Ok(())
    }

    fn check(&self) -> CheckResult {
        let (order, books) = (&self.order, &self.books);
        self.outside.check(books, self.paid - self.taken_back)?;
        let sent: Vec<_> = self.transfers.iter().filter(|(transfer, _)| !matches!(transfer.state, TransferState::Failed { .. })).collect();
        let back: Vec<_> = self
            .payouts
            .iter()
            .filter(|payout| !matches!(payout.state, PayoutState::Failed { .. } | PayoutState::Returned { .. }) && !payout.lost)
            .collect();
        prop_assert!(sent.len() + back.len() <= 1, "it has left, or is leaving, more than once");
        // Unless it has arrived after all.
        let by_processor =
            |payout: &&&Payout| matches!(payout.route, PayoutRoute::Processor(_)) && !matches!(payout.state, PayoutState::Settled { .. });
        prop_assert!(!order.refused_by_source || back.iter().find(by_processor).is_none(), "what refused it for good is not asked again");
        let lost: i128 = self.payouts.iter().filter(|payout| payout.lost).map(|payout| minor(payout.amount)).sum();
        prop_assert_eq!(books.of(Account::Losses(LossKind::PaidTwice), EUR), lost, "what was paid beside");
        let leaving: i128 =
            back.iter().filter(|payout| !matches!(payout.state, PayoutState::Settled { .. })).map(|payout| minor(payout.amount)).sum();
        let tally = FlowTotals {
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
        prop_assert_eq!(books.open, i128::from(!order.place_given_back), "the place among open orders");
        let counted: i128 = order.counted.iter().map(|each| minor(each.amount)).sum();
        prop_assert_eq!(books.counted, counted, "what counts in the limits");
        let left: i128 = order.receipts.iter().map(|receipt| minor(receipt.left())).sum();
        if order.is_unpaid() || matches!(order.state, PaymentState::PaymentReceived { .. } | PaymentState::OnHold { .. }) {
            prop_assert_eq!(left, minor(order.fiat_balance), "what is left of the receipts");
        }
        if let Some(taken) = order.taken {
            prop_assert!(minor(taken.promised) <= minor(self.quoted.fiat_amount) + 50, "the promise is for what was ordered");
        }
        if matches!(order.state, PaymentState::PaymentReceived { .. }) {
            let taken = order.taken.expect("something was decided");
            prop_assert_eq!(counted, minor(taken.accepted()), "what is exchanged counts");
            if minor(taken.promised) == minor(self.quoted.fiat_amount) && taken.market.is_zero() {
                prop_assert_eq!((taken.fees(), taken.gives), (self.quoted.fees(), self.quoted.coin_amount), "what was ordered, as ordered");
            }
        }
        if order.is_settled() {
            prop_assert_eq!((books.customer(EUR), books.customer(USDC), books.held), (0, 0, 0), "settled");
        }
        Ok(())
    }
}
