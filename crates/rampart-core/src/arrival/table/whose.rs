//! Whose it is that arrives, what it is, and whether it has come before; by where the order stands.

use super::Row;
use super::cell::{Before, Cell};
use super::course::{CUSTOMER, Course, plus};
use crate::amount::Amount;
use crate::arrival::{Grade, Leg};
use crate::asset::{Asset, CoinId};
use crate::catalogue::Catalogue;
use crate::code::Code;
use crate::example;
use crate::ledger::Account;
use crate::order::Order;
use crate::outgoing::stopped_by;
use crate::payment::{PaymentFact, PaymentState, ReversedReceipt};
use crate::policy::Policy;
use crate::rampoff::{RampoffFact, RampoffState};
use crate::review::{Operator, ReviewDecision, ReviewSubject};
use crate::step::Step;
use crate::suspense::{self, Traces, UnmatchedReceipt};
use crate::watch::{Deposit, DepositState};

/// Where an order stands when something arrives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    Open,
    InPart,
    OnHold,
    Decided,
    PendingOutgoing,
    Sent,
    Ended,
}

impl Stands {
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

/// What happens to an order; nothing where it cannot.
type Happens = fn(&mut Course<'_>) -> Option<()>;

struct Arrives {
    name: &'static str,
    by_card: bool,
    is_strange: bool,
    /// Whether the policy asks who pays (`hold_foreign_payer`).
    is_asked: bool,
    /// What has happened before, beside what the order's standing needs.
    earlier: [Happens; 2],
    /// What happens then, when buying and when selling.
    happens: [Happens; 2],
}

const NOTHING: Happens = |_| Some(());
const NEVER: Happens = |_| None;
const STRANGER: &str = "Juan Vega";

const fn money(name: &'static str, happens: Happens) -> Arrives {
    Arrives { name, by_card: false, is_strange: false, is_asked: true, earlier: [NOTHING; 2], happens: [happens, NEVER] }
}

const fn both(name: &'static str, buying: Happens, selling: Happens) -> Arrives {
    Arrives { happens: [buying, selling], ..money(name, NEVER) }
}

const fn by_card(name: &'static str, happens: Happens) -> Arrives {
    Arrives { by_card: true, ..money(name, happens) }
}

const fn strange(arrives: Arrives) -> Arrives {
    Arrives { is_strange: true, ..arrives }
}

const fn unasked(arrives: Arrives) -> Arrives {
    Arrives { is_asked: false, ..arrives }
}

const fn behind(earlier: [Happens; 2], arrives: Arrives) -> Arrives {
    Arrives { earlier, ..arrives }
}

const ARRIVES: [Arrives; 19] = [
    both("the customer's: what the order lacks, or the ordered amount once more", customers, coins),
    money("the bank names no payer", |course| paid(course, None)),
    strange(money("somebody else's", |course| paid(course, Some(STRANGER)))),
    unasked(money("somebody else's, and the policy has no `hold_foreign_payer`", |course| paid(course, Some(STRANGER)))),
    by_card("by card: the customer's capture", customers),
    strange(by_card("by card: somebody else's capture", |course| paid(course, Some(STRANGER)))),
    strange(both("another currency; another coin", |course| stray(course, Some(USD), None), |course| wrong(course, NATIVE))),
    strange(both("on another rail; on another chain", |course| stray(course, None, Some(BIZUM)), |course| wrong(course, ELSEWHERE))),
    strange(by_card("by card: a capture of another processor", |course| stray(course, None, Some(PAYPAL)))),
    both("the same receipt, told again", told_again, coins_told_again),
    both("less than counts (`receipt_minimum`)", dust, dust),
    behind([dust; 2], both("less than counts, once more", dust, dust)),
    both("the last receipt is taken back: recalled by its bank, undone by its chain", recalled, undone),
    by_card("by card: the last capture is charged back", recalled),
    by_card("by card: a chargeback that is told before its capture", reversed_first),
    behind([reversed_first, NEVER], by_card("by card: the capture that was charged back before it was told of", customers)),
    behind(
        [|course| paid(course, Some(STRANGER)), |course| wrong(course, NATIVE)],
        both("what lies beside the order is taken back", recalled, undone),
    ),
    behind([|course| paid(course, Some(STRANGER)), NEVER], money("a person assigns to the order what somebody else has paid", assigned)),
    behind([NEVER, late_coins], both("a person assigns to the order coins that it could not use", NEVER, assigned)),
];

const USD: Asset = Asset::Fiat(Code::literal("USD"));
const BIZUM: Account = Account::Bank(Code::literal("bizum"));
const PAYPAL: Account = Account::Card(Code::literal("paypal"));
const NATIVE: CoinId = CoinId { symbol: Code::literal("POL"), chain: example::POLYGON };
const ELSEWHERE: CoinId = CoinId { symbol: Code::literal("USDC"), chain: Code::literal("base") };

/// Whose it is and what it is, under a policy, by where the order stands.
#[must_use]
pub fn whose(policy: &Policy) -> Vec<Row> {
    let asks = example::catalogue(Policy { hold_foreign_payer: true, ..*policy });
    let does_not = example::catalogue(Policy { hold_foreign_payer: false, ..*policy });
    let mut rows: Vec<Row> = Vec::new();
    for arrives in &ARRIVES {
        let catalogue = if arrives.is_asked { &asks } else { &does_not };
        for stands in Stands::ALL {
            let becomes = [Leg::Buying, Leg::Selling].map(|leg| cell(catalogue, leg, arrives, stands));
            if becomes.iter().any(Option::is_some) {
                rows.push(Row { arrives: arrives.name, but: stands.name(), is_strange: arrives.is_strange, becomes });
            }
        }
    }
    rows
}

fn cell(catalogue: &Catalogue, leg: Leg, arrives: &Arrives, stands: Stands) -> Option<Cell> {
    let mut course = Course::new(catalogue, |catalogue, mint| match leg {
        Leg::Buying => Some(example::payment(catalogue, mint, arrives.by_card, PaymentState::Started)?.into()),
        Leg::Selling => Some(example::rampoff(catalogue, mint, RampoffState::Created)?.into()),
    })?;
    let of_leg = |of: [Happens; 2]| if leg == Leg::Buying { of[0] } else { of[1] };
    comes_to(&mut course, stands, arrives.by_card)?;
    of_leg(arrives.earlier)(&mut course)?;
    let (before, ordered) = (Before::of(&course), course.ordered());
    of_leg(arrives.happens)(&mut course)?;
    let follows_from_all = matches!(stands, Stands::Open | Stands::InPart);
    course.goes_on(Some(&ordered).filter(|_| !follows_from_all).map(Vec::as_slice));
    Some(before.cell(&course))
}

/// The order comes to stand there.
fn comes_to(course: &mut Course<'_>, stands: Stands, by_card: bool) -> Option<()> {
    match stands {
        Stands::Open => {}
        Stands::InPart if by_card => return None,
        Stands::InPart => own(course, 60),
        Stands::OnHold => {
            course.pass(7_200);
            let price = course.price.take();
            own(course, 100);
            course.price = price;
        }
        Stands::Decided => own(course, 100),
        Stands::PendingOutgoing => {
            own(course, 100);
            course.screened(&crate::ports::ScreeningResult::Clear);
        }
        Stands::Sent => {
            own(course, 100);
            course.goes_on(None);
        }
        Stands::Ended => {
            course.pass(26 * 3_600);
            course.read_at = Some(course.now);
            course.time_passes();
        }
    }
    Some(())
}

/// So much of the ordered amount arrives, in hundredths of it, from the customer.
fn own(course: &mut Course<'_>, hundredths: i128) {
    let minor = ordered(course).minor() * hundredths / 100;
    match course.leg() {
        Leg::Buying => drop(course.paid(minor, course.now, Some(CUSTOMER))),
        Leg::Selling => drop(course.deposited(minor, course.now)),
    }
}

fn ordered(course: &Course<'_>) -> Amount {
    match &course.order {
        Order::Payment(order) => order.terms.fiat_amount,
        Order::Rampoff(order) => order.terms.coin_amount,
    }
}

/// What an order that waits for more lacks, else what was ordered once more.
fn lacking(course: &Course<'_>) -> i128 {
    let received = match &course.order {
        Order::Payment(order) if order.is_unpaid() => order.received(),
        Order::Rampoff(order) if order.is_unpaid() => order.received(),
        _ => Amount::ZERO,
    };
    ordered(course).less(received).minor()
}

fn paid(course: &mut Course<'_>, payer: Option<&str>) -> Option<()> {
    course.paid(lacking(course), course.now, payer);
    Some(())
}

fn customers(course: &mut Course<'_>) -> Option<()> {
    paid(course, Some(CUSTOMER))
}

fn coins(course: &mut Course<'_>) -> Option<()> {
    course.deposited(lacking(course), course.now);
    Some(())
}

/// Coins that arrive when the order does not wait for any more.
fn late_coins(course: &mut Course<'_>) -> Option<()> {
    let Order::Rampoff(order) = &course.order else { return None };
    (!order.is_unpaid()).then_some(())?;
    coins(course)
}

fn dust(course: &mut Course<'_>) -> Option<()> {
    match course.leg() {
        Leg::Buying => drop(course.paid(50, course.now, Some(CUSTOMER))),
        Leg::Selling => drop(course.deposited(500_000, course.now)),
    }
    Some(())
}

/// The last receipt that the order took is told of once more. One that it did not take cannot be: its fact is stored once.
fn told_again(course: &mut Course<'_>) -> Option<()> {
    let Order::Payment(order) = &course.order else { return None };
    let receipt = order.receipts.last()?.clone();
    course.told_again(receipt, true);
    Some(())
}

fn coins_told_again(course: &mut Course<'_>) -> Option<()> {
    let Order::Rampoff(order) = &course.order else { return None };
    let receipt = order.deposits.last()?.clone();
    course.coins(RampoffFact::DepositConfirmed(receipt));
    Some(())
}

/// Another currency, or what came another way, lies beside the order.
fn stray(course: &mut Course<'_>, asset: Option<Asset>, on: Option<Account>) -> Option<()> {
    let Order::Payment(order) = &course.order else { return None };
    let (asset, on) = (asset.unwrap_or(order.terms.fiat.into()), on.unwrap_or(order.pay_in.account()));
    let (amount, is_its) = (ordered(course), asset == course.order.receives());
    let reason = "it is to be paid another way".to_owned();
    let stray = UnmatchedReceipt { fact: course.mint().id(), on, asset, amount, source: Some("R9".to_owned()), order: None, reason };
    let step = suspense::receive_beside(course.order.clone(), stray, &course.context(Grade::All));
    course.arrived = if is_its { plus(course.arrived, amount) } else { course.arrived };
    course.take(step);
    Some(())
}

fn wrong(course: &mut Course<'_>, coin: CoinId) -> Option<()> {
    let minor = course.catalogue.coin(coin).map_or(5_000_000, |coin| coin.minimum.minor());
    let Deposit { id: deposit, amount, from, .. } = course.deposit(coin, minor);
    course.coins(RampoffFact::WrongAsset { coin, deposit, amount, from, price: None });
    Some(())
}

/// Its bank or processor takes back what was told of last.
fn recalled(course: &mut Course<'_>) -> Option<()> {
    const WHY: &str = "recalled";
    let receipt = course.money.last()?.clone();
    let Order::Payment(order) = &course.order else { return None };
    let (arrived_on, amount) = (order.pay_in.account(), receipt.amount);
    let items = course.items.iter().filter(|item| item.fact == Some(receipt.fact)).map(|item| (item.clone(), None)).collect();
    let (step, beside) = suspense::taken_back(items, arrived_on, amount, WHY, &course.context(Grade::All));
    course.take(step);
    let from_suspense = beside.iter().fold(Amount::ZERO, |sum, (_, part)| plus(sum, *part));
    let taken =
        ReversedReceipt { amount, receipt: Some(receipt.fact), arrived_on: Some(arrived_on), from_suspense, reason: WHY.to_owned() };
    // What lay in suspense alone stops nothing of the order's.
    let on_its_way = if amount == from_suspense { Vec::new() } else { course.on_its_way() };
    course.taken_back = plus(course.taken_back, amount);
    course.happens(|order, context| {
        stopped_by(order, on_its_way.clone(), WHY, context, |order| match order {
            Order::Payment(order) => order.observe(PaymentFact::Reversed(taken.clone()), context),
            Order::Rampoff(_) => crate::step::Step::new(),
        })
    });
    Some(())
}

/// The chain undoes the deposit that was seen last.
fn undone(course: &mut Course<'_>) -> Option<()> {
    let last = course.deposits.last()?.clone();
    let deposit = Deposit { state: DepositState::Dropped, ..last };
    let Order::Rampoff(order) = course.order.clone() else { return None };
    let (at, is_its) = (order.id, deposit.coin == order.terms.coin);
    let mut traces = Traces::default();
    let step = if order.knows(deposit.id) {
        suspense::undone_of(*order, deposit.id, course.on_its_way(), &course.context(Grade::All))
    } else {
        traces.beside = Some(*order).filter(|_| is_its);
        Step::new()
    };
    course.taken_back = if is_its { plus(course.taken_back, deposit.amount) } else { course.taken_back };
    let items = course.items.iter().filter(|item| item.fact == Some(deposit.id)).cloned().collect();
    let step = suspense::undone(step, &deposit, at, items, traces, &course.context(Grade::All));
    course.take(step);
    Some(())
}

/// A capture is taken back that nobody has told of.
fn reversed_first(course: &mut Course<'_>) -> Option<()> {
    let (amount, capture) = (Amount::from_minor(lacking(course)), course.next_reference().into());
    let fact = PaymentFact::EarlyReversal { capture, amount, reason: "charged back".to_owned() };
    course.taken_back = plus(course.taken_back, amount);
    course.happens(|order, context| match order {
        Order::Payment(order) => order.observe(fact.clone(), context),
        Order::Rampoff(_) => crate::step::Step::new(),
    });
    Some(())
}

/// A person assigns what was set aside last to the order.
fn assigned(course: &mut Course<'_>) -> Option<()> {
    let item = course.items.iter().rfind(|item| item.resolution.is_none())?.clone();
    let about = ReviewSubject {
        fact: course.facts.iter().find(|fact| Some(fact.id) == item.fact).cloned(),
        deposit: course.deposits.iter().find(|deposit| Some(deposit.id) == item.fact).cloned(),
        deposit_index: Some(0),
        order: Some(course.order.clone()),
        beside: Some(course.order.clone()),
        ..ReviewSubject::default()
    };
    let operator = Operator { actor: "luis".to_owned(), reason: "the customer's father".to_owned() };
    match item.decide(ReviewDecision::Assign(course.order.id()), &operator, about, &course.context(Grade::All)) {
        Ok(step) => course.take(step),
        Err(refusal) => course.refused = Some(refusal.message),
    }
    Some(())
}
