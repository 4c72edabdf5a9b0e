//! Orders that went on for another amount and end up with the one that was ordered.

use rampart_core::amount::Amount;
use rampart_core::example::{self, Counting};
use rampart_core::id::{FactId, Mint};
use rampart_core::order::Context;
use rampart_core::policy::Beyond;
use rampart_core::rampoff::{DepositReceipt, Rampoff, RampoffCommand, RampoffFact, RampoffState};
use rampart_core::record::Record;
use rampart_core::step::Step;

fn written(step: &Step) -> Rampoff {
    let found = step.writes.iter().find_map(|record| match record {
        Record::Rampoff(rampoff) => Some((**rampoff).clone()),
        _ => None,
    });
    found.expect("the order is written")
}

fn counted(step: &Step) -> i128 {
    step.raises.iter().filter(|raise| raise.counter.what.contains(":day:")).map(|raise| raise.by.minor()).sum()
}

/// Two deposits come to more than was ordered, and are taken at the fee of that; the chain undoes one, and what is left
/// is what was ordered: it costs and counts as ordered.
#[test]
fn a_sale_goes_back_to_its_own_terms() {
    let catalogue = example::catalogue(example::policy(Beyond::Requote));
    let randomness = Counting::default();
    let mint = Mint { now: example::START, randomness: &randomness };
    let context = Context { mint, catalogue: &catalogue, price: Some(example::price()) };
    let order = example::rampoff(&catalogue, &mint, RampoffState::Created).expect("the example has a rail");
    let quoted = order.terms;
    let receipt = |deposit: FactId, minor, confirmations| DepositReceipt {
        deposit,
        txid: deposit.to_string(),
        index: 0,
        amount: Amount::from_minor(minor),
        from: "0x03".to_owned(),
        confirmations,
        lost: false,
    };
    let (first, second): (FactId, FactId) = (mint.id(), mint.id());
    let order = written(&order.observe(RampoffFact::DepositSeen(receipt(first, 100_000_000, 0)), &context));
    let order = written(&order.observe(RampoffFact::DepositSeen(receipt(second, 50_000_000, 0)), &context));
    let order = written(&order.observe(RampoffFact::DepositConfirmed(receipt(first, 100_000_000, 12)), &context));
    let step = order.observe(RampoffFact::DepositConfirmed(receipt(second, 50_000_000, 12)), &context);
    let order = written(&step);
    assert!(order.terms.fee_processing > quoted.fee_processing && order.counted_beyond.is_positive());
    assert_eq!(counted(&step), order.counted_beyond.minor());
    let beyond = order.counted_beyond;
    let order = written(&order.observe(RampoffFact::DepositDropped { deposit: second }, &context));
    let step = order.request(RampoffCommand::Release, &context).expect("a person lets it go on");
    let order = written(&step);
    assert!(matches!(order.state, RampoffState::CryptoReceived { fiat } if fiat == quoted.fiat_amount), "{:?}", order.state);
    assert_eq!((order.terms, order.counted_beyond, counted(&step)), (quoted, Amount::ZERO, -beyond.minor()));
}
