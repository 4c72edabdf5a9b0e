//! A rail that pays whole units only: the remainder of a payout is kept when it arrives, and never before.

use rampart_core::example;
use rampart_core::id::CustomerId;
use rampart_core::ledger::{Account, FeeKind};
use rampart_core::money::amount::Amount;
use rampart_core::order::payment::PaymentState;
use rampart_core::order::rampoff::{Rampoff, RampoffCommand, RampoffState};
use rampart_core::order::{HoldReason, Order};
use rampart_core::outgoing::{Outgoing, Payout, PayoutFact, PayoutPurpose, PayoutRoute, PayoutState, Screening};
use rampart_core::review::{ReviewDecision, ReviewItem, ReviewSubject};
use rampart_core::step::Step;
use rampart_core::step::record::Record;

use crate::support::{self, Scene};

/// Whole euros.
fn whole_euros() -> Scene {
    let mut scene = Scene::new(example::MARKET);
    scene.catalogue.rail_accounts[0].payable_step = Amount::from_minor(100);
    scene
}

/// What a step books on an account, on its normal side.
fn booked(step: &Step, account: Account) -> i128 {
    let entries = step.postings.iter().flat_map(|posting| posting.entries());
    entries.filter(|entry| entry.account == account).map(|entry| entry.effect().minor()).sum()
}

const KEPT: Account = Account::Fees(FeeKind::Rounding);
const CUSTOMER: Account = Account::Customer(CustomerId(1));

fn payout(step: &Step) -> Payout {
    support::payouts(step).remove(0)
}

fn rampoff(step: &Step) -> Rampoff {
    support::rampoff(step).expect("it is written")
}

/// An order of an earlier version, exchanged to the cent, whose payout failed.
fn exchanged(scene: &Scene) -> Rampoff {
    let state = RampoffState::OnHold { reason: HoldReason::PayoutFailed, since: example::START };
    let mut order = example::rampoff(&scene.catalogue, &scene.mint(), state).expect("the example sells");
    (order.fiat_balance, order.converted) = (Amount::from_minor(9_094), order.terms.coin_amount);
    order
}

#[test]
fn a_sale_exchanged_before_pays_whole_steps_and_keeps_the_rest_when_it_arrives() {
    let scene = whole_euros();
    let context = scene.context();
    let step = exchanged(&scene).request(RampoffCommand::Release, &context).expect("it goes on");
    let (order, payout) = (rampoff(&step), payout(&step));
    assert_eq!((payout.amount.minor(), payout.rounding.minor(), order.fiat_balance.minor()), (9_000, 94, 9_094));
    assert_eq!((order.reserved.minor(), order.state.clone()), (9_000, RampoffState::PayingOut { payout: payout.id, fiat: payout.amount }));
    assert_eq!(booked(&step, KEPT), 0, "it may still fail");
    let sent = Payout { screening: Screening::Cleared, ..payout };
    let failed = sent.clone().observe(PayoutFact::Refused { reason: "closed".to_owned() }, of(order.clone()), &context);
    assert_eq!((booked(&failed, KEPT), rampoff(&failed).fiat_balance.minor()), (0, 9_094), "all of it is still owed");
    let settled = sent.clone().observe(PayoutFact::Settled { reference: "R1".to_owned() }, of(order), &context);
    assert_eq!((booked(&settled, CUSTOMER), booked(&settled, KEPT), rampoff(&settled).sent_amount().minor()), (-9_094, 94, 9_000));
    // It was reported as failed, but arrives.
    let waiting = rampoff(&failed);
    let gone = Payout { state: PayoutState::Failed { reason: "closed".to_owned() }, ..sent };
    let arrived = gone.observe(PayoutFact::Settled { reference: "R1".to_owned() }, of(waiting), &context);
    assert_eq!((booked(&arrived, CUSTOMER), booked(&arrived, KEPT)), (-9_094, 94));
    assert_eq!((rampoff(&arrived).status().as_str(), rampoff(&arrived).sent_amount().minor()), ("finished", 9_000));
}

fn of(order: impl Into<Order>) -> Outgoing {
    Outgoing { order: Some(order.into()), ..Outgoing::default() }
}

#[test]
fn what_is_less_than_a_step_waits_for_a_person() {
    let scene = whole_euros();
    let mut order = exchanged(&scene);
    order.fiat_balance = Amount::from_minor(99);
    let step = order.request(RampoffCommand::Release, &scene.context()).expect("it is tried");
    assert!(matches!(rampoff(&step).state, RampoffState::OnHold { reason: HoldReason::Amount, .. }));
    assert!(!step.writes.iter().any(|record| matches!(record, Record::Payout(_))));
}

#[test]
fn a_refund_that_arrives_after_all_reports_what_arrived() {
    let scene = whole_euros();
    let (mint, context) = (scene.mint(), scene.context());
    let state = PaymentState::OnHold { reason: HoldReason::RefundFailed, since: mint.now };
    let mut order = example::payment(&scene.catalogue, &mint, false, state).expect("the example buys");
    order.fiat_balance = Amount::from_minor(10_050);
    let amount = Amount::from_minor(10_050);
    let route = PayoutRoute::Bank(example::SEPA);
    let failed = Payout {
        version: 2,
        order: Some(order.id),
        customer: Some(order.customer),
        screening: Screening::Cleared,
        state: PayoutState::Failed { reason: "closed".to_owned() },
        ..Payout::new(&mint, PayoutPurpose::Refund, route, example::EUR, amount, example::destination()).payable(&scene.catalogue)
    };
    let step = failed.observe(PayoutFact::Settled { reference: "R1".to_owned() }, of(order), &context);
    let order = support::payment(&step).expect("it is written");
    assert_eq!((order.status().as_str(), order.refunded.minor(), order.fiat_balance), ("refunded", 10_000, Amount::ZERO));
    assert_eq!((booked(&step, CUSTOMER), booked(&step, KEPT)), (-10_050, 50));
}

#[test]
fn a_return_that_comes_back_lists_what_came_back() {
    let scene = whole_euros();
    let (mint, context) = (scene.mint(), scene.context());
    let amount = Amount::from_minor(10_050);
    let item = ReviewItem {
        version: 1,
        asset: Some(example::EUR.into()),
        amount,
        ..ReviewItem::new(&mint, ReviewSubject::Suspense(None), "unmatched".to_owned())
    };
    let sent = Payout {
        version: 1,
        resolves: Some(item.id),
        screening: Screening::Cleared,
        state: PayoutState::Accepted { reference: "B1".to_owned() },
        ..Payout::new(&mint, PayoutPurpose::SuspenseReturn, PayoutRoute::Bank(example::SEPA), example::EUR, amount, example::destination())
            .payable(&scene.catalogue)
    };
    assert_eq!(sent.holds(), [(Account::Suspense, example::EUR, amount)], "all of it is promised");
    let settled = sent.observe(PayoutFact::Settled { reference: "R1".to_owned() }, Outgoing::default(), &context);
    assert_eq!((booked(&settled, Account::Suspense), booked(&settled, KEPT)), (-10_050, 50));
    let resolved = item.settled(ReviewDecision::Return, "luis", "why".to_owned(), None, mint.now);
    let outgoing = Outgoing { review: Some(resolved), ..Outgoing::default() };
    let back = payout(&settled).observe(PayoutFact::Failed { reason: "closed".to_owned() }, outgoing, &context);
    let listed = support::find(&back, |record| if let Record::Review(item) = record { Some(item.amount.minor()) } else { None });
    assert_eq!((booked(&back, Account::Suspense), booked(&back, KEPT), listed), (10_000, 0, Some(10_000)));
}

#[test]
fn a_processor_gives_back_what_it_captured() {
    let scene = whole_euros();
    let mint = scene.mint();
    let amount = Amount::from_minor(10_050);
    let route = PayoutRoute::Processor("card".parse().unwrap());
    let refund = Payout::new(&mint, PayoutPurpose::Refund, route, example::EUR, amount, example::destination()).payable(&scene.catalogue);
    assert_eq!((refund.amount, refund.rounding), (amount, Amount::ZERO));
}
