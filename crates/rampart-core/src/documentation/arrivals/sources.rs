//! Who sent what arrives, what it is, and whether it was received before; by the order's stage.

use super::ArrivalRow;
use super::cell::{Cell, CellBaseline};
use super::simulation::{ArrivalSimulation, CUSTOMER, plus};
use crate::catalogue::Catalogue;
use crate::catalogue::policy::Policy;
use crate::example;
use crate::ledger::Account;
use crate::money::amount::Amount;
use crate::money::asset::{Asset, CoinId};
use crate::order::Order;
use crate::order::arrival::{Grade, Leg};
use crate::order::payment::{PaymentFact, PaymentState, ReversedReceipt};
use crate::order::rampoff::{RampoffFact, RampoffState};
use crate::outgoing::stopped_by;
use crate::review::suspense::{self, RemovedDepositTraces, UnmatchedReceipt};
use crate::review::{Operator, ReviewDecision, ReviewRecords};
use crate::step::Step;
use crate::step::watch::{Deposit, DepositState};
use crate::text::code::Code;

/// Stage of an order when something arrives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OrderStage {
    Open,
    InPart,
    OnHold,
    Decided,
    PendingOutgoing,
    Sent,
    Ended,
}

impl OrderStage {
    const ALL: [Self; 7] = [Self::Open, Self::InPart, Self::OnHold, Self::Decided, Self::PendingOutgoing, Self::Sent, Self::Ended];

    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InPart => "paid in part",
            Self::OnHold => "on hold (price)",
            Self::Decided => "decided",
            Self::PendingOutgoing => "on its way",
            Self::Sent => "sent",
            Self::Ended => "expired",
        }
    }
}

/// Applies an event to the order; `None` where it cannot happen.
type ScenarioEvent = fn(&mut ArrivalSimulation<'_>) -> Option<()>;

struct SourceScenario {
    name: &'static str,
    by_card: bool,
    is_strange: bool,
    /// Whether the policy checks the payer (`hold_foreign_payer`).
    checks_payer: bool,
    /// Earlier events, when buying and when selling, beyond those of the stage.
    earlier: [ScenarioEvent; 2],
    /// The event when buying and when selling.
    happens: [ScenarioEvent; 2],
}

const NOTHING: ScenarioEvent = |_| Some(());
const NEVER: ScenarioEvent = |_| None;
const STRANGER: &str = "Juan Vega";

const fn money(name: &'static str, happens: ScenarioEvent) -> SourceScenario {
    SourceScenario { name, by_card: false, is_strange: false, checks_payer: true, earlier: [NOTHING; 2], happens: [happens, NEVER] }
}

const fn on_both_legs(name: &'static str, buying: ScenarioEvent, selling: ScenarioEvent) -> SourceScenario {
    SourceScenario { happens: [buying, selling], ..money(name, NEVER) }
}

const fn by_card(name: &'static str, happens: ScenarioEvent) -> SourceScenario {
    SourceScenario { by_card: true, ..money(name, happens) }
}

const fn foreign(scenario: SourceScenario) -> SourceScenario {
    SourceScenario { is_strange: true, ..scenario }
}

const fn without_payer_check(scenario: SourceScenario) -> SourceScenario {
    SourceScenario { checks_payer: false, ..scenario }
}

const fn after(earlier: [ScenarioEvent; 2], scenario: SourceScenario) -> SourceScenario {
    SourceScenario { earlier, ..scenario }
}

const SOURCE_SCENARIOS: [SourceScenario; 19] = [
    on_both_legs("from the customer: the missing amount, or the ordered amount again", customers, coins),
    money("the bank names no payer", |simulation| paid(simulation, None)),
    foreign(money("from someone else", |simulation| paid(simulation, Some(STRANGER)))),
    without_payer_check(money("from someone else, and the policy has no `hold_foreign_payer`", |simulation| {
        paid(simulation, Some(STRANGER))
    })),
    by_card("by card: the customer's capture", customers),
    foreign(by_card("by card: someone else's capture", |simulation| paid(simulation, Some(STRANGER)))),
    foreign(on_both_legs(
        "another currency; another coin",
        |simulation| unmatched(simulation, Some(USD), None),
        |simulation| wrong(simulation, NATIVE),
    )),
    foreign(on_both_legs(
        "on another rail; on another chain",
        |simulation| unmatched(simulation, None, Some(BIZUM)),
        |simulation| wrong(simulation, ELSEWHERE),
    )),
    foreign(by_card("by card: a capture of another processor", |simulation| unmatched(simulation, None, Some(PAYPAL)))),
    on_both_legs("the same receipt, reported again", repeated, repeated_coins),
    on_both_legs("less than `receipt_minimum`", below_minimum, below_minimum),
    after([below_minimum; 2], on_both_legs("less than `receipt_minimum`, again", below_minimum, below_minimum)),
    on_both_legs("the last receipt is reversed: recalled by its bank, removed by a reorganisation", recalled, undone),
    by_card("by card: the last capture is charged back", recalled),
    by_card("by card: a chargeback that is reported before its capture", reversed_first),
    after([reversed_first, NEVER], by_card("by card: the capture that was charged back before it was reported", customers)),
    after(
        [|simulation| paid(simulation, Some(STRANGER)), |simulation| wrong(simulation, NATIVE)],
        on_both_legs("what is set aside is reversed", recalled, undone),
    ),
    after(
        [|simulation| paid(simulation, Some(STRANGER)), NEVER],
        money("an operator assigns to the order what someone else has paid", assigned),
    ),
    after([NEVER, late_coins], on_both_legs("an operator assigns to the order coins that it could not use", NEVER, assigned)),
];

const USD: Asset = Asset::Fiat(Code::literal("USD"));
const BIZUM: Account = Account::Bank(Code::literal("bizum"));
const PAYPAL: Account = Account::Card(Code::literal("paypal"));
const NATIVE: CoinId = CoinId { symbol: Code::literal("POL"), chain: example::POLYGON };
const ELSEWHERE: CoinId = CoinId { symbol: Code::literal("USDC"), chain: Code::literal("base") };

/// The table by source, under a policy, by the order's stage.
#[must_use]
pub fn whose(policy: &Policy) -> Vec<ArrivalRow> {
    let checking = example::catalogue(Policy { hold_foreign_payer: true, ..*policy });
    let not_checking = example::catalogue(Policy { hold_foreign_payer: false, ..*policy });
    let mut rows: Vec<ArrivalRow> = Vec::new();
    for scenario in &SOURCE_SCENARIOS {
        let catalogue = if scenario.checks_payer { &checking } else { &not_checking };
        for stage in OrderStage::ALL {
            let becomes = [Leg::Buying, Leg::Selling].map(|leg| cell(catalogue, leg, scenario, stage));
            if becomes.iter().any(Option::is_some) {
                rows.push(ArrivalRow { arrives: scenario.name, but: stage.name(), is_strange: scenario.is_strange, becomes });
            }
        }
    }
    rows
}

fn cell(catalogue: &Catalogue, leg: Leg, scenario: &SourceScenario, stage: OrderStage) -> Option<Cell> {
    let mut simulation = ArrivalSimulation::new(catalogue, |catalogue, mint| match leg {
        Leg::Buying => Some(example::payment(catalogue, mint, scenario.by_card, PaymentState::Started)?.into()),
        Leg::Selling => Some(example::rampoff(catalogue, mint, RampoffState::Created)?.into()),
    })?;
    let of_leg = |of: [ScenarioEvent; 2]| if leg == Leg::Buying { of[0] } else { of[1] };
    bring_to_stage(&mut simulation, stage, scenario.by_card)?;
    of_leg(scenario.earlier)(&mut simulation)?;
    let (before, ordered) = (CellBaseline::of(&simulation), simulation.ordered());
    of_leg(scenario.happens)(&mut simulation)?;
    let follows_from_all = matches!(stage, OrderStage::Open | OrderStage::InPart);
    simulation.goes_on(Some(&ordered).filter(|_| !follows_from_all).map(Vec::as_slice));
    Some(before.cell(&simulation))
}

/// Brings the order to a stage.
fn bring_to_stage(simulation: &mut ArrivalSimulation<'_>, stage: OrderStage, by_card: bool) -> Option<()> {
    match stage {
        OrderStage::Open => {}
        OrderStage::InPart if by_card => return None,
        OrderStage::InPart => pay_hundredths(simulation, 60),
        OrderStage::OnHold => {
            simulation.pass(7_200);
            let price = simulation.price.take();
            pay_hundredths(simulation, 100);
            simulation.price = price;
        }
        OrderStage::Decided => pay_hundredths(simulation, 100),
        OrderStage::PendingOutgoing => {
            pay_hundredths(simulation, 100);
            simulation.screened(&crate::outgoing::ScreeningResult::Clear);
        }
        OrderStage::Sent => {
            pay_hundredths(simulation, 100);
            simulation.goes_on(None);
        }
        OrderStage::Ended => {
            simulation.pass(26 * 3_600);
            simulation.read_at = Some(simulation.now);
            simulation.time_passes();
        }
    }
    Some(())
}

/// This part of the ordered amount arrives from the customer, in hundredths.
fn pay_hundredths(simulation: &mut ArrivalSimulation<'_>, hundredths: i128) {
    let minor = ordered(simulation).minor() * hundredths / 100;
    match simulation.leg() {
        Leg::Buying => drop(simulation.paid(minor, simulation.now, Some(CUSTOMER))),
        Leg::Selling => drop(simulation.deposited(minor, simulation.now)),
    }
}

fn ordered(simulation: &ArrivalSimulation<'_>) -> Amount {
    match &simulation.order {
        Order::Payment(order) => order.terms.fiat_amount,
        Order::Rampoff(order) => order.terms.coin_amount,
    }
}

/// What an open order lacks, else the ordered amount again.
fn lacking(simulation: &ArrivalSimulation<'_>) -> i128 {
    let received = match &simulation.order {
        Order::Payment(order) if order.is_unpaid() => order.received(),
        Order::Rampoff(order) if order.is_unpaid() => order.received(),
        _ => Amount::ZERO,
    };
    ordered(simulation).less(received).minor()
}

fn paid(simulation: &mut ArrivalSimulation<'_>, payer: Option<&str>) -> Option<()> {
    simulation.paid(lacking(simulation), simulation.now, payer);
    Some(())
}

fn customers(simulation: &mut ArrivalSimulation<'_>) -> Option<()> {
    paid(simulation, Some(CUSTOMER))
}

fn coins(simulation: &mut ArrivalSimulation<'_>) -> Option<()> {
    simulation.deposited(lacking(simulation), simulation.now);
    Some(())
}

/// Coins that arrive when the order accepts no more.
fn late_coins(simulation: &mut ArrivalSimulation<'_>) -> Option<()> {
    let Order::Rampoff(order) = &simulation.order else { return None };
    (!order.is_unpaid()).then_some(())?;
    coins(simulation)
}

fn below_minimum(simulation: &mut ArrivalSimulation<'_>) -> Option<()> {
    match simulation.leg() {
        Leg::Buying => drop(simulation.paid(50, simulation.now, Some(CUSTOMER))),
        Leg::Selling => drop(simulation.deposited(500_000, simulation.now)),
    }
    Some(())
}

/// The last accepted receipt is reported again. An unaccepted one cannot be: its fact is stored once.
fn repeated(simulation: &mut ArrivalSimulation<'_>) -> Option<()> {
    let Order::Payment(order) = &simulation.order else { return None };
    let receipt = order.receipts.last()?.clone();
    simulation.repeated(receipt, true);
    Some(())
}

fn repeated_coins(simulation: &mut ArrivalSimulation<'_>) -> Option<()> {
    let Order::Rampoff(order) = &simulation.order else { return None };
    let receipt = order.deposits.last()?.clone();
    simulation.coins(RampoffFact::DepositConfirmed(receipt));
    Some(())
}

/// Another currency, or money by another route, goes to suspense beside the order.
fn unmatched(simulation: &mut ArrivalSimulation<'_>, asset: Option<Asset>, on: Option<Account>) -> Option<()> {
    let Order::Payment(order) = &simulation.order else { return None };
    let (asset, on) = (asset.unwrap_or(order.terms.fiat.into()), on.unwrap_or(order.pay_in.account()));
    let (amount, is_its) = (ordered(simulation), asset == simulation.order.receives());
    let reason = "it is to be paid another way".to_owned();
    let receipt = UnmatchedReceipt { fact: simulation.mint().id(), on, asset, amount, source: Some("R9".to_owned()), order: None, reason };
    let step = suspense::receive_beside(simulation.order.clone(), receipt, &simulation.context(Grade::All));
    simulation.arrived = if is_its { plus(simulation.arrived, amount) } else { simulation.arrived };
    simulation.take(step);
    Some(())
}

fn wrong(simulation: &mut ArrivalSimulation<'_>, coin: CoinId) -> Option<()> {
    let minor = simulation.catalogue.coin(coin).map_or(5_000_000, |coin| coin.minimum.minor());
    let Deposit { id: deposit, amount, from, .. } = simulation.deposit(coin, minor);
    simulation.coins(RampoffFact::WrongAsset { coin, deposit, amount, from, price: None });
    Some(())
}

/// The bank or processor reverses the last reported receipt.
fn recalled(simulation: &mut ArrivalSimulation<'_>) -> Option<()> {
    const WHY: &str = "recalled";
    let receipt = simulation.money.last()?.clone();
    let Order::Payment(order) = &simulation.order else { return None };
    let (arrived_on, amount) = (order.pay_in.account(), receipt.amount);
    let items = simulation.items.iter().filter(|item| item.fact == Some(receipt.fact)).map(|item| (item.clone(), None)).collect();
    let (step, beside) = suspense::reverse(items, arrived_on, amount, WHY, &simulation.context(Grade::All));
    simulation.take(step);
    let from_suspense = beside.iter().fold(Amount::ZERO, |sum, (_, part)| plus(sum, *part));
    let taken =
        ReversedReceipt { amount, receipt: Some(receipt.fact), arrived_on: Some(arrived_on), from_suspense, reason: WHY.to_owned() };
    // A reversal of money in suspense stops nothing of the order.
    let on_its_way = if amount == from_suspense { Vec::new() } else { simulation.on_its_way() };
    simulation.taken_back = plus(simulation.taken_back, amount);
    simulation.happens(|order, context| {
        stopped_by(order, on_its_way.clone(), WHY, context, |order| match order {
            Order::Payment(order) => order.observe(PaymentFact::Reversed(taken.clone()), context),
            Order::Rampoff(_) => crate::step::Step::new(),
        })
    });
    Some(())
}

/// A reorganisation removes the last deposit.
fn undone(simulation: &mut ArrivalSimulation<'_>) -> Option<()> {
    let last = simulation.deposits.last()?.clone();
    let deposit = Deposit { state: DepositState::Dropped, ..last };
    let Order::Rampoff(order) = simulation.order.clone() else { return None };
    let (at, is_its) = (order.id, deposit.coin == order.terms.coin);
    let mut traces = RemovedDepositTraces::default();
    let step = if order.knows(deposit.id) {
        suspense::deposit_removed_from_order(*order, deposit.id, simulation.on_its_way(), &simulation.context(Grade::All))
    } else {
        traces.beside = Some(*order).filter(|_| is_its);
        Step::new()
    };
    simulation.taken_back = if is_its { plus(simulation.taken_back, deposit.amount) } else { simulation.taken_back };
    let items = simulation.items.iter().filter(|item| item.fact == Some(deposit.id.as_fact())).cloned().collect();
    let step = suspense::undone(step, &deposit, at, items, traces, &simulation.context(Grade::All));
    simulation.take(step);
    Some(())
}

/// A capture is reversed before it was reported.
fn reversed_first(simulation: &mut ArrivalSimulation<'_>) -> Option<()> {
    let (amount, capture) = (Amount::from_minor(lacking(simulation)), simulation.next_reference().into());
    let fact = PaymentFact::EarlyReversal { capture, amount, reason: "charged back".to_owned() };
    simulation.taken_back = plus(simulation.taken_back, amount);
    simulation.happens(|order, context| match order {
        Order::Payment(order) => order.observe(fact.clone(), context),
        Order::Rampoff(_) => crate::step::Step::new(),
    });
    Some(())
}

/// An operator assigns to the order what was set aside last.
fn assigned(simulation: &mut ArrivalSimulation<'_>) -> Option<()> {
    let item = simulation.items.iter().rfind(|item| item.resolution.is_none())?.clone();
    let about = ReviewRecords {
        fact: simulation.facts.iter().find(|fact| Some(fact.id) == item.fact).cloned(),
        deposit: simulation.deposits.iter().find(|deposit| Some(deposit.id.as_fact()) == item.fact).cloned(),
        deposit_index: Some(0),
        order: Some(simulation.order.clone()),
        beside: Some(simulation.order.clone()),
        ..ReviewRecords::default()
    };
    let operator = Operator { actor: "luis".to_owned(), reason: "the customer's father".to_owned() };
    match item.decide(ReviewDecision::Assign, &operator, about, &simulation.context(Grade::All)) {
        Ok(step) => simulation.take(step),
        Err(refusal) => simulation.refused = Some(refusal.message),
    }
    Some(())
}
