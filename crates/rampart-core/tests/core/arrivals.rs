//! Decisions about money and coins that arrive early, late, in parts, short, over or from another payer.
//!
//! The example catalogue: 100.00 EUR of USDC at 0.92 (fees 25 cents and 1.5 %, network fee 10 cents), and 100 USDC sold at 0.92. Quoted
//! for an hour, open for a day, honoured for another. Tolerance 50 basis points, at most 5.00 EUR.

use std::time::Duration;

use rampart_core::catalogue::Catalogue;
use rampart_core::catalogue::policy::Policy;
use rampart_core::customer::kyc::KycLevel;
use rampart_core::example::{self, CountingRandomness};
use rampart_core::id::Mint;
use rampart_core::ledger::{Account, Side};
use rampart_core::money::amount::Amount;
use rampart_core::money::rate::Rate;
use rampart_core::order::arrival::{DeviationKind, Eligibility, Grade};
use rampart_core::order::payment::{Payment, PaymentCommand, PaymentFact, PaymentState, Receipt};
use rampart_core::order::rampoff::{DepositReceipt, Rampoff, RampoffFact, RampoffState};
use rampart_core::order::{Context, HoldReason, PublicHoldReason, StoppedBy};
use rampart_core::partner::event::EventType;
use rampart_core::ports::ScreeningResult;
use rampart_core::review::ReviewItem;
use rampart_core::step::Step;
use rampart_core::step::record::Record;
use rampart_core::time::Timestamp;

use crate::support;

const HOUR_SECONDS: u64 = 3_600;

/// An installation without a database: an order, the balance of its customer, and the records of its steps.
struct ArrivalScenario {
    catalogue: Catalogue,
    randomness: CountingRandomness,
    now: Timestamp,
    price: Option<Rate>,
    standing: Eligibility,
    grade: Grade,
    /// Time since the last reading of the source; `None` if there was none.
    read: Option<Duration>,
    items: Vec<ReviewItem>,
    events: Vec<EventType>,
    steps: Vec<Step>,
}

impl ArrivalScenario {
    fn new(policy: Policy) -> Self {
        Self {
            catalogue: example::catalogue(policy),
            randomness: CountingRandomness::default(),
            now: example::START,
            price: Some(example::price()),
            standing: Eligibility::good(KycLevel::Basic),
            grade: Grade::All,
            read: Some(Duration::ZERO),
            items: Vec::new(),
            events: Vec::new(),
            steps: Vec::new(),
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
    }

    fn market(&mut self, price: &str) {
        self.price = Some(price.parse().expect("a price"));
    }

    fn mint(&self) -> Mint<'_> {
        Mint { now: self.now, randomness: &self.randomness }
    }

    fn context(&self) -> Context<'_> {
        Context {
            standing: self.standing,
            grade: self.grade,
            read_at: self.read.map(|ago| self.now.before(ago)),
            running_item: self.items.iter().rev().find(|item| item.reason.contains("too small")),
            ..Context::new(self.mint(), &self.catalogue, self.price)
        }
    }

    fn take(&mut self, step: Step) -> Option<Record> {
        let mut order = None;
        for record in &step.writes {
            match record {
                Record::Payment(_) | Record::Rampoff(_) => order = Some(record.clone()),
                Record::Review(item) => {
                    self.items.retain(|known| known.id != item.id);
                    self.items.push((**item).clone());
                }
                _ => {}
            }
        }
        self.events.extend(step.events.iter().map(|event| event.kind));
        self.steps.push(step);
        order
    }

    fn payment(&self) -> Payment {
        example::payment(&self.catalogue, &self.mint(), false, PaymentState::Started).expect("the example has a transfer")
    }

    fn card(&self) -> Payment {
        example::payment(&self.catalogue, &self.mint(), true, PaymentState::Started).expect("the example has a card")
    }

    fn sale(&self) -> Rampoff {
        example::rampoff(&self.catalogue, &self.mint(), RampoffState::Created).expect("the example sells")
    }

    fn observe(&mut self, order: Payment, fact: PaymentFact) -> Payment {
        let step = order.clone().observe(fact, &self.context());
        self.bought(order, step)
    }

    fn bought(&mut self, order: Payment, step: Step) -> Payment {
        match self.take(step) {
            Some(Record::Payment(order)) => *order,
            _ => order,
        }
    }

    fn receipt(&self, minor: i128) -> Receipt {
        support::receipt(&self.mint(), minor, Some("ES9299990002950000000001"))
    }

    fn paid(&mut self, order: Payment, minor: i128) -> Payment {
        let receipt = self.receipt(minor);
        self.observe(order, PaymentFact::Paid { receipt, is_customer: true })
    }

    /// As the worker does: what limits or balances refuse is retried with less.
    fn paid_within(&mut self, order: Payment, minor: i128, refused: impl Fn(&Step) -> Option<HoldReason>) -> Payment {
        let receipt = self.receipt(minor);
        self.grade = Grade::All;
        loop {
            let fact = PaymentFact::Paid { receipt: receipt.clone(), is_customer: true };
            let step = order.clone().observe(fact, &self.context());
            match refused(&step) {
                None => return self.bought(order, step),
                Some(reason) => self.grade = self.grade.less(reason).expect("the smallest grade is never refused"),
            }
        }
    }

    fn deposit(&mut self, order: Rampoff, minor: i128) -> Rampoff {
        let mut receipt = self.coins(minor);
        let step = order.clone().observe(RampoffFact::DepositSeen(receipt.clone()), &self.context());
        let order = self.sold(order, step);
        receipt.confirmations = 12;
        let step = order.clone().observe(RampoffFact::DepositConfirmed(receipt), &self.context());
        self.sold(order, step)
    }

    fn coins(&self, minor: i128) -> DepositReceipt {
        let deposit: rampart_core::id::DepositId = self.mint().id();
        DepositReceipt {
            deposit,
            txid: deposit.to_string(),
            index: 0,
            amount: Amount::from_minor(minor),
            at: self.now,
            from: "0x03".to_owned(),
            confirmations: 0,
            lost: false,
            assigned: false,
            set_aside: Amount::ZERO,
        }
    }

    fn sold(&mut self, order: Rampoff, step: Step) -> Rampoff {
        match self.take(step) {
            Some(Record::Rampoff(order)) => *order,
            _ => order,
        }
    }

    fn time(&mut self, order: Payment) -> Payment {
        self.observe(order, PaymentFact::TimePassed)
    }

    /// The balance of suspense, in minor units.
    fn suspense(&self) -> i128 {
        let entries = self.steps.iter().flat_map(|step| &step.postings).flat_map(|posting| posting.entries());
        entries.filter(|entry| entry.account == Account::Suspense).map(|entry| entry.effect().minor()).sum()
    }

    /// The counters of the customer's daily limits, by window.
    fn counted(&self) -> i128 {
        let raises = self.steps.iter().flat_map(|step| &step.raises);
        raises.filter(|raise| raise.counter.what.contains(":day:")).map(|raise| raise.by.minor()).sum()
    }
}

fn gives(order: &Payment) -> i128 {
    order.taken.expect("something was decided").gives.minor()
}

/// What 100.00 EUR buys at the quoted rate.
const ORDERED_COIN_MINOR_UNITS: i128 = 106_684_782;

#[test]
fn a_cent_keeps_no_price() {
    for (first, then_after) in [(1, 5 * 24 * HOUR_SECONDS), (1, 2 * HOUR_SECONDS)] {
        let mut scene = ArrivalScenario::new(example::MARKET);
        let order = scene.payment();
        let order = scene.paid(order, first);
        assert_eq!((order.status().as_str(), order.receipts.len(), scene.suspense()), ("started", 0, 1), "too little to count");
        scene.pass(then_after);
        scene.market("1.84");
        let order = scene.time(order);
        let order = scene.paid(order, 9_999);
        if then_after > 24 * HOUR_SECONDS {
            assert_eq!((order.status().as_str(), scene.suspense()), ("expired", 10_000), "an ended order takes nothing");
        } else {
            assert_eq!(order.status().as_str(), "payment_received");
            assert!(gives(&order) <= ORDERED_COIN_MINOR_UNITS / 2, "at the market price");
            assert_eq!(order.exceptions.first(), Some(DeviationKind::Late));
        }
        // The same with coins.
        let mut scene = ArrivalScenario::new(example::MARKET);
        let order = scene.sale();
        let order = scene.deposit(order, 1);
        assert_eq!((order.status().as_str(), order.coin_balance), ("created", Amount::ZERO));
        scene.pass(2 * HOUR_SECONDS);
        scene.market("0.46");
        let order = scene.deposit(order, 99_999_999);
        assert_eq!(order.status().as_str(), "crypto_received");
        assert!(order.payout_amount().minor() < 4_600, "at the market price");
    }
}

#[test]
fn less_in_time_waits_and_is_decided_by_the_reading_behind_the_promise() {
    let mut scene = ArrivalScenario::new(example::MARKET);
    let order = scene.payment();
    let order = scene.paid(order, 6_000);
    assert_eq!((order.status().as_str(), order.received().minor()), ("started", 6_000));
    assert_eq!(scene.events, [EventType::PaymentUpdated]);
    assert!(order.clone().request(PaymentCommand::Cancel, &scene.context()).is_ok(), "asking for the end asks for the money");
    scene.pass(HOUR_SECONDS);
    let order = scene.time(order);
    assert_eq!(
        (order.status().as_str(), order.reserved.minor()),
        ("started", ORDERED_COIN_MINOR_UNITS),
        "a reading begun later may show more"
    );
    // The price feed stops: the coins are released, the price is not.
    scene.pass(900);
    scene.read = Some(Duration::from_secs(2_000));
    let order = scene.time(order);
    assert_eq!((order.status().as_str(), order.reserved.minor()), ("started", 0));
    scene.read = Some(Duration::ZERO);
    scene.market("1.84");
    let order = scene.time(order);
    assert_eq!(order.status().as_str(), "payment_received");
    // 60.00 less 0.25 + 0.90 + 0.10 at 0.92.
    assert_eq!(gives(&order), 63_858_695);
    assert_eq!(order.exceptions.first(), Some(DeviationKind::Short));
    assert_eq!(scene.counted() + 10_000, 6_000, "what was ordered counted when it was made");
}

#[test]
fn what_is_late_goes_at_the_market_price_whatever_came_before() {
    let mut scene = ArrivalScenario::new(example::MARKET);
    let order = scene.payment();
    let order = scene.paid(order, 6_000);
    scene.pass(HOUR_SECONDS);
    scene.market("1.84");
    let order = scene.paid(order, 4_000);
    assert_eq!(order.status().as_str(), "started", "the reading behind the promise decides");
    scene.pass(900);
    let order = scene.time(order);
    // 60.00 at the promise bear the fixed fees: 58.75 / 0.92; 40.00 less 0.60 at 1.84.
    assert_eq!(gives(&order), 63_858_695 + 21_413_043);
    assert_eq!(order.exceptions.first(), Some(DeviationKind::Late));
}

#[test]
fn what_is_complete_in_time_is_decided_by_that_whatever_else_was_reported_before() {
    // 40.00 in time, 3.00 late and read before the 60.00 that were in time too.
    let mut scene = ArrivalScenario::new(example::MARKET);
    let order = scene.payment();
    let order = scene.paid(order, 4_000);
    let in_time = scene.receipt(6_000);
    scene.pass(HOUR_SECONDS);
    let order = scene.paid(order, 300);
    assert_eq!(order.status().as_str(), "started");
    scene.market("1.84");
    let order = scene.observe(order, PaymentFact::Paid { receipt: in_time, is_customer: true });
    assert_eq!((order.status().as_str(), gives(&order)), ("payment_received", ORDERED_COIN_MINOR_UNITS));
    // It is the late receipt that lies beside it.
    assert_eq!((scene.suspense(), order.set_aside.minor()), (300, 300));
    let aside: Vec<i128> = order.receipts.iter().map(|receipt| receipt.set_aside.minor()).collect();
    assert_eq!(aside, [0, 300, 0]);
}

#[test]
fn coins_that_are_in_a_block_in_time_are_waited_for() {
    let mut scene = ArrivalScenario::new(example::MARKET);
    let order = scene.sale();
    let mut pending = scene.coins(100_000_000);
    let step = order.clone().observe(RampoffFact::DepositSeen(pending.clone()), &scene.context());
    let order = scene.sold(order, step);
    scene.pass(2 * HOUR_SECONDS);
    scene.market("0.46");
    let order = scene.deposit(order, 50_000_000);
    assert_eq!(order.status().as_str(), "confirming", "what is late decides nothing meanwhile");
    pending.confirmations = 12;
    let step = order.clone().observe(RampoffFact::DepositConfirmed(pending), &scene.context());
    let order = scene.sold(order, step);
    assert_eq!((order.status().as_str(), order.payout_amount().minor(), order.set_aside.minor()), ("crypto_received", 9_094, 50_000_000));
    // Late coins in a block are not waited for: the first that are final decide.
    let mut scene = ArrivalScenario::new(example::MARKET);
    let order = scene.sale();
    scene.pass(2 * HOUR_SECONDS);
    let pending = scene.coins(100_000_000);
    let step = order.clone().observe(RampoffFact::DepositSeen(pending), &scene.context());
    let order = scene.sold(order, step);
    assert_eq!(scene.deposit(order, 50_000_000).status().as_str(), "crypto_received");
}

#[test]
fn a_promise_is_kept_for_what_was_ordered_and_for_nothing_beyond_it() {
    let mut scene = ArrivalScenario::new(example::MARKET);
    scene.market("1.84");
    let order = scene.payment();
    let order = scene.paid(order, 50_000);
    // 100.00 at the promise; 400.00 less 6.00 at the market price.
    assert_eq!(gives(&order), ORDERED_COIN_MINOR_UNITS + 214_130_434);
    assert_eq!(order.exceptions.first(), Some(DeviationKind::Over));
    assert_eq!(scene.suspense(), 0);
}

#[test]
fn a_surplus_passes_no_limit() {
    // Level 1 may trade 1,000.00 an order.
    let mut scene = ArrivalScenario::new(example::MARKET);
    let order = scene.payment();
    let order = scene.paid(order, 100_001);
    assert_eq!((gives(&order), scene.suspense()), (ORDERED_COIN_MINOR_UNITS, 90_001));
    assert_eq!(order.set_aside.minor(), 90_001);
    // What the windows refuse is set aside, too, and so is what there are no coins for.
    for reason in [HoldReason::Limit, HoldReason::Liquidity] {
        let mut scene = ArrivalScenario::new(example::MARKET);
        let order = scene.payment();
        let refused = |step: &Step| {
            let asks_more = match reason {
                HoldReason::Limit => step.raises.iter().any(|raise| raise.ceiling.is_some() && raise.by.is_positive()),
                _ => step.holds.iter().any(|hold| hold.change.is_positive()),
            };
            asks_more.then_some(reason)
        };
        let order = scene.paid_within(order, 50_000, refused);
        assert_eq!(
            (order.status().as_str(), gives(&order), scene.suspense()),
            ("payment_received", ORDERED_COIN_MINOR_UNITS, 40_000),
            "{reason:?}"
        );
    }
}

#[test]
fn late_money_waits_for_what_it_lacks_and_goes_on_by_itself() {
    let refuses = |step: &Step| step.holds.iter().any(|hold| hold.change.is_positive()).then_some(HoldReason::Liquidity);
    let mut scene = ArrivalScenario::new(example::MARKET);
    let order = scene.payment();
    scene.pass(2 * HOUR_SECONDS);
    let order = scene.time(order);
    assert_eq!(
        (order.status().as_str(), order.reserved.minor(), scene.counted() + 10_000),
        ("started", 0, 0),
        "what was promised is given back"
    );
    let order = scene.paid_within(order, 10_000, refuses);
    assert_eq!(order.hold_reason().map(PublicHoldReason::as_str), Some("liquidity"));
    scene.grade = Grade::All;
    let order = scene.time(order);
    assert_eq!(order.status().as_str(), "payment_received");
    // Without a price likewise.
    let mut scene = ArrivalScenario::new(example::MARKET);
    let order = scene.payment();
    scene.pass(2 * HOUR_SECONDS);
    scene.price = None;
    let order = scene.paid(order, 10_000);
    assert_eq!(order.hold_reason().map(PublicHoldReason::as_str), Some("price"));
    let order = scene.time(order);
    assert_eq!(order.hold_reason().map(PublicHoldReason::as_str), Some("price"));
    scene.market("1.84");
    let order = scene.time(order);
    assert_eq!((order.status().as_str(), gives(&order)), ("payment_received", 53_342_391));
}

#[test]
fn what_was_in_time_and_could_not_be_decided_keeps_its_price_for_a_day() {
    for (hours, expected) in [(24, ORDERED_COIN_MINOR_UNITS), (26, ORDERED_COIN_MINOR_UNITS / 2)] {
        let mut scene = ArrivalScenario::new(example::MARKET);
        let order = scene.payment();
        let receipt = scene.receipt(10_000);
        scene.pass(HOUR_SECONDS);
        let order = scene.time(order);
        scene.pass((hours - 1) * HOUR_SECONDS);
        scene.market("1.84");
        let order = scene.observe(order, PaymentFact::Paid { receipt, is_customer: true });
        assert_eq!((order.status().as_str(), gives(&order)), ("payment_received", expected), "{hours}");
        assert_eq!(scene.counted(), 0, "counted when it was made, given back, and counted again");
    }
}

#[test]
fn the_end_of_the_promise_is_late_and_the_end_of_the_order_is_its_end() {
    let mut scene = ArrivalScenario::new(example::MARKET);
    scene.pass(HOUR_SECONDS);
    let mut order = scene.payment();
    (order.created_at, order.held_until) = (example::START, scene.now);
    order.open_until = scene.now.after(Duration::from_secs(HOUR_SECONDS));
    scene.market("1.84");
    let late = scene.paid(order.clone(), 10_000);
    assert_eq!(late.exceptions.first(), Some(DeviationKind::Late), "at its end it is late, although no worker has run");
    scene.pass(HOUR_SECONDS);
    let ended = scene.paid(order, 10_000);
    assert_eq!((ended.status().as_str(), ended.received().minor(), ended.set_aside.minor()), ("started", 0, 10_000));
    assert_eq!(ended.exceptions.first(), Some(DeviationKind::Late));
}

#[test]
fn somebody_elses_money_is_set_aside_and_the_order_stays_open() {
    let mut scene = ArrivalScenario::new(example::MARKET);
    let order = scene.payment();
    let receipt = scene.receipt(10_000);
    let order = scene.observe(order, PaymentFact::Paid { receipt, is_customer: false });
    assert_eq!((order.status().as_str(), order.received().minor(), scene.suspense()), ("started", 0, 10_000));
    assert_eq!(order.exceptions.first(), Some(DeviationKind::ForeignPayer));
    let order = scene.paid(order, 10_000);
    assert_eq!((order.status().as_str(), gives(&order)), ("payment_received", ORDERED_COIN_MINOR_UNITS));
}

#[test]
fn what_was_converted_stays_so_while_the_identity_is_missing() {
    let mut scene = ArrivalScenario::new(example::MARKET);
    let mut order = scene.payment();
    order = scene.paid(order, 10_000);
    order = scene.observe(order, PaymentFact::Screened { verdict: ScreeningResult::Clear, about_refund: true });
    let PaymentState::Sending { transfer, .. } = order.state else { panic!("coins are on their way: {:?}", order.state) };
    let by = StoppedBy::Standing(HoldReason::Identity);
    order = scene.observe(order, PaymentFact::TransferStopped { transfer, by, reason: "withdrawn".to_owned() });
    assert!(matches!(order.state, PaymentState::OnHold { reason: HoldReason::Identity, .. }), "{:?}", order.state);
    assert_eq!((gives(&order), order.reserved.minor()), (ORDERED_COIN_MINOR_UNITS, ORDERED_COIN_MINOR_UNITS));
    scene.pass(3 * 24 * HOUR_SECONDS);
    scene.market("1.80");
    scene.standing.blocked = Some(HoldReason::Identity);
    order = scene.observe(order, PaymentFact::TimePassed);
    assert!(matches!(order.state, PaymentState::OnHold { reason: HoldReason::Identity, .. }), "not before it is valid again");
    scene.standing.blocked = None;
    order = scene.observe(order, PaymentFact::TimePassed);
    assert_eq!(
        (order.status().as_str(), gives(&order)),
        ("payment_received", ORDERED_COIN_MINOR_UNITS),
        "it goes on by itself, at what was decided"
    );
    order = scene.observe(order, PaymentFact::Screened { verdict: ScreeningResult::Clear, about_refund: true });
    assert!(matches!(order.state, PaymentState::Sending { .. }));
}

#[test]
fn a_flood_of_cents_is_one_item_and_notifies_nobody() {
    let mut scene = ArrivalScenario::new(example::MARKET);
    let mut order = scene.payment();
    for _ in 0..50 {
        order = scene.paid(order, 99);
    }
    assert_eq!((order.status().as_str(), order.receipts.len(), scene.events.len()), ("started", 0, 0));
    assert_eq!(order.set_aside.minor(), 50 * 99);
    assert_eq!(scene.items.iter().map(|item| item.amount.minor()).collect::<Vec<_>>(), [50 * 99]);
    let order = scene.paid(order, 10_000);
    assert_eq!(gives(&order), ORDERED_COIN_MINOR_UNITS);
}

#[test]
fn what_a_card_captured_short_goes_back_and_a_second_capture_too() {
    let mut scene = ArrivalScenario::new(example::BACK);
    let order = scene.card();
    let short = scene.paid(order, 6_000);
    assert_eq!(short.status().as_str(), "refund_pending");
    let mut scene = ArrivalScenario::new(example::BACK);
    let order = scene.card();
    let order = scene.paid(order, 10_000);
    let order = scene.paid(order, 10_000);
    assert_eq!((order.status().as_str(), gives(&order)), ("payment_received", ORDERED_COIN_MINOR_UNITS));
    let returned = scene.items.iter().find(|item| item.amount.minor() == 10_000).expect("the second capture");
    assert_eq!(returned.resolution.as_ref().map(|resolution| resolution.actor.as_str()), Some("policy"));
}

#[test]
fn a_surplus_goes_back_where_the_policy_says_so() {
    let mut scene = ArrivalScenario::new(example::BACK);
    let order = scene.payment();
    let order = scene.paid(order, 15_000);
    assert_eq!((order.status().as_str(), gives(&order)), ("payment_received", ORDERED_COIN_MINOR_UNITS));
    let payouts: Vec<i128> = scene.steps.iter().flat_map(support::payouts).map(|payout| payout.amount.minor()).collect();
    assert_eq!(payouts, [5_000]);
}

#[test]
fn several_receipts_go_back_each_to_where_it_came_from() {
    let mut scene = ArrivalScenario::new(example::HOLD);
    let order = scene.payment();
    let order = scene.paid(order, 3_000);
    let other = Receipt { source: Some("ES7921000813610123456789".into()), ..scene.receipt(4_000) };
    let order = scene.observe(order, PaymentFact::Paid { receipt: other, is_customer: true });
    let step = order.clone().request(PaymentCommand::Cancel, &scene.context()).expect("it can be asked for");
    let payouts = support::payouts(&step);
    let Some(Record::Payment(order)) = scene.take(step) else { panic!("the order is written") };
    assert_eq!(payouts.iter().map(|payout| payout.amount.minor()).collect::<Vec<_>>(), [3_000, 4_000]);
    let settled = |payout| PaymentFact::RefundSettled { payout, reference: "R1".to_owned() };
    let order = scene.observe(*order, settled(payouts[1].id));
    assert_eq!((order.status().as_str(), order.refunded.minor()), ("refund_pending", 4_000));
    let order = scene.observe(order, settled(payouts[0].id));
    assert_eq!((order.status().as_str(), order.refunded.minor(), order.fiat_balance.minor()), ("refunded", 7_000, 0));
}

#[test]
fn a_payment_is_reported_as_received_once() {
    let mut scene = ArrivalScenario::new(example::MARKET);
    let order = scene.payment();
    let order = scene.paid(order, 10_000);
    let held =
        scene.observe(order, PaymentFact::Screened { verdict: ScreeningResult::Hit { reason: "listed".into() }, about_refund: false });
    let step = held.clone().request(PaymentCommand::Release, &scene.context()).expect("it can be released");
    scene.take(step);
    assert_eq!(scene.events.iter().filter(|kind| **kind == EventType::PayIn).count(), 1);
}

#[test]
fn a_released_order_goes_at_the_prices_of_its_receipts() {
    // Late, and a cent more: not the price of long ago.
    for paid in [10_000, 10_001] {
        let mut scene = ArrivalScenario::new(example::HOLD);
        let order = scene.payment();
        scene.pass(2 * HOUR_SECONDS);
        let order = scene.paid(order, paid);
        assert_eq!(order.hold_reason().map(PublicHoldReason::as_str), Some("amount"));
        scene.market("1.84");
        let step = order.request(PaymentCommand::Release, &scene.context()).expect("there is a price");
        let Some(Record::Payment(order)) = scene.take(step) else { panic!("the order is written") };
        assert!(gives(&order) <= ORDERED_COIN_MINOR_UNITS / 2 + 10_000);
    }
    let mut scene = ArrivalScenario::new(example::HOLD);
    let order = scene.payment();
    scene.pass(2 * HOUR_SECONDS);
    let order = scene.paid(order, 10_000);
    scene.price = None;
    assert!(order.request(PaymentCommand::Release, &scene.context()).is_err_and(|refusal| refusal.to_string().contains("price")));
}

#[test]
fn nothing_goes_on_for_somebody_whose_standing_has_ended() {
    for reason in [HoldReason::Banned, HoldReason::Identity, HoldReason::PartnerDisabled] {
        let mut scene = ArrivalScenario::new(example::MARKET);
        scene.standing.blocked = Some(reason);
        let order = scene.payment();
        let order = scene.paid(order, 10_000);
        assert_eq!(order.state, PaymentState::OnHold { reason, since: scene.now });
        let held = order.clone();
        scene.standing = Eligibility::good(KycLevel::Basic);
        scene.market("1.84");
        let order = scene.time(order);
        match reason {
            // What the customer could have supplied costs the promise.
            HoldReason::Identity => {
                assert_eq!((order.status().as_str(), gives(&order)), ("payment_received", ORDERED_COIN_MINOR_UNITS / 2))
            }
            // Enabling the partner lets its orders go on, and what we hold keeps its price.
            HoldReason::PartnerDisabled => {
                assert_eq!((order.status().as_str(), gives(&order)), ("payment_received", ORDERED_COIN_MINOR_UNITS))
            }
            _ => assert_eq!(order, held),
        }
    }
}

#[test]
fn every_part_of_a_receipt_is_somewhere() {
    for (_, policy) in example::POLICIES {
        for parts in [&[10_000][..], &[50_000], &[4_000, 6_030], &[90, 9_950], &[2_000, 120_000], &[3_000]] {
            let mut scene = ArrivalScenario::new(policy);
            let mut order = scene.payment();
            for part in parts {
                order = scene.paid(order, *part);
            }
            let received: i128 = parts.iter().sum();
            let entries = scene.steps.iter().flat_map(|step| &step.postings).flat_map(|posting| posting.entries());
            let on_customer: i128 = entries
                .filter(|entry| matches!(entry.account, Account::Customer(_)))
                .map(|entry| if entry.side == Side::Credit { entry.amount.minor() } else { -entry.amount.minor() })
                .sum();
            assert_eq!(on_customer, order.fiat_balance.minor(), "{parts:?}");
            assert_eq!(on_customer + scene.suspense(), received, "{parts:?}");
        }
    }
}
