//! The tables of docs/EXCEPTIONS.md: their snapshot, and invariants of their cells under every policy.

use std::fmt::Display;
use std::sync::LazyLock;

use rampart_core::documentation::arrivals::{self as table, ArrivalRow, Cell};
use rampart_core::example;
use rampart_core::money::amount::Amount;
use rampart_core::order::arrival::Leg;
use rampart_core::order::payment::PaymentCommand;
use rampart_core::order::rampoff::{RampoffCommand, RampoffState};
use rampart_core::order::{Context, HoldReason, Order};
use rampart_core::review::{Operator, ReviewDecision, ReviewItem, ReviewKind, ReviewRecords, ReviewSubject};

use crate::support::Scene;

fn text(rows: impl IntoIterator<Item = impl Display>) -> String {
    rows.into_iter().map(|row| row.to_string()).collect::<Vec<_>>().join("\n")
}

#[test]
fn how_much_and_when() {
    for (name, policy) in example::POLICIES {
        let rows = table::amounts(&policy);
        insta::assert_snapshot!(format!("amounts_{name}"), text(table::plain(&rows).into_iter().chain(table::against(&rows))));
    }
}

#[test]
fn whose_it_is_and_what_it_is() {
    insta::assert_snapshot!("whose", text(table::by_standing(&table::whose(&example::MARKET))));
}

#[test]
fn every_posting_is_one_of_the_ledgers_list() {
    for posted in table::posted(ROWS.iter().map(|(_, row)| row)) {
        let (debits, credits) = posted.kind.accounts();
        let is_listed = |listed: &str, name: &&str| listed == "any account, or `capital`" || listed.contains(&format!("`{name}`"));
        assert!(posted.debits.iter().all(|name| is_listed(debits, name)), "{posted:?}: {debits}");
        assert!(posted.credits.iter().all(|name| is_listed(credits, name)), "{posted:?}: {credits}");
    }
}

/// Tables leave that out of the rows that say what speaks against going on.
#[test]
fn what_is_unusual_does_not_depend_on_what_speaks_against_going_on() {
    for (name, policy) in example::POLICIES {
        let rows = table::amounts(&policy);
        for row in &rows {
            let plain = rows.iter().find(|plain| plain.but.is_empty() && plain.arrives == row.arrives).expect("it is the first");
            let flags = |row: &ArrivalRow| row.cells().map(|cell| cell.flags.clone()).collect::<Vec<_>>();
            assert_eq!(flags(row), flags(plain), "{name}: {} | {}", row.arrives, row.but);
        }
    }
}

/// Every row of both tables under every policy.
static ROWS: LazyLock<Vec<(&str, ArrivalRow)>> = LazyLock::new(|| {
    let mut rows = Vec::new();
    for (name, policy) in example::POLICIES {
        rows.extend(table::amounts(&policy).into_iter().chain(table::whose(&policy)).map(|row| (name, row)));
    }
    rows
});

fn each_cell(check: impl Fn(&str, &ArrivalRow, &Cell)) {
    for (policy, row) in ROWS.iter() {
        for cell in row.cells() {
            check(&format!("{policy}: {} | {} | {cell}", row.arrives, row.but), row, cell);
        }
    }
}

#[test]
fn everything_that_arrived_is_somewhere_and_only_there() {
    each_cell(|name, _, cell| {
        let sums = cell.sums;
        let places = [sums.exchanged, sums.on_order, sums.set_aside, sums.back, sums.withheld, sums.taken_back];
        let there: i128 = places.iter().map(|place| place.minor()).sum();
        assert_eq!(sums.arrived.minor() + sums.lost.minor(), there, "{name}: {sums:?}");
        let kept = Amount::from_minor(sums.exchanged.minor() + sums.withheld.minor());
        assert_eq!(sums.ledger, [sums.on_order, sums.set_aside, kept, sums.lost], "{name}: {sums:?}");
    });
}

#[test]
fn nothing_strange_is_exchanged_or_changes_where_the_order_stands() {
    each_cell(|name, row, cell| assert!(!row.is_strange || !(cell.exchanges || cell.moves), "{name}"));
    let strange = |name: &str| {
        let of_policy = ROWS.iter().filter(|(policy, row)| *policy == name && row.is_strange);
        of_policy.map(|(_, row)| row.cells().map(ToString::to_string).collect()).collect::<Vec<Vec<String>>>()
    };
    assert!(!strange("market").is_empty());
    // Whatever the policy says of amounts and times.
    assert_eq!([strange("back"), strange("hold")], [strange("market"), strange("market")]);
}

#[test]
fn nothing_waits_without_a_command_that_is_taken() {
    each_cell(|name, _, cell| {
        assert_eq!(cell.held.is_none() && cell.waits.is_empty(), cell.commands.is_empty(), "{name}");
        assert!(!cell.moves || cell.held == cell.hold(), "{name}: {:?}", cell.hold());
        if let Some(reason) = cell.held {
            let taken = reason.commands(leg(&cell.order)).iter().filter(|command| is_taken(command, &cell.order));
            assert!(taken.count() > 0, "{name}: none of its commands is taken");
        }
        for item in &cell.waits {
            assert!(!item.commands().is_empty(), "{name}");
            assert!(item.commands().iter().all(|command| fits(command, item)), "{name}: {:?}", item.subject.kind());
        }
    });
}

#[test]
fn every_reason_and_every_kind_has_its_commands() {
    for reason in HoldReason::ALL {
        for leg in [Leg::Buying, Leg::Selling] {
            assert!(!reason.commands(leg).is_empty(), "{reason:?}");
        }
    }
    let scene = Scene::new(example::MARKET);
    for kind in ReviewKind::ALL {
        for source in [None, Some("0x03".to_owned())] {
            let item = ReviewItem::new(&scene.mint(), ReviewSubject::of_stored(kind, source), String::new());
            assert!(item.commands().iter().all(|command| fits(command, &item)), "{kind:?}");
        }
    }
}

const fn leg(order: &Order) -> Leg {
    match order {
        Order::Payment(_) => Leg::Buying,
        Order::Rampoff(_) => Leg::Selling,
    }
}

/// Whether the order accepts the command of a command line; commands about customers and partners do not concern it.
fn is_taken(command: &str, order: &Order) -> bool {
    let scene = Scene::new(example::MARKET);
    let context = scene.context();
    let from_partner = example::from_partner(example::START);
    let verb = command.strip_prefix("rampart order ").and_then(|rest| rest.split(' ').next());
    match (verb, order.clone()) {
        (None, _) => false,
        (Some(verb), Order::Payment(order)) => {
            let command = match verb {
                "release" => PaymentCommand::Release,
                "refund" => PaymentCommand::Refund,
                "to-suspense" => PaymentCommand::SetAside,
                "destination" => PaymentCommand::GiveRefundAccount(example::destination(), from_partner),
                other => panic!("{other} is no command about a purchase on hold"),
            };
            order.request(command, &context).is_ok()
        }
        (Some(verb), Order::Rampoff(order)) => {
            let command = match verb {
                "release" => RampoffCommand::Release,
                "refund" => RampoffCommand::Refund,
                "to-suspense" => RampoffCommand::SetAside,
                "cancel" => RampoffCommand::Cancel,
                "destination" if command.contains("--wallet") => RampoffCommand::GiveRefundWallet("0x03".to_owned(), from_partner),
                "destination" => RampoffCommand::GivePayoutDestination(example::destination(), from_partner),
                other => panic!("{other} is no command about a sale on hold"),
            };
            order.request(command, &context).is_ok()
        }
    }
}

/// Whether a decision fits such items. Refusals that depend on the outside are not made by the core.
fn fits(command: &str, item: &ReviewItem) -> bool {
    let scene = Scene::new(example::MARKET);
    let verb = command.strip_prefix("rampart review resolve <item> ").and_then(|rest| rest.split(' ').next());
    let decision = match verb.expect("it is about an item") {
        "assign" => ReviewDecision::Assign,
        "return" => ReviewDecision::Return,
        "keep" => ReviewDecision::Keep,
        "write-off" => ReviewDecision::WriteOff,
        "suspend" => ReviewDecision::Suspend,
        "dismiss" => ReviewDecision::Dismiss,
        "retry" if item.subject.kind() == ReviewKind::Quarantine => ReviewDecision::Retry,
        "give-up" if item.subject.kind() == ReviewKind::Vanished => ReviewDecision::GiveUp,
        "retry" | "give-up" => return item.subject.kind() == ReviewKind::Unsigned,
        "go-on" => return item.subject.kind() == ReviewKind::Stopped,
        other => panic!("there is no decision {other}"),
    };
    let operator = Operator { actor: "luis".to_owned(), reason: "a test".to_owned() };
    let outcome = item.clone().decide(decision, &operator, ReviewRecords::default(), &Context::new(scene.mint(), &scene.catalogue, None));
    outcome.err().is_none_or(|refusal| !refusal.message.contains("does not fit"))
}

#[test]
fn commands_for_an_order_on_hold_depend_on_its_state() {
    // A sale whose coins were undone has nothing that could be released, and can be cancelled.
    let scene = Scene::new(example::MARKET);
    let state = RampoffState::OnHold { reason: HoldReason::Reorganised, since: example::START };
    let order: Order = example::rampoff(&scene.catalogue, &scene.mint(), state).expect("the example sells").into();
    let taken: Vec<&str> =
        HoldReason::Reorganised.commands(Leg::Selling).iter().filter(|command| is_taken(command, &order)).copied().collect();
    assert_eq!(taken, ["rampart order cancel <order>"]);
}
