//! Stuck payouts, and what an operator does about them.

use std::sync::Arc;

use rampart_app::operate::{orders, payouts, reviews};
use rampart_core::id::{OrderId, PayoutId};
use rampart_core::order::HoldReason;
use rampart_core::order::rampoff::RampoffState;
use rampart_core::outgoing::{PayoutState, PayoutStatus};
use rampart_sandbox::{FaultCalls, FaultOutcome, FaultPort};
use rampart_testkit::partner_api::{CreatePaymentForm, CreateRampoffForm};
use rampart_testkit::{TestApp, buy, on_both_engines, sell};

use crate::workers_buying::{ana, operator};

on_both_engines!(rampart_testkit::TestApp::start => settled_by_a_person, failed_by_a_person, stopped_by_a_person, orders_on_hold_are_paged);

/// A sale whose payout gets into a state because calls to the bank fail.
async fn stuck(test: &TestApp, faults: &[(FaultCalls, FaultOutcome)], state: PayoutStatus) -> (OrderId, PayoutId) {
    for (calls, outcome) in faults {
        test.fault(FaultPort::Bank, *calls, *outcome, 10_000).await;
    }
    let customer = ana(test).await;
    let request = CreateRampoffForm { refund_wallet: Some("0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55".into()), ..sell(customer, "50") };
    let id = test.sold(&request).await;
    test.deposit(id).await;
    let payout = test
        .eventually(state.as_str(), || async {
            let found = test.app.store.payouts_in_state(state, None, 10).await.unwrap();
            let payout = found.first()?.id;
            let jobs = test.app.store.jobs_of_subject(&payout.to_string()).await.unwrap();
            jobs.iter().any(|job| job.last_error.is_some() && job.leased_until.is_none()).then_some(payout)
        })
        .await;
    (id, payout)
}

async fn settled_by_a_person(test: Arc<TestApp>) {
    let lost = [(FaultCalls::Actions, FaultOutcome::UnknownDone), (FaultCalls::Questions, FaultOutcome::Fail)];
    let (id, payout) = stuck(&test, &lost, PayoutStatus::Unknown).await;
    let listed = payouts::list(&test.app, &payouts::OPEN, None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|line| line.id.clone()).collect::<Vec<_>>(), [payout.to_string()]);
    assert!(payouts::stop(&test.app, &operator(), payout).await.is_err(), "it may have left");
    assert!(payouts::settle(&test.app, &operator(), payout, " ").await.is_err(), "a person has to know");
    payouts::settle(&test.app, &operator(), payout, "B-77").await.unwrap();
    assert_eq!(test.rampoff_becomes(id, "finished").await.bank_reference(), Some("B-77"));
    assert!(payouts::fail(&test.app, &operator(), payout).await.is_err());
    let file = payouts::show(&test.app, payout).await.unwrap();
    assert_eq!((file.payout.state.as_str(), file.audit[0].action.as_str()), ("settled as B-77", "payout.settle"));
    assert_eq!(orders::show(&test.app, id).await.unwrap().audit[0].action, "payout.settle");
    let balance = test.app.store.balance("in_transit:sepa".parse().unwrap(), "EUR".parse().unwrap()).await.unwrap();
    assert!(balance.posted.is_zero());
}

async fn failed_by_a_person(test: Arc<TestApp>) {
    let lost = [(FaultCalls::Actions, FaultOutcome::UnknownNotDone), (FaultCalls::Questions, FaultOutcome::Fail)];
    let (id, payout) = stuck(&test, &lost, PayoutStatus::Unknown).await;
    payouts::fail(&test.app, &operator(), payout).await.unwrap();
    let order = test.rampoff_becomes(id, "on_hold").await;
    assert!(matches!(order.state, RampoffState::OnHold { reason: HoldReason::PayoutFailed, .. }), "{:?}", order.state);
    orders::refund(&test.app, &operator(), id).await.unwrap();
    test.rampoff_becomes(id, "refunded").await;
}

async fn stopped_by_a_person(test: Arc<TestApp>) {
    let (id, payout) = stuck(&test, &[(FaultCalls::Actions, FaultOutcome::Fail)], PayoutStatus::Queued).await;
    assert!(payouts::settle(&test.app, &operator(), payout, "B-77").await.is_err(), "it was never handed over");
    test.eventually("it is stopped between two tries", || async { payouts::stop(&test.app, &operator(), payout).await.ok() }).await;
    let order = test.rampoff_becomes(id, "on_hold").await;
    assert!(matches!(order.state, RampoffState::OnHold { reason: HoldReason::Operator, .. }), "{:?}", order.state);
    assert!(test.app.store.jobs_of_subject(&payout.to_string()).await.unwrap().is_empty());
    let stopped = test.app.store.payout(payout).await.unwrap().unwrap();
    assert!(matches!(stopped.state, PayoutState::Failed { reason } if reason.contains("stopped by an operator")));
    orders::refund(&test.app, &operator(), id).await.unwrap();
    test.rampoff_becomes(id, "refunded").await;
}

async fn orders_on_hold_are_paged(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let request = CreatePaymentForm { payment_type: Some("transfer".into()), ..buy(customer, "100") };
    test.world.list_for_screening(request.wallet.as_deref().unwrap(), true).await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = test.bought(&request).await;
        test.pay(id).await;
        test.payment_becomes(id, "on_hold").await;
        ids.insert(0, id.to_string());
    }
    let page = async |below: Option<&String>| {
        let held = reviews::held_orders(&test.app, below.map(|id| id.parse().unwrap()), 2).await.unwrap();
        held.into_iter().map(|order| order.id).collect::<Vec<_>>()
    };
    assert_eq!((page(None).await, page(Some(&ids[1])).await), (ids[..2].to_vec(), ids[2..].to_vec()));
}
