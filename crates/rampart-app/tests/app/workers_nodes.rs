//! Several processes on one database do everything exactly once.

use std::sync::Arc;

use rampart_app::operate::doctor;
use rampart_app::{operate::health, operate::metrics, workers};
use rampart_core::money::amount::Amount;
use rampart_core::order::payment::Payment;
use rampart_testkit::{CustomerOf, TestApp, buy, on_both_engines, partner_api, sell};

use crate::workers_buying::ana;

on_both_engines!(rampart_testkit::TestApp::start_running => everything_once, stops_and_goes_on);

const ORDERS: usize = 12;

async fn everything_once(test: Arc<TestApp>) {
    let other = test.another_node().await;
    let others = workers::start(&other);
    let customer = ana(&test).await;
    let mut payments = Vec::new();
    for number in 0..ORDERS {
        let app = if number % 2 == 0 { &test.app } else { &other };
        let answer = partner_api::create_payment(app, &test.caller, &buy(customer, "50"), None).await.unwrap();
        payments.push(TestApp::order_of(&answer));
    }
    for id in &payments {
        test.pay(*id).await;
    }
    let mut rampoffs = Vec::new();
    for _ in 0..4 {
        let id = test.sold(&sell(customer, "50")).await;
        test.deposit(id).await;
        rampoffs.push(id);
    }
    for id in &payments {
        test.eventually("the coins are final", || async {
            test.mine(1).await;
            Some(test.payment(*id).await).filter(Payment::is_settled)
        })
        .await;
    }
    for id in &rampoffs {
        test.rampoff_becomes(*id, "finished").await;
        assert_eq!(test.app.store.payouts_of_order(*id).await.unwrap().len(), 1);
    }
    let wallet = buy(customer, "50").wallet.unwrap();
    let sent = test.world.transactions("polygon".parse().unwrap(), Some(&wallet), None, 100).await.unwrap();
    assert_eq!(sent.len(), ORDERS, "each payment's coins once");
    let rail = "sepa".parse().unwrap();
    let ours = test.app.store.balance(rampart_core::ledger::Account::Bank(rail), "EUR".parse().unwrap()).await.unwrap();
    assert_eq!(test.world.bank_balance(rail).await.unwrap(), ours.posted, "each payout once");
    assert!(health::reasons(&test.app).await.is_empty());
    let metrics = metrics::render(&test.app).await.unwrap() + &metrics::render(&other).await.unwrap();
    for name in ["rampart_commits_total", "rampart_commit_batch_size_bucket", "rampart_worker_turns_total", "rampart_facts_total", "# EOF"]
    {
        assert!(metrics.contains(name), "{name} is not in {metrics}");
    }
    let findings = doctor::examine(&test.app).await.unwrap();
    assert!(findings.iter().all(|finding| finding.ok), "{findings:?}");
    others.stop().await;
    other.store.close().await;
}

/// A stop leaves no lease behind, and the next process continues the work.
async fn stops_and_goes_on(test: Arc<TestApp>) {
    let customer = test.verified(CustomerOf::SPAIN, "luis@example.com").await;
    let answer = partner_api::create_payment(&test.app, &test.caller, &buy(customer, "50"), None).await.unwrap();
    let id = TestApp::order_of(&answer);
    test.stop_workers().await;
    test.pay(id).await;
    assert_eq!(test.payment(id).await.received(), Amount::ZERO);
    let jobs = test.app.store.order_counts().await.unwrap().jobs;
    assert!(jobs.is_empty(), "{jobs:?}");
    let again = workers::start(&test.app);
    test.payment_becomes(id, "coins_sent").await;
    again.stop().await;
}
