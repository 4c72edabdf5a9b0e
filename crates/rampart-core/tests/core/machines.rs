//! Every state with every fact and command, under every policy, and invariants of each.

use std::collections::VecDeque;

use rampart_core::catalogue::policy::Policy;
use rampart_core::documentation::{Transition, outgoing, payments, rampoffs, transmissions};
use rampart_core::example::{self, POLICIES};
use rampart_core::id::TransmissionId;
use rampart_core::ledger::{Account, Side};
use rampart_core::money::amount::Amount;
use rampart_core::order::arrival::Exchange;
use rampart_core::order::payment::{PaymentFact, PaymentState};
use rampart_core::order::rampoff::{RampoffCommand, RampoffFact, RampoffState};
use rampart_core::outgoing::{Outgoing, Payout, PayoutFact, PayoutPurpose, PayoutState, Screening, Transfer, TransferFact, TransferState};
use rampart_core::ports::ScreeningResult;
use rampart_core::step::Step;
use rampart_core::step::record::Record;
use rampart_core::time::Timestamp;

use crate::support::{self, Scene};

fn table(rows: &[Transition]) -> String {
    rows.iter().filter(|row| row.changes()).map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_payment_state_with_every_fact_and_command() {
    for (name, policy) in POLICIES {
        insta::assert_snapshot!(format!("payment_{name}"), table(&payments::transitions(policy)));
    }
}

#[test]
fn every_rampoff_state_with_every_fact_and_command() {
    for (name, policy) in POLICIES {
        insta::assert_snapshot!(format!("rampoff_{name}"), table(&rampoffs::transitions(policy)));
    }
}

#[test]
fn every_state_of_what_leaves_with_every_fact() {
    for (purpose, _) in outgoing::TRANSFERS {
        insta::assert_snapshot!(format!("transfer_{purpose:?}").to_lowercase(), table(&outgoing::transfers(purpose)));
    }
    for (purpose, _) in outgoing::PAYOUTS {
        insta::assert_snapshot!(format!("payout_{purpose:?}").to_lowercase(), table(&outgoing::payouts(purpose)));
    }
}

#[test]
fn every_state_of_a_transmission_with_every_fact() {
    insta::assert_snapshot!("transmission", table(&transmissions::transitions()));
}

#[test]
fn no_status_goes_backwards() {
    let rank = |name: &str| match name.split([' ', ',']).next().unwrap_or_default() {
        "started" | "created" => 0,
        "pending_bank" | "confirming" => 1,
        "expired" | "cancelled" | "failed" => 1,
        "on_hold" | "payment_received" | "crypto_received" | "paying_out" | "refund_pending" => 2,
        "coins_sent" | "finished" | "refunded" => 3,
        other => panic!("unknown status {other}"),
    };
    let rows = POLICIES.into_iter().flat_map(|(_, policy)| payments::transitions(policy).into_iter().chain(rampoffs::transitions(policy)));
    // Four transitions lead back on purpose: a transaction that its chain reverted; a charge reversed before the coins left, or an
    // operator who moves the money to suspense, both of which end the order; and the cancellation of a sale whose coins the chain undid.
    for row in rows.filter(|row| {
        !matches!(row.on, "transfer failed" | "refund failed" | "reversed" | "cancel" | "put into suspense")
            && !row.on.starts_with("refund stopped")
            && !row.on.starts_with("transfer stopped")
    }) {
        assert!(rank(&row.to) >= rank(row.from), "{row}");
    }
}

#[test]
fn what_an_order_says_lies_on_the_account_is_what_was_posted() {
    for (name, policy) in POLICIES {
        for paid in [4, 150, 9_000, 9_999, 10_000, 10_001, 20_000] {
            let outcome = play_purchase(policy, paid);
            assert_eq!(outcome.posted_fiat, outcome.order_fiat, "{name} {paid}");
            if outcome.settled {
                assert_eq!((outcome.posted_fiat, outcome.posted_coins), (0, 0), "{name} {paid}");
            }
        }
    }
}

/// The screening result concerns the wallet that was screened: a wallet set in the meantime is screened when coins leave.
#[test]
fn a_refund_wallet_that_nobody_was_asked_about_is_asked_about() {
    let scene = Scene::new(example::HOLD);
    let (mint, context) = (scene.mint(), scene.context());
    for (about_refund, expected) in [(true, Screening::Overruled), (false, Screening::Due)] {
        let state = RampoffState::CryptoReceived { fiat: Amount::from_minor(9_094) };
        let mut order = example::rampoff(&scene.catalogue, &mint, state).expect("the example sells");
        order.coin_balance = order.terms.coin_amount;
        order.taken = Some(Exchange::at_promise(
            mint.now,
            order.terms.coin_amount,
            order.terms.fiat_amount,
            [order.terms.fee_processing, order.terms.fee_network, Amount::ZERO],
        ));
        let verdict = ScreeningResult::Hit { reason: "listed".to_owned() };
        let step = order.observe(RampoffFact::Screened { verdict, about_refund }, &context);
        let step = support::rampoff(&step).expect("it is on hold").request(RampoffCommand::Refund, &context).expect("it can be refunded");
        let transfers =
            step.writes.iter().filter_map(|record| if let Record::Transfer(transfer) = record { Some(transfer.screening) } else { None });
        assert_eq!(transfers.collect::<Vec<_>>(), [expected]);
    }
}

struct PurchaseOutcome {
    posted_fiat: i128,
    posted_coins: i128,
    order_fiat: i128,
    settled: bool,
}

/// Runs a purchase through payment, screening, broadcast and confirmation, or through a refund, and adds up the postings on the
/// customer's account.
fn play_purchase(policy: Policy, paid: i128) -> PurchaseOutcome {
    let scene = Scene::new(policy);
    let (mint, context) = (scene.mint(), scene.context());
    let mut order = example::payment(&scene.catalogue, &mint, true, PaymentState::Started).expect("the example has a card");
    let (mut fiat, mut coins) = (0, 0);
    let mut tally = |step: &Step| {
        for entry in step.postings.iter().flat_map(|posting| posting.entries()) {
            if matches!(entry.account, Account::Customer(_)) {
                let signed = if entry.side == Side::Credit { entry.amount.minor() } else { -entry.amount.minor() };
                match entry.asset {
                    rampart_core::money::asset::Asset::Fiat(_) => fiat += signed,
                    rampart_core::money::asset::Asset::Coin(_) => coins += signed,
                }
            }
        }
    };
    let receipt = support::receipt(&mint, paid, Some("ch_1"));
    let screened = PaymentFact::Screened { verdict: ScreeningResult::Clear, about_refund: true };
    let mut happens = VecDeque::from([NextFact::Order(PaymentFact::Paid { receipt, is_customer: true }), NextFact::Order(screened)]);
    while let Some(next) = happens.pop_front() {
        let named = Outgoing { order: Some(order.clone().into()), ..Outgoing::default() };
        let step = match next {
            NextFact::Order(fact) => order.clone().observe(fact, &context),
            NextFact::Coins(transfer, fact) => transfer.observe(fact, named, &context),
            NextFact::Money(payout, fact) => payout.observe(fact, named, &context),
        };
        tally(&step);
        for record in step.writes {
            match record {
                Record::Payment(payment) => order = *payment,
                Record::Transfer(transfer) => happens.extend(course_of(*transfer)),
                Record::Payout(payout) if payout.purpose == PayoutPurpose::Refund => {
                    happens.extend(arrives(*payout));
                }
                _ => {}
            }
        }
    }
    PurchaseOutcome { posted_fiat: fiat, posted_coins: coins, order_fiat: order.fiat_balance.minor(), settled: order.is_settled() }
}

enum NextFact {
    Order(PaymentFact),
    Coins(Box<Transfer>, TransferFact),
    Money(Box<Payout>, PayoutFact),
}

/// The next fact about a transfer that succeeds.
fn course_of(transfer: Transfer) -> Option<NextFact> {
    let fact = match transfer.state {
        TransferState::Queued => TransferFact::Signed(TransmissionId::first_at(Timestamp::default())),
        TransferState::Signed(_) => TransferFact::Broadcast { txid: "0x01".to_owned() },
        TransferState::Broadcast(_) => TransferFact::Confirmed { txid: "0x01".to_owned(), confirmations: 12 },
        TransferState::Recalled(_) | TransferState::Confirmed(_) | TransferState::Failed { .. } => return None,
    };
    Some(NextFact::Coins(Box::new(transfer), fact))
}

/// The next fact about a payout that succeeds.
fn arrives(payout: Payout) -> Option<NextFact> {
    let fact = match payout.state {
        PayoutState::Queued => PayoutFact::Accepted { reference: "R1".to_owned() },
        PayoutState::Accepted { .. } => PayoutFact::Settled { reference: "R1".to_owned() },
        _ => return None,
    };
    Some(NextFact::Money(Box::new(payout), fact))
}
