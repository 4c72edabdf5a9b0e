//! Payouts for which an operator's decision and the bank's later report contradict each other.

use std::sync::Arc;

use rampart_app::operate::{orders, payouts};
use rampart_core::id::{OrderId, PayoutId};
use rampart_core::ledger::{Account, LossKind};
use rampart_core::money::amount::Amount;
use rampart_core::order::Reversal;
use rampart_core::order::rampoff::{Rampoff, RampoffState};
use rampart_core::outgoing::{Payout, PayoutState, PayoutStatus};
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_sandbox::{FaultCalls, FaultOutcome, FaultPort};
use rampart_testkit::partner_api::CreateRampoffForm;
use rampart_testkit::{TestApp, on_both_engines, sell};

use crate::workers_buying::{ana, item, operator};

on_both_engines!(rampart_testkit::TestApp::start => arrived_after_all, arrived_and_the_retry_is_stopped, arrived_and_the_retry_has_left,
    did_not_arrive_after_all);

/// The bank answers again, and its statement is read.
async fn bank_answers(test: &TestApp) {
    test.fault(FaultPort::Bank, FaultCalls::Questions, FaultOutcome::Fail, 0).await;
}

/// A sale whose payout the bank has accepted; the response was lost, and lookups fail.
async fn answer_lost(test: &TestApp) -> (OrderId, PayoutId) {
    test.fault(FaultPort::Bank, FaultCalls::Actions, FaultOutcome::UnknownDone, 1).await;
    test.fault(FaultPort::Bank, FaultCalls::Questions, FaultOutcome::Fail, 100_000).await;
    let customer = ana(test).await;
    let request = CreateRampoffForm { refund_wallet: Some("0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55".into()), ..sell(customer, "50") };
    let id = test.sold(&request).await;
    test.deposit(id).await;
    let lost = || async { test.app.store.payouts_in_state(PayoutStatus::Unknown, None, 10).await.unwrap().first().map(|payout| payout.id) };
    (id, test.eventually("the answer was lost", lost).await)
}

async fn payout(test: &TestApp, id: PayoutId) -> Payout {
    test.app.store.payout(id).await.unwrap().unwrap()
}

/// The payout that replaced the order's first one.
async fn retry(test: &TestApp, id: OrderId) -> Payout {
    orders::release(&test.app, &operator(), id).await.unwrap();
    test.app.store.payouts_of_order(id).await.unwrap().pop().unwrap()
}

async fn lost(test: &TestApp) -> Amount {
    test.app.store.balance(Account::Losses(LossKind::PaidTwice), "EUR".parse().unwrap()).await.unwrap().posted
}

/// Its review item names the order and the operator; nothing is quarantined, and books and bank agree.
async fn contradiction(test: &TestApp, id: OrderId) -> ReviewItem {
    let contradiction = item(test, ReviewKind::Contradiction).await;
    assert_eq!(contradiction.order, Some(id));
    assert!(contradiction.reason.contains(&operator().actor), "{}", contradiction.reason);
    let waiting = test.app.store.reviews_waiting(None, 10).await.unwrap();
    assert!(waiting.iter().all(|item| item.subject.kind() != ReviewKind::Quarantine), "{waiting:?}");
    let rail = "sepa".parse().unwrap();
    let agree = || async {
        let ours = test.app.store.balance(Account::Bank(rail), "EUR".parse().unwrap()).await.unwrap();
        let on_its_way = test.app.store.balance(Account::InTransit(rail), "EUR".parse().unwrap()).await.unwrap();
        (on_its_way.posted.is_zero() && test.world.bank_balance(rail).await.unwrap() == ours.posted).then_some(())
    };
    test.eventually("books and bank agree", agree).await;
    contradiction
}

async fn arrived_after_all(test: Arc<TestApp>) {
    let (id, first) = answer_lost(&test).await;
    payouts::fail(&test.app, &operator(), first).await.unwrap();
    test.rampoff_becomes(id, "on_hold").await;
    bank_answers(&test).await;
    let finished = test.rampoff_becomes(id, "finished").await;
    assert!(matches!(finished.state, RampoffState::Finished { payout, .. } if payout == first), "{:?}", finished.state);
    assert!(matches!(payout(&test, first).await.state, PayoutState::Settled { .. }));
    contradiction(&test, id).await;
    assert!(lost(&test).await.is_zero());
}

async fn arrived_and_the_retry_is_stopped(test: Arc<TestApp>) {
    let (id, first) = answer_lost(&test).await;
    payouts::fail(&test.app, &operator(), first).await.unwrap();
    test.rampoff_becomes(id, "on_hold").await;
    test.fault(FaultPort::Screening, FaultCalls::Questions, FaultOutcome::Fail, 100_000).await;
    let retry = retry(&test, id).await;
    bank_answers(&test).await;
    let finished = test.rampoff_becomes(id, "finished").await;
    assert!(matches!(finished.state, RampoffState::Finished { payout, .. } if payout == first), "{:?}", finished.state);
    assert!(matches!(payout(&test, retry.id).await.state, PayoutState::Failed { .. }));
    assert!(test.app.store.jobs_of_subject(&retry.id.to_string()).await.unwrap().is_empty());
    assert!(contradiction(&test, id).await.reason.contains("was stopped"));
    assert!(lost(&test).await.is_zero());
}

async fn arrived_and_the_retry_has_left(test: Arc<TestApp>) {
    let (id, first) = answer_lost(&test).await;
    payouts::fail(&test.app, &operator(), first).await.unwrap();
    test.rampoff_becomes(id, "on_hold").await;
    let retry = retry(&test, id).await;
    let taken = || async { matches!(payout(&test, retry.id).await.state, PayoutState::Accepted { .. }).then_some(()) };
    test.eventually("the bank has taken it", taken).await;
    bank_answers(&test).await;
    let finished = test.rampoff_becomes(id, "finished").await;
    assert!(matches!(finished.state, RampoffState::Finished { payout, .. } if payout == retry.id), "{:?}", finished.state);
    assert!(contradiction(&test, id).await.reason.contains("booked as lost"));
    assert_eq!(lost(&test).await, retry.amount);
}

async fn did_not_arrive_after_all(test: Arc<TestApp>) {
    let (id, first) = answer_lost(&test).await;
    payouts::settle(&test.app, &operator(), first, "B-77").await.unwrap();
    test.rampoff_becomes(id, "finished").await;
    test.world.return_payout(first, "account closed".to_owned()).await.unwrap();
    bank_answers(&test).await;
    let came_back = |rampoff: &Rampoff| rampoff.reversal == Some(Reversal::BankReturn);
    test.eventually("the order shows it", || async { Some(test.rampoff(id).await).filter(came_back) }).await;
    contradiction(&test, id).await;
    let suspense = test.app.store.balance(Account::Suspense, "EUR".parse().unwrap()).await.unwrap();
    assert_eq!(suspense.posted, payout(&test, first).await.amount);
}
