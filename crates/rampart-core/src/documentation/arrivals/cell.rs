//! One cell of the tables: what became of an order and of what arrived, described from the records its state machine wrote.

use std::fmt;

use super::simulation::{ArrivalSimulation, plus};
use crate::documentation::commands;
use crate::ledger::{Account, Posting, PostingKind, Side};
use crate::money::amount::Amount;
use crate::order::arrival::{DeviationKind, Leg};
use crate::order::payment::{Payment, PaymentState};
use crate::order::rampoff::{Rampoff, RampoffState};
use crate::order::{HoldReason, Order};
use crate::review::{ReviewItem, ReviewKind};

/// What becomes of what arrives, after everything automatic has happened.
#[derive(Debug, Clone)]
pub struct Cell {
    /// The outcome in words.
    pub becomes: Vec<String>,
    pub order: Order,
    pub flags: Vec<DeviationKind>,
    /// Postings, in the order in which they were made.
    pub posted: Vec<PostingSummary>,
    /// New or changed review items that wait for an operator.
    pub waits: Vec<ReviewItem>,
    /// What an operator can do about what waits.
    pub commands: Vec<&'static str>,
    /// Where everything received for the order is afterwards.
    pub sums: ArrivalSums,
    pub exchanges: bool,
    pub moves: bool,
    /// The hold reason, if this put the order on hold.
    pub held: Option<HoldReason>,
}

/// A posting without amounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingSummary {
    pub kind: PostingKind,
    pub debits: Vec<&'static str>,
    pub credits: Vec<&'static str>,
}

/// Where everything received for an order is, in minor units of what it receives. Computed from the records, not from the
/// ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArrivalSums {
    pub arrived: Amount,
    pub exchanged: Amount,
    pub on_order: Amount,
    pub set_aside: Amount,
    pub back: Amount,
    /// Withheld from refunds for the network fee.
    pub withheld: Amount,
    pub taken_back: Amount,
    /// The part of `taken_back` that was lost because it had left: this much is counted twice above.
    pub lost: Amount,
    /// The same by the ledger: on the customer's account, in suspense, exchanged or withheld (`fx` and `fees`), lost.
    pub ledger: [Amount; 4],
}

/// An order, its review items and postings before something arrives.
pub(super) struct CellBaseline {
    order: Order,
    items: Vec<ReviewItem>,
    postings: usize,
}

impl CellBaseline {
    pub(super) fn of(simulation: &ArrivalSimulation<'_>) -> Self {
        Self { order: simulation.order.clone(), items: simulation.items.clone(), postings: simulation.postings.len() }
    }

    /// The cell of what has happened since.
    pub(super) fn cell(&self, simulation: &ArrivalSimulation<'_>) -> Cell {
        let (was, is) = (OrderSummary::at(&self.order), OrderSummary::at(&simulation.order));
        let changed: Vec<&ReviewItem> = simulation.items.iter().filter(|item| !self.items.contains(item)).collect();
        let waits: Vec<ReviewItem> = changed.iter().filter(|item| item.resolution.is_none()).map(|item| (*item).clone()).collect();
        let held = is.hold.filter(|_| is.hold != was.hold || is.on_order != was.on_order);
        let mut commands: Vec<&'static str> = held.map_or(&[][..], |reason| reason.commands(simulation.leg())).to_vec();
        for command in waits.iter().flat_map(ReviewItem::commands) {
            if !commands.contains(command) {
                commands.push(command);
            }
        }
        let posted = &simulation.postings[self.postings..];
        let mut list: Vec<PostingSummary> = Vec::new();
        posted.iter().map(PostingSummary::of).for_each(|each| {
            if !list.contains(&each) {
                list.push(each)
            }
        });
        Cell {
            moves: status(&self.order) != status(&simulation.order),
            becomes: simulation
                .refused
                .clone()
                .map(|refusal| vec![format!("refused: {refusal}")])
                .unwrap_or_else(|| outcome_texts(&was, &is, &changed, &posted.iter().map(Posting::kind).collect::<Vec<_>>())),
            held,
            flags: is.flags.iter().filter(|flag| !was.flags.contains(flag)).copied().collect(),
            order: simulation.order.clone(),
            exchanges: posted.iter().any(|posting| posting.kind() == PostingKind::Conversion),
            posted: list,
            waits,
            commands,
            sums: sums(simulation),
        }
    }
}

/// What both legs have in common.
struct OrderSummary {
    is_unpaid: bool,
    hold: Option<HoldReason>,
    is_refunded: bool,
    on_order: Amount,
    taken: Option<crate::order::arrival::Exchange>,
    flags: Vec<DeviationKind>,
    running_item: Option<crate::id::ReviewId>,
}

impl OrderSummary {
    fn at(order: &Order) -> Self {
        match order {
            Order::Payment(order) => Self::at_payment(order),
            Order::Rampoff(order) => Self::at_rampoff(order),
        }
    }

    fn at_payment(order: &Payment) -> Self {
        Self {
            is_unpaid: order.is_unpaid(),
            hold: if let PaymentState::OnHold { reason, .. } = order.state { Some(reason) } else { None },
            is_refunded: matches!(order.state, PaymentState::Refunded { .. }),
            on_order: order.fiat_balance,
            taken: order.taken,
            flags: order.exceptions.as_slice().iter().map(|each| each.kind).collect(),
            running_item: order.running_item,
        }
    }

    fn at_rampoff(order: &Rampoff) -> Self {
        Self {
            is_unpaid: order.is_unpaid(),
            hold: if let RampoffState::OnHold { reason, .. } = order.state { Some(reason) } else { None },
            is_refunded: matches!(order.state, RampoffState::Refunded { .. }),
            on_order: order.coin_balance,
            taken: order.taken,
            flags: order.exceptions.as_slice().iter().map(|each| each.kind).collect(),
            running_item: order.running_item,
        }
    }
}

/// The outcome in words.
fn outcome_texts(was: &OrderSummary, is: &OrderSummary, changed: &[&ReviewItem], posted: &[PostingKind]) -> Vec<String> {
    let mut parts: Vec<&str> = Vec::new();
    if let Some(taken) = is.taken.filter(|_| is.taken != was.taken) {
        if taken.promised.is_positive() {
            parts.push("exchanged at the promised price");
        }
        if taken.market.is_positive() {
            parts.push(if parts.is_empty() { "exchanged at the market price" } else { "the rest at the market price" });
        }
    }
    let is_more = is.on_order > was.on_order;
    match is.is_refunded && !was.is_refunded {
        true => parts.push("refunded"),
        false if is_more && is.hold.is_some() => parts.push("waits on the order"),
        false if is_more && is.is_unpaid => parts.push("counts, and the order waits for more"),
        false => {}
    }
    let is_part = !parts.is_empty();
    for item in changed {
        let is_running = Some(item.id) == is.running_item;
        match (item.subject.kind(), &item.resolution) {
            (ReviewKind::Suspense, None) if is_running => parts.push("collected on the order's item for small amounts"),
            (ReviewKind::Suspense, None) if is_part => parts.push("the rest is set aside"),
            (ReviewKind::Suspense, None) => parts.push("set aside"),
            (ReviewKind::Suspense, Some(resolution)) if resolution.sent.is_some() => {
                parts.push(if is_part { "the rest is refunded automatically" } else { "refunded automatically" });
            }
            (ReviewKind::Suspense, Some(_)) if posted.contains(&PostingKind::SuspenseAssigned) => {}
            (ReviewKind::Suspense, Some(_)) => parts.push("taken from suspense"),
            (ReviewKind::Reversal, None) => parts.push("booked as lost"),
            _ => {}
        }
    }
    if posted.contains(&PostingKind::LossRecovered) {
        parts.push("offsets the loss");
    }
    let is_taken_back = posted.iter().any(|kind| matches!(kind, PostingKind::Chargeback | PostingKind::DepositUndone));
    if is_taken_back && parts.is_empty() {
        parts.push("taken from the order");
    }
    if parts.is_empty() && posted.is_empty() {
        parts.push("changes nothing");
    }
    parts.dedup();
    parts.into_iter().map(str::to_owned).collect()
}

fn sums(simulation: &ArrivalSimulation<'_>) -> ArrivalSums {
    let asset = simulation.order.receives();
    let (on_order, exchanged) = match &simulation.order {
        Order::Payment(order) => {
            let is_converted = matches!(order.state, PaymentState::Sending { .. } | PaymentState::CoinsSent { .. });
            (order.fiat_balance, order.taken.filter(|_| is_converted))
        }
        Order::Rampoff(order) => {
            let is_converted = matches!(order.state, RampoffState::PayingOut { .. } | RampoffState::Finished { .. });
            (order.coin_balance, order.taken.filter(|_| is_converted))
        }
    };
    let lies = |item: &&ReviewItem| item.subject.kind() == ReviewKind::Suspense && item.resolution.is_none() && item.asset == Some(asset);
    let net = |is_meant: fn(Account) -> bool, side: Side| {
        let entries = simulation.postings.iter().flat_map(Posting::entries);
        let meant = entries.filter(|entry| entry.asset == asset && is_meant(entry.account));
        Amount::from_minor(
            meant.fold(0, |sum, entry| if entry.side == side { sum + entry.amount.minor() } else { sum - entry.amount.minor() }),
        )
    };
    let lost = net(|account| matches!(account, Account::Losses(_)), Side::Debit);
    ArrivalSums {
        arrived: simulation.arrived,
        exchanged: exchanged.map_or(Amount::ZERO, |exchange| exchange.accepted()),
        on_order,
        set_aside: simulation.items.iter().filter(lies).fold(Amount::ZERO, |sum, item| plus(sum, item.amount)),
        back: simulation.went_back(),
        withheld: simulation.withheld(),
        taken_back: simulation.taken_back,
        lost,
        ledger: [
            net(|account| matches!(account, Account::Customer(_)), Side::Credit),
            net(|account| account == Account::Suspense, Side::Credit),
            net(|account| matches!(account, Account::Fx | Account::Fees(_)), Side::Credit),
            lost,
        ],
    }
}

impl PostingSummary {
    fn of(posting: &Posting) -> Self {
        let side = |side| {
            let mut names: Vec<&'static str> = Vec::new();
            for entry in posting.entries().iter().filter(|entry| entry.side == side) {
                let name = name_of(entry.account);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names.sort_unstable();
            names
        };
        Self { kind: posting.kind(), debits: side(Side::Debit), credits: side(Side::Credit) }
    }
}

/// An account's name without its parameter, as in the list of postings.
const fn name_of(account: Account) -> &'static str {
    match account {
        Account::Bank(_) => "bank",
        Account::Card(_) => "card",
        Account::InTransit(_) => "in_transit",
        Account::ChainHot(_) => "chain:hot",
        Account::ChainDeposits(_) => "chain:deposits",
        Account::Customer(_) => "customer",
        Account::Fees(_) => "fees",
        Account::Fx => "fx",
        Account::NetworkFees => "network_fees",
        Account::Losses(_) => "losses",
        Account::Suspense => "suspense",
        Account::Capital => "capital",
    }
}

fn status(order: &Order) -> String {
    let status = order.status();
    match (order.hold(), order) {
        (Some(reason), Order::Payment(_)) => format!("`{status}` ({})", reason.shown(Leg::Buying)),
        (Some(reason), Order::Rampoff(_)) => format!("`{status}` ({})", reason.shown(Leg::Selling)),
        (None, _) => format!("`{status}`"),
    }
}

impl Cell {
    /// The order's status, with the hold reason partners see.
    #[must_use]
    pub fn status(&self) -> String {
        status(&self.order)
    }

    /// Why the order is on hold.
    #[must_use]
    pub fn hold(&self) -> Option<HoldReason> {
        self.order.hold()
    }
}

/// The outcome and the order's new status; the postings; what an operator can do.
impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let becomes = Some(self.becomes.join(", ")).filter(|said| !said.is_empty());
        let said: Vec<String> = becomes.into_iter().chain(self.moves.then(|| self.status())).collect();
        write!(formatter, "{}", said.join(": "))?;
        let flags: Vec<String> = self.flags.iter().map(|flag| format!("`{}`", flag.as_str())).collect();
        if !flags.is_empty() {
            write!(formatter, ", flagged {}", flags.join(", "))?;
        }
        let kinds: Vec<String> = self.posted.iter().map(|posted| format!("`{}`", posted.kind.as_str())).collect();
        if !kinds.is_empty() {
            write!(formatter, "<br>posts {}", kinds.join(", "))?;
        }
        if self.commands.is_empty() {
            return Ok(());
        }
        let by_itself = if self.held.is_some_and(HoldReason::ends_by_itself) { "resumes automatically; else " } else { "" };
        write!(formatter, "<br>{by_itself}{}", commands::listed(&self.commands))
    }
}
